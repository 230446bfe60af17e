//! Messages in their present form, with the HTML that was rendered when they were committed.

use em2_model::action::{Missing, Model};
use em2_model::conversation::{Item, Standing};
use em2_model::{ActionKey, Address, ConversationKey, Format, Time};

use crate::store::batch::Many;
use crate::store::conn::{Conn, Tx};
use crate::store::dialect::Row;
use crate::store::error::StoreError;
use crate::store::value::args;

/// Who did something to a message, and when by the leader's clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoneRow {
    pub by: Address,
    pub at: Time,
    pub seq: u64,
}

/// A message in its present form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageRow {
    pub conv: ConversationKey,
    /// The slot of its `message.add`.
    pub seq: u64,
    pub key: ActionKey,
    /// The newest action on it, and its slot.
    pub head: ActionKey,
    pub touched: u64,
    pub author: Address,
    pub parent: Option<ActionKey>,
    pub at: Time,
    pub standing: Standing,
    /// Why there is no text, if there is none.
    pub missing: Option<Missing>,
    pub attachments: u32,
    /// Who removed or redacted it.
    pub done: Option<DoneRow>,
    /// The last edit.
    pub edited: Option<DoneRow>,
    pub format: Format,
    /// As written; empty once redacted.
    pub text: String,
    /// Sanitised.
    pub html: String,
    /// The version of the renderer that made the HTML.
    pub renderer: i64,
}

impl MessageRow {
    /// The message as far as the rules need it.
    pub fn item(&self) -> Item {
        Item {
            model: Model::Message,
            key: self.key,
            head: self.head,
            author: self.author.clone(),
            seq: self.seq,
            standing: self.standing,
            parent: self.parent,
            attachments: self.attachments,
        }
    }
}

macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT conv, seq, key, head, touched, author, parent, at, standing, missing,
                    attachments, done_by, done_at, done_seq, edited_by, edited_at, edited_seq, format, text, html, renderer
               FROM messages ",
            $tail
        )
    };
}

/// `$1` is the conversations, `$2` the keys. Written so that the keys are looked up, in the log: by
/// the conversation SQLite would go through all of its messages.
pub(in crate::store) const LIST_BY_KEY: &str =
    select!("WHERE (conv, seq) IN (SELECT conv, seq FROM actions
                                    WHERE key IN EACH_KEY($2) AND COALESCE(conv, key) IN EACH_KEY($1))
              ORDER BY seq");

pub(in crate::store) fn message(row: &Row) -> Result<MessageRow, StoreError> {
    let done = |first: usize| -> Result<Option<DoneRow>, StoreError> {
        let Some(by) = row.get_option(first)? else {
            return Ok(None);
        };
        Ok(Some(DoneRow {
            by,
            at: row.get(first + 1)?,
            seq: row.get(first + 2)?,
        }))
    };
    Ok(MessageRow {
        conv: row.get(0)?,
        seq: row.get(1)?,
        key: row.get(2)?,
        head: row.get(3)?,
        touched: row.get(4)?,
        author: row.get(5)?,
        parent: row.get_option(6)?,
        at: row.get(7)?,
        standing: row.get(8)?,
        missing: row.get_option(9)?,
        attachments: row.get(10)?,
        done: done(11)?,
        edited: done(14)?,
        format: row.get(17)?,
        text: row.get(18)?,
        html: row.get(19)?,
        renderer: row.get(20)?,
    })
}

static INSERT: Many = Many::insert(
    "INSERT INTO messages
         (conv, seq, key, head, touched, author, parent, at, standing, missing, attachments,
          done_by, done_at, done_seq, edited_by, edited_at, edited_seq, format, text, html, renderer)",
);

/// Adds a message.
pub fn insert_message(tx: &mut Tx, row: &MessageRow) {
    tx.push_row(
        &INSERT,
        args![
            row.conv,
            row.seq,
            row.key,
            row.head,
            row.touched,
            row.author,
            row.parent,
            row.at,
            row.standing,
            row.missing,
            row.attachments,
            row.done.as_ref().map(|done| &done.by),
            row.done.as_ref().map(|done| done.at),
            row.done.as_ref().map(|done| done.seq),
            row.edited.as_ref().map(|done| &done.by),
            row.edited.as_ref().map(|done| done.at),
            row.edited.as_ref().map(|done| done.seq),
            row.format,
            row.text,
            row.html,
            row.renderer,
        ],
    );
}

/// Writes a message as it is after an action on it.
pub fn update_message(tx: &mut Tx, row: &MessageRow) {
    tx.push(
        "UPDATE messages
            SET head = $3, touched = $4, standing = $5, missing = $6, attachments = $7,
                done_by = $8, done_at = $9, done_seq = $10, edited_by = $11, edited_at = $12,
                edited_seq = $13, format = $14, text = $15, html = $16, renderer = $17
          WHERE conv = $1 AND seq = $2",
        args![
            row.conv,
            row.seq,
            row.head,
            row.touched,
            row.standing,
            row.missing,
            row.attachments,
            row.done.as_ref().map(|done| &done.by),
            row.done.as_ref().map(|done| done.at),
            row.done.as_ref().map(|done| done.seq),
            row.edited.as_ref().map(|done| &done.by),
            row.edited.as_ref().map(|done| done.at),
            row.edited.as_ref().map(|done| done.seq),
            row.format,
            row.text,
            row.html,
            row.renderer,
        ],
    );
}

/// The messages with these keys in this conversation, oldest first.
pub async fn list_messages_by_key(
    conn: &mut Conn,
    conv: ConversationKey,
    keys: &[ActionKey],
) -> Result<Vec<MessageRow>, StoreError> {
    conn.fetch_all(LIST_BY_KEY, args![[conv][..], keys])
        .await?
        .iter()
        .map(message)
        .collect()
}

/// Drops what every message of a conversation says: it has expired. // spec §16
pub fn expire_messages(tx: &mut Tx, conv: ConversationKey) {
    tx.push(
        "UPDATE messages SET missing = $2, text = '', html = '' WHERE conv = $1",
        args![conv, Missing::Expired.as_str()],
    );
}

/// The messages with these keys, of whatever conversations.
pub async fn list_messages(
    conn: &mut Conn,
    keys: &[ActionKey],
) -> Result<Vec<MessageRow>, StoreError> {
    conn.fetch_all(
        select!("WHERE (conv, seq) IN (SELECT conv, seq FROM actions WHERE key IN EACH_KEY($1))"),
        args![keys],
    )
    .await?
    .iter()
    .map(message)
    .collect()
}

/// The first message added in this slot or later whose text was withheld.
pub async fn find_withheld(
    conn: &mut Conn,
    conv: ConversationKey,
    since: u64,
) -> Result<Option<ActionKey>, StoreError> {
    conn.fetch_optional(
        "SELECT key FROM messages
          WHERE conv = $1 AND seq >= $2 AND missing = 'history' ORDER BY seq LIMIT 1",
        args![conv, since],
    )
    .await?
    .map(|row| row.get(0))
    .transpose()
}

/// The newest `limit` messages before slot `before`, oldest first.
pub async fn list_messages_before(
    conn: &mut Conn,
    conv: ConversationKey,
    before: u64,
    limit: i64,
) -> Result<Vec<MessageRow>, StoreError> {
    let mut messages: Vec<MessageRow> = conn
        .fetch_all(
            select!("WHERE conv = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3"),
            args![conv, before, limit],
        )
        .await?
        .iter()
        .map(message)
        .collect::<Result<_, _>>()?;
    messages.reverse();
    Ok(messages)
}

/// Messages whose HTML an older renderer made; for a job that renders them anew.
pub async fn list_messages_to_render(
    conn: &mut Conn,
    renderer: i64,
    limit: i64,
) -> Result<Vec<MessageRow>, StoreError> {
    conn.fetch_all(
        select!("WHERE renderer < $1 AND standing = 'present' LIMIT $2"),
        args![renderer, limit],
    )
    .await?
    .iter()
    .map(message)
    .collect()
}
