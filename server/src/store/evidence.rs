//! Two commits of one leader for one slot: anybody who has its key log can see that it lied. // spec §13

use em2_model::record::{Commit, Record};
use em2_model::sign::Stamp;
use em2_model::{ConversationKey, Platform, Time};

use crate::store::conn::{Conn, Tx};
use crate::store::error::StoreError;
use crate::store::value::{args, from_json, json};

/// A commit, and the action that it orders, in their exact bytes, with the signatures; without words.
#[derive(Debug, Clone, PartialEq)]
pub struct Signed {
    pub commit: Commit,
    pub by: Stamp,
    /// The header of the action, whose hash is its key.
    pub header: Vec<u8>,
    pub stamps: Vec<Stamp>,
}

impl Signed {
    /// What a record proves of its leader; absent where it has no slot.
    pub fn of(record: &Record) -> Option<Signed> {
        Some(Signed {
            commit: record.commit()?.clone(),
            by: record.commit_stamp()?.clone(),
            header: record.action().header_bytes().to_vec(),
            stamps: record.stamps().to_vec(),
        })
    }
}

/// What contradicts itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// The commit that is in the log.
    pub held: Signed,
    /// Another one for the same slot.
    pub other: Signed,
}

/// Keeps evidence; of each slot the first that was found, so that nobody fills the database with it.
pub fn insert_evidence(tx: &mut Tx, evidence: &Evidence, now: Time) {
    let Evidence { held, other } = evidence;
    tx.push(
        "INSERT INTO evidence (conv, seq, kind, held, held_by, held_header, held_stamps,
                               other, other_by, other_header, other_stamps, found_at)
         VALUES ($1, $2, 'fork', $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (conv, seq, kind) DO NOTHING",
        args![
            held.commit.conv(),
            held.commit.seq(),
            held.commit.bytes(),
            json(&held.by),
            held.header.as_slice(),
            json(&held.stamps),
            other.commit.bytes(),
            json(&other.by),
            other.header.as_slice(),
            json(&other.stamps),
            now,
        ],
    );
}

/// Who wrote two histories of a conversation, if somebody did.
pub async fn find_liar(
    conn: &mut Conn,
    conv: ConversationKey,
) -> Result<Option<Platform>, StoreError> {
    let row = conn
        .fetch_optional(
            "SELECT held FROM evidence WHERE conv = $1 ORDER BY seq LIMIT 1",
            args![conv],
        )
        .await?;
    row.map(|row| Ok(commit(&row.get::<Vec<u8>>(0)?)?.leader().clone()))
        .transpose()
}

/// What is held against the leader of a conversation, by slot.
pub async fn list_evidence(
    conn: &mut Conn,
    conv: ConversationKey,
) -> Result<Vec<Evidence>, StoreError> {
    let rows = conn
        .fetch_all(
            "SELECT held, held_by, held_header, held_stamps, other, other_by, other_header, other_stamps
               FROM evidence
              WHERE conv = $1 AND kind = 'fork' ORDER BY seq",
            args![conv],
        )
        .await?;
    rows.iter()
        .map(|row| {
            let signed = |at: usize| {
                Ok::<_, StoreError>(Signed {
                    commit: commit(&row.get::<Vec<u8>>(at)?)?,
                    by: from_json(&row.get::<String>(at + 1)?)?,
                    header: row.get(at + 2)?,
                    stamps: from_json(&row.get::<String>(at + 3)?)?,
                })
            };
            Ok(Evidence {
                held: signed(0)?,
                other: signed(4)?,
            })
        })
        .collect()
}

fn commit(bytes: &[u8]) -> Result<Commit, StoreError> {
    Commit::parse(bytes).map_err(|error| StoreError::Corrupt(error.to_string()))
}
