//! Messages, attachments and used nonces: what is loaded for an action, and stored after it.

use serde::{Deserialize, Serialize};

use crate::action::Model;
use crate::address::Address;
use crate::id::{ActionKey, Nonce};
use crate::participant::words;
use crate::refusal::Code;

/// A message or an attachment, as far as the rules need it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    pub model: Model,
    /// The action that added it.
    pub key: ActionKey,
    /// The newest action on it: what the next one must follow.
    pub head: ActionKey,
    /// Who added it.
    pub author: Address,
    /// The place in the log of the action that added it.
    pub seq: u64,
    pub standing: Standing,
    /// Of an attachment its message, of an answer the message that it answers.
    pub parent: Option<ActionKey>,
    /// How many attachments a message has now.
    pub attachments: u32,
}

words! {
    /// What became of an item.
    Standing {
        Present = "present",
        /// Can be recovered, or redacted.
        Removed = "removed",
        /// Nothing can be done any more; the bytes are gone.
        Redacted = "redacted",
    }
}

/// What became of the first action with a nonce: later ones get the same answer. // spec §10
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    pub action: ActionKey,
    pub seq: u64,
    pub st: Option<Code>,
}

/// Something that must be loaded before an action is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Touch {
    /// A message or an attachment.
    Item(Model, ActionKey),
    Nonce(Nonce),
}
