//! Search: one row per message and one per conversation for its subject and addresses, newest
//! first, and only what this person may see.
//!
//! A row that somebody removed may have seen is not overwritten but ended: they go on finding what
//! they had, everybody else finds the new one. // spec §16

use em2_model::{ActionKey, ConversationKey};

use crate::store::conn::{Conn, Tx};
use crate::store::dialect::{self, Row, Statement};
use crate::store::error::StoreError;
use crate::store::fold::{Query, words};
use crate::store::users::UserId;
use crate::store::value::args;

/// How many rows are looked at for one page of conversations.
const SCAN: i64 = 200;

/// A conversation that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchHit {
    pub conv: ConversationKey,
    /// The message; `None` where the subject or an address matched.
    pub message: Option<ActionKey>,
    /// Where the next page begins after this hit.
    pub cursor: i64,
}

/// What can be found: a message by its text, or a conversation by its subject and addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Indexed<'a> {
    pub conv: ConversationKey,
    /// The key of the message; of the subject the conversation key.
    pub item: ActionKey,
    /// The slot in which it was added; of the subject 0 or any: everybody present sees it.
    pub added: u64,
    /// The slot of the action that made it what it is.
    pub touched: u64,
    pub text: &'a str,
}

/// Makes something findable that was not before.
pub fn insert_words(tx: &mut Tx, indexed: &Indexed<'_>) {
    let place = args![indexed.conv, indexed.item, indexed.added, indexed.touched];
    let dialect = tx.dialect();
    tx.push_late(dialect::insert_words(dialect, place, words(indexed.text)));
}

/// Makes something findable by other words. Where people were removed before, they keep the old.
pub async fn update_words(tx: &mut Tx, indexed: &Indexed<'_>) -> Result<(), StoreError> {
    delete_words(tx, indexed.conv, indexed.item, indexed.touched).await?;
    insert_words(tx, indexed);
    Ok(())
}

/// Has something no longer be found as of slot `seq`, but by people who were removed before it.
pub async fn delete_words(
    tx: &mut Tx,
    conv: ConversationKey,
    item: ActionKey,
    seq: u64,
) -> Result<(), StoreError> {
    let kept = tx
        .fetch_optional(
            "SELECT 1 FROM participants
              WHERE conv = $1 AND user_id IS NOT NULL AND removed_seq IS NOT NULL LIMIT 1",
            args![conv],
        )
        .await?
        .is_some();
    if kept {
        let end = "UPDATE search_rows SET until_seq = $3
              WHERE conv = $1 AND item = $2 AND until_seq IS NULL";
        tx.push_late(vec![Statement::new(end, args![conv, item, seq])]);
    } else {
        let dialect = tx.dialect();
        tx.push_late(dialect::delete_words(dialect, args![conv, item]));
    }
    Ok(())
}

/// Drops every trace of the words of an item, for redaction. // spec §16
pub fn erase_words(tx: &mut Tx, conv: ConversationKey, item: ActionKey) {
    let dialect = tx.dialect();
    tx.push_late(dialect::delete_words(dialect, args![conv, item]));
}

/// Drops every trace of what the messages of a conversation say. // spec §16
pub fn erase_messages(tx: &mut Tx, conv: ConversationKey) {
    let dialect = tx.dialect();
    tx.push_late(dialect::erase_messages(dialect, args![conv, conv]));
}

/// Conversations in which this person may see all words of the query in one message, or in the
/// subject and addresses; newest first, each once in a page, beginning below `before`.
pub async fn search(
    conn: &mut Conn,
    user: UserId,
    query: &Query,
    before: Option<i64>,
    limit: usize,
) -> Result<Vec<SearchHit>, StoreError> {
    let (statements, words) = dialect::search(conn.dialect(), query);
    let mut hits = Vec::new();
    for sql in statements {
        hits = page(conn, sql, (&words, user), before, limit).await?;
        if hits.len() == limit {
            break;
        }
    }
    Ok(hits)
}

/// A page by one of the statements.
async fn page(
    conn: &mut Conn,
    sql: &'static str,
    (words, user): (&str, UserId),
    before: Option<i64>,
    limit: usize,
) -> Result<Vec<SearchHit>, StoreError> {
    let mut hits: Vec<SearchHit> = Vec::new();
    let mut before = before.unwrap_or(i64::MAX);
    while hits.len() < limit {
        let rows = conn
            .fetch_planned(sql, args![words, user, before, SCAN])
            .await?;
        for row in &rows {
            let hit = hit(row)?;
            let is_new = hits.iter().all(|known| known.conv != hit.conv);
            if is_new && hits.len() == limit {
                break;
            }
            before = hit.cursor;
            if is_new {
                hits.push(hit);
            } else if let Some(last) = hits.last_mut() {
                last.cursor = hit.cursor;
            }
        }
        if rows.len() < SCAN as usize {
            break;
        }
    }
    Ok(hits)
}

fn hit(row: &Row) -> Result<SearchHit, StoreError> {
    let conv: ConversationKey = row.get(1)?;
    let item: ActionKey = row.get(2)?;
    Ok(SearchHit {
        conv,
        message: (item != ActionKey::from(conv)).then_some(item),
        cursor: row.get(0)?,
    })
}
