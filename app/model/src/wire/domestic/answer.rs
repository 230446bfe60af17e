//! What is answered to a request about one conversation or draft.

use serde::{Deserialize, Serialize};

use super::conversation::{Conversation, Message, Seen};
use crate::address::Platform;
use crate::id::{ActionKey, ConversationKey, DraftKey, Time};
use crate::refusal::Refusal;

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
    /// Of words that were meant for a conversation, why they did not get there; told where the draft is read.
    pub refused: Option<Refusal>,
}

/// `GET /d/{key}/`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum KitchenSink {
    Draft(Draft),
    Conversation(Box<Conversation>),
    /// The draft was published: the conversation that it became.
    Published {
        key: ConversationKey,
    },
}

/// What became of a `POST /d/evt/{key}/`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Accepted {
    /// The action has its slot, and is on disk.
    Action {
        key: ActionKey,
        change: Box<crate::wire::live::Change>,
    },
    /// It is kept, and on its way to the platform that leads: the live feed tells when it has its slot.
    Pending {
        key: ActionKey,
        leader: Platform,
        /// Of a message the form in which it waits.
        message: Option<Box<Message>>,
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
