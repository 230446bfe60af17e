//! What is looked at beside the rows of conversations, for several conversations in one trip.

use em2_model::conversation::Slot;
use em2_model::record::{Record, Verified};
use em2_model::step::Standing;
use em2_model::{CommitKey, ConversationKey, Nonce};

use crate::store::conn::{Conn, Tx};
use crate::store::error::StoreError;
use crate::store::users::UserId;
use crate::store::value::args;
use crate::store::{actions, pending, standings};

/// What is asked of one conversation.
#[derive(Debug, Clone)]
pub struct Asked {
    pub conv: ConversationKey,
    /// The slots whose commits are wanted.
    pub commits: Vec<i64>,
    /// What may have a slot.
    pub nonces: Vec<Nonce>,
    /// How many of the actions that wait are wanted at most.
    pub pending: i64,
}

/// What is found of it.
#[derive(Debug)]
pub struct Beside {
    pub standing: Standing,
    /// In the order in which they are submitted.
    pub pending: Vec<Verified<Record>>,
    /// By slot.
    pub commits: Vec<(u64, CommitKey)>,
    pub slots: Vec<(Nonce, Slot)>,
}

/// One for each that is asked for, in their order.
pub async fn list_beside(conn: &mut Conn, asked: &[Asked]) -> Result<Vec<Beside>, StoreError> {
    let statements = asked.iter().flat_map(|asked| {
        let Asked { conv, .. } = *asked;
        [
            (standings::FIND, args![conv]),
            (pending::LIST, args![conv, asked.pending]),
            (actions::LIST_COMMITS, args![conv, asked.commits.clone()]),
            (actions::LIST_SLOTS, args![conv, asked.nonces[..]]),
        ]
    });
    let mut answers = conn.fetch_list(statements.collect()).await?.into_iter();
    let mut rows = || answers.next().unwrap_or_default();
    let beside = |_: &Asked| {
        Ok(Beside {
            standing: standings::standing(&rows())?,
            pending: rows()
                .iter()
                .map(pending::record)
                .collect::<Result<_, _>>()?,
            commits: rows()
                .iter()
                .map(actions::commit_in)
                .collect::<Result<_, _>>()?,
            slots: rows().iter().map(actions::slot).collect::<Result<_, _>>()?,
        })
    };
    asked.iter().map(beside).collect()
}

/// The commits in some slots of each of these conversations, as `list_commits` does for one.
pub async fn list_commits_of_each(
    conn: &mut Conn,
    asked: Vec<(ConversationKey, Vec<i64>)>,
) -> Result<Vec<Vec<(u64, CommitKey)>>, StoreError> {
    let statements = asked.into_iter();
    let statements = statements.map(|(conv, slots)| (actions::LIST_COMMITS, args![conv, slots]));
    let answers = conn.fetch_list(statements.collect()).await?;
    let commits = |rows: Vec<_>| rows.iter().map(actions::commit_in).collect();
    answers.into_iter().map(commits).collect()
}

/// Keeps other writers of these conversations waiting, in the order in which everybody holds them.
pub async fn hold(tx: &mut Tx, convs: &[ConversationKey]) -> Result<(), StoreError> {
    const HOLD: &str =
        "SELECT key FROM conversations WHERE key IN EACH_KEY($1) ORDER BY key LOCKING";
    tx.fetch_all(HOLD, args![convs]).await.map(|_| ())
}

/// Those with an account here who are present in one of these conversations, with the conversation.
pub async fn list_present(
    conn: &mut Conn,
    convs: &[ConversationKey],
) -> Result<Vec<(ConversationKey, UserId)>, StoreError> {
    conn.fetch_all(
        "SELECT conv, user_id FROM participants
          WHERE conv IN EACH_KEY($1) AND user_id IS NOT NULL AND removed_seq IS NULL",
        args![convs],
    )
    .await?
    .iter()
    .map(|row| Ok((row.get(0)?, row.get(1)?)))
    .collect()
}
