//! The log: records with the exact bytes that were signed.

use em2_model::action::{Action, Missing};
use em2_model::conversation::Slot;
use em2_model::record::{Commit, Record, Verified};
use em2_model::{ActionKey, CommitKey, ConversationKey, Nonce};

use crate::store::batch::Many;
use crate::store::conn::{Conn, Tx};
use crate::store::dialect::{Row, rows};
use crate::store::error::StoreError;
use crate::store::signed::{self, Signed};
use crate::store::value::args;

static INSERT: Many = Many::insert(
    "INSERT INTO actions
         (conv, seq, key, nonce, model, verb, item, signed, body, missing, commit_key, refused)",
);

/// Appends a committed record. `Conflict` if its slot, its key or its nonce is taken; `Fault` if
/// it has no commit.
pub fn insert_action(tx: &mut Tx, record: &Verified<Record>) -> Result<(), StoreError> {
    let action = record.action();
    let Some(commit) = record.commit() else {
        return Err(StoreError::Fault(
            "only a committed record has a slot".to_owned(),
        ));
    };
    tx.push_row(
        &INSERT,
        args![
            commit.conv(),
            commit.seq(),
            action.key(),
            action.header().nonce,
            action.kind().model().as_str(),
            action.kind().verb(),
            action.header().item,
            signed::packed(record)?,
            action.body_bytes().ok(),
            action.body().err().map(Missing::as_str),
            commit.key(),
            commit.refused(),
        ],
    );
    Ok(())
}

macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT conv, key, nonce, signed, body, missing FROM actions ",
            $tail
        )
    };
}

/// Puts together what was taken apart, verified before it was stored.
fn record(row: &Row) -> Result<Verified<Record>, StoreError> {
    let corrupt = |error: em2_model::Refusal| StoreError::Corrupt(error.to_string());
    let signed = Signed::read(row, 0)?;
    let body: Option<Vec<u8>> = row.get_option(4)?;
    let missing: Option<String> = row.get_option(5)?;
    let body = match (&body, missing) {
        (Some(body), _) => Ok(body.as_slice()),
        (None, Some(why)) => Err(why.parse::<Missing>().map_err(corrupt)?),
        (None, None) => return Err(StoreError::Corrupt("a body is missing".to_owned())),
    };
    let action = Action::parse(signed.header()?, body).map_err(corrupt)?;
    let commit = Commit::parse(signed.commit()?).map_err(corrupt)?;
    let commit = Some((commit, signed.commit_stamp()?));
    let record = Record::new(action, signed.stamps()?, commit).map_err(corrupt)?;
    Ok(Verified::trusted(record))
}

/// The records after slot `after` in order, at most `limit`.
pub async fn list_records_after(
    conn: &mut Conn,
    conv: ConversationKey,
    after: u64,
    limit: i64,
) -> Result<Vec<Verified<Record>>, StoreError> {
    conn.fetch_all(
        select!("WHERE conv = $1 AND seq > $2 ORDER BY seq LIMIT $3"),
        args![conv, after, limit],
    )
    .await?
    .iter()
    .map(record)
    .collect()
}

/// The newest `limit` records before slot `before`, in order.
pub async fn list_records_before(
    conn: &mut Conn,
    conv: ConversationKey,
    before: u64,
    limit: i64,
) -> Result<Vec<Verified<Record>>, StoreError> {
    let mut records: Vec<_> = conn
        .fetch_all(
            select!("WHERE conv = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3"),
            args![conv, before, limit],
        )
        .await?
        .iter()
        .map(record)
        .collect::<Result<_, _>>()?;
    records.reverse();
    Ok(records)
}

/// The records of slots `from..=to` that are not about a message or refused: what the timeline
/// tells between messages.
pub async fn list_events(
    conn: &mut Conn,
    conv: ConversationKey,
    from: u64,
    to: u64,
) -> Result<Vec<Verified<Record>>, StoreError> {
    conn.fetch_all(
        select!(
            "WHERE conv = $1 AND seq BETWEEN $2 AND $3 AND refused IS NULL
               AND model NOT IN ('message', 'attachment')
             ORDER BY seq"
        ),
        args![conv, from, to],
    )
    .await?
    .iter()
    .map(record)
    .collect()
}

/// The records that made an item what it is, its add first: the versions of a message.
pub async fn list_records_of_item(
    conn: &mut Conn,
    conv: ConversationKey,
    item: ActionKey,
) -> Result<Vec<Verified<Record>>, StoreError> {
    let [added, changed] = conn
        .fetch_each([
            (select!("WHERE key = $2 AND conv = $1"), args![conv, item]),
            (
                select!("WHERE conv = $1 AND item = $2 AND refused IS NULL ORDER BY seq"),
                args![conv, item],
            ),
        ])
        .await?;
    added.iter().chain(&changed).map(record).collect()
}

/// The record with this key, if it is in this conversation.
pub async fn find_record(
    conn: &mut Conn,
    conv: ConversationKey,
    key: ActionKey,
) -> Result<Option<Verified<Record>>, StoreError> {
    conn.fetch_optional(select!("WHERE key = $2 AND conv = $1"), args![conv, key])
        .await?
        .as_ref()
        .map(record)
        .transpose()
}

/// The record in this slot.
pub async fn find_record_at(
    conn: &mut Conn,
    conv: ConversationKey,
    seq: u64,
) -> Result<Option<Verified<Record>>, StoreError> {
    conn.fetch_optional(select!("WHERE conv = $1 AND seq = $2"), args![conv, seq])
        .await?
        .as_ref()
        .map(record)
        .transpose()
}

/// What became of the action with this nonce: another one with the same nonce gets the same
/// result and no slot. // spec §9, §10
pub async fn find_by_nonce(
    conn: &mut Conn,
    conv: ConversationKey,
    nonce: Nonce,
) -> Result<Option<Slot>, StoreError> {
    conn.fetch_optional(
        "SELECT key, seq, refused FROM actions WHERE conv = $1 AND nonce = $2",
        args![conv, nonce],
    )
    .await?
    .map(|row| {
        Ok(Slot {
            action: row.get(0)?,
            seq: row.get(1)?,
            st: row.get_option(2)?,
        })
    })
    .transpose()
}

/// The same for several nonces.
pub(in crate::store) const LIST_SLOTS: &str =
    "SELECT nonce, key, seq, refused FROM actions WHERE conv = $1 AND nonce IN EACH_KEY($2)";

pub(in crate::store) fn slot(row: &Row) -> Result<(Nonce, Slot), StoreError> {
    let slot = Slot {
        action: row.get(1)?,
        seq: row.get(2)?,
        st: row.get_option(3)?,
    };
    Ok((row.get(0)?, slot))
}

/// The slot of an action, and the conversation it is in.
pub async fn find_place(
    conn: &mut Conn,
    key: ActionKey,
) -> Result<Option<(ConversationKey, u64)>, StoreError> {
    conn.fetch_optional("SELECT conv, seq FROM actions WHERE key = $1", args![key])
        .await?
        .map(|row| Ok((row.get(0)?, row.get(1)?)))
        .transpose()
}

/// The slots of these actions in this conversation.
pub async fn list_places(
    conn: &mut Conn,
    conv: ConversationKey,
    keys: &[ActionKey],
) -> Result<Vec<(ActionKey, u64)>, StoreError> {
    conn.fetch_all(
        "SELECT key, seq FROM actions WHERE key IN EACH_KEY($2) AND COALESCE(conv, key) = $1",
        args![conv, keys],
    )
    .await?
    .iter()
    .map(|row| Ok((row.get(0)?, row.get(1)?)))
    .collect()
}

/// Drops the bodies of a message for good: of its add and of every modify. Headers stay, so that
/// the chain verifies. // spec §9, §16
pub fn drop_bodies(tx: &mut Tx, conv: ConversationKey, item: ActionKey, why: Missing) {
    tx.push(
        "UPDATE actions SET body = NULL, missing = $3 WHERE key = $2 AND conv = $1",
        args![conv, item, why],
    );
    tx.push(
        "UPDATE actions SET body = NULL, missing = $3
          WHERE conv = $1 AND item = $2 AND verb = 'modify'",
        args![conv, item, why],
    );
}

/// The body of a record from which it was withheld, or why it is missing for good.
pub fn fill_body(tx: &mut Tx, conv: ConversationKey, key: ActionKey, body: Result<&[u8], Missing>) {
    tx.push(
        "UPDATE actions SET body = $3, missing = $4
          WHERE key = $2 AND conv = $1 AND body IS NULL AND missing = 'history'",
        args![conv, key, body.ok(), body.err().map(Missing::as_str)],
    );
}

/// Drops every body before slot `seq` for good: the conversation has expired. // spec §16
pub fn drop_bodies_before(tx: &mut Tx, conv: ConversationKey, seq: u64) {
    tx.push(
        "UPDATE actions SET body = NULL, missing = $3
          WHERE conv = $1 AND seq < $2 AND body IS NOT NULL",
        args![conv, seq, Missing::Expired.as_str()],
    );
}

/// The commits in these slots, as far as they are taken.
pub async fn list_commits(
    conn: &mut Conn,
    conv: ConversationKey,
    slots: Vec<i64>,
) -> Result<Vec<(u64, CommitKey)>, StoreError> {
    let rows = conn.fetch_all(LIST_COMMITS, args![conv, slots]).await?;
    rows.iter().map(commit_in).collect()
}

pub(in crate::store) const LIST_COMMITS: &str =
    "SELECT seq, commit_key FROM actions WHERE conv = $1 AND seq IN EACH($2) ORDER BY seq";

pub(in crate::store) fn commit_in(row: &Row) -> Result<(u64, CommitKey), StoreError> {
    Ok((row.get(0)?, row.get(1)?))
}

static CONTRADICTED: Many = Many::between(
    "SELECT a.conv, a.seq FROM (",
    ") AS n JOIN actions a ON a.conv = n.column1 AND a.seq = n.column2 WHERE a.commit_key <> n.column3",
);

/// Those of these places of logs that hold another commit here.
pub async fn list_contradicted(
    conn: &mut Conn,
    places: &[(ConversationKey, u64, CommitKey)],
) -> Result<Vec<(ConversationKey, u64)>, StoreError> {
    let places = places
        .iter()
        .map(|(conv, seq, commit)| args![*conv, *seq, *commit]);
    let statements = rows(CONTRADICTED.head, CONTRADICTED.tail, places.collect());
    let answers = conn.run(statements).await?;
    let rows = answers.iter().flat_map(|answer| &answer.rows);
    rows.map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// The commit in a slot, for the locator of spec §7.
pub async fn find_commit(
    conn: &mut Conn,
    conv: ConversationKey,
    seq: u64,
) -> Result<Option<CommitKey>, StoreError> {
    conn.fetch_optional(
        "SELECT commit_key FROM actions WHERE conv = $1 AND seq = $2",
        args![conv, seq],
    )
    .await?
    .map(|row| row.get(0))
    .transpose()
}
