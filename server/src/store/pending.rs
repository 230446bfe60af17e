//! Actions that have no slot yet: they wait for the platform that leads. // spec §12

use em2_model::record::{Record, Verified};
use em2_model::{ActionKey, Address, ConversationKey, Time};

use crate::store::conn::{Conn, Tx};
use crate::store::dialect::Row;
use crate::store::error::StoreError;
use crate::store::value::args;

/// The record in the first column: it was verified before it was stored.
pub(in crate::store) fn record(row: &Row) -> Result<Verified<Record>, StoreError> {
    let bytes: Vec<u8> = row.get(0)?;
    let record = Record::parse(&bytes);
    let record = record.map_err(|error| StoreError::Corrupt(error.to_string()))?;
    Ok(Verified::trusted(record))
}

/// The actions of a conversation that wait, in the order in which they are submitted.
pub async fn list_pending(
    conn: &mut Conn,
    conv: ConversationKey,
    limit: i64,
) -> Result<Vec<Verified<Record>>, StoreError> {
    let rows = conn.fetch_all(LIST, args![conv, limit]).await?;
    rows.iter().map(record).collect()
}

pub(in crate::store) const LIST: &str =
    "SELECT record FROM pending WHERE conv = $1 ORDER BY n LIMIT $2";

/// The actions that wait behind this number, each with its own, in their order.
pub async fn list_pending_after(
    conn: &mut Conn,
    conv: ConversationKey,
    after: u64,
    limit: i64,
) -> Result<Vec<(Verified<Record>, u64)>, StoreError> {
    conn.fetch_all(
        "SELECT record, n FROM pending WHERE conv = $1 AND n > $2 ORDER BY n LIMIT $3",
        args![conv, after, limit],
    )
    .await?
    .iter()
    .map(|row| Ok((record(row)?, row.get(1)?)))
    .collect()
}

/// How many actions of a conversation wait.
pub async fn count_pending(conn: &mut Conn, conv: ConversationKey) -> Result<u64, StoreError> {
    let row = conn
        .fetch_optional("SELECT COUNT(*) FROM pending WHERE conv = $1", args![conv])
        .await?;
    row.ok_or(StoreError::Missing("count"))?.get(0)
}

/// An action that waits.
pub async fn find_pending(
    conn: &mut Conn,
    conv: ConversationKey,
    key: ActionKey,
) -> Result<Option<Verified<Record>>, StoreError> {
    conn.fetch_optional(
        "SELECT record FROM pending WHERE conv = $1 AND key = $2",
        args![conv, key],
    )
    .await?
    .as_ref()
    .map(record)
    .transpose()
}

/// Keeps an action until it has a slot, behind those that wait. `Conflict` if it waits already.
pub fn insert_pending(
    tx: &mut Tx,
    conv: ConversationKey,
    author: &Address,
    record: &Verified<Record>,
    now: Time,
) {
    let action = record.action();
    tx.push(
        "INSERT INTO pending (conv, key, n, nonce, author, record, created_at)
         SELECT $1, $2, COALESCE(MAX(n), 0) + 1, $3, $4, $5, $6 FROM pending WHERE conv = $1",
        args![
            conv,
            action.key(),
            action.header().nonce,
            author,
            record.to_bytes(),
            now
        ],
    );
}

/// The action has a slot, or gets none.
pub fn delete_pending(tx: &mut Tx, conv: ConversationKey, key: ActionKey) {
    tx.push(
        "DELETE FROM pending WHERE conv = $1 AND key = $2",
        args![conv, key],
    );
}
