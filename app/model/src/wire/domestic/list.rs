//! The list of conversations, and what a search finds.

use serde::{Deserialize, Serialize};

use super::people::{Label, Person};
use crate::address::Address;
use crate::id::{ActionKey, ConversationRef, Time};

/// One row of the list of conversations; a draft is a row too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Row {
    pub key: ConversationRef,
    pub subject: String,
    /// The first four participants other than the reader; the author of the preview comes first. Of a request the
    /// sender alone, by their address.
    pub people: Vec<Person>,
    /// How many participants are present, the reader included.
    pub people_count: u32,
    /// The beginning of the newest message as plain text, at most 140 characters. Of a request the sender's platform.
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
    /// How many conversations are unread, counted up to 1,000.
    pub unread: u32,
    /// How many drafts there are.
    pub drafts: u32,
    /// How many requests wait for an answer, counted up to 1,000.
    pub requests: u32,
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
    /// Conversations to which somebody unknown has added the reader, who has not answered yet. // spec §16
    Requests,
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
