//! What the page knows: the model's values, folded by the model's `apply`, and what a person has begun. No browser is
//! named here; it is reached through [`crate::backend`].
//!
//! ```text
//! server-rendered data ─┐
//! pages from the API ───┤
//! live frames (Feed) ───┼─▶ Mailbox, Open ──▶ views
//! own answers ──────────┤
//! Outbox (local echo) ──┘
//! ```

// What all pages share, provided once.
pub mod clock;
pub mod commands;
pub mod desk;

// What pages hold.
pub mod composer;
pub mod edit;
pub mod mailbox;
pub mod open;
pub mod reading;
mod seen;
pub mod timeline;
pub mod writing;

// What keys ask for, and where they move the focus.
pub mod anchors;
pub mod keymap;
pub mod keys;
mod steer;

// What is heard.
pub mod feed;
mod fold;
mod ring;

// What is on its way.
pub mod deed;
pub mod outbox;

// What changes set off.
pub mod effect;

#[cfg(test)]
mod samples;
