//! An action with its signatures and its place in the log, as it travels. // spec §5

mod commit;
mod verify;

use serde::Deserialize;
use serde_json::value::RawValue;

pub(crate) use commit::Fields as CommitFields;
pub use commit::{COMMIT_MAX, Commit, STATE_EVERY};
pub use verify::Verified;

use crate::action::{Action, BODY_MAX, HEADER_MAX, Missing, check_sizes};
use crate::canonical;
use crate::refusal::{Code, Refusal};
use crate::sign::{PlatformKey, Stamp, Tag};

/// The longest record, in bytes: header, body, commit and some signatures. // spec §7
pub const RECORD_MAX: usize = HEADER_MAX + BODY_MAX + COMMIT_MAX + 8 * 1024;

/// An action, who signed it and, once the leader gave it a place, the commit.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    action: Action,
    stamps: Vec<Stamp>,
    commit: Option<(Commit, Stamp)>,
}

/// The members on the wire; the raw slices are what is hashed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Members<'a> {
    #[serde(borrow)]
    h: &'a RawValue,
    #[serde(borrow, default)]
    b: Option<&'a RawValue>,
    s: Vec<Stamp>,
    #[serde(borrow, default)]
    c: Option<&'a RawValue>,
    #[serde(default)]
    cs: Option<Stamp>,
    #[serde(default)]
    w: Option<Missing>,
}

impl Record {
    /// An action that waits for a place.
    pub fn submitted(action: Action, stamps: Vec<Stamp>) -> Result<Record, Refusal> {
        Record::new(action, stamps, None)
    }

    /// Signs an action of one of our own people; `EM2_SIG` with another platform's key.
    pub fn signed(action: Action, key: &PlatformKey) -> Result<Verified<Record>, Refusal> {
        if action.header().platform != key.platform {
            return Err(Refusal::from(Code::Sig));
        }
        let stamp = key.stamp(Tag::Action, action.key().as_bytes());
        Ok(Verified::trusted(Record::new(action, vec![stamp], None)?))
    }

    /// Puts together what was stored apart.
    pub fn new(
        action: Action,
        stamps: Vec<Stamp>,
        commit: Option<(Commit, Stamp)>,
    ) -> Result<Record, Refusal> {
        if stamps.is_empty() {
            return Err(Refusal::format("The record is not signed."));
        }
        if let Some((commit, _)) = &commit {
            commit.check_fits(&action)?;
        }
        Ok(Record {
            action,
            stamps,
            commit,
        })
    }

    /// Reads a record in the order of spec §8 up to the hash of the body: size, canonical form,
    /// shape, `ref`. Signatures are checked by [`Record::verify`].
    pub fn parse(bytes: &[u8]) -> Result<Record, Refusal> {
        if bytes.len() > RECORD_MAX {
            return Err(Refusal::from(Code::TooBig).with("limit", RECORD_MAX));
        }
        // Header, body and commit lie one level inside, so that their own depth stays in bounds.
        let mut value = canonical::parse(bytes, canonical::DEPTH + 1)?;
        let members: Members = serde_json::from_slice(bytes)
            .map_err(|e| Refusal::format(format!("The record cannot be read: {e}.")))?;
        let body = match (members.b, members.w) {
            (Some(body), None) => Ok(body.get().as_bytes()),
            (None, Some(missing)) => Err(missing),
            _ => {
                return Err(Refusal::format(
                    "A record has a body, or says why it has none.",
                ));
            }
        };
        let header = members.h.get().as_bytes();
        check_sizes(header, body)?;
        let body_value = body.map(|_| value["b"].take());
        let action = Action::read(header, value["h"].take(), body, body_value)?;
        let commit = match (members.c, members.cs) {
            (None, None) => None,
            (Some(commit), Some(stamp)) => Some((
                Commit::read(commit.get().as_bytes(), value["c"].take())?,
                stamp,
            )),
            _ => {
                return Err(Refusal::format(
                    "A commit stands together with its signature.",
                ));
            }
        };
        Record::new(action, members.s, commit)
    }

    /// The canonical bytes, made of the exact bytes of header, body and commit.
    pub fn to_bytes(&self) -> Vec<u8> {
        let stamp = |stamp: &Stamp| format!(r#"{{"k":"{}","v":"{}"}}"#, stamp.k, stamp.v);
        let mut members: Vec<(&str, Vec<u8>)> = Vec::with_capacity(6);
        if let Ok(body) = self.action.body_bytes() {
            members.push(("b", body.to_vec()));
        }
        if let Some((commit, commit_stamp)) = &self.commit {
            members.push(("c", commit.bytes().to_vec()));
            members.push(("cs", stamp(commit_stamp).into_bytes()));
        }
        members.push(("h", self.action.header_bytes().to_vec()));
        let stamps: Vec<String> = self.stamps.iter().map(stamp).collect();
        members.push(("s", format!("[{}]", stamps.join(",")).into_bytes()));
        if let Err(missing) = self.action.body() {
            members.push(("w", format!("\"{missing}\"").into_bytes()));
        }
        let mut out = Vec::with_capacity(members.iter().map(|(_, bytes)| bytes.len() + 8).sum());
        for (i, (name, bytes)) in members.iter().enumerate() {
            out.extend_from_slice(if i == 0 { b"{\"" } else { b",\"" });
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b"\":");
            out.extend_from_slice(bytes);
        }
        out.push(b'}');
        out
    }

    /// The action.
    pub fn action(&self) -> &Action {
        &self.action
    }

    /// Who signed the action; the first is the author's platform.
    pub fn stamps(&self) -> &[Stamp] {
        &self.stamps
    }

    /// The action's place in the log, if the leader gave it one.
    pub fn commit(&self) -> Option<&Commit> {
        self.commit.as_ref().map(|(commit, _)| commit)
    }

    /// The leader's signature over the commit.
    pub fn commit_stamp(&self) -> Option<&Stamp> {
        self.commit.as_ref().map(|(_, stamp)| stamp)
    }

    /// The same record without its body: for a receiver whose history begins later, or after
    /// redaction or expiry. `EM2_FORMAT` where the state could not be folded without it.
    pub fn without_body(self, missing: Missing) -> Result<Record, Refusal> {
        Ok(Record {
            action: self.action.without_body(missing)?,
            ..self
        })
    }

    /// The same action in the place that the leader gave it.
    pub(crate) fn committed(self, commit: Commit, stamp: Stamp) -> Result<Record, Refusal> {
        Record::new(self.action, self.stamps, Some((commit, stamp)))
    }

    /// The same action without its place: an orphan that is submitted again. // spec §14
    pub fn without_commit(self) -> Record {
        Record {
            commit: None,
            ..self
        }
    }
}

impl serde::Serialize for Record {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = String::from_utf8(self.to_bytes()).map_err(serde::ser::Error::custom)?;
        RawValue::from_string(text)
            .map_err(serde::ser::Error::custom)?
            .serialize(serializer)
    }
}
