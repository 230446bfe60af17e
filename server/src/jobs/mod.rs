//! What is done in the background for as long as the server runs.

pub(crate) mod sender;
