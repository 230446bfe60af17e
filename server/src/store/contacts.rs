//! Whom somebody has accepted or blocked: addresses and whole platforms. // spec §16

use em2_model::{Address, Platform, Time};

use crate::store::batch::{Again, Many};
use crate::store::conn::{Conn, Tx};
use crate::store::dialect::Row;
use crate::store::error::StoreError;
use crate::store::users::UserId;
use crate::store::value::{Column, args};

/// What somebody makes of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Regard {
    /// They may add this person to conversations.
    Accepted,
    /// Nothing of theirs is ever seen.
    Blocked,
}

impl Regard {
    /// The word in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Blocked => "blocked",
        }
    }
}

impl Column for Regard {
    fn read(row: &Row, index: usize) -> Result<Option<Self>, StoreError> {
        let word: Option<String> = row.get_option(index)?;
        let all = [Self::Accepted, Self::Blocked];
        let parse = |word: String| {
            let found = all.into_iter().find(|regard| regard.as_str() == word);
            found.ok_or_else(|| StoreError::Corrupt(format!("{word:?} for a regard")))
        };
        word.map(parse).transpose()
    }
}

/// Who is accepted or blocked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who<'a> {
    /// Somebody, for whom this platform speaks.
    Person(&'a Address, &'a Platform),
    /// Everybody on a platform.
    Everybody(&'a Platform),
}

static UPSERT: Many = Many {
    head: "INSERT INTO contacts (user_id, who, platform, regard, at)",
    tail: " ON CONFLICT (user_id, who) DO UPDATE
               SET platform = excluded.platform, regard = excluded.regard, at = excluded.at",
    key: 2,
    again: Again::Replaces,
};

/// Keeps what a person makes of another; what they made of them before is forgotten.
pub fn upsert_contact(tx: &mut Tx, user: UserId, who: Who<'_>, regard: Regard, now: Time) {
    let (who, platform) = match who {
        Who::Person(address, platform) => (address.as_str(), platform),
        Who::Everybody(platform) => (platform.as_str(), platform),
    };
    tx.push_row(&UPSERT, args![user, who, platform, regard.as_str(), now]);
}

/// What a person makes of somebody for whom this platform speaks: what they said of the address, else of the platform;
/// else accepted where they have written in a conversation in which that address takes or took part. `None` of a
/// stranger. An address for which another platform speaks than before is one, unless it is blocked.
pub async fn find_regard(
    conn: &mut Conn,
    user: UserId,
    address: &Address,
    platform: &Platform,
) -> Result<Option<Regard>, StoreError> {
    let said = conn
        .fetch_optional(
            "SELECT regard FROM contacts
              WHERE user_id = $1
                AND ((who = $2 AND (platform = $3 OR regard = 'blocked')) OR who = $3)
              ORDER BY CASE WHEN who = $2 THEN 0 ELSE 1 END",
            args![user, address, platform],
        )
        .await?;
    if let Some(said) = said {
        return said.get(0).map(Some);
    }
    // It looks through all that both take part in, where nothing was written in any of it.
    let talked = conn
        .fetch_optional(
            "SELECT 1 FROM participants them JOIN participants me ON me.conv = them.conv
              WHERE them.address = $2 AND them.platform = $3 AND them.user_id IS NULL
                AND me.user_id = $1 AND me.wrote
              LIMIT 1",
            args![user, address, platform],
        )
        .await?;
    Ok(talked.map(|_| Regard::Accepted))
}
