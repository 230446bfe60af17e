//! The structured fields of the profile: written in one form, and read in no other. // spec §6, RFC 9651

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use em2_model::address::Platform;
use em2_model::id::{Signature, Time};
use em2_model::refusal::{Code, Refusal};
use em2_model::sign::{KeyName, Kid};
use sfv::{BareItem, Dictionary, FieldType as _, InnerList, Item, ListEntry, Parser};

use crate::federation::nonces::RequestNonce;

const LABEL: &str = "em2";
const ALGORITHM: &str = "ed25519";
const TAG: &str = "em2-v1";
const DIGEST: &str = "sha-256";

/// The longest `Signature-Input`, in bytes: twice what the longest names need.
pub(super) const INPUT_MAX: usize = 1024;
/// The longest `Signature` and `Content-Digest`, in bytes.
pub(super) const BINARY_MAX: usize = 128;

/// 401 `EM2_SIG` with what is wrong.
pub(super) fn refuse(what: &str) -> Refusal {
    let next = "Sign the request as section 6 of the protocol says.";
    Refusal::new(Code::Sig, format!("{what} {next}"))
}

/// The parameters of a signature that counts for `life` seconds from `created`, in seconds.
pub(super) fn params(
    components: &[&str],
    created: i64,
    life: i64,
    nonce: [u8; 16],
    key: &KeyName,
) -> String {
    let components = components.join("\" \"");
    let expires = created.saturating_add(life);
    let nonce = URL_SAFE_NO_PAD.encode(nonce);
    format!(
        "(\"{components}\");created={created};expires={expires};nonce=\"{nonce}\";keyid=\"{key}\";\
         alg=\"{ALGORITHM}\";tag=\"{TAG}\""
    )
}

/// `Signature-Input` with these parameters.
pub(super) fn input_text(params: &str) -> String {
    format!("{LABEL}={params}")
}

/// `Signature` with this one.
pub(super) fn signature_text(signature: &Signature) -> String {
    format!("{LABEL}=:{}:", STANDARD.encode(signature.as_bytes()))
}

/// `Content-Digest` of a body with this SHA-256. // RFC 9530
pub(super) fn digest_text(digest: &[u8; 32]) -> String {
    format!("{DIGEST}=:{}:", STANDARD.encode(digest))
}

/// What `Signature-Input` says.
#[derive(Debug)]
pub(super) struct Input {
    /// As they stand at the end of the signature base: in the order of the sender.
    pub(super) params: String,
    pub(super) platform: Platform,
    pub(super) kid: Kid,
    pub(super) nonce: RequestNonce,
    pub(super) created: Time,
    pub(super) expires: Time,
}

impl Input {
    /// `EM2_SIG` unless it signs exactly `components`, and says all that the profile asks for and nothing else.
    pub(super) fn read(text: &str, components: &[&str]) -> Result<Input, Refusal> {
        let Some(ListEntry::InnerList(list)) = only_member(text, LABEL) else {
            return Err(refuse("There has to be one signature, labelled em2."));
        };
        if !covers(&list, components) {
            return Err(refuse(
                "The signature covers other components, or another order.",
            ));
        }
        let params = &list.params;
        let string = |name| {
            let string = params.get(name).and_then(BareItem::as_string);
            string.map(|text| text.as_str())
        };
        let time = |name| {
            let seconds = params.get(name).and_then(BareItem::as_integer);
            // At most 15 digits. // RFC 9651 §3.3.1
            seconds.map(|seconds| Time(i64::from(seconds) * 1000))
        };
        if string("alg") != Some(ALGORITHM) || string("tag") != Some(TAG) {
            return Err(refuse(
                "The signature is by another algorithm, or for something else.",
            ));
        }
        let (Some(created), Some(expires)) = (time("created"), time("expires")) else {
            return Err(refuse("The signature does not say when it counts."));
        };
        let Some(nonce) = string("nonce").and_then(RequestNonce::parse) else {
            return Err(refuse(
                "The nonce is not 16 to 64 random bytes in base64url.",
            ));
        };
        let Some(Ok(KeyName::Platform(platform, kid))) = string("keyid").map(str::parse) else {
            return Err(refuse("The signature is not by the key of a platform."));
        };
        // Those six have been read.
        if params.len() != 6 {
            return Err(refuse("The signature has further parameters."));
        }
        Ok(Input {
            params: text[LABEL.len() + 1..].to_owned(),
            platform,
            kid,
            nonce,
            created,
            expires,
        })
    }
}

fn covers(list: &InnerList, components: &[&str]) -> bool {
    let covered = list.items.iter().map(|item| match item {
        Item {
            bare_item: BareItem::String(name),
            params,
        } if params.is_empty() => Some(name.as_str()),
        _ => None,
    });
    covered.eq(components.iter().copied().map(Some))
}

/// The one that `Signature` holds.
pub(super) fn read_signature(text: &str) -> Result<Signature, Refusal> {
    let signature = only_bytes(text, LABEL).map(Signature::from_bytes);
    signature.ok_or_else(|| refuse("There has to be one signature of 64 bytes, labelled em2."))
}

/// The one that `Content-Digest` holds.
pub(super) fn read_digest(text: &str) -> Result<[u8; 32], Refusal> {
    only_bytes(text, DIGEST).ok_or_else(|| refuse("The digest of the body has to be SHA-256."))
}

fn only_bytes<const N: usize>(text: &str, label: &str) -> Option<[u8; N]> {
    match only_member(text, label)? {
        ListEntry::Item(Item {
            bare_item: BareItem::ByteSequence(bytes),
            params,
        }) if params.is_empty() => bytes.try_into().ok(),
        _ => None,
    }
}

/// The value of a dictionary that has this label and no other, and is written in the one form that is its own: a label
/// or a parameter that stands there twice, other blanks and loose base64 are refused with it.
fn only_member(text: &str, label: &str) -> Option<ListEntry> {
    let mut members: Dictionary = Parser::new(text).parse().ok()?;
    if members.serialize().as_deref() != Some(text) {
        return None;
    }
    let (name, value) = members.pop()?;
    (members.is_empty() && name.as_str() == label).then_some(value)
}
