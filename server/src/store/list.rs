//! Rows of the list of conversations, from conversation and participant rows alone. Paging is by
//! key: `(last_at, conv)` of the last row seen.

use em2_model::conversation::Label;
use em2_model::{ActionKey, Address, ConversationKey, Time};
use serde::{Deserialize, Serialize};

use crate::store::conn::Conn;
use crate::store::conversations::{Face, PersonRow, face};
use crate::store::dialect::Row;
use crate::store::error::StoreError;
use crate::store::feed::FIND_COUNTER;
use crate::store::requests;
use crate::store::users::UserId;
use crate::store::value::{Value, args, from_json};

/// The list as somebody keeps it who was removed: nothing later gets in. // spec §16
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Frozen {
    pub subject: String,
    pub seq: u64,
    pub labels: Vec<Label>,
    pub face: Face,
}

/// One row of a person's list.
#[derive(Debug, Clone, PartialEq)]
pub struct ListRow {
    pub conv: ConversationKey,
    pub subject: String,
    pub people: Vec<PersonRow>,
    pub people_count: u64,
    /// Empty where the newest message is from before this person's history.
    pub preview: String,
    pub preview_by: Option<Address>,
    pub last_at: Time,
    pub unread: bool,
    /// The newest slot that the row includes.
    pub seq: u64,
    pub last: ActionKey,
    pub labels: Vec<Label>,
    /// False once this person was removed or has left.
    pub present: bool,
}

/// Which conversations a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListFilter {
    All,
    /// Those in which this person has written.
    Sent,
}

/// Where a page begins: after the row with this time and key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListCursor {
    pub last_at: Time,
    pub conv: ConversationKey,
}

impl ListCursor {
    /// Before every row: the first page.
    pub const TOP: Self = Self {
        last_at: Time(i64::MAX),
        conv: ConversationKey::from_bytes([0xff; 32]),
    };
}

macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT p.conv, p.last_at, p.news_seq, p.read_seq, p.removed_seq, p.since_seq,
                    p.frozen, c.subject, c.seq, c.labels, c.people, c.people_count, c.preview,
                    c.preview_by, c.preview_seq, c.last
               FROM participants p JOIN conversations c ON c.key = p.conv ",
            $tail
        )
    };
}

pub(in crate::store) fn list_row(row: &Row) -> Result<ListRow, StoreError> {
    let since: u64 = row.get(5)?;
    let kept = match row.get_option::<String>(6)? {
        Some(frozen) => from_json(&frozen)?,
        None => Frozen {
            subject: row.get(7)?,
            seq: row.get(8)?,
            labels: from_json(&row.get::<String>(9)?)?,
            face: face(row, 10)?,
        },
    };
    let in_scope = kept.face.preview_seq >= since;
    Ok(ListRow {
        conv: row.get(0)?,
        subject: kept.subject,
        people: kept.face.people,
        people_count: kept.face.people_count,
        preview: if in_scope {
            kept.face.preview
        } else {
            String::new()
        },
        preview_by: kept.face.preview_by.filter(|_| in_scope),
        last_at: row.get(1)?,
        unread: row.get::<u64>(2)? > row.get::<u64>(3)?,
        seq: kept.seq,
        last: kept.face.last,
        labels: kept.labels,
        present: row.get_option::<u64>(4)?.is_none(),
    })
}

/// A page of a person's list, newest first, at most `limit` rows.
pub async fn list_conversations(
    conn: &mut Conn,
    user: UserId,
    filter: ListFilter,
    before: ListCursor,
    limit: i64,
) -> Result<Vec<ListRow>, StoreError> {
    let (sql, args) = page(user, filter, before, limit);
    conn.fetch_all(sql, args)
        .await?
        .iter()
        .map(list_row)
        .collect()
}

fn page(
    user: UserId,
    filter: ListFilter,
    before: ListCursor,
    limit: i64,
) -> (&'static str, Vec<Value>) {
    let sql = match filter {
        ListFilter::All => select!(
            "WHERE p.user_id = $1 AND (p.last_at, p.conv) < ($2, $3)
             ORDER BY p.last_at DESC, p.conv DESC LIMIT $4"
        ),
        ListFilter::Sent => select!(
            "WHERE p.user_id = $1 AND p.wrote AND (p.last_at, p.conv) < ($2, $3)
             ORDER BY p.last_at DESC, p.conv DESC LIMIT $4"
        ),
    };
    (sql, args![user, before.last_at, before.conv, limit])
}

/// The page that begins `offset` rows down: where the notes' `?offset=` is asked for. Its cost
/// grows with the offset; a cursor's does not.
pub async fn find_cursor_at(
    conn: &mut Conn,
    user: UserId,
    filter: ListFilter,
    offset: i64,
) -> Result<Option<ListCursor>, StoreError> {
    let sql = match filter {
        ListFilter::All => {
            "SELECT last_at, conv FROM participants WHERE user_id = $1
              ORDER BY last_at DESC, conv DESC LIMIT 1 OFFSET $2"
        }
        ListFilter::Sent => {
            "SELECT last_at, conv FROM participants WHERE user_id = $1 AND wrote
              ORDER BY last_at DESC, conv DESC LIMIT 1 OFFSET $2"
        }
    };
    if offset <= 0 {
        return Ok(Some(ListCursor::TOP));
    }
    conn.fetch_optional(sql, args![user, offset - 1])
        .await?
        .map(|row| {
            Ok(ListCursor {
                last_at: row.get(0)?,
                conv: row.get(1)?,
            })
        })
        .transpose()
}

/// `$1` is the person, `$2` the conversations.
pub(in crate::store) const BY_KEY: &str =
    select!("WHERE p.user_id = $1 AND p.conv IN EACH_KEY($2)");

/// These conversations as rows of a person's list, in no order; those that are not in it are left
/// out.
pub async fn list_rows(
    conn: &mut Conn,
    user: UserId,
    keys: &[ConversationKey],
) -> Result<Vec<ListRow>, StoreError> {
    conn.fetch_all(BY_KEY, args![user, keys])
        .await?
        .iter()
        .map(list_row)
        .collect()
}

/// What stands beside a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub unread: u64,
    pub drafts: u64,
    pub requests: u64,
}

/// Bounded, because its cost grows with what it counts.
const COUNT_UNREAD: &str = "SELECT COUNT(*) FROM (
        SELECT 1 FROM participants WHERE user_id = $1 AND news_seq > read_seq LIMIT 1000) unread";
const COUNT_DRAFTS: &str = "SELECT COUNT(*) FROM drafts WHERE user_id = $1 AND published IS NULL";

fn first(rows: &[Row]) -> Result<u64, StoreError> {
    rows.first().map_or(Ok(0), |row| row.get(0))
}

/// How many of a person's conversations are unread, and how many requests wait, each counted up to 1,000; and how many
/// drafts they have.
pub async fn count(conn: &mut Conn, user: UserId) -> Result<Counts, StoreError> {
    let [unread, drafts, requests] = conn
        .fetch_each([
            (COUNT_UNREAD, args![user]),
            (COUNT_DRAFTS, args![user]),
            (requests::COUNT, args![user]),
        ])
        .await?;
    Ok(Counts {
        unread: first(&unread)?,
        drafts: first(&drafts)?,
        requests: first(&requests)?,
    })
}

/// What [`list_conversations`], [`count`] and the person's feed counter say, in one trip.
pub async fn list_with_counts(
    conn: &mut Conn,
    user: UserId,
    filter: ListFilter,
    before: ListCursor,
    limit: i64,
) -> Result<(Vec<ListRow>, Counts, u64), StoreError> {
    let [n, unread, drafts, requests, rows] = conn
        .fetch_each([
            (FIND_COUNTER, args![user]),
            (COUNT_UNREAD, args![user]),
            (COUNT_DRAFTS, args![user]),
            (requests::COUNT, args![user]),
            page(user, filter, before, limit),
        ])
        .await?;
    let counts = Counts {
        unread: first(&unread)?,
        drafts: first(&drafts)?,
        requests: first(&requests)?,
    };
    let rows = rows.iter().map(list_row).collect::<Result<_, _>>()?;
    Ok((rows, counts, first(&n)?))
}
