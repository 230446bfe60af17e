//! Sign-in: who somebody is, and for how long.

pub mod cookie;
pub mod limit;
pub mod password;
pub mod token;
