//! Sessions that were ended lately, so that every process closes their sockets.

use em2_model::Time;

use crate::store::conn::{Conn, Tx};
use crate::store::error::StoreError;
use crate::store::sessions::TokenHash;
use crate::store::value::args;

/// Notes that sessions were ended.
pub fn insert_ended(tx: &mut Tx, sessions: &[TokenHash], now: Time) {
    for session in sessions {
        tx.push(
            "INSERT INTO ended_sessions (token_hash, ended_at)
             VALUES ($1, $2)
             ON CONFLICT (token_hash) DO NOTHING",
            args![*session, now],
        );
    }
}

/// The sessions that were ended after `since`.
pub async fn list_ended(conn: &mut Conn, since: Time) -> Result<Vec<TokenHash>, StoreError> {
    conn.fetch_all(
        "SELECT token_hash FROM ended_sessions WHERE ended_at > $1",
        args![since],
    )
    .await?
    .iter()
    .map(|row| row.get(0))
    .collect()
}

/// Forgets the sessions that were ended before `now`.
pub fn prune_ended(tx: &mut Tx, now: Time) {
    tx.push(
        "DELETE FROM ended_sessions WHERE ended_at <= $1",
        args![now],
    );
}
