//! The signature on every request between platforms: one fixed profile of RFC 9421 and RFC 9530. // spec §6
//!
//! ```text
//!  sign ──headers──▶ check_authority ─▶ Claim::read ─▶ check_clock ─▶ known key? ─▶ check_signature ─▶ check_digest
//! ```
//!
//! Everything but the last step works on headers alone, so that a body is read for known platforms only.

mod authority;
mod claim;
mod fields;
#[cfg(test)]
mod tests;

use em2_model::address::Platform;
use em2_model::id::Time;
use em2_model::sign::{KeyName, PlatformKey, sha256};
use http::{HeaderName, HeaderValue, Method, Uri};

pub use authority::check_authority;
pub use claim::Claim;

/// The media type of every body between platforms.
pub const MEDIA_TYPE: &str = "application/em2+json";

const CONTENT_TYPE: &str = "content-type";
const CONTENT_DIGEST: &str = "content-digest";
const SIGNATURE_INPUT: &str = "signature-input";
const SIGNATURE: &str = "signature";

/// What is signed of a request with a body, in this order.
const WITH_BODY: &[&str] = &[
    "@method",
    "@authority",
    "@path",
    "@query",
    CONTENT_DIGEST,
    CONTENT_TYPE,
];
/// What is signed of a request without one.
const WITHOUT_BODY: &[&str] = WITH_BODY.split_at(4).0;

/// How long a signature of ours counts, in seconds.
const LIFE: i64 = 60;

/// A request as its sender signs it: a POST where it has a body, else a GET. // spec §6
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// The platform that it is for.
    pub authority: &'a Platform,
    /// Its path and query; whatever else stands in it is not signed.
    pub uri: &'a Uri,
    /// The exact bytes that are sent.
    pub body: Option<&'a [u8]>,
}

/// The headers to send with a request: they count for 60 seconds, and once. `nonce` is drawn anew for each.
pub fn sign(
    request: &Signed,
    key: &PlatformKey,
    created: Time,
    nonce: [u8; 16],
) -> Vec<(HeaderName, HeaderValue)> {
    let digest = request.body.map(sha256);
    let name = KeyName::Platform(key.platform.clone(), key.kid.clone());
    let created = created.as_millis().div_euclid(1000);
    let params = fields::params(components(digest.is_some()), created, LIFE, nonce, &name);
    let base = request_base(request.authority, request.uri, digest.as_ref(), &params);
    let signature = key.sign_request(base.as_bytes());
    let mut headers = Vec::with_capacity(4);
    if let Some(digest) = &digest {
        headers.push(header(CONTENT_TYPE, MEDIA_TYPE));
        headers.push(header(CONTENT_DIGEST, &fields::digest_text(digest)));
    }
    headers.push(header(SIGNATURE_INPUT, &fields::input_text(&params)));
    headers.push(header(SIGNATURE, &fields::signature_text(&signature)));
    headers
}

fn header(name: &'static str, value: &str) -> (HeaderName, HeaderValue) {
    // The name of a key, numbers, base64 and what stands in this module: all of it is visible ASCII.
    let value = HeaderValue::from_str(value).expect("visible ASCII");
    (HeaderName::from_static(name), value)
}

fn components(has_body: bool) -> &'static [&'static str] {
    if has_body { WITH_BODY } else { WITHOUT_BODY }
}

/// The signature base of a request of the profile; a digest says that it has a body, and is a POST.
fn request_base(
    authority: &Platform,
    uri: &Uri,
    digest: Option<&[u8; 32]>,
    params: &str,
) -> String {
    let method = digest.map_or(Method::GET, |_| Method::POST);
    // Without a query it is the question mark alone. // RFC 9421 §2.2.7
    let query = format!("?{}", uri.query().unwrap_or_default());
    let digest_text = digest.map(fields::digest_text).unwrap_or_default();
    let values = [
        method.as_str(),
        authority.as_str(),
        uri.path(),
        &query,
        &digest_text,
        MEDIA_TYPE,
    ];
    let names = components(digest.is_some()).iter().copied();
    base(names.zip(values), params)
}

/// The bytes that are signed: a line for each component, then the parameters as they are sent. // RFC 9421 §2.5
fn base<'a>(components: impl IntoIterator<Item = (&'a str, &'a str)>, params: &str) -> String {
    let mut base = String::with_capacity(512);
    for (name, value) in components {
        for part in ["\"", name, "\": ", value, "\n"] {
            base.push_str(part);
        }
    }
    base.push_str("\"@signature-params\": ");
    base.push_str(params);
    base
}
