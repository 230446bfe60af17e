//! What a request with an `Idempotency-Key` was answered, so that the same request again is
//! answered the same and does nothing.

use em2_model::Time;

use crate::store::batch::Many;
use crate::store::conn::{Conn, Tx};
use crate::store::error::StoreError;
use crate::store::users::UserId;
use crate::store::value::args;

/// The answer to repeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// Of method, path and body: another request under the same key is refused.
    pub request_hash: [u8; 32],
    pub status: u16,
    pub answer: Vec<u8>,
}

/// What this person's request under `key` was answered.
pub async fn find_answer(
    conn: &mut Conn,
    user: UserId,
    key: &str,
) -> Result<Option<StoredAnswer>, StoreError> {
    conn.fetch_optional(
        "SELECT request_hash, status, answer FROM idempotency WHERE user_id = $1 AND key = $2",
        args![user, key],
    )
    .await?
    .map(|row| {
        Ok(StoredAnswer {
            request_hash: row.get(0)?,
            status: u16::try_from(row.get::<i64>(1)?)
                .map_err(|_| StoreError::Corrupt("an HTTP status".to_owned()))?,
            answer: row.get(2)?,
        })
    })
    .transpose()
}

static INSERT: Many = Many::insert(
    "INSERT INTO idempotency (user_id, key, request_hash, status, answer, created_at)",
);

/// Stores the answer in the transaction that it tells of. The write ends in `Conflict` if the same
/// key was answered meanwhile: read that answer instead.
pub fn insert_answer(tx: &mut Tx, user: UserId, key: &str, stored: &StoredAnswer, now: Time) {
    tx.push_row(
        &INSERT,
        args![
            user,
            key,
            stored.request_hash,
            i64::from(stored.status),
            stored.answer,
            now
        ],
    );
}

/// Forgets the answers given before `before`; says how many.
pub async fn prune_answers(tx: &mut Tx, before: Time) -> Result<u64, StoreError> {
    tx.execute(
        "DELETE FROM idempotency WHERE created_at < $1",
        args![before],
    )
    .await
}
