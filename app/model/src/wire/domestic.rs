//! What the domestic API (`/d/`, spec §17) answers. Every type here is as *this* participant may see it.

use serde::{Deserialize, Serialize};

use crate::address::{Address, Platform};
use crate::id::{ActionKey, CommitKey, ConversationKey, ConversationRef, DraftKey, Time};
use crate::participant::{Format, History, Role};

/// The signed-in person, and what the first paint needs to be the same on both sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Session {
    pub address: Address,
    pub name: String,
    /// The server's clock when it answered.
    pub now: Time,
    /// Minutes east of UTC in which this person reads times, −840 … 840.
    pub offset: i32,
    /// The build that rendered the page; a live socket with another one means a new version.
    pub build: String,
}

/// Somebody as a row or a message names them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Person {
    pub address: Address,
    /// The display name; the address where none is known.
    pub name: String,
}

/// A label that all participants see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Label {
    pub key: ActionKey,
    /// The newest action on the label: what its removal follows.
    pub head: ActionKey,
    pub name: String,
    pub colour: String,
}

/// One row of the list of conversations; a draft is a row too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Row {
    pub key: ConversationRef,
    pub subject: String,
    /// The first four participants other than the reader; the author of the preview comes first.
    pub people: Vec<Person>,
    /// How many participants are present, the reader included.
    pub people_count: u32,
    /// The beginning of the newest message as plain text, at most 140 characters.
    pub preview: String,
    /// Who wrote the preview.
    pub preview_by: Option<Address>,
    /// When something last happened that belongs into the list.
    pub at: Time,
    pub unread: bool,
    /// The newest slot of the log that this row includes; 0 for a draft.
    pub seq: u64,
    /// The last event's key, from which a client knows whether it is up to date.
    pub last: Option<ActionKey>,
    pub labels: Vec<Label>,
    /// False once the reader was removed or has left: nothing newer will come.
    pub present: bool,
}

/// `GET /d/l/`: at most 50 rows, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ListPage {
    pub rows: Vec<Row>,
    /// Where the next page begins: `?before=`.
    pub next: Option<String>,
    /// How many conversations are unread.
    pub unread: u32,
    /// How many drafts there are.
    pub drafts: u32,
    /// The reader's feed counter when the page was read: where the socket goes on.
    pub n: u64,
}

/// Which conversations a list shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum ListView {
    #[default]
    Inbox,
    Drafts,
    /// Conversations in which the reader has written.
    Sent,
}

/// The query of `GET /d/l/`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ListQuery {
    #[serde(default)]
    pub view: ListView,
    /// The cursor `next` of an earlier page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// How many rows to pass over; `before` is faster and wins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<u32>,
}

/// A stretch of text that a search or a difference marks, or does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Piece {
    pub mark: Mark,
    pub text: String,
}

/// What a [`Piece`] is marked as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    Same,
    /// A word that the search looked for.
    Hit,
    Insert,
    Delete,
}

/// One conversation that matches a search.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Hit {
    pub row: Row,
    /// The message that matches best; absent where the subject or an address matched.
    pub message: Option<ActionKey>,
    pub snippet: Vec<Piece>,
}

/// `GET /d/s/`: at most 50 conversations, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SearchPage {
    pub q: String,
    pub hits: Vec<Hit>,
    pub next: Option<String>,
}

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
#[serde(tag = "state", rename_all = "lowercase")]
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
    /// The slot of its `message.add`.
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
#[serde(tag = "what", rename_all = "snake_case")]
pub enum What {
    Published,
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
#[serde(tag = "entry", rename_all = "lowercase")]
pub enum Entry {
    Message(Message),
    Event(Event),
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

/// A draft: one mutable row, heard of by its creator alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Draft {
    pub key: DraftKey,
    pub subject: String,
    /// Addresses as typed, separated by commas, semicolons or white space.
    pub to: String,
    pub text: String,
    /// Rises by one with each save; 0 when nothing was saved yet.
    pub version: u64,
    pub saved: Option<Time>,
}

/// `GET /d/{key}/`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum KitchenSink {
    Draft(Draft),
    Conversation(Box<Conversation>),
    /// The draft was published: the conversation that it became.
    Published {
        key: ConversationKey,
    },
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

/// What became of a `POST /d/evt/{key}/`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Accepted {
    /// The action has its slot, and is on disk.
    Action {
        key: ActionKey,
        change: Box<super::live::Change>,
    },
    /// The read position moved.
    Seen { seen: Seen },
    /// The draft was saved.
    Draft { draft: Draft },
    /// The draft was discarded.
    Discarded { key: DraftKey },
}

/// What became of a `POST /d/publish/{key}/`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum Published {
    Published {
        key: ConversationKey,
    },
    /// Held on the server so that it can be undone; it goes out at `until`.
    Held {
        until: Time,
    },
}
