//! What both sides of the wire agree on: the conversation and its actions.
//!
//! A conversation is a log. A participant does something: their platform mints an *action*
//! (header and body) and signs it. The leader gives it a place: it signs a *commit*. Action,
//! body and commit travel together as a *record*. Folding the records of a log gives the
//! *conversation*: who takes part, what was said, what it is called.
//!
//! ```text
//!  action ──sign──▶ record ──verify──▶ Verified<Record> ──apply──▶ Conversation + Change
//! ```
//!
//! Nothing here performs I/O, reads a clock or draws a random number: times, nonces and salts
//! are arguments. It builds for the host and for the browser.

// Names: parsed once, valid for ever.
pub mod address;
pub mod id;

// Who somebody is in a conversation, and what that allows.
pub mod participant;
pub mod permit;

// Bytes that are hashed and signed, and the keys that sign them.
pub mod canonical;
pub mod keys;
pub mod sign;
pub mod slug;

// What is done, and the form in which it travels.
pub mod action;
pub mod record;

// The one state machine, and one platform's side of it.
pub mod conversation;
mod faults;
pub mod step;

// What a client sends, what it gets, and what it makes of it.
pub mod unread;
pub mod view;
pub mod wire;

// The only error that crosses the wire.
pub mod refusal;

#[cfg(feature = "openapi")]
mod openapi;

pub use address::{Address, Platform};
pub use id::{ActionKey, CommitKey, ConversationKey, ConversationRef, DraftKey, Nonce, Salt, Time};
pub use participant::{Format, History, Role};
pub use refusal::{Code, Refusal};
