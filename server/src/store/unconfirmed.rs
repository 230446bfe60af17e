//! Messages of other platforms that have no slot yet. // spec §12

use em2_model::record::{Record, Verified};
use em2_model::{ActionKey, ConversationKey, Platform, Time};

use crate::store::conn::{Conn, Tx};
use crate::store::error::StoreError;
use crate::store::pending::record;
use crate::store::value::args;

/// Those of a conversation, in the order in which they came, each with its number.
pub async fn list_unconfirmed(
    conn: &mut Conn,
    conv: ConversationKey,
    limit: i64,
) -> Result<Vec<(Verified<Record>, u64)>, StoreError> {
    conn.fetch_all(
        "SELECT record, n FROM unconfirmed WHERE conv = $1 ORDER BY n LIMIT $2",
        args![conv, limit],
    )
    .await?
    .iter()
    .map(|row| Ok((record(row)?, row.get(1)?)))
    .collect()
}

/// How many a conversation has from this platform, and the number of the next from anywhere.
pub async fn count_unconfirmed(
    conn: &mut Conn,
    conv: ConversationKey,
    platform: &Platform,
) -> Result<(u64, u64), StoreError> {
    let row = conn
        .fetch_optional(
            "SELECT COUNT(CASE WHEN platform = $2 THEN 1 END), COALESCE(MAX(n), 0) + 1
               FROM unconfirmed WHERE conv = $1",
            args![conv, platform],
        )
        .await?;
    let row = row.ok_or(StoreError::Missing("count"))?;
    Ok((row.get(0)?, row.get(1)?))
}

/// Keeps one until it has its slot; one that is kept already stays as it is.
pub fn insert_unconfirmed(
    tx: &mut Tx,
    conv: ConversationKey,
    platform: &Platform,
    record: &Verified<Record>,
    n: u64,
    now: Time,
) {
    tx.push(
        "INSERT INTO unconfirmed (conv, key, n, platform, record, created_at) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (key) DO NOTHING",
        args![
            conv,
            record.action().key(),
            n,
            platform,
            record.to_bytes(),
            now
        ],
    );
}

/// It has its slot.
pub fn delete_unconfirmed(tx: &mut Tx, key: ActionKey) {
    tx.push("DELETE FROM unconfirmed WHERE key = $1", args![key]);
}

/// Drops those that nobody gave a slot since `before`.
pub fn prune_unconfirmed(tx: &mut Tx, before: Time) {
    tx.push(
        "DELETE FROM unconfirmed WHERE created_at < $1",
        args![before],
    );
}
