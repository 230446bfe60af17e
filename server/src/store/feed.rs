//! What each person with an account has been told of, in order: the cursor of the live socket.
//!
//! A person's counter rises by one with each thing told. It is written in the transaction of what
//! it tells, and counters are taken in the order of the users' ids, so that on PostgreSQL two
//! writers neither leave a gap behind a reader's back nor wait for each other in a circle.

use em2_model::{ConversationKey, DraftKey};

use crate::store::batch::{Again, Many};
use crate::store::conn::{Conn, Tx};
use crate::store::dialect::Row;
use crate::store::error::StoreError;
use crate::store::users::UserId;
use crate::store::value::{Kind, Value, args};

/// Something that a person is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// A slot of a conversation.
    Action { conv: ConversationKey, seq: u64 },
    /// Their own read position, moved elsewhere.
    Read { conv: ConversationKey, seq: u64 },
    /// A draft of theirs was saved.
    Draft(DraftKey),
    /// A draft of theirs was discarded, or published as `became`.
    DraftGone {
        draft: DraftKey,
        became: Option<ConversationKey>,
    },
    /// A request to them came, or was answered.
    Requests,
}

impl Told {
    /// Kind, conversation, slot and draft, as they stand in the table.
    fn columns(self) -> [Value; 4] {
        let none = (
            Value::Null(Kind::Bytes),
            Value::Null(Kind::Int),
            Value::Null(Kind::Bytes),
        );
        let key = |key: &[u8]| Value::Bytes(key.to_vec());
        let (kind, (conv, seq, draft)) = match self {
            Self::Action { conv, seq } => ("action", (key(conv.as_bytes()), int(seq), none.2)),
            Self::Read { conv, seq } => ("read", (key(conv.as_bytes()), int(seq), none.2)),
            Self::Draft(draft) => ("draft", (none.0, none.1, key(draft.as_bytes()))),
            Self::DraftGone { draft, became } => {
                let became = became.map_or(none.0, |conv| key(conv.as_bytes()));
                ("gone", (became, none.1, key(draft.as_bytes())))
            }
            Self::Requests => ("requests", none),
        };
        [Value::Text(kind.to_owned()), conv, seq, draft]
    }

    fn read(row: &Row) -> Result<Self, StoreError> {
        let kind: String = row.get(1)?;
        Ok(match kind.as_str() {
            "action" => Self::Action {
                conv: row.get(2)?,
                seq: row.get(3)?,
            },
            "read" => Self::Read {
                conv: row.get(2)?,
                seq: row.get(3)?,
            },
            "draft" => Self::Draft(row.get(4)?),
            "gone" => Self::DraftGone {
                draft: row.get(4)?,
                became: row.get_option(2)?,
            },
            "requests" => Self::Requests,
            other => return Err(StoreError::Corrupt(format!("{other:?} in the feed"))),
        })
    }
}

fn int(seq: u64) -> Value {
    crate::store::value::Bind::value(&seq)
}

/// The counters of some people in the order of their ids, held until the write ends.
pub type Heads = Vec<(UserId, u64)>;

/// The counters of those present and of some more people, held in the order in which everybody holds them. `$1` is the
/// conversations, `$2` the accounts of those persons.
pub(in crate::store) const HEADS_WITH: &str = "SELECT user_id, n FROM feed_heads
      WHERE user_id IN (SELECT user_id FROM participants
                         WHERE conv IN EACH_KEY($1) AND user_id IS NOT NULL
                           AND removed_seq IS NULL)
         OR user_id IN EACH($2)
      ORDER BY user_id LOCKING";

pub(in crate::store) fn heads(rows: &[Row]) -> Result<Heads, StoreError> {
    rows.iter()
        .map(|row| Ok((row.get(0)?, row.get(1)?)))
        .collect()
}

static RAISE: Many = Many {
    head: "UPDATE feed_heads SET n = n.column2 FROM (",
    tail: ") AS n WHERE feed_heads.user_id = n.column1",
    key: 1,
    again: Again::Replaces,
};

static INSERT: Many = Many::insert("INSERT INTO feed (user_id, n, kind, conv, seq, draft)");

/// Tells these people, whose counters are held, of something; moves their counters on and answers the new ones. Who has
/// none hears nothing.
pub fn tell_held(tx: &mut Tx, held: &mut Heads, users: &[UserId], told: Told) -> Heads {
    let mut numbers = Heads::with_capacity(users.len());
    for user in users {
        let Ok(at) = held.binary_search_by_key(user, |(user, _)| *user) else {
            continue;
        };
        let (user, n) = &mut held[at];
        *n += 1;
        tx.push_row(&RAISE, args![*user, *n]);
        let row = args![*user, *n].into_iter().chain(told.columns());
        tx.push_row(&INSERT, row.collect());
        numbers.push((*user, *n));
    }
    numbers
}

/// Adds the row of each, under the number that their counter says.
fn insert_told(tx: &mut Tx, ids: Vec<i64>, told: Told) {
    let [kind, conv, seq, draft] = told.columns();
    tx.push(
        "INSERT INTO feed (user_id, n, kind, conv, seq, draft)
         SELECT user_id, n, $2, $3, $4, $5 FROM feed_heads WHERE user_id IN EACH($1)",
        vec![Value::Ints(ids), kind, conv, seq, draft],
    );
}

/// Tells these people of something and answers the counter of each, in the order of their ids.
pub async fn tell(tx: &mut Tx, users: &[UserId], told: Told) -> Result<Heads, StoreError> {
    if users.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<i64> = users.iter().map(|user| user.as_i64()).collect();
    let raised = tx
        .fetch_all(
            "UPDATE feed_heads SET n = n + 1
              WHERE user_id IN (SELECT user_id FROM feed_heads
                                 WHERE user_id IN EACH($1) ORDER BY user_id LOCKING)
             RETURNING user_id, n",
            args![ids],
        )
        .await?;
    let mut numbers = heads(&raised)?;
    numbers.sort_unstable();
    insert_told(tx, ids, told);
    Ok(numbers)
}

pub(in crate::store) const FIND_COUNTER: &str = "SELECT n FROM feed_heads WHERE user_id = $1";

/// A person's counter now.
pub async fn find_counter(conn: &mut Conn, user: UserId) -> Result<u64, StoreError> {
    conn.fetch_optional(FIND_COUNTER, args![user])
        .await?
        .ok_or(StoreError::Missing("user"))?
        .get(0)
}

/// What a person missed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missed {
    /// Everything after `since` in order, at most as many as asked for.
    Told(Vec<(u64, Told)>),
    /// It goes back further than the feed does, or the cursor is from another life: load the pages
    /// again.
    Resync,
}

/// What a person was told after `since`, at most `limit` things.
pub async fn list_feed(
    conn: &mut Conn,
    user: UserId,
    since: u64,
    limit: i64,
) -> Result<Missed, StoreError> {
    let [bounds, rows] = conn
        .fetch_each([
            (
                "SELECT n, pruned FROM feed_heads WHERE user_id = $1",
                args![user],
            ),
            (
                "SELECT n, kind, conv, seq, draft FROM feed
                  WHERE user_id = $1 AND n > $2 ORDER BY n LIMIT $3",
                args![user, since, limit],
            ),
        ])
        .await?;
    let bounds = bounds.first().ok_or(StoreError::Missing("user"))?;
    let (n, pruned): (u64, u64) = (bounds.get(0)?, bounds.get(1)?);
    if since < pruned || since > n {
        return Ok(Missed::Resync);
    }
    let told = rows.iter().map(|row| Ok((row.get(0)?, Told::read(row)?)));
    Ok(Missed::Told(told.collect::<Result<_, StoreError>>()?))
}

/// Keeps the newest `keep` rows of every feed; who is further behind is told to resynchronise.
/// Answers how many rows went.
pub async fn prune_feed(tx: &mut Tx, keep: u64) -> Result<u64, StoreError> {
    tx.push(
        "UPDATE feed_heads SET pruned = n - $1
          WHERE user_id IN (SELECT user_id FROM feed_heads
                             WHERE n - $1 > pruned ORDER BY user_id LOCKING)",
        args![keep],
    );
    tx.execute(
        "DELETE FROM feed
          WHERE (user_id, n) IN (SELECT f.user_id, f.n
                                   FROM feed_heads h
                                   JOIN feed f ON f.user_id = h.user_id AND f.n <= h.pruned)",
        args![],
    )
    .await
}
