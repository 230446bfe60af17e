//! Search: one row per message and one per conversation for its subject and addresses, newest
//! first, and only what this person may see.
//!
//! Each row is kept with those who find it (`search_seen`): a search asks nothing else about rights.
//! A row that somebody removed may have seen is not overwritten but ended: they go on finding what
//! they had, everybody else finds the new one. // spec §16

use em2_model::{ActionKey, ConversationKey};

use crate::store::conn::{Conn, Tx};
use crate::store::dialect::{self, Look, Row, Statement};
use crate::store::error::StoreError;
use crate::store::fold::{Query, words};
use crate::store::list::{self, ListRow};
use crate::store::users::UserId;
use crate::store::value::args;

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
    /// The slot in which it was added; of the subject 0: everybody present sees it.
    pub added: u64,
    /// The slot of the action that made it what it is.
    pub touched: u64,
    pub text: &'a str,
}

/// Makes something findable that was not before, for those who take part now.
pub fn insert_words(tx: &mut Tx, indexed: &Indexed<'_>) {
    let place = args![indexed.conv, indexed.added, indexed.item, indexed.touched];
    for (many, row) in dialect::insert_words(tx.dialect(), place, words(indexed.text)) {
        tx.push_row_late(many, row);
    }
}

/// Has people who were just added find what they may see: nothing from before their history, and
/// nothing that only those find who were removed.
pub(in crate::store) fn show_words(tx: &mut Tx, conv: ConversationKey, users: Vec<i64>) {
    // Who comes back has lost what was kept for them.
    let hide = "DELETE FROM search_seen
          WHERE user_id IN EACH($2) AND id IN (SELECT id FROM search_rows WHERE conv = $1)";
    let show = "INSERT INTO search_seen (user_id, id)
         SELECT p.user_id, r.id FROM participants p JOIN search_rows r ON r.conv = p.conv
          WHERE p.conv = $1 AND p.user_id IN EACH($2) AND r.until_seq IS NULL
            AND (r.added_seq = 0 OR r.added_seq >= p.since_seq)";
    let statement = |sql: &'static str| Statement::new(sql, args![conv, users]);
    for sql in [hide, show] {
        tx.push_late(statement(sql));
    }
}

/// Makes something findable by other words. Where people were removed before, they keep the old.
pub async fn update_words(tx: &mut Tx, indexed: &Indexed<'_>) -> Result<(), StoreError> {
    delete_words(tx, indexed.conv, indexed.added, indexed.touched).await?;
    insert_words(tx, indexed);
    Ok(())
}

/// Has what was added in a slot no longer be found as of slot `seq`, but by people who were removed before it.
pub async fn delete_words(
    tx: &mut Tx,
    conv: ConversationKey,
    added: u64,
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
        let hide = "DELETE FROM search_seen
              WHERE user_id IN (SELECT user_id FROM participants
                                 WHERE conv = $1 AND user_id IS NOT NULL
                                   AND (removed_seq IS NULL OR removed_seq > $3))
                AND id IN (SELECT id FROM search_rows
                            WHERE conv = $1 AND added_seq = $2 AND until_seq IS NULL)";
        let end = "UPDATE search_rows SET until_seq = $3
              WHERE conv = $1 AND added_seq = $2 AND until_seq IS NULL";
        let statement = |sql: &'static str| Statement::new(sql, args![conv, added, seq]);
        for sql in [hide, end] {
            tx.push_late(statement(sql));
        }
    } else {
        erase_words(tx, conv, added);
    }
    Ok(())
}

/// Drops every trace of the words of what was added in a slot, for redaction. // spec §16
pub fn erase_words(tx: &mut Tx, conv: ConversationKey, added: u64) {
    let forget = dialect::delete_words(tx.dialect(), args![conv, added]);
    forget.into_iter().for_each(|next| tx.push_late(next));
}

/// Drops every trace of what the messages of a conversation say. // spec §16
pub fn erase_messages(tx: &mut Tx, conv: ConversationKey) {
    let forget = dialect::erase_messages(tx.dialect(), args![conv]);
    forget.into_iter().for_each(|next| tx.push_late(next));
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
    let mut endings: Vec<String> = Vec::new();
    if let Some(statement) = dialect::endings(conn.dialect(), query) {
        let rows = conn.answer(statement).await?.rows;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        if rows.len() <= dialect::ENDINGS {
            endings = rows
                .iter()
                .map(|row| row.get(0))
                .collect::<Result<_, _>>()?;
        }
    }
    let (looks, words) = dialect::search(conn.dialect(), query, &endings);
    let mut page = Page {
        hits: Vec::new(),
        limit,
        before: before.unwrap_or(i64::MAX),
        more: true,
    };
    for look in looks {
        page.fill(conn, look, (&words, user)).await?;
    }
    Ok(page.cut())
}

/// What is shown of hits: their rows of the list, and the HTML of their messages as it is now; both
/// in no order.
pub async fn show(
    conn: &mut Conn,
    user: UserId,
    hits: &[SearchHit],
) -> Result<(Vec<ListRow>, Vec<(ActionKey, String)>), StoreError> {
    let keys: Vec<ConversationKey> = hits.iter().map(|hit| hit.conv).collect();
    let messages: Vec<ActionKey> = hits.iter().filter_map(|hit| hit.message).collect();
    let [rows, texts] = conn
        .fetch_each([
            (list::BY_KEY, args![user, keys[..]]),
            (
                "SELECT key, html FROM messages
                  WHERE (conv, seq) IN (SELECT conv, seq FROM actions WHERE key IN EACH_KEY($1))",
                args![messages[..]],
            ),
        ])
        .await?;
    let text = |row: &Row| Ok((row.get(0)?, row.get(1)?));
    Ok((
        rows.iter().map(list::list_row).collect::<Result<_, _>>()?,
        texts.iter().map(text).collect::<Result<_, StoreError>>()?,
    ))
}

/// The conversations found so far, newest first; their cursors are their own rows.
struct Page {
    hits: Vec<SearchHit>,
    limit: usize,
    /// Everything from here on was looked at.
    before: i64,
    /// There may be something below.
    more: bool,
}

impl Page {
    /// Looks on in one way, until the page is full, or the way turns out to be a long one.
    async fn fill(
        &mut self,
        conn: &mut Conn,
        look: &Look,
        (words, user): (&str, UserId),
    ) -> Result<(), StoreError> {
        let (mut count, most) = look.rows;
        let wanted = self.limit as i64 + 1;
        while self.more && self.hits.len() <= self.limit {
            let values = args![words, user, self.before, count, wanted];
            let rows = if look.planned {
                conn.fetch_planned(look.sql, values).await?
            } else {
                conn.fetch_all(look.sql, values).await?
            };
            let before = self.hits.len();
            self.take(&rows, wanted as usize)?;
            if self.hits.len() - before < look.least {
                break;
            }
            count = (count * 4).min(most);
        }
        Ok(())
    }

    /// Takes what one look found: the newest row of each conversation, and where it ended.
    fn take(&mut self, rows: &[Row], wanted: usize) -> Result<(), StoreError> {
        self.more = false;
        let mut found = Vec::with_capacity(rows.len());
        for row in rows {
            match row.get_option(1)? {
                Some(conv) => found.push(hit(row, conv)?),
                None => (self.before, self.more) = (row.get(0)?, true),
            }
        }
        found.sort_by_key(|hit| std::cmp::Reverse(hit.cursor));
        if let Some(last) = found.get(wanted - 1) {
            (self.before, self.more) = (last.cursor, true);
        }
        for hit in found {
            if self.hits.iter().all(|known| known.conv != hit.conv) {
                self.hits.push(hit);
            }
        }
        Ok(())
    }

    /// The page, each hit with the cursor that leads to the next one.
    fn cut(mut self) -> Vec<SearchHit> {
        let end = if self.more { self.before } else { 0 };
        let next: Vec<i64> = self.hits.iter().skip(1).map(|hit| hit.cursor + 1).collect();
        for (hit, next) in self.hits.iter_mut().zip(next.into_iter().chain([end])) {
            hit.cursor = next;
        }
        self.hits.truncate(self.limit);
        self.hits
    }
}

fn hit(row: &Row, conv: ConversationKey) -> Result<SearchHit, StoreError> {
    let item: ActionKey = row.get(2)?;
    Ok(SearchHit {
        conv,
        message: (item != ActionKey::from(conv)).then_some(item),
        cursor: row.get(0)?,
    })
}
