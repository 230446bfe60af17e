//! The log as it is stored, for whoever copies it: nothing is parsed, and no more than a page is in memory.

use em2_model::ConversationKey;
use em2_model::action::Missing;
use em2_model::sign::KeyName;

use crate::store::conn::Conn;
use crate::store::dialect::Row;
use crate::store::error::StoreError;
use crate::store::signed::{Line, Signed};
use crate::store::value::args;

/// A record in the parts that it is stored in, each canonical and exactly as it was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRecord {
    pub seq: u64,
    pub header: Vec<u8>,
    /// Or why it is missing.
    pub body: Result<Vec<u8>, Missing>,
    /// The signatures over the action, as a list.
    pub stamps: String,
    pub commit: Vec<u8>,
    /// The leader's signature over the commit.
    pub commit_by: String,
}

fn stored(row: &Row) -> Result<StoredRecord, StoreError> {
    let signed = Signed::read(row, 0)?;
    let body: Option<Vec<u8>> = row.get_option(5)?;
    Ok(StoredRecord {
        seq: row.get(4)?,
        header: signed.header()?.to_vec(),
        body: match body {
            Some(body) => Ok(body),
            None => Err(row.get(6)?),
        },
        stamps: signed.text(Line::Stamps)?.to_owned(),
        commit: signed.commit()?.to_vec(),
        commit_by: signed.text(Line::CommitStamp)?.to_owned(),
    })
}

/// The records in the places after `after` up to `upto`, at most `limit`.
pub async fn list_stored(
    conn: &mut Conn,
    conv: ConversationKey,
    (after, upto): (u64, u64),
    limit: i64,
) -> Result<Vec<StoredRecord>, StoreError> {
    conn.fetch_all(
        "SELECT conv, key, nonce, signed, seq, body, missing FROM actions
          WHERE conv = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4",
        args![conv, after, upto, limit],
    )
    .await?
    .iter()
    .map(stored)
    .collect()
}

/// Who signed the actions and the commits in the places after `after`, at most `limit` of them, and the place of the
/// last.
pub async fn list_signers(
    conn: &mut Conn,
    conv: ConversationKey,
    after: u64,
    limit: i64,
) -> Result<Option<(u64, Vec<KeyName>)>, StoreError> {
    let rows = conn
        .fetch_all(
            "SELECT conv, key, nonce, signed, seq FROM actions WHERE conv = $1 AND seq > $2 ORDER BY seq LIMIT $3",
            args![conv, after, limit],
        )
        .await?;
    let Some(last) = rows.last() else {
        return Ok(None);
    };
    let mut names = Vec::new();
    for row in &rows {
        let signed = Signed::read(row, 0)?;
        let stamps = signed.stamps()?.into_iter().chain([signed.commit_stamp()?]);
        names.extend(stamps.map(|stamp| stamp.k));
        names.sort_unstable();
        names.dedup();
    }
    Ok(Some((last.get(4)?, names)))
}
