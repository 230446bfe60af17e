//! What tests stand on: databases of their own, and the worlds built on them.

pub(crate) mod database;
