//! A write happens once, however often it is sent under one key: the answer is stored with what it tells of.

use em2_model::id::Time;
use em2_model::refusal::{Code, Refusal};
use em2_model::sign::sha256;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::failure::Failure;
use super::{IdempotencyKey, Me};
use crate::store::idempotency::{StoredAnswer, find_answer, insert_answer};
use crate::store::users::UserId;
use crate::store::{Store, Tx};

/// A write that is to happen once, or one that said nothing about that.
#[derive(Clone)]
pub(super) struct Once {
    user: UserId,
    key: Option<IdempotencyKey>,
    /// Of everything that was asked for: another request under the same key is another hash.
    request: [u8; 32],
}

impl Once {
    /// `request` is everything that makes two requests the same one.
    pub(super) fn new(
        me: &Me,
        key: Option<IdempotencyKey>,
        request: &impl Serialize,
    ) -> Result<Once, Refusal> {
        let request = match &key {
            None => [0; 32],
            Some(_) => {
                sha256(&serde_json::to_vec(request).map_err(|_| Refusal::from(Code::Internal))?)
            }
        };
        Ok(Once {
            user: me.user,
            key,
            request,
        })
    }

    /// Stores the answer in the transaction that did what it says.
    pub(super) fn answered(
        &self,
        tx: &mut Tx,
        answer: &impl Serialize,
        now: Time,
    ) -> Result<(), Failure> {
        let Some(key) = &self.key else { return Ok(()) };
        let answer = serde_json::to_vec(answer).map_err(|_| Refusal::from(Code::Internal))?;
        let stored = StoredAnswer {
            request_hash: self.request,
            status: 200,
            answer,
        };
        insert_answer(tx, self.user, key.as_str(), &stored, now);
        Ok(())
    }

    /// What the client is told: where the write failed because it had happened before, the answer that was given then.
    pub(super) async fn settle<T: DeserializeOwned>(
        &self,
        store: &Store,
        outcome: Result<T, Failure>,
    ) -> Result<T, Refusal> {
        let (Err(failure), Some(key)) = (&outcome, &self.key) else {
            return Ok(outcome?);
        };
        tracing::debug!(?failure, "was it done before?");
        let mut conn = store.reader().await.map_err(Failure::Store)?;
        match find_answer(&mut conn, self.user, key.as_str())
            .await
            .map_err(Failure::Store)?
        {
            None => Ok(outcome?),
            Some(stored) if stored.request_hash != self.request => {
                Err(Refusal::from(Code::Idempotency))
            }
            Some(stored) => serde_json::from_slice(&stored.answer).map_err(|error| {
                tracing::error!(%error, "a stored answer cannot be read");
                Refusal::from(Code::Internal)
            }),
        }
    }
}
