//! A conversation as one file that proves itself: written from the database, checked without one and without a network.
//! // spec §20
//!
//! ```text
//!  database ──► Export ──► {"conv":…,"keys":…}  record  record  …  {"end":true,…} ──► verify ──► Checked, or what is wrong
//! ```

mod chain;
pub mod lines;
mod log;
#[cfg(test)]
mod tests;
mod verify;
pub mod write;
mod wrong;

pub use verify::{Checked, verify};
pub use wrong::Wrong;
