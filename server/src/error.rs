//! Why the program cannot go on, as a sentence for its operator.

use std::fmt;
use std::net::SocketAddr;
use std::path::Path;

use em2_model::refusal::Refusal;

use crate::config::Wrong;
use crate::identity;
use crate::store::StoreError;

/// A sentence for the operator.
#[derive(Debug)]
pub struct Error(String);

impl Error {
    pub fn new(sentence: impl Into<String>) -> Error {
        Error(sentence.into())
    }

    pub(crate) fn listen(address: SocketAddr, error: &std::io::Error) -> Error {
        Error(format!(
            "{address} cannot be listened on: {error}. Give another one with --listen."
        ))
    }

    pub fn folder(path: &Path, error: &std::io::Error) -> Error {
        Error(format!(
            "The folder {} cannot be used: {error}.",
            path.display()
        ))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Error {
        Error(format!("The database cannot be used: {error}."))
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Error {
        Error(refusal.message)
    }
}

impl From<Wrong> for Error {
    fn from(wrong: Wrong) -> Error {
        Error(wrong.to_string())
    }
}

impl From<identity::Wrong> for Error {
    fn from(wrong: identity::Wrong) -> Error {
        Error(wrong.to_string())
    }
}
