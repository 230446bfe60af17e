//! The platform document: what a platform says of itself to anybody who asks. // spec §3

use std::num::NonZeroU64;

use serde::{Deserialize, Serialize};

use crate::address::{Address, Platform};
use crate::keys::{KeyEntry, KeyLog, Revocation};
use crate::refusal::{Code, Refusal};

/// Where a platform answers with its document. // spec §2
pub const PATH: &str = "/.well-known/em2";

/// The longest document that is read, in bytes. // spec §2
pub const SIZE_MAX: usize = 64 * 1024;

/// Each revocation is tried with each recovery key: so many of either keep a hostile document from costing seconds.
const RECOVERY_MAX: usize = 8;
const REVOKED_MAX: usize = 64;

/// The version of the protocol that is spoken here.
const VERSION: u64 = 1;

/// What stands in the document. Fields of later versions are ignored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlatformDocument {
    /// The version of the document's form: 1.
    pub v: u64,
    pub platform: Platform,
    /// The versions of the protocol that it speaks.
    pub versions: Vec<u64>,
    /// The entries of its key log, oldest first.
    pub keys: Vec<KeyEntry>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revoked: Vec<Revocation>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
    /// Where its operator is found: `mailto:…` or `https:…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// The mail domain of the platform itself, for the addresses of spec §18.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<String>,
}

/// What the platform takes at most. Never zero: nothing could be sent to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Bytes of one body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<NonZeroU64>,
    /// Records of one request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<NonZeroU64>,
    /// Requests a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rps: Option<NonZeroU64>,
}

/// What every version of the document has.
#[derive(Deserialize)]
struct Named {
    v: u64,
    platform: Platform,
}

impl PlatformDocument {
    /// The document of the platform whose log it is, without what is optional.
    pub fn of(platform: Platform, log: &KeyLog) -> PlatformDocument {
        PlatformDocument {
            v: VERSION,
            platform,
            versions: vec![VERSION],
            keys: log.entries().to_vec(),
            revoked: log.revoked().to_vec(),
            limits: None,
            contact: None,
            mail: None,
        }
    }

    /// Reads a document and verifies its key log from the first entry: `EM2_TOO_BIG`, `EM2_VERSION` where version 1 is
    /// not spoken, else `EM2_FORMAT`. A weak key refuses the whole document.
    pub fn parse(bytes: &[u8]) -> Result<(PlatformDocument, KeyLog), Refusal> {
        name(bytes)?;
        let document: PlatformDocument = serde_json::from_slice(bytes).map_err(unread)?;
        if !document.versions.contains(&VERSION) {
            return Err(version(document.versions));
        }
        document.check_fields()?;
        let log = KeyLog::read(document.keys.clone(), document.revoked.clone())?;
        Ok((document, log))
    }

    fn check_fields(&self) -> Result<(), Refusal> {
        let recovery = self
            .keys
            .iter()
            .filter(|key| key.usage.as_deref() == Some("recovery"));
        if recovery.count() > RECOVERY_MAX || self.revoked.len() > REVOKED_MAX {
            return Err(Refusal::format(format!(
                "The platform's document has more than {RECOVERY_MAX} recovery keys or {REVOKED_MAX} revocations. Ask \
                 its operator."
            )));
        }
        let is_contact = |text: &String| {
            let known = text.starts_with("mailto:") || text.starts_with("https:");
            known
                && text.len() <= 255
                && !text.contains(|c: char| c.is_control() || c.is_whitespace())
        };
        if !self.contact.as_ref().is_none_or(is_contact) {
            return Err(Refusal::format(
                "The contact in the platform's document is neither mailto:… nor https:…. Ask its operator.",
            ));
        }
        let is_domain = |text: &String| Address::parse(&format!("em2@{text}")).is_ok();
        if !self.mail.as_ref().is_none_or(is_domain) {
            return Err(Refusal::format(
                "The mail domain in the platform's document is none. Ask its operator.",
            ));
        }
        Ok(())
    }
}

/// The platform that a document names, all else unread; `EM2_TOO_BIG`, `EM2_VERSION` or `EM2_FORMAT`. // spec §2
pub fn name(bytes: &[u8]) -> Result<Platform, Refusal> {
    if bytes.len() > SIZE_MAX {
        return Err(Refusal::new(
            Code::TooBig,
            "The platform's document is longer than 64 KiB. Ask its operator.",
        ));
    }
    let named: Named = serde_json::from_slice(bytes).map_err(unread)?;
    if named.v != VERSION {
        return Err(version(vec![named.v]));
    }
    Ok(named.platform)
}

fn version(spoken: Vec<u64>) -> Refusal {
    Refusal::new(
        Code::Version,
        "The platform does not speak version 1 of the protocol. Ask its operator.",
    )
    .with("versions", spoken)
}

/// The reason repeats a part of the document: bounded, and without control characters.
fn unread(error: serde_json::Error) -> Refusal {
    let reason = error.to_string();
    let reason: String = reason
        .chars()
        .filter(|c| !c.is_control())
        .take(160)
        .collect();
    Refusal::format(format!("The platform's document cannot be read: {reason}."))
}
