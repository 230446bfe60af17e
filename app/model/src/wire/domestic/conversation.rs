//! One conversation: its messages, its events, its people.

use serde::{Deserialize, Serialize};

use super::list::Piece;
use super::people::{Label, Person};
use crate::address::{Address, Platform};
use crate::id::{ActionKey, CommitKey, ConversationKey, Time};
use crate::participant::{Format, History, Role};

/// Who did something, and when by the leader's clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Done {
    pub by: Person,
    pub at: Time,
    pub seq: u64,
}

/// "Bob is editing": a live lock (spec §11).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Lock {
    pub by: Person,
    pub until: Time,
}

/// Whether a message can be read, and if not, why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    Present,
    Removed(Done),
    Redacted(Done),
    /// From before the reader's history scope.
    Withheld,
    Expired,
}

/// A message in its present form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Message {
    /// The key of its `message.add`.
    pub key: ActionKey,
    /// The slot of its `message.add`; [`BEFORE`] and [`UNCONFIRMED`] stand for none.
    pub seq: u64,
    /// The slot of the newest action that touched it.
    pub touched: u64,
    /// The newest action on it: what the next change follows.
    pub head: ActionKey,
    pub author: Person,
    /// The message that it answers.
    pub parent: Option<ActionKey>,
    pub at: Time,
    /// Sanitised HTML; empty unless present.
    pub html: String,
    /// The text as written, where the reader may change it.
    pub text: Option<String>,
    pub format: Format,
    pub edited: Option<Done>,
    pub lock: Option<Lock>,
    pub standing: Standing,
}

/// Something that happened besides a message, as the timeline tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Event {
    pub key: ActionKey,
    pub seq: u64,
    pub at: Time,
    pub by: Person,
    pub what: What,
}

/// What an [`Event`] says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum What {
    Published,
    /// Published as what goes on from an earlier conversation: that one, where the reader may see it. // spec §13
    Forked {
        origin: Option<ConversationKey>,
    },
    SubjectChanged {
        subject: String,
    },
    PersonAdded {
        person: Person,
        role: Role,
        history: History,
    },
    PersonChanged {
        person: Person,
        role: Role,
    },
    /// Somebody was removed, or left where the actor is that person.
    PersonRemoved {
        person: Person,
    },
    LabelAdded {
        name: String,
        colour: String,
    },
    LabelRemoved {
        name: String,
    },
    ExpiryChanged {
        expiry: Option<Time>,
    },
    Expired,
}

/// One entry of the timeline; entries are ordered by `seq`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Entry {
    Message(Message),
    Event(Event),
}

/// No slot: a message of the conversation that this one goes on from, to be read only. // spec §13
pub const BEFORE: u64 = 0;

/// Slots from here on are none: messages that wait for one, in their order. // spec §12
pub const UNCONFIRMED: u64 = 1 << 52;

impl Message {
    /// Whether it waits for a slot: it may still be refused.
    pub fn is_unconfirmed(&self) -> bool {
        self.seq >= UNCONFIRMED
    }
}

/// How far a conversation has got on its way to other platforms, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Delivery {
    pub text: String,
    /// Something does not get through: trying again at once is worth offering.
    pub problem: bool,
    /// When it is tried again.
    pub next: Option<Time>,
}

impl Entry {
    /// The slot of the log at which the entry stands.
    pub fn seq(&self) -> u64 {
        match self {
            Entry::Message(message) => message.seq,
            Entry::Event(event) => event.seq,
        }
    }

    /// The key of the action that made the entry.
    pub fn key(&self) -> ActionKey {
        match self {
            Entry::Message(message) => message.key,
            Entry::Event(event) => event.key,
        }
    }
}

/// Whether a conversation can be forked, or has been. // spec §13
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Fork {
    /// `POST /d/fork/{key}/` begins a conversation that goes on from this one.
    Offered,
    /// There is one in which the reader takes part: the same request leads to it.
    Made,
}

/// How far a participant has read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Seen {
    pub address: Address,
    pub seq: u64,
    pub at: Time,
}

/// Somebody who takes part now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Participant {
    /// The key of their present `participant.add`; of the creator the conversation key as an item.
    pub item: ActionKey,
    /// The newest action on their participation.
    pub head: ActionKey,
    pub address: Address,
    pub name: String,
    pub role: Role,
    /// Absent: reached by SMTP.
    pub platform: Option<Platform>,
    pub history: History,
    /// How far they have read, where they say so.
    pub seen: Option<Seen>,
}

/// `GET /d/{key}/` of a published conversation: the state, and the newest entries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Conversation {
    pub key: ConversationKey,
    pub subject: String,
    /// The newest action on the subject: what its next change follows.
    pub subject_head: ActionKey,
    pub subject_lock: Option<Lock>,
    pub creator: Address,
    pub created: Time,
    pub expiry: Option<Time>,
    pub labels: Vec<Label>,
    /// Present participants in the order in which they were added.
    pub participants: Vec<Participant>,
    /// Ascending; at least the newest 50 messages, and the events between them.
    pub entries: Vec<Entry>,
    /// Entries with a smaller `seq` exist: `GET /d/{key}/events/?before=`.
    pub more_before: Option<u64>,
    pub seq: u64,
    pub head: CommitKey,
    /// The reader, as long as present.
    pub me: Address,
    pub role: Role,
    pub present: bool,
    /// The reader's read position when the page was read.
    pub read: u64,
    /// Absent where everybody is on this platform.
    pub delivery: Option<Delivery>,
    /// What goes on from this conversation.
    pub fork: Option<Fork>,
    /// The reader's feed counter when the page was read.
    pub n: u64,
}

/// `GET /d/{key}/events/?before=`: older entries, ascending.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Older {
    pub entries: Vec<Entry>,
    pub more_before: Option<u64>,
}

/// One version of a message, with what it changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Version {
    pub key: ActionKey,
    pub seq: u64,
    pub at: Time,
    pub by: Person,
    pub text: String,
    /// The difference to the version before, word by word; one `same` piece for the first.
    pub changes: Vec<Piece>,
}

/// `GET /d/{key}/messages/{message}/`: all versions, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Versions {
    pub message: Message,
    pub versions: Vec<Version>,
}
