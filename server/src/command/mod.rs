//! What the command line does beside serving.

pub(crate) mod ask;
pub(crate) mod key;
pub(crate) mod route;
