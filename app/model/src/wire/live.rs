//! What the live socket `/d/ws/` sends. A change carries the present form of what it touched, so that applying it
//! twice, or late, is harmless; the reader's feed counter `n` orders the changes.

use serde::{Deserialize, Serialize};

use super::domestic::{Delivery, Event, Label, Lock, Message, Participant, Row, Seen};
use crate::address::Address;
use crate::id::{ActionKey, CommitKey, ConversationKey, DraftKey, Time};
use crate::refusal::Code;

/// What one committed action changed, as this reader may see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Change {
    /// The action.
    pub key: ActionKey,
    pub seq: u64,
    /// The commit.
    pub head: CommitKey,
    pub at: Time,
    pub by: Address,
    /// Whether it makes the conversation unread for those who did not do it.
    pub notable: bool,
    pub effect: Effect,
}

/// The present form of what an action touched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    Message {
        message: Message,
    },
    People {
        participants: Vec<Participant>,
        event: Event,
    },
    Subject {
        subject: String,
        head: ActionKey,
        lock: Option<Lock>,
        event: Option<Event>,
    },
    Labels {
        labels: Vec<Label>,
        event: Event,
    },
    Expiry {
        expiry: Option<Time>,
        event: Event,
    },
    /// It took a slot and was refused: the log goes on, nothing else changed.
    Refused {
        code: Code,
    },
    /// It happened, and is not for this reader's eyes.
    Withheld,
}

/// A frame from the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Live {
    /// First frame: the reader's counter, and the build that the server would render now.
    Hello { n: u64, build: String },
    /// Something happened in a conversation of the reader's.
    Change {
        n: u64,
        conversation: ConversationKey,
        change: Box<Change>,
        row: Box<Row>,
    },
    /// A draft of the reader's was saved elsewhere.
    Draft { n: u64, row: Box<Row> },
    /// A draft of the reader's was discarded, or published as `became`.
    DraftGone {
        n: u64,
        key: DraftKey,
        became: Option<ConversationKey>,
    },
    /// The reader's own read position moved on another device.
    Read {
        n: u64,
        conversation: ConversationKey,
        seq: u64,
    },
    /// A request came, or was answered: how many wait now.
    Requests { n: u64, requests: u32 },
    /// Another participant has read; not numbered, the next page tells it too.
    Seen {
        conversation: ConversationKey,
        seen: Seen,
    },
    /// Too far behind: load the pages again, then connect without `since`.
    Resync,
    /// A message waits for its slot.
    Waiting {
        conversation: ConversationKey,
        message: Box<Message>,
    },
    /// How far a conversation has got on its way to other platforms.
    Delivery {
        conversation: ConversationKey,
        delivery: Delivery,
    },
}

impl Live {
    /// The feed counter of a numbered frame.
    pub fn n(&self) -> Option<u64> {
        match self {
            Live::Hello { .. }
            | Live::Seen { .. }
            | Live::Waiting { .. }
            | Live::Delivery { .. }
            | Live::Resync => None,
            Live::Change { n, .. }
            | Live::Draft { n, .. }
            | Live::DraftGone { n, .. }
            | Live::Read { n, .. }
            | Live::Requests { n, .. } => Some(*n),
        }
    }
}
