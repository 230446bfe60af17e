//! The lines of a file that are not records: the first, which holds the keys, and the last, which says where the log
//! ends.

use std::collections::BTreeMap;

use em2_model::id::FileHash;
use em2_model::keys::{KeyEntry, KeyLog, Revocation};
use em2_model::{Code, CommitKey, ConversationKey, Platform, Refusal, canonical};
use serde::{Deserialize, Serialize};

/// The longest first line, in bytes: more key logs than a conversation has platforms.
pub const FIRST_MAX: usize = 8 * 1024 * 1024;

/// The entries of the key logs stand three containers deep.
const DEPTH: usize = canonical::DEPTH + 3;
/// More than the platform document has room for: what verifying a hostile file may cost.
const ENTRIES_MAX: usize = 512;
const REVOKED_MAX: usize = 64;

/// The version of the form of the file.
const VERSION: u64 = 1;

/// What the first line says.
#[derive(Clone, Debug, PartialEq)]
pub struct First {
    pub conv: ConversationKey,
    /// The key log of every platform that signed something.
    pub keys: BTreeMap<Platform, KeyLog>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    conv: ConversationKey,
    em2: u64,
    keys: BTreeMap<Platform, Vec<KeyEntry>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    revoked: BTreeMap<Platform, Vec<Revocation>>,
}

/// What the last line says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Last {
    /// Always true.
    pub end: bool,
    /// The last commit.
    pub head: CommitKey,
    /// Its place.
    pub seq: u64,
    /// The hash of all bytes before this line: what no signature covers is covered by it.
    pub sha256: FileHash,
}

impl First {
    /// The canonical bytes, which [`First::parse`] reads.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Refusal> {
        let revoked = self
            .keys
            .iter()
            .filter(|(_, log)| !log.revoked().is_empty());
        let of = |log: &KeyLog| log.entries().to_vec();
        let bytes = canonical::to_bytes(&Fields {
            conv: self.conv,
            em2: VERSION,
            keys: self
                .keys
                .iter()
                .map(|(name, log)| (name.clone(), of(log)))
                .collect(),
            revoked: revoked
                .map(|(name, log)| (name.clone(), log.revoked().to_vec()))
                .collect(),
        })?;
        First::parse(&bytes)?;
        Ok(bytes)
    }

    /// Reads the line and verifies every key log from its first entry: `EM2_NOT_CANONICAL`, `EM2_VERSION`, `EM2_FORMAT`
    /// or `EM2_TOO_BIG`.
    pub fn parse(line: &[u8]) -> Result<First, Refusal> {
        let value = canonical::parse(line, DEPTH)?;
        match value.get("em2").and_then(|version| version.as_u64()) {
            Some(VERSION) => {}
            Some(_) => {
                return Err(Refusal::new(
                    Code::Version,
                    "This version of the file is not known here.",
                ));
            }
            None => {
                return Err(Refusal::format(
                    "This is not the first line of a conversation as a file.",
                ));
            }
        }
        let fields: Fields = serde_json::from_value(value)
            .map_err(|error| Refusal::format(format!("The line cannot be read: {error}.")))?;
        let mut revoked = fields.revoked;
        let mut keys = BTreeMap::new();
        for (platform, entries) in fields.keys {
            let revoked = revoked.remove(&platform).unwrap_or_default();
            if entries.len() > ENTRIES_MAX || revoked.len() > REVOKED_MAX {
                let message = format!("The key log of {platform} is too long.");
                return Err(Refusal::new(Code::TooBig, message));
            }
            let log = KeyLog::read(entries, revoked).map_err(|_| {
                Refusal::format(format!("The key log of {platform} does not hold together."))
            })?;
            keys.insert(platform, log);
        }
        if let Some((platform, _)) = revoked.first_key_value() {
            return Err(Refusal::format(format!(
                "Keys of {platform} are revoked that are not here."
            )));
        }
        Ok(First {
            conv: fields.conv,
            keys,
        })
    }
}

impl Last {
    /// Whether a line is meant as the last one: a record begins otherwise.
    pub fn is(line: &[u8]) -> bool {
        line.starts_with(b"{\"end\"")
    }

    /// The canonical bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Refusal> {
        canonical::to_bytes(self)
    }

    /// Reads the line; `EM2_NOT_CANONICAL` or `EM2_FORMAT`.
    pub fn parse(line: &[u8]) -> Result<Last, Refusal> {
        let last: Last = serde_json::from_value(canonical::parse(line, 1)?)
            .map_err(|error| Refusal::format(format!("The line cannot be read: {error}.")))?;
        match last.end {
            true => Ok(last),
            false => Err(Refusal::format(
                "The last line says that it is not the last.",
            )),
        }
    }
}
