//! The leader's word on where an action stands in the log. // spec §5

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::action::Action;
use crate::address::Platform;
use crate::canonical;
use crate::id::{ActionKey, CommitKey, ConversationKey, StateHash, Time};
use crate::refusal::{Code, Refusal};
use crate::sign::{Tag, hash};

/// The longest commit, in bytes. // spec §5
pub const COMMIT_MAX: usize = 1024;
/// Every so many commits one carries the hash of the state. // spec §5
pub const STATE_EVERY: u64 = 64;

/// A commit with its exact bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Commit {
    fields: Fields,
    bytes: Vec<u8>,
    key: CommitKey,
}

/// What a commit says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fields {
    pub(crate) v: u64,
    pub(crate) conv: ConversationKey,
    pub(crate) epoch: u64,
    pub(crate) seq: u64,
    pub(crate) prev: CommitKey,
    pub(crate) act: ActionKey,
    pub(crate) at: Time,
    pub(crate) leader: Platform,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) st: Option<Code>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<StateHash>,
}

impl Commit {
    /// Reads exact bytes: size, canonical form, shape.
    pub fn parse(bytes: &[u8]) -> Result<Commit, Refusal> {
        let value = canonical::parse(bytes, canonical::DEPTH)?;
        Commit::read(bytes, value)
    }

    pub(crate) fn read(bytes: &[u8], value: Value) -> Result<Commit, Refusal> {
        if bytes.len() > COMMIT_MAX {
            return Err(Refusal::from(Code::TooBig).with("limit", COMMIT_MAX));
        }
        match value.get("v").and_then(Value::as_i64) {
            Some(1) | None => {}
            Some(_) => return Err(Refusal::from(Code::Version).with("versions", vec![1])),
        }
        let fields: Fields = serde_json::from_value(value)
            .map_err(|e| Refusal::format(format!("The commit cannot be read: {e}.")))?;
        fields.check()?;
        Ok(Commit::of(fields, bytes.to_vec()))
    }

    /// A new commit of the leader.
    pub(crate) fn mint(fields: Fields) -> Result<Commit, Refusal> {
        let bytes = canonical::to_bytes(&fields)?;
        fields.check()?;
        Ok(Commit::of(fields, bytes))
    }

    fn of(fields: Fields, bytes: Vec<u8>) -> Commit {
        let key = CommitKey::from_bytes(hash(Tag::Commit, &bytes));
        Commit { fields, bytes, key }
    }

    /// `EM2_HASH` if it commits another action, `EM2_FORMAT` if in another conversation.
    pub(crate) fn check_fits(&self, action: &Action) -> Result<(), Refusal> {
        if self.fields.act != action.key() {
            return Err(Refusal::new(Code::Hash, "The commit is of another action."));
        }
        if self.fields.conv != action.conversation() {
            return Err(Refusal::format("The commit is of another conversation."));
        }
        Ok(())
    }

    /// The hash of the bytes.
    pub fn key(&self) -> CommitKey {
        self.key
    }

    /// The exact bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The conversation.
    pub fn conv(&self) -> ConversationKey {
        self.fields.conv
    }

    /// Rises when the leader changes or was restored. // spec §12, §14
    pub fn epoch(&self) -> u64 {
        self.fields.epoch
    }

    /// The place in the log, from 1.
    pub fn seq(&self) -> u64 {
        self.fields.seq
    }

    /// The commit before; of the first the conversation key.
    pub fn prev(&self) -> CommitKey {
        self.fields.prev
    }

    /// The action.
    pub fn act(&self) -> ActionKey {
        self.fields.act
    }

    /// The leader's time, which never runs backwards and by which locks end.
    pub fn at(&self) -> Time {
        self.fields.at
    }

    /// Who leads.
    pub fn leader(&self) -> &Platform {
        &self.fields.leader
    }

    /// Why the action was refused, if it was.
    pub fn refused(&self) -> Option<Code> {
        self.fields.st
    }

    /// The hash of the state after this commit, every 64th time.
    pub fn state(&self) -> Option<StateHash> {
        self.fields.state
    }
}

impl Fields {
    fn check(&self) -> Result<(), Refusal> {
        let refusals = [
            None,
            Some(Code::Forbidden),
            Some(Code::Conflict),
            Some(Code::Locked),
        ];
        let fits = self.v == 1
            && self.seq >= 1
            && self.epoch >= 1
            && refusals.contains(&self.st)
            && self.state.is_some() == self.seq.is_multiple_of(STATE_EVERY);
        if fits {
            Ok(())
        } else {
            Err(Refusal::format("The commit does not fit its place."))
        }
    }
}
