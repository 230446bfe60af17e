//! Conversations in which nobody here takes part yet: kept for a while, and then gone. // spec §16

use em2_model::{ConversationKey, Time};

use crate::store::conn::{Conn, Tx};
use crate::store::dialect::{self, Statement};
use crate::store::error::StoreError;
use crate::store::value::args;

/// Nobody here takes part in this conversation, since now; or (`None`) somebody does.
pub fn mark_unheard(tx: &mut Tx, conv: ConversationKey, since: Option<Time>) {
    tx.push(
        "UPDATE conversations SET unheard_since = $2 WHERE key = $1",
        args![conv, since],
    );
}

/// Those in which nobody here has taken part since before this time, the longest first, at most `limit`.
pub async fn list_unheard(
    conn: &mut Conn,
    before: Time,
    limit: i64,
) -> Result<Vec<ConversationKey>, StoreError> {
    conn.fetch_all(
        "SELECT key FROM conversations
          WHERE unheard_since IS NOT NULL AND unheard_since <= $1 ORDER BY unheard_since LIMIT $2",
        args![before, limit],
    )
    .await?
    .iter()
    .map(|row| row.get(0))
    .collect()
}

/// Drops a conversation with its log and its rows, unless somebody joins it up to the end of the write.
pub fn delete_unheard(tx: &mut Tx, conv: ConversationKey) {
    let words = dialect::erase_unheard(tx.dialect(), args![conv]);
    let log = Statement::new(
        "DELETE FROM conversations WHERE key = $1 AND unheard_since IS NOT NULL",
        args![conv],
    );
    words
        .into_iter()
        .chain([log])
        .for_each(|next| tx.push_late(next));
}
