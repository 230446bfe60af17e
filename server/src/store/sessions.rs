//! Who is signed in. The table holds the hash of a token; the token is only in the browser.

use em2_model::{Address, Time};

use crate::store::conn::{Conn, Tx};
use crate::store::dialect::Row;
use crate::store::error::StoreError;
use crate::store::users::UserId;
use crate::store::value::{Bind, Column, Kind, Value, args};

/// SHA-256 of a session's token. Names the session; does not open it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenHash(pub [u8; 32]);

impl Bind for TokenHash {
    const KIND: Kind = Kind::Bytes;
    fn value(&self) -> Value {
        self.0.value()
    }
}

impl Bind for [TokenHash] {
    const KIND: Kind = Kind::Bytes;
    fn value(&self) -> Value {
        Value::Keys(self.iter().map(|token| token.0.to_vec()).collect())
    }
}

impl Column for TokenHash {
    fn read(row: &Row, index: usize) -> Result<Option<Self>, StoreError> {
        Ok(<[u8; 32]>::read(row, index)?.map(Self))
    }
}

/// One signed-in browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub token: TokenHash,
    pub user: UserId,
    /// What the browser calls itself, for the list of devices.
    pub device: String,
    /// The network address that it signed in from.
    pub address: String,
    pub created_at: Time,
    pub last_seen_at: Time,
    pub expires_at: Time,
}

fn session(row: &Row) -> Result<Session, StoreError> {
    Ok(Session {
        token: row.get(0)?,
        user: row.get(1)?,
        device: row.get(2)?,
        address: row.get(3)?,
        created_at: row.get(4)?,
        last_seen_at: row.get(5)?,
        expires_at: row.get(6)?,
    })
}

/// Signs a browser in.
pub fn insert_session(tx: &mut Tx, session: &Session) {
    tx.push(
        "INSERT INTO sessions
             (token_hash, user_id, device, address, created_at, last_seen_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        args![
            session.token,
            session.user,
            session.device,
            session.address,
            session.created_at,
            session.last_seen_at,
            session.expires_at,
        ],
    );
}

/// The session with this token, if it has not expired.
pub async fn find_session(
    conn: &mut Conn,
    token: TokenHash,
    now: Time,
) -> Result<Option<Session>, StoreError> {
    conn.fetch_optional(
        "SELECT token_hash, user_id, device, address, created_at, last_seen_at, expires_at
           FROM sessions
          WHERE token_hash = $1 AND expires_at > $2",
        args![token, now],
    )
    .await?
    .as_ref()
    .map(session)
    .transpose()
}

/// The session with this token, if it has not expired, and whose it is.
pub async fn list_signed_in(
    conn: &mut Conn,
    tokens: &[TokenHash],
    now: Time,
) -> Result<Vec<(Session, Address, String)>, StoreError> {
    conn.fetch_all(
        "SELECT s.token_hash, s.user_id, s.device, s.address, s.created_at, s.last_seen_at, s.expires_at,
                u.address, u.name
           FROM sessions s
           JOIN users u ON u.id = s.user_id
          WHERE s.token_hash IN EACH_KEY($1) AND s.expires_at > $2",
        args![*tokens, now],
    )
    .await?
    .iter()
    .map(|row| Ok((session(row)?, row.get(7)?, row.get(8)?)))
    .collect()
}

/// The sessions of an account that have not expired, the last seen first.
pub async fn list_sessions(
    conn: &mut Conn,
    user: UserId,
    now: Time,
) -> Result<Vec<Session>, StoreError> {
    conn.fetch_all(
        "SELECT token_hash, user_id, device, address, created_at, last_seen_at, expires_at
           FROM sessions
          WHERE user_id = $1 AND expires_at > $2
          ORDER BY last_seen_at DESC, token_hash",
        args![user, now],
    )
    .await?
    .iter()
    .map(session)
    .collect()
}

/// Notes that a session is in use, and until when it lasts now. For callers that do so rarely:
/// it is a write.
pub fn mark_session_seen(tx: &mut Tx, token: TokenHash, now: Time, expires_at: Time) {
    tx.push(
        "UPDATE sessions SET last_seen_at = $2, expires_at = $3 WHERE token_hash = $1",
        args![token, now, expires_at],
    );
}

/// Ends one session; false if there was none.
pub async fn delete_session(tx: &mut Tx, token: TokenHash) -> Result<bool, StoreError> {
    Ok(tx
        .execute("DELETE FROM sessions WHERE token_hash = $1", args![token])
        .await?
        > 0)
}

/// Ends every session of an account and names them, so that their sockets can be closed.
pub async fn delete_sessions_of(tx: &mut Tx, user: UserId) -> Result<Vec<TokenHash>, StoreError> {
    tx.fetch_all(
        "DELETE FROM sessions WHERE user_id = $1 RETURNING token_hash",
        args![user],
    )
    .await?
    .iter()
    .map(|row| row.get(0))
    .collect()
}

/// Forgets the sessions that expired before `now`; answers how many.
pub async fn prune_sessions(tx: &mut Tx, now: Time) -> Result<u64, StoreError> {
    tx.execute("DELETE FROM sessions WHERE expires_at <= $1", args![now])
        .await
}
