//! A branch that was left: its commits are kept, its rows are not. // spec §14

use em2_model::{ActionKey, ConversationKey, Time};

use crate::store::conn::Tx;
use crate::store::error::StoreError;
use crate::store::evidence::Signed;
use crate::store::search::{erase_messages, erase_words};
use crate::store::value::{args, json};

/// Keeps commits that are about to be undone.
pub fn insert_undone(tx: &mut Tx, undone: &[Signed], now: Time) {
    for signed in undone {
        tx.push(
            "INSERT INTO undone (conv, commit_key, seq, commit_raw, commit_by, header, stamps, undone_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (conv, commit_key) DO NOTHING",
            args![
                signed.commit.conv(),
                signed.commit.key(),
                signed.commit.seq(),
                signed.commit.bytes(),
                json(&signed.by),
                signed.header.as_slice(),
                json(&signed.stamps),
                now,
            ],
        );
    }
}

/// Takes everything after slot `to` out of the log, and all rows that pages are made of, for them to be made again.
pub async fn erase_after(tx: &mut Tx, conv: ConversationKey, to: u64) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM actions WHERE conv = $1 AND seq > $2",
        args![conv, to],
    )
    .await?;
    tx.execute("DELETE FROM messages WHERE conv = $1", args![conv])
        .await?;
    tx.execute("DELETE FROM participants WHERE conv = $1", args![conv])
        .await?;
    erase_messages(tx, conv);
    erase_words(tx, conv, 0);
    Ok(())
}

/// How far somebody had read, in rows that were made again: no further than the log goes.
pub fn restore_reading(
    tx: &mut Tx,
    conv: ConversationKey,
    item: ActionKey,
    (read_seq, seen_seq): (u64, u64),
    seen_at: Time,
) {
    tx.push(
        "UPDATE participants SET read_seq = $3, seen_seq = $4, seen_at = $5 WHERE conv = $1 AND item = $2",
        args![conv, item, read_seq, seen_seq, seen_at],
    );
}
