//! Conversations that go on from a point of another one. // spec §13

use em2_model::ConversationKey;
use em2_model::action::Fork;

use crate::store::conn::{Conn, Tx};
use crate::store::error::StoreError;
use crate::store::users::UserId;
use crate::store::value::args;

/// Keeps what a conversation's publish says that it goes on from.
pub fn insert_fork(tx: &mut Tx, conv: ConversationKey, fork: &Fork) {
    tx.push(
        "INSERT INTO forks (conv, origin, seq, head) VALUES ($1, $2, $3, $4)",
        args![conv, fork.conv, fork.seq, fork.head],
    );
}

/// What a conversation goes on from, where it says so.
pub async fn find_fork(conn: &mut Conn, conv: ConversationKey) -> Result<Option<Fork>, StoreError> {
    let row = conn
        .fetch_optional(
            "SELECT origin, seq, head FROM forks WHERE conv = $1",
            args![conv],
        )
        .await?;
    row.map(|row| {
        Ok(Fork {
            conv: row.get(0)?,
            seq: row.get(1)?,
            head: row.get(2)?,
        })
    })
    .transpose()
}

/// The first conversation that goes on from this one and in which this person takes part.
pub async fn find_fork_of(
    conn: &mut Conn,
    origin: ConversationKey,
    user: UserId,
) -> Result<Option<ConversationKey>, StoreError> {
    let row = conn
        .fetch_optional(
            "SELECT forks.conv
               FROM forks
               JOIN participants ON participants.conv = forks.conv
               JOIN conversations ON conversations.key = forks.conv
              WHERE forks.origin = $1 AND participants.user_id = $2 AND participants.removed_seq IS NULL
              ORDER BY conversations.created_at, forks.conv LIMIT 1",
            args![origin, user],
        )
        .await?;
    row.map(|row| row.get(0)).transpose()
}
