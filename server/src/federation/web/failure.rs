//! What went wrong with a request, told from the chain of errors that the client hands up.

use std::error::Error;
use std::io;
use std::iter::successors;
use std::time::Duration;

use em2_model::address::Platform;

use super::CONNECT;
use crate::federation::unreached::{Kind, Unreached, shown};

/// Why a request failed.
pub(super) fn of(platform: &Platform, error: &reqwest::Error) -> Unreached {
    for cause in causes(error) {
        // The guard and the DNS say it themselves.
        if let Some(own) = cause.downcast_ref::<Unreached>() {
            return own.clone();
        }
        if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
            // It repeats what stands in the certificate.
            let reason = shown(&tls.to_string());
            return Unreached::new(Kind::Tls, format!("TLS with {platform} failed: {reason}."));
        }
    }
    if error.is_connect() && error.is_timeout() {
        let seconds = CONNECT.as_secs();
        return Unreached::new(
            Kind::Connect,
            format!("{platform} took no connection within {seconds} s."),
        );
    }
    let reason = root(error);
    if error.is_connect() {
        return Unreached::new(
            Kind::Connect,
            format!("{platform} took no connection: {reason}."),
        );
    }
    Unreached::new(
        Kind::Broken,
        format!("The connection to {platform} broke: {reason}."),
    )
}

/// The answer, or the rest of it, did not come in time.
pub(super) fn too_late(platform: &Platform, what: &str, within: Duration) -> Unreached {
    let seconds = within.as_secs_f32();
    Unreached::new(
        Kind::Timeout,
        format!("{platform} {what} within {seconds:.0} s."),
    )
}

pub(super) fn too_big(platform: &Platform, limit: u64) -> Unreached {
    Unreached::new(
        Kind::TooBig,
        format!("The answer of {platform} is longer than {limit} bytes."),
    )
}

pub(super) fn no_route(platform: &Platform) -> Unreached {
    Unreached::new(
        Kind::Refused,
        format!("There is no route to {platform}: in development only routes lead out."),
    )
}

/// What was at the bottom of it.
pub(super) fn root(error: &reqwest::Error) -> String {
    shown(&causes(error).last().unwrap_or(error).to_string())
}

/// Every error below, the outermost first.
fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    successors(error.source(), |error| below(*error))
}

/// An I/O error does not name what it wraps as its source.
fn below<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    let wrapped = error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref);
    match wrapped {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}
