//! A request as its receiver sees it: what its headers claim, then what of it holds.

use em2_model::address::Platform;
use em2_model::id::{Signature, Time};
use em2_model::refusal::{Code, Refusal};
use em2_model::sign::{Kid, PublicKey, sha256};
use http::{HeaderMap, Method, Uri, header};

use super::fields::{self, BINARY_MAX, INPUT_MAX, Input, refuse};
use super::{CONTENT_DIGEST, CONTENT_TYPE, MEDIA_TYPE, SIGNATURE, SIGNATURE_INPUT};
use super::{components, request_base};
use crate::federation::nonces::RequestNonce;

/// How old a request may be, in milliseconds.
const BEHIND_MAX: i64 = 300_000;
/// How far ahead of ours the clock of the sender may be, in milliseconds.
const AHEAD_MAX: i64 = 60_000;
/// How long a signature may count, in milliseconds.
const LIFE_MAX: i64 = 300_000;

/// What the headers of a request claim: their shape holds, nothing else is known of it. // spec §6
#[derive(Debug)]
pub struct Claim {
    /// Who says that the request is theirs.
    pub platform: Platform,
    /// Which of their keys signed it, they say.
    pub kid: Kid,
    /// What must not come twice where the request is a POST.
    pub nonce: RequestNonce,
    /// When it was signed, in whole seconds.
    pub created: Time,
    /// Until when the signature counts, in whole seconds.
    pub expires: Time,
    /// The end of the signature base, as it came.
    params: String,
    /// The SHA-256 of the body; none says that there is no body.
    digest: Option<[u8; 32]>,
    signature: Signature,
}

impl Claim {
    /// Reads the headers of a GET or a POST. `EM2_SIG` for whatever departs from the profile, and `EM2_TYPE` for a body
    /// of another media type.
    pub fn read(method: &Method, headers: &HeaderMap) -> Result<Claim, Refusal> {
        let digest = match *method {
            Method::GET => {
                has_no_content(headers)?;
                None
            }
            Method::POST => {
                if only(headers, CONTENT_TYPE, BINARY_MAX)? != MEDIA_TYPE {
                    return Err(Code::Type.into());
                }
                let text = only(headers, CONTENT_DIGEST, BINARY_MAX)?;
                Some(fields::read_digest(text)?)
            }
            _ => return Err(refuse("Only GET and POST are signed.")),
        };
        let input = only(headers, SIGNATURE_INPUT, INPUT_MAX)?;
        let input = Input::read(input, components(digest.is_some()))?;
        let signature = fields::read_signature(only(headers, SIGNATURE, BINARY_MAX)?)?;
        Ok(Claim {
            platform: input.platform,
            kid: input.kid,
            nonce: input.nonce,
            created: input.created,
            expires: input.expires,
            params: input.params,
            digest,
            signature,
        })
    }

    /// 401 `EM2_CLOCK` unless it was signed within the last five minutes, or the next one, and still counts; a signature
    /// that would count for more than five minutes does not.
    pub fn check_clock(&self, now: Time) -> Result<(), Refusal> {
        let after = |later: Time| later.as_millis().saturating_sub(self.created.as_millis());
        let is_in_time = (-AHEAD_MAX..=BEHIND_MAX).contains(&after(now))
            && (0..=LIFE_MAX).contains(&after(self.expires))
            && now <= self.expires;
        is_in_time.then_some(()).ok_or_else(|| Code::Clock.into())
    }

    /// `EM2_SIG` unless `key` signed these headers for us, `own`, and for the path and query of `uri`: those that came,
    /// before a router shortens them. The body is checked by its digest.
    pub fn check_signature(
        &self,
        own: &Platform,
        uri: &Uri,
        key: &PublicKey,
    ) -> Result<(), Refusal> {
        let base = request_base(own, uri, self.digest.as_ref(), &self.params);
        key.verify_request(base.as_bytes(), &self.signature)
    }

    /// `EM2_SIG` unless this is the body that was signed: of a GET none, to the last byte.
    pub fn check_digest(&self, body: &[u8]) -> Result<(), Refusal> {
        let is_signed = self
            .digest
            .map_or(body.is_empty(), |digest| digest == sha256(body));
        is_signed
            .then_some(())
            .ok_or_else(|| refuse("The body is not the one that was signed."))
    }
}

/// The value of a header that stands there once.
fn only<'a>(headers: &'a HeaderMap, name: &str, max: usize) -> Result<&'a str, Refusal> {
    let mut values = headers.get_all(name).iter();
    let text = match (values.next(), values.next()) {
        (Some(value), None) if value.len() <= max => value.to_str().ok(),
        _ => None,
    };
    text.ok_or_else(|| refuse(&format!("There has to be one {name}, and a short one.")))
}

/// Whether nothing says that there is a body.
fn has_no_content(headers: &HeaderMap) -> Result<(), Refusal> {
    let of_a_body = [
        CONTENT_TYPE,
        CONTENT_DIGEST,
        header::TRANSFER_ENCODING.as_str(),
    ];
    let mut lengths = headers.get_all(header::CONTENT_LENGTH).iter();
    if of_a_body.iter().any(|name| headers.contains_key(*name)) || lengths.any(|len| len != "0") {
        return Err(refuse("A GET has no body, and no headers of one."));
    }
    Ok(())
}
