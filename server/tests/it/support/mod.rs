//! What tests stand on: databases of their own, whole servers on them, and people who use them.

pub(crate) mod archive;
pub(crate) mod database;
pub(crate) mod desk;
pub(crate) mod held;
pub(crate) mod letter;
pub(crate) mod peer;
pub(crate) mod person;
pub(crate) mod platforms;
pub(crate) mod server;
pub(crate) mod socket;
