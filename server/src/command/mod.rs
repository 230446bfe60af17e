//! What the command line does beside serving.

pub(crate) mod ask;
pub(crate) mod export;
pub(crate) mod key;
pub(crate) mod route;
pub(crate) mod verify;
