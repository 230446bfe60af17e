//! What handlers ask of a request.

pub mod caller;
pub mod given;
pub mod key;

use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use crate::Peer;
use crate::routes::problem::Problem;
use crate::state::App;

/// The texts of every header of this name that is text.
pub fn texts(headers: &HeaderMap, name: header::HeaderName) -> impl Iterator<Item = &str> {
    headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
}

/// The network address that a request came from.
pub struct From(pub IpAddr);

impl FromRequestParts<App> for From {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<From, Problem> {
        let peer = parts.extensions.get::<Peer>().map(|peer| peer.0);
        // The proxy appends the caller to what the caller sent.
        let told = app.config.behind_proxy.then(|| {
            let header = header::HeaderName::from_static("x-forwarded-for");
            texts(&parts.headers, header)
                .last()?
                .rsplit(',')
                .next()?
                .trim()
                .parse()
                .ok()
        });
        let none = IpAddr::from([0, 0, 0, 0]);
        Ok(From(told.flatten().or(peer).unwrap_or(none)))
    }
}

/// What the browser calls itself.
pub fn browser(headers: &HeaderMap) -> String {
    texts(headers, header::USER_AGENT)
        .next()
        .unwrap_or_default()
        .to_owned()
}
