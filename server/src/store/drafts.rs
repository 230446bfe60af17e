//! Drafts: one mutable row each, without a log, until they are published.

use em2_model::refusal::Code;
use em2_model::{ActionKey, ConversationKey, DraftKey, Format, Time};

use crate::store::conn::{Conn, Tx};
use crate::store::dialect::Row;
use crate::store::error::StoreError;
use crate::store::users::UserId;
use crate::store::value::args;

/// A conversation that only its creator knows of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    pub key: DraftKey,
    pub user: UserId,
    pub subject: String,
    /// Whom it will be sent to, as typed: perhaps not yet addresses.
    pub recipients: String,
    pub format: Format,
    pub text: String,
    /// Rises by one with every change: who writes over a version that is not theirs is told.
    pub version: i64,
    pub created_at: Time,
    pub updated_at: Time,
    /// What it became.
    pub published: Option<ConversationKey>,
}

/// What can be changed in a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftContent {
    pub subject: String,
    pub recipients: String,
    pub format: Format,
    pub text: String,
}

/// Where the words of a draft were meant for that is kept from a refused action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub conv: ConversationKey,
    /// The message that they were to change.
    pub item: Option<ActionKey>,
    /// Why they were refused.
    pub code: Code,
}

fn draft(row: &Row) -> Result<Draft, StoreError> {
    Ok(Draft {
        key: row.get(0)?,
        user: row.get(1)?,
        subject: row.get(2)?,
        recipients: row.get(3)?,
        format: row.get(4)?,
        text: row.get(5)?,
        version: row.get(6)?,
        created_at: row.get(7)?,
        updated_at: row.get(8)?,
        published: row.get_option(9)?,
    })
}

/// Starts a draft at version 1. `Conflict` if the key is taken.
pub fn insert_draft(tx: &mut Tx, key: DraftKey, user: UserId, content: &DraftContent, now: Time) {
    tx.push(
        "INSERT INTO drafts
             (key, user_id, subject, recipients, format, text, version, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $7)",
        args![
            key,
            user,
            content.subject,
            content.recipients,
            content.format,
            content.text,
            now,
        ],
    );
}

/// The draft with this key, if it is this person's. One that was published says what it became.
pub async fn find_draft(
    conn: &mut Conn,
    user: UserId,
    key: DraftKey,
) -> Result<Option<Draft>, StoreError> {
    conn.fetch_optional(
        "SELECT key, user_id, subject, recipients, format, text, version, created_at, updated_at,
                published
           FROM drafts
          WHERE key = $1 AND user_id = $2",
        args![key, user],
    )
    .await?
    .as_ref()
    .map(draft)
    .transpose()
}

/// Notes of a draft what its words were meant for.
pub fn insert_kept(tx: &mut Tx, key: DraftKey, kept: &Kept) {
    tx.push(
        "INSERT INTO kept (draft, conv, item, code) VALUES ($1, $2, $3, $4)",
        args![key, kept.conv, kept.item, kept.code],
    );
}

/// What the words of a draft were meant for; nothing of one that was begun as a draft.
pub async fn find_kept(conn: &mut Conn, key: DraftKey) -> Result<Option<Kept>, StoreError> {
    let row = conn
        .fetch_optional(
            "SELECT conv, item, code FROM kept WHERE draft = $1",
            args![key],
        )
        .await?;
    let kept = |row: Row| {
        Ok(Kept {
            conv: row.get(0)?,
            item: row.get_option(1)?,
            code: row.get(2)?,
        })
    };
    row.map(kept).transpose()
}

/// A person's unpublished drafts, the last changed first; at most `limit`.
pub async fn list_drafts(
    conn: &mut Conn,
    user: UserId,
    limit: i64,
) -> Result<Vec<Draft>, StoreError> {
    conn.fetch_all(
        "SELECT key, user_id, subject, recipients, format, text, version, created_at, updated_at,
                published
           FROM drafts
          WHERE user_id = $1 AND published IS NULL
          ORDER BY updated_at DESC, key
          LIMIT $2",
        args![user, limit],
    )
    .await?
    .iter()
    .map(draft)
    .collect()
}

/// Writes a draft over `version` and answers the new one; `None` if it is no longer at that
/// version, was published, or is not there.
pub async fn update_draft(
    tx: &mut Tx,
    user: UserId,
    key: DraftKey,
    version: i64,
    content: &DraftContent,
    now: Time,
) -> Result<Option<i64>, StoreError> {
    let changed = tx
        .execute(
            "UPDATE drafts
                SET subject = $4, recipients = $5, format = $6, text = $7, version = version + 1,
                    updated_at = $8
              WHERE key = $1 AND user_id = $2 AND version = $3 AND published IS NULL",
            args![
                key,
                user,
                version,
                content.subject,
                content.recipients,
                content.format,
                content.text,
                now,
            ],
        )
        .await?;
    Ok((changed == 1).then_some(version + 1))
}

/// Notes what a draft became and throws its content away. False if it was published before.
pub async fn mark_draft_published(
    tx: &mut Tx,
    user: UserId,
    key: DraftKey,
    conversation: ConversationKey,
    now: Time,
) -> Result<bool, StoreError> {
    let changed = tx
        .execute(
            "UPDATE drafts
                SET published = $3, subject = '', recipients = '', text = '', updated_at = $4
              WHERE key = $1 AND user_id = $2 AND published IS NULL",
            args![key, user, conversation, now],
        )
        .await?;
    Ok(changed == 1)
}

/// Throws an unpublished draft away; false if there is none.
pub async fn delete_draft(tx: &mut Tx, user: UserId, key: DraftKey) -> Result<bool, StoreError> {
    let gone = tx
        .execute(
            "DELETE FROM drafts WHERE key = $1 AND user_id = $2 AND published IS NULL",
            args![key, user],
        )
        .await?;
    Ok(gone == 1)
}
