//! Browsers that somebody signed in from before.

use em2_model::Time;

use crate::store::conn::{Conn, Tx};
use crate::store::error::StoreError;
use crate::store::sessions::TokenHash;
use crate::store::users::UserId;
use crate::store::value::args;

/// Remembers that an account was opened from a browser, until `expires_at`.
pub fn insert_device(tx: &mut Tx, device: TokenHash, user: UserId, now: Time, expires_at: Time) {
    tx.push(
        "INSERT INTO known_devices (token_hash, user_id, created_at, expires_at)
         VALUES ($1, $2, $3, $4)",
        args![device, user, now, expires_at],
    );
}

/// Whether this account was opened from this browser before.
pub async fn find_device(
    conn: &mut Conn,
    device: TokenHash,
    user: UserId,
    now: Time,
) -> Result<bool, StoreError> {
    let row = conn
        .fetch_optional(
            "SELECT user_id FROM known_devices
              WHERE token_hash = $1 AND user_id = $2 AND expires_at > $3",
            args![device, user, now],
        )
        .await?;
    Ok(row.is_some())
}

/// Forgets the browsers of an account: its password was changed.
pub fn delete_devices_of(tx: &mut Tx, user: UserId) {
    tx.push("DELETE FROM known_devices WHERE user_id = $1", args![user]);
}

/// Forgets the browsers whose time is over.
pub fn prune_devices(tx: &mut Tx, now: Time) {
    tx.push(
        "DELETE FROM known_devices WHERE expires_at <= $1",
        args![now],
    );
}
