//! Who this platform is, and where the addresses of others are reached.

use em2_model::id::Incarnation;
use em2_model::keys::{KeyEntry, KeyLog, Revocation};
use em2_model::{Address, Platform, Time};
use serde::{Deserialize, Serialize};

use crate::store::conn::{Conn, Tx};
use crate::store::error::StoreError;
use crate::store::value::{args, from_json, json};

/// What was said once, at first start, because it is signed for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnPlatform {
    pub name: Platform,
    /// The domains whose addresses may have an account here.
    pub mail_domains: Vec<String>,
    pub incarnation: Incarnation,
    /// A local trial: it refuses to publish abroad.
    pub trial: bool,
    pub created_at: Time,
}

/// Who this platform is; `None` before first start.
pub async fn find_platform(conn: &mut Conn) -> Result<Option<OwnPlatform>, StoreError> {
    conn.fetch_optional(
        "SELECT name, mail_domains, incarnation, trial, created_at FROM platform WHERE id = 1",
        args![],
    )
    .await?
    .map(|row| {
        Ok(OwnPlatform {
            name: row.get(0)?,
            mail_domains: row
                .get::<String>(1)?
                .split_whitespace()
                .map(str::to_owned)
                .collect(),
            incarnation: row.get(2)?,
            trial: row.get(3)?,
            created_at: row.get(4)?,
        })
    })
    .transpose()
}

/// Says who this platform is. `Conflict` if that was said before.
pub fn insert_platform(tx: &mut Tx, platform: &OwnPlatform) {
    tx.push(
        "INSERT INTO platform (id, name, mail_domains, incarnation, trial, created_at)
         VALUES (1, $1, $2, $3, $4, $5)",
        args![
            platform.name,
            platform.mail_domains.join(" "),
            platform.incarnation,
            platform.trial,
            platform.created_at,
        ],
    );
}

/// Adds a mail domain to those that were given.
pub fn set_mail_domains(tx: &mut Tx, domains: &[String]) {
    tx.push(
        "UPDATE platform SET mail_domains = $1 WHERE id = 1",
        args![domains.join(" ")],
    );
}

/// A key log as it is stored: all of it is public.
#[derive(Serialize, Deserialize)]
struct Log<E, R> {
    keys: E,
    revoked: R,
}

/// The copy of our own key log, verified from its first entry; `None` if none was stored yet.
pub async fn find_own_keys(conn: &mut Conn) -> Result<Option<KeyLog>, StoreError> {
    let row = conn
        .fetch_optional("SELECT log FROM own_keys WHERE id = 1", args![])
        .await?;
    row.map(|row| {
        let log: Log<Vec<KeyEntry>, Vec<Revocation>> = from_json(&row.get::<String>(0)?)?;
        KeyLog::read(log.keys, log.revoked)
            .map_err(|refusal| StoreError::Corrupt(refusal.to_string()))
    })
    .transpose()
}

/// Keeps this copy of our own key log, over the one before. `Conflict` without a platform.
pub fn upsert_own_keys(tx: &mut Tx, log: &KeyLog) {
    let log = Log {
        keys: log.entries(),
        revoked: log.revoked(),
    };
    tx.push(
        "INSERT INTO own_keys (id, log)
         VALUES (1, $1)
         ON CONFLICT (id) DO UPDATE
            SET log = excluded.log",
        args![json(&log)],
    );
}

/// Where an address is reached, and until when that is believed. // spec §2
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    pub address: Address,
    /// Absent: by mail.
    pub platform: Option<Platform>,
    pub expires_at: Time,
}

/// What was last found out about an address; it may have expired.
pub async fn find_recipient(
    conn: &mut Conn,
    address: &Address,
) -> Result<Option<Recipient>, StoreError> {
    conn.fetch_optional(
        "SELECT address, platform, expires_at FROM recipients WHERE address = $1",
        args![address],
    )
    .await?
    .map(|row| {
        Ok(Recipient {
            address: row.get(0)?,
            platform: row.get_option(1)?,
            expires_at: row.get(2)?,
        })
    })
    .transpose()
}

/// Remembers where an address is reached, over what was known before.
pub fn upsert_recipient(tx: &mut Tx, recipient: &Recipient) {
    tx.push(
        "INSERT INTO recipients (address, platform, expires_at)
         VALUES ($1, $2, $3)
         ON CONFLICT (address) DO UPDATE
            SET platform = excluded.platform, expires_at = excluded.expires_at",
        args![recipient.address, recipient.platform, recipient.expires_at],
    );
}
