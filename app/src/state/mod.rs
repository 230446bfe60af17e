//! What the page knows: the model's values, folded by the model's `apply`, and what a person has begun. No browser is
//! named here; it is reached through [`crate::backend`].

// What keys ask for, and where they move the focus.
pub mod anchors;
pub mod keys;

// What is heard.
pub mod feed;
mod ring;

// What is on its way.
pub mod deed;
pub mod outbox;
