//! The accounts of this platform.

use em2_model::{Address, Time};

use crate::store::conn::{Conn, Tx};
use crate::store::dialect::Row;
use crate::store::error::StoreError;
use crate::store::value::{Bind, Column, Kind, Value, args};

/// Names an account of this platform. Never reused, never shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(pub(in crate::store) i64);

impl UserId {
    /// The number, for log lines and for keys of in-memory maps.
    pub fn as_i64(self) -> i64 {
        self.0
    }
}

impl Bind for UserId {
    const KIND: Kind = Kind::Int;
    fn value(&self) -> Value {
        Value::Int(self.0)
    }
}

impl Column for UserId {
    fn read(row: &Row, index: usize) -> Result<Option<Self>, StoreError> {
        Ok(row.int(index)?.map(Self))
    }
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    pub address: Address,
    pub name: String,
    pub created_at: Time,
}

fn user(row: &Row) -> Result<User, StoreError> {
    Ok(User {
        id: row.get(0)?,
        address: row.get(1)?,
        name: row.get(2)?,
        created_at: row.get(3)?,
    })
}

/// Adds an account; `password` is the PHC string of its hash. `Conflict` if the address is taken.
pub async fn insert_user(
    tx: &mut Tx,
    address: &Address,
    name: &str,
    password: &str,
    now: Time,
) -> Result<UserId, StoreError> {
    let row = tx
        .fetch_optional(
            "INSERT INTO users (address, name, password, created_at)
             VALUES ($1, $2, $3, $4)
             RETURNING id",
            args![address, name, password, now],
        )
        .await?
        .ok_or(StoreError::Missing("user"))?;
    let id = row.get(0)?;
    tx.push(
        "INSERT INTO feed_heads (user_id, n, pruned) VALUES ($1, 0, 0)",
        args![id as UserId],
    );
    Ok(id)
}

/// The account with this id.
pub async fn find_user(conn: &mut Conn, id: UserId) -> Result<Option<User>, StoreError> {
    conn.fetch_optional(
        "SELECT id, address, name, created_at FROM users WHERE id = $1",
        args![id],
    )
    .await?
    .as_ref()
    .map(user)
    .transpose()
}

/// The account with this address.
pub async fn find_user_by_address(
    conn: &mut Conn,
    address: &Address,
) -> Result<Option<User>, StoreError> {
    conn.fetch_optional(
        "SELECT id, address, name, created_at FROM users WHERE address = $1",
        args![address],
    )
    .await?
    .as_ref()
    .map(user)
    .transpose()
}

/// The account with this address and the PHC string of its password.
pub async fn find_password(
    conn: &mut Conn,
    address: &Address,
) -> Result<Option<(User, String)>, StoreError> {
    conn.fetch_optional(
        "SELECT id, address, name, created_at, password FROM users WHERE address = $1",
        args![address],
    )
    .await?
    .map(|row| Ok((user(&row)?, row.get(4)?)))
    .transpose()
}

/// Which of `addresses` have an account here.
pub async fn list_users_by_address(
    conn: &mut Conn,
    addresses: &[Address],
) -> Result<Vec<User>, StoreError> {
    conn.fetch_all(
        "SELECT id, address, name, created_at FROM users WHERE address IN EACH_TEXT($1)",
        args![addresses],
    )
    .await?
    .iter()
    .map(user)
    .collect()
}

/// Every account, by age.
pub async fn list_users(conn: &mut Conn) -> Result<Vec<User>, StoreError> {
    conn.fetch_all(
        "SELECT id, address, name, created_at FROM users ORDER BY id",
        args![],
    )
    .await?
    .iter()
    .map(user)
    .collect()
}

/// True once somebody has an account: the first one needs no other to make it.
pub async fn any_user(conn: &mut Conn) -> Result<bool, StoreError> {
    Ok(conn
        .fetch_optional("SELECT id FROM users LIMIT 1", args![])
        .await?
        .is_some())
}

/// Gives an account another password. `Missing` if there is no such account.
pub async fn set_password(tx: &mut Tx, id: UserId, password: &str) -> Result<(), StoreError> {
    let changed = tx
        .execute(
            "UPDATE users SET password = $2 WHERE id = $1",
            args![id, password],
        )
        .await?;
    if changed == 1 {
        Ok(())
    } else {
        Err(StoreError::Missing("user"))
    }
}

/// Gives an account another name. `Missing` if there is no such account.
pub async fn set_name(tx: &mut Tx, id: UserId, name: &str) -> Result<(), StoreError> {
    let changed = tx
        .execute("UPDATE users SET name = $2 WHERE id = $1", args![id, name])
        .await?;
    if changed == 1 {
        Ok(())
    } else {
        Err(StoreError::Missing("user"))
    }
}
