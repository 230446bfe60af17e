//! Who is signed in, and how people and labels are named.

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::id::{ActionKey, Time};

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
