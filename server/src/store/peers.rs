//! Other platforms: the document by which others verify what they sign, and how delivery to them stands. // spec §2, §15

use em2_model::id::Incarnation;
use em2_model::wire::foreign::Head;
use em2_model::{Code, ConversationKey, Platform, Time};

use crate::store::conn::{Conn, Tx};
use crate::store::dialect::Row;
use crate::store::error::StoreError;
use crate::store::value::args;

/// One other platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerRow {
    pub name: Platform,
    /// The hash of the first entry of its key log; absent until the document was read once. // spec §3
    pub incarnation: Option<Incarnation>,
    /// The platform document as it came, verified.
    pub document: Option<Vec<u8>>,
    /// Until when the document is believed without asking again.
    pub expires_at: Time,
    pub standing: PeerStanding,
}

/// How delivery to a platform stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PeerStanding {
    /// Failures in a row.
    pub attempts: u64,
    /// Not before this time.
    pub next_at: Time,
    pub first_fail_at: Option<Time>,
    /// What the last failure was, for machines and for people.
    pub last_code: Option<String>,
    pub last_detail: Option<String>,
    /// How far its clock is ahead of ours, in milliseconds.
    pub clock_offset: i64,
}

macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT name, incarnation, document, expires_at, attempts, next_at, first_fail_at, last_code,
                    last_detail, clock_offset
               FROM platforms ",
            $tail
        )
    };
}

fn peer(row: &Row) -> Result<PeerRow, StoreError> {
    Ok(PeerRow {
        name: row.get(0)?,
        incarnation: row.get_option(1)?,
        document: row.get_option(2)?,
        expires_at: row.get(3)?,
        standing: PeerStanding {
            attempts: row.get(4)?,
            next_at: row.get(5)?,
            first_fail_at: row.get_option(6)?,
            last_code: row.get_option(7)?,
            last_detail: row.get_option(8)?,
            clock_offset: row.get(9)?,
        },
    })
}

/// What is known of a platform.
pub async fn find_peer(conn: &mut Conn, name: &Platform) -> Result<Option<PeerRow>, StoreError> {
    conn.fetch_optional(select!("WHERE name = $1"), args![name])
        .await?
        .as_ref()
        .map(peer)
        .transpose()
}

/// Every platform that is known.
pub async fn list_peers(conn: &mut Conn) -> Result<Vec<PeerRow>, StoreError> {
    conn.fetch_all(select!("ORDER BY name"), args![])
        .await?
        .iter()
        .map(peer)
        .collect()
}

/// What is known of these platforms.
pub async fn list_peers_named(
    conn: &mut Conn,
    names: &[Platform],
) -> Result<Vec<PeerRow>, StoreError> {
    conn.fetch_all(
        select!("WHERE name IN EACH_TEXT($1) ORDER BY name"),
        args![names],
    )
    .await?
    .iter()
    .map(peer)
    .collect()
}

/// Keeps a platform's document, which was verified.
pub fn upsert_document(
    tx: &mut Tx,
    name: &Platform,
    incarnation: Incarnation,
    document: &[u8],
    expires_at: Time,
) {
    tx.push(
        "INSERT INTO platforms (name, incarnation, document, expires_at, attempts, next_at, clock_offset)
         VALUES ($1, $2, $3, $4, 0, 0, 0)
         ON CONFLICT (name) DO UPDATE
            SET incarnation = excluded.incarnation, document = excluded.document, expires_at = excluded.expires_at",
        args![name, incarnation, document, expires_at],
    );
}

/// Keeps how delivery to a platform stands.
pub fn upsert_standing(tx: &mut Tx, name: &Platform, standing: &PeerStanding) {
    tx.push(
        "INSERT INTO platforms (name, expires_at, attempts, next_at, first_fail_at, last_code, last_detail, clock_offset)
         VALUES ($1, 0, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (name) DO UPDATE
            SET attempts = excluded.attempts, next_at = excluded.next_at, first_fail_at = excluded.first_fail_at,
                last_code = excluded.last_code, last_detail = excluded.last_detail,
                clock_offset = excluded.clock_offset",
        args![
            name,
            standing.attempts,
            standing.next_at,
            standing.first_fail_at,
            standing.last_code,
            standing.last_detail,
            standing.clock_offset,
        ],
    );
}

/// The platforms for which something waits: commits of conversations that are led here, or actions that wait for a slot
/// in theirs.
pub async fn list_waiting_peers(conn: &mut Conn) -> Result<Vec<Platform>, StoreError> {
    conn.fetch_all(
        "SELECT target FROM deliveries WHERE acked_seq < head_seq AND state = 'active' AND target NOT LIKE '%@%'
          UNION
         SELECT c.leader FROM pending p JOIN conversations c ON c.key = p.conv
          ORDER BY 1",
        args![],
    )
    .await?
    .iter()
    .map(|row| row.get(0))
    .collect()
}

/// A conversation in which something waits for a platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BacklogRow {
    pub conv: ConversationKey,
    /// Tries of this conversation in a row that had no success.
    pub attempts: u64,
    pub last_code: Option<Code>,
    /// It rests until this time.
    pub next_at: Time,
}

/// Conversations in which something waits for a platform and that need no person, after this one in the order of their
/// keys.
pub async fn list_backlog(
    conn: &mut Conn,
    peer: &Platform,
    after: Option<ConversationKey>,
    limit: i64,
) -> Result<Vec<BacklogRow>, StoreError> {
    let after = after.map_or_else(Vec::new, |key| key.as_bytes().to_vec());
    conn.fetch_all(
        "SELECT w.conv, COALESCE(d.attempts, 0), d.last_code, COALESCE(d.next_at, 0)
           FROM (SELECT conv FROM (SELECT conv FROM deliveries
                                    WHERE target = $1 AND conv > $2 AND acked_seq < head_seq AND state = 'active'
                                    ORDER BY conv LIMIT $3) lacking
                  UNION
                 SELECT conv FROM (SELECT DISTINCT p.conv FROM pending p JOIN conversations c ON c.key = p.conv
                                     LEFT JOIN deliveries l ON l.conv = p.conv AND l.target = $1
                                    WHERE c.leader = $1 AND p.conv > $2 AND COALESCE(l.state, 'active') = 'active'
                                    ORDER BY p.conv LIMIT $3) submitted) w
           LEFT JOIN deliveries d ON d.conv = w.conv AND d.target = $1
          ORDER BY w.conv LIMIT $3",
        args![peer, after, limit],
    )
    .await?
    .iter()
    .map(|row| {
        let code: Option<String> = row.get_option(2)?;
        Ok(BacklogRow {
            conv: row.get(0)?,
            attempts: row.get(1)?,
            last_code: code.and_then(|code| code.parse().ok()),
            next_at: row.get(3)?,
        })
    })
    .collect()
}

/// In how many conversations that are led here a platform lacks something.
pub async fn count_waiting(conn: &mut Conn, peer: &Platform) -> Result<u64, StoreError> {
    let row = conn
        .fetch_optional(
            "SELECT COUNT(*) FROM deliveries WHERE target = $1 AND acked_seq < head_seq",
            args![peer],
        )
        .await?;
    row.ok_or(StoreError::Missing("count"))?.get(0)
}

/// Where the conversations stand that are shared with a platform, after this key, in the order of their keys.
pub async fn list_shared_heads(
    conn: &mut Conn,
    peer: &Platform,
    after: Option<ConversationKey>,
    limit: i64,
) -> Result<Vec<Head>, StoreError> {
    let after = after.map_or_else(Vec::new, |key| key.as_bytes().to_vec());
    conn.fetch_all(
        "SELECT key, epoch, seq, head FROM conversations
          WHERE key > $2
            AND EXISTS (SELECT 1 FROM participants p
                         WHERE p.conv = key AND p.platform = $1 AND p.user_id IS NULL AND p.removed_seq IS NULL)
          ORDER BY key LIMIT $3",
        args![peer, after, limit],
    )
    .await?
    .iter()
    .map(|row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
    .collect()
}
