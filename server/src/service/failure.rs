//! Why a use case did not happen, before it becomes what a client is told.

use em2_model::refusal::{Code, Refusal};

use crate::store::StoreError;

/// Refused by a rule, or failed in the database.
#[derive(Debug)]
pub(super) enum Failure {
    Refused(Refusal),
    Store(StoreError),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Failure {
        Failure::Refused(refusal)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        Failure::Store(error)
    }
}

/// What the database said stays in the log; the client is told what to do.
impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Refusal {
        match failure {
            Failure::Refused(refusal) => refusal,
            Failure::Store(error) => {
                tracing::error!(%error, "the database failed");
                Refusal::from(if error.is_temporary() {
                    Code::Down
                } else {
                    Code::Internal
                })
            }
        }
    }
}
