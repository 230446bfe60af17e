//! What other platforms ask: `/f/`, and who this platform is. // spec §7

pub mod auth;
pub mod conversation;
pub mod document;
pub mod evt;
pub mod signed;
