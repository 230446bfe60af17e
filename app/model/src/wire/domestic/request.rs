//! Somebody unknown has added the reader: what is shown of it until they have answered. // spec §16

use serde::{Deserialize, Serialize};

use crate::address::{Address, Platform};
use crate::id::{ConversationKey, Time};
use crate::wire::intent::RequestAnswer;

/// `GET /d/request/{key}/`: addresses, subject and time. Nothing that was said, no picture, and no name that somebody
/// gave themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Request {
    pub key: ConversationKey,
    /// Who added the reader.
    pub sender: Address,
    /// The platform that speaks for the sender.
    pub platform: Platform,
    pub subject: String,
    pub at: Time,
    /// Who else takes part, in the order in which they were added.
    pub people: Vec<Address>,
}

/// What became of a `POST /d/request/{key}/`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Answered {
    pub key: ConversationKey,
    pub answer: RequestAnswer,
}
