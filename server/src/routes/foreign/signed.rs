//! A request whose signature, digest and time count. // spec §6

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, OriginalUri, Request};
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, TRANSFER_ENCODING};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use em2_model::Platform;
use em2_model::keys::KeyLog;
use em2_model::refusal::{Code, Refusal};
use em2_model::wire::foreign::REQUEST_MAX;

use crate::federation::peers::Unknown;
use crate::federation::signature::{Claim, check_authority};
use crate::routes::extract::{From, texts};
use crate::routes::problem::Problem;
use crate::state::App;

/// Who asks, by their key log, and the exact bytes that they sent.
pub struct Signed {
    pub platform: Platform,
    pub log: Arc<KeyLog>,
    pub body: Bytes,
}

impl FromRequest<App> for Signed {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Signed, Problem> {
        let (mut parts, body) = request.into_parts();
        let Ok(OriginalUri(uri)) = OriginalUri::from_request_parts(&mut parts, app).await;
        let own = app.identity.platform();
        check_authority(&uri, &parts.headers, own)?;
        check_size(&parts.headers)?;
        let claim = Claim::read(&parts.method, &parts.headers)?;
        claim.check_clock(app.clock.now())?;
        let log = known(&mut parts, app, &claim).await?;
        let key = log.find(&claim.kid);
        let key = key.filter(|key| key.counts_at(app.clock.now()));
        let key = key.ok_or(Code::KeyUnknown)?;
        claim.check_signature(own, &uri, &key.public)?;
        let body = axum::body::to_bytes(body, REQUEST_MAX).await;
        let body = body.map_err(|_| too_big())?;
        claim.check_digest(&body)?;
        let federation = &app.federation;
        if parts.method == Method::POST {
            let now = app.clock.now();
            federation
                .nonces
                .remember(&claim.platform, claim.nonce, now)?;
        }
        federation.heard(&claim.platform);
        Ok(Signed {
            platform: claim.platform,
            log,
            body,
        })
    }
}

/// The key log of who claims to ask. A key that is not known is asked for, not too often. // security.md 22, 23
async fn known(parts: &mut Parts, app: &App, claim: &Claim) -> Result<Arc<KeyLog>, Refusal> {
    let none = std::net::IpAddr::from([0, 0, 0, 0]);
    let address = From::from_request_parts(parts, app).await;
    let address = address.map_or(none, |From(address)| address);
    let (rates, peers) = (&app.federation.rates, &app.federation.peers);
    rates.take(address, &claim.platform, &claim.kid)?;
    let kids = BTreeSet::from([claim.kid.clone()]);
    let may_ask = || rates.look_up(address);
    let known = peers.log_with(&claim.platform, &kids, may_ask);
    known.await.map_err(|why| {
        tracing::info!(platform = %claim.platform, ?why, "who asks could not be found out");
        match why {
            // Why not is for the log: whoever asks is not who they say, perhaps, and learns nothing of our network.
            Unknown::Unreached(_) => Refusal::new(
                Code::KeyUnknown,
                "The platform's keys could not be fetched. See that its document can be read, and send this again.",
            ),
            why => Refusal::from(why),
        }
    })
}

/// What is not unpacked is no bomb, and what is too long is not read. Whoever signs a body knows how long it is: there
/// are no two ways of saying it, which somebody on the way could read in another one. // security.md 18, 19, 21
fn check_size(headers: &HeaderMap) -> Result<(), Refusal> {
    if headers.contains_key(TRANSFER_ENCODING) {
        return Err(Refusal::format(
            "A request says how long it is by Content-Length alone. Send it without Transfer-Encoding.",
        ));
    }
    if texts(headers, CONTENT_ENCODING).any(|coding| coding != "identity") {
        return Err(Refusal::from(Code::Type));
    }
    let mut lengths =
        texts(headers, CONTENT_LENGTH).filter_map(|length| length.parse::<u64>().ok());
    match lengths.any(|length| length > REQUEST_MAX as u64) {
        true => Err(too_big()),
        false => Ok(()),
    }
}

fn too_big() -> Refusal {
    Refusal::from(Code::TooBig).with("limit", REQUEST_MAX)
}
