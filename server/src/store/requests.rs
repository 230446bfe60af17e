//! Conversations to which somebody unknown has added a person who has not answered yet. // spec §16
//!
//! The participant's row names no account until they accept: what is listed, counted, found or told goes by accounts, so
//! that nothing of a request gets there.

use em2_model::{ActionKey, Address, ConversationKey, Platform, Time};

use crate::store::conn::{Conn, Tx};
use crate::store::dialect::Row;
use crate::store::error::StoreError;
use crate::store::list::ListCursor;
use crate::store::search::show_words;
use crate::store::users::UserId;
use crate::store::value::args;

/// Somebody was added by somebody whom they do not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRow {
    pub conv: ConversationKey,
    /// The key of the add.
    pub item: ActionKey,
    /// Who was added.
    pub user: UserId,
    /// Who added them, and the platform that speaks for them.
    pub sender: Address,
    pub platform: Platform,
    pub at: Time,
}

/// A request as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub request: RequestRow,
    pub subject: String,
    /// How many take part, the person who was added included.
    pub people_count: u64,
}

macro_rules! select {
    ($tail:literal) => {
        select!("" "requests r " $tail)
    };
    ($more:literal $from:literal $tail:literal) => {
        concat!(
            "SELECT r.conv, r.item, r.user_id, r.sender, r.platform, r.at",
            $more,
            " FROM ",
            $from,
            $tail
        )
    };
}

fn request(row: &Row) -> Result<RequestRow, StoreError> {
    Ok(RequestRow {
        conv: row.get(0)?,
        item: row.get(1)?,
        user: row.get(2)?,
        sender: row.get(3)?,
        platform: row.get(4)?,
        at: row.get(5)?,
    })
}

/// Has a request wait for an answer.
pub fn upsert_request(tx: &mut Tx, row: &RequestRow) {
    tx.push(
        "INSERT INTO requests (conv, item, user_id, sender, platform, at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (conv, item) DO NOTHING",
        args![
            row.conv,
            row.item,
            row.user,
            row.sender,
            row.platform,
            row.at
        ],
    );
}

/// The request goes, if there is one; whoever was added sees nothing of the conversation.
pub fn delete_request(tx: &mut Tx, conv: ConversationKey, item: ActionKey) {
    tx.push(
        "DELETE FROM requests WHERE conv = $1 AND item = $2",
        args![conv, item],
    );
}

/// All requests of one address to a person go.
pub fn delete_requests_of(tx: &mut Tx, user: UserId, sender: &Address) {
    tx.push(
        "DELETE FROM requests WHERE user_id = $1 AND sender = $2",
        args![user, sender],
    );
}

/// The conversation becomes one of the person's own, unread up to slot `seq`, in their list at time `at`; the request
/// goes. What they had of an earlier participation gives its place to it.
pub fn admit(tx: &mut Tx, row: &RequestRow, seq: u64, at: Time) {
    tx.push(
        "UPDATE participants SET user_id = NULL WHERE conv = $1 AND user_id = $2",
        args![row.conv, row.user],
    );
    tx.push(
        "UPDATE participants SET user_id = $3, news_seq = $4, last_at = $5
          WHERE conv = $1 AND item = $2",
        args![row.conv, row.item, row.user, seq, at],
    );
    delete_request(tx, row.conv, row.item);
    show_words(tx, row.conv, vec![row.user.as_i64()]);
}

/// The request of this conversation to a person.
pub async fn find_request(
    conn: &mut Conn,
    user: UserId,
    conv: ConversationKey,
) -> Result<Option<RequestRow>, StoreError> {
    conn.fetch_optional(
        select!("WHERE r.conv = $1 AND r.user_id = $2"),
        args![conv, user],
    )
    .await?
    .as_ref()
    .map(request)
    .transpose()
}

/// The requests of everybody on a platform to a person, or of one address there, at most `limit`.
pub async fn list_requests_of(
    conn: &mut Conn,
    user: UserId,
    platform: &Platform,
    sender: Option<&Address>,
    limit: i64,
) -> Result<Vec<RequestRow>, StoreError> {
    conn.fetch_all(
        select!(
            "WHERE r.user_id = $1 AND r.platform = $2 AND r.sender = COALESCE($3, r.sender)
             ORDER BY r.at DESC, r.conv DESC LIMIT $4"
        ),
        args![user, platform, sender, limit],
    )
    .await?
    .iter()
    .map(request)
    .collect()
}

/// A page of a person's requests, newest first: at most `limit` after the first `offset`.
pub async fn list_requests(
    conn: &mut Conn,
    user: UserId,
    before: ListCursor,
    offset: i64,
    limit: i64,
) -> Result<Vec<Waiting>, StoreError> {
    conn.fetch_all(
        select!(
            ", c.subject, c.people_count" "requests r JOIN conversations c ON c.key = r.conv "
            "WHERE r.user_id = $1 AND (r.at, r.conv) < ($2, $3)
             ORDER BY r.at DESC, r.conv DESC LIMIT $4 OFFSET $5"
        ),
        args![user, before.last_at, before.conv, limit, offset],
    )
    .await?
    .iter()
    .map(|row| {
        Ok(Waiting {
            request: request(row)?,
            subject: row.get(6)?,
            people_count: row.get(7)?,
        })
    })
    .collect()
}

/// Bounded, because its cost grows with what it counts.
pub(in crate::store) const COUNT: &str = "SELECT COUNT(*) FROM (
        SELECT 1 FROM requests WHERE user_id = $1 LIMIT 1000) waiting";

/// How many requests wait for a person's answer, counted up to 1,000.
pub async fn count_requests(conn: &mut Conn, user: UserId) -> Result<u64, StoreError> {
    let row = conn.fetch_optional(COUNT, args![user]).await?;
    row.ok_or(StoreError::Missing("count"))?.get(0)
}
