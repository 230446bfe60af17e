//! Who takes part or took part, and the place of a conversation in each person's list.

use em2_model::wire::foreign::SeenMark;
use em2_model::{ActionKey, Address, CommitKey, ConversationKey, History, Platform, Role, Time};

use crate::store::batch::{Again, Many};
use crate::store::conn::{Conn, Tx};
use crate::store::dialect::Row;
use crate::store::error::StoreError;
use crate::store::feed::Heads;
use crate::store::list::Frozen;
use crate::store::search::show_words;
use crate::store::users::UserId;
use crate::store::value::{args, from_json, json};

/// One `participant.add`, or the creator by publishing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParticipantRow {
    pub conv: ConversationKey,
    /// The key of the add; of the creator the conversation key.
    pub item: ActionKey,
    pub address: Address,
    pub name: String,
    pub role: Role,
    /// Absent: reached by mail.
    pub platform: Option<Platform>,
    pub history: History,
    /// What was added in this slot or later is theirs to see.
    pub since_seq: u64,
    pub added_seq: u64,
    /// The slot of the removal; nothing from there on is theirs to see.
    pub removed_seq: Option<u64>,
    /// How far they say that they have read, and when they said so; 0 if they never did.
    pub seen_seq: u64,
    pub seen_at: Time,
    /// The account, of somebody here who has it in their list: nobody's while it is a request.
    pub user: Option<UserId>,
    /// How far they have read; theirs alone to know.
    pub read_seq: u64,
    /// The newest slot by somebody else that makes the conversation unread.
    pub news_seq: u64,
    /// The time by which the list is ordered.
    pub last_at: Time,
    /// They have written a message.
    pub wrote: bool,
}

impl ParticipantRow {
    /// Whether they take part now.
    pub fn is_present(&self) -> bool {
        self.removed_seq.is_none()
    }

    /// Whether what slot `seq` said about an item added in slot `added` is theirs to see.
    pub fn sees(&self, added: u64, seq: u64) -> bool {
        added >= self.since_seq && self.removed_seq.is_none_or(|removed| seq <= removed)
    }
}

macro_rules! select {
    ($tail:literal) => {
        select!("" "participants " $tail)
    };
    ($more:literal $($tail:literal)+) => {
        concat!(
            "SELECT conv, item, address, name, role, platform, history, from_key, since_seq,
                    added_seq, removed_seq, seen_seq, seen_at, user_id, read_seq, news_seq,
                    last_at, wrote",
            $more,
            " FROM ",
            $($tail),+
        )
    };
}

/// `$1` is the conversation.
pub(in crate::store) const LIST: &str = select!("WHERE conv = $1 ORDER BY added_seq, item");

/// `$1` is the conversations.
pub(in crate::store) const LIST_HERE: &str =
    select!("WHERE conv IN EACH_KEY($1) AND user_id IS NOT NULL ORDER BY user_id");

/// The same with the feed counter of each, which is held. `$1` is the conversations.
pub(in crate::store) const LIST_HERE_HELD: &str = select!(", n" "participants p JOIN feed_heads h USING (user_id) WHERE conv IN EACH_KEY($1) ORDER BY user_id LOCKING");

/// What [`LIST_HERE_HELD`] answers: the people, and the counters of those present, each once.
pub(in crate::store) fn held(rows: &[Row]) -> Result<(Vec<ParticipantRow>, Heads), StoreError> {
    let mut heads = Heads::new();
    let mut here = Vec::with_capacity(rows.len());
    for row in rows {
        let person = participant(row)?;
        if let Some(user) = person.user.filter(|_| person.is_present())
            && heads.last().is_none_or(|(last, _)| *last != user)
        {
            heads.push((user, row.get(18)?));
        }
        here.push(person);
    }
    Ok((here, heads))
}

pub(in crate::store) fn participant(row: &Row) -> Result<ParticipantRow, StoreError> {
    let scope: String = row.get(6)?;
    Ok(ParticipantRow {
        conv: row.get(0)?,
        item: row.get(1)?,
        address: row.get(2)?,
        name: row.get(3)?,
        role: row.get(4)?,
        platform: row.get_option(5)?,
        history: History::parse(&scope, row.get_option(7)?)
            .map_err(|_| StoreError::Corrupt(format!("{scope:?} for a history")))?,
        since_seq: row.get(8)?,
        added_seq: row.get(9)?,
        removed_seq: row.get_option(10)?,
        seen_seq: row.get(11)?,
        seen_at: row.get(12)?,
        user: row.get_option(13)?,
        read_seq: row.get(14)?,
        news_seq: row.get(15)?,
        last_at: row.get(16)?,
        wrote: row.get(17)?,
    })
}

static INSERT: Many = Many::insert(
    "INSERT INTO participants
         (conv, item, address, name, role, platform, history, from_key, since_seq, added_seq,
          removed_seq, seen_seq, seen_at, user_id, read_seq, news_seq, last_at, wrote)",
);

/// Adds participants. Somebody who was removed and comes back has the conversation in their list
/// once: the row of the time before gives its place to the new one.
pub fn insert_participants(tx: &mut Tx, rows: &[ParticipantRow]) {
    let Some(first) = rows.first() else { return };
    let users: Vec<i64> = rows
        .iter()
        .filter_map(|row| row.user)
        .map(UserId::as_i64)
        .collect();
    if first.added_seq > 1 && !users.is_empty() {
        tx.push(
            "UPDATE participants SET user_id = NULL
              WHERE conv = $1 AND removed_seq IS NOT NULL AND user_id IN EACH($2)",
            args![first.conv, users.clone()],
        );
    }
    let values = rows.iter().map(|row| {
        args![
            row.conv,
            row.item,
            row.address,
            row.name,
            row.role,
            row.platform,
            row.history.scope(),
            row.history.from_message(),
            row.since_seq,
            row.added_seq,
            row.removed_seq,
            row.seen_seq,
            row.seen_at,
            row.user,
            row.read_seq,
            row.news_seq,
            row.last_at,
            row.wrote,
        ]
    });
    values.for_each(|row| tx.push_row(&INSERT, row));
    if first.added_seq > 1 && !users.is_empty() {
        show_words(tx, first.conv, users);
    }
}

/// What `participant.modify` may change.
pub fn update_participant(
    tx: &mut Tx,
    conv: ConversationKey,
    item: ActionKey,
    role: Role,
    platform: Option<&Platform>,
) {
    tx.push(
        "UPDATE participants SET role = $3, platform = $4 WHERE conv = $1 AND item = $2",
        args![conv, item, role, platform],
    );
}

/// Removes a participant as of slot `seq`. `frozen` is the row of their list as it stays.
// spec §16
pub fn mark_removed(
    tx: &mut Tx,
    conv: ConversationKey,
    item: ActionKey,
    seq: u64,
    frozen: Option<&Frozen>,
) {
    tx.push(
        "UPDATE participants SET removed_seq = $3, frozen = $4 WHERE conv = $1 AND item = $2",
        args![conv, item, seq, frozen.map(json)],
    );
}

/// Blanks the preview in the rows that removed people keep, where it is of the message in slot
/// `seq`, or whatever it is of: the bytes are deleted for everybody. // spec §16
pub async fn blank_frozen(
    tx: &mut Tx,
    conv: ConversationKey,
    seq: Option<u64>,
) -> Result<(), StoreError> {
    let rows = tx
        .fetch_all(
            "SELECT item, frozen FROM participants WHERE conv = $1 AND frozen IS NOT NULL",
            args![conv],
        )
        .await?;
    for row in &rows {
        let mut frozen: Frozen = from_json(&row.get::<String>(1)?)?;
        if seq.is_some_and(|seq| seq != frozen.face.preview_seq) {
            continue;
        }
        frozen.face.preview.clear();
        tx.push(
            "UPDATE participants SET frozen = $3 WHERE conv = $1 AND item = $2",
            args![conv, row.get::<ActionKey>(0)?, json(&frozen)],
        );
    }
    Ok(())
}

/// Everybody who takes or took part, in the order in which they were added.
pub async fn list_participants(
    conn: &mut Conn,
    conv: ConversationKey,
) -> Result<Vec<ParticipantRow>, StoreError> {
    conn.fetch_all(LIST, args![conv])
        .await?
        .iter()
        .map(participant)
        .collect()
}

/// Those with an account here, in the order of their ids.
pub async fn list_participants_here(
    conn: &mut Conn,
    conv: ConversationKey,
) -> Result<Vec<ParticipantRow>, StoreError> {
    conn.fetch_all(LIST_HERE, args![[conv][..]])
        .await?
        .iter()
        .map(participant)
        .collect()
}

/// This person's participation, present or ended.
pub async fn find_participant(
    conn: &mut Conn,
    conv: ConversationKey,
    user: UserId,
) -> Result<Option<ParticipantRow>, StoreError> {
    conn.fetch_optional(
        select!("WHERE conv = $1 AND user_id = $2"),
        args![conv, user],
    )
    .await?
    .as_ref()
    .map(participant)
    .transpose()
}

/// What an action does to the lists of the people here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Touch {
    /// When, by the leader's clock.
    pub at: Time,
    /// Its slot.
    pub seq: u64,
    /// It makes the conversation unread for those who did not do it.
    pub notable: bool,
    /// It adds a message.
    pub writes: bool,
}

static TOUCH: Many = Many {
    head: "UPDATE participants
              SET last_at = n.column3,
                  news_seq = CASE WHEN n.column5 AND participants.address <> n.column2
                                  THEN n.column4 ELSE participants.news_seq END,
                  wrote = participants.wrote OR (n.column6 AND participants.address = n.column2)
             FROM (",
    tail: ") AS n
            WHERE participants.conv = n.column1 AND participants.user_id IS NOT NULL
              AND participants.removed_seq IS NULL",
    key: 1,
    again: Again::Follows,
};

/// Brings the lists of the people present up to date. Nothing becomes unread by one's own doing.
pub fn touch_lists(tx: &mut Tx, conv: ConversationKey, by: Option<&Address>, touch: Touch) {
    tx.push_row(
        &TOUCH,
        args![
            conv,
            by.map_or("", Address::as_str),
            touch.at,
            touch.seq,
            touch.notable,
            touch.writes,
        ],
    );
}

/// Moves a person's read position; it only rises. False if it was there already.
pub async fn mark_read(
    tx: &mut Tx,
    conv: ConversationKey,
    user: UserId,
    seq: u64,
) -> Result<bool, StoreError> {
    let moved = tx
        .execute(
            "UPDATE participants SET read_seq = $3
              WHERE conv = $1 AND user_id = $2 AND read_seq < $3",
            args![conv, user, seq],
        )
        .await?;
    Ok(moved > 0)
}

/// Moves a person's read position, and while they are present says so to the others: both only
/// rise. // spec §9
pub fn raise_read(tx: &mut Tx, conv: ConversationKey, user: UserId, seq: u64, now: Time) {
    tx.push(
        "UPDATE participants
            SET read_seq = $3,
                seen_at = CASE WHEN removed_seq IS NULL THEN $4 ELSE seen_at END,
                seen_seq = CASE WHEN removed_seq IS NULL THEN $3 ELSE seen_seq END
          WHERE conv = $1 AND user_id = $2 AND read_seq < $3",
        args![conv, user, seq, now],
    );
}

/// Takes a read notification: the highest slot of a participant wins, one for a slot that is not
/// in the log is ignored. False if it changed nothing. // spec §7, §9
pub async fn mark_seen(
    tx: &mut Tx,
    conv: ConversationKey,
    address: &Address,
    commit: CommitKey,
    seq: u64,
    at: Time,
) -> Result<bool, StoreError> {
    let moved = tx
        .execute(
            "UPDATE participants SET seen_seq = $3, seen_at = $5
              WHERE conv = $1 AND address = $2 AND removed_seq IS NULL AND seen_seq < $3
                AND EXISTS (SELECT 1 FROM actions
                             WHERE conv = $1 AND seq = $3 AND commit_key = $4)",
            args![conv, address, seq, commit, at],
        )
        .await?;
    Ok(moved > 0)
}

/// What those present say that they have read since this time, the oldest said first. // spec §7
pub async fn list_marks(
    conn: &mut Conn,
    conv: ConversationKey,
    since: Time,
    limit: i64,
) -> Result<Vec<SeenMark>, StoreError> {
    conn.fetch_all(
        "SELECT p.address, p.seen_at, a.commit_key, p.seen_seq
           FROM participants p JOIN actions a ON a.conv = p.conv AND a.seq = p.seen_seq
          WHERE p.conv = $1 AND p.removed_seq IS NULL AND p.seen_at > $2
          ORDER BY p.seen_at LIMIT $3",
        args![conv, since, limit],
    )
    .await?
    .iter()
    .map(|row| {
        Ok(SeenMark {
            actor: row.get(0)?,
            at: row.get(1)?,
            commit: row.get(2)?,
            seq: row.get(3)?,
        })
    })
    .collect()
}
