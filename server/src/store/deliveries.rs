//! How far each platform, and each person reached by mail, has got a conversation. // spec §15
//!
//! One row per conversation and target; what is complete costs nothing but its row.

use em2_model::{ConversationKey, Platform, Time};

use crate::store::batch::{Again, Many};
use crate::store::conn::{Conn, Tx};
use crate::store::dialect::Row;
use crate::store::error::StoreError;
use crate::store::value::args;

/// One conversation on its way to one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryRow {
    pub conv: ConversationKey,
    /// A platform's name, or the address of somebody reached by mail.
    pub target: String,
    /// The slot that the target should have.
    pub head_seq: u64,
    /// The slot that it said it has.
    pub acked_seq: u64,
    pub state: DeliveryState,
    /// Failures in a row.
    pub attempts: u64,
    /// Not before this time.
    pub next_at: Time,
    pub first_fail_at: Option<Time>,
    /// What the last failure was, for machines and for people.
    pub last_code: Option<String>,
    pub last_detail: Option<String>,
    /// Read marks up to this time were delivered too.
    pub seen_at: Time,
}

/// How a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// Under way, or done where `acked_seq` is `head_seq`.
    Active,
    /// The target refused it for good, or does not know itself: it needs a person.
    SetAside,
    /// Thirty days without success; a pull still works.
    GaveUp,
}

impl DeliveryState {
    const ALL: [Self; 3] = [Self::Active, Self::SetAside, Self::GaveUp];

    /// The word in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::SetAside => "aside",
            Self::GaveUp => "gave_up",
        }
    }

    fn parse(text: &str) -> Result<Self, StoreError> {
        let found = Self::ALL.into_iter().find(|state| state.as_str() == text);
        found.ok_or_else(|| StoreError::Corrupt(format!("{text:?} for a delivery")))
    }
}

macro_rules! columns {
    ($head:literal, $tail:literal) => {
        concat!(
            $head,
            " conv, target, head_seq, acked_seq, state, attempts, next_at, first_fail_at,
              last_code, last_detail, seen_at ",
            $tail
        )
    };
}

fn delivery(row: &Row) -> Result<DeliveryRow, StoreError> {
    Ok(DeliveryRow {
        conv: row.get(0)?,
        target: row.get(1)?,
        head_seq: row.get(2)?,
        acked_seq: row.get(3)?,
        state: DeliveryState::parse(&row.get::<String>(4)?)?,
        attempts: row.get(5)?,
        next_at: row.get(6)?,
        first_fail_at: row.get_option(7)?,
        last_code: row.get_option(8)?,
        last_detail: row.get_option(9)?,
        seen_at: row.get(10)?,
    })
}

static RAISE: Many = Many {
    head: "INSERT INTO deliveries (conv, target, head_seq, acked_seq, state, attempts, next_at)",
    tail: " ON CONFLICT (conv, target) DO UPDATE SET head_seq = excluded.head_seq",
    key: 2,
    again: Again::Replaces,
};

/// Has every target get the log up to `head_seq`, at once where nothing has failed. Written in the
/// transaction of the action.
pub fn raise_deliveries(
    tx: &mut Tx,
    conv: ConversationKey,
    targets: &[Platform],
    head_seq: u64,
    now: Time,
) {
    for target in targets {
        let state = DeliveryState::Active.as_str();
        tx.push_row(
            &RAISE,
            args![conv, target, head_seq, 0_i64, state, 0_i64, now],
        );
    }
}

/// Has every target get the messages of this platform that wait for a slot. In the rows of who does not lead, the slots
/// are the numbers of what waits.
pub fn raise_pending(tx: &mut Tx, conv: ConversationKey, targets: &[Platform], now: Time) {
    for target in targets {
        tx.push(
            "INSERT INTO deliveries (conv, target, head_seq, acked_seq, state, attempts, next_at)
             SELECT $1, $2, COALESCE(MAX(n), 0), 0, 'active', 0, $3 FROM pending WHERE conv = $1
             ON CONFLICT (conv, target) DO UPDATE SET head_seq = excluded.head_seq",
            args![conv, target, now],
        );
    }
}

/// Nothing waits for a slot any more: only the platform that leads is sent anything.
pub fn delete_deliveries_but(tx: &mut Tx, conv: ConversationKey, leader: &Platform) {
    tx.push(
        "DELETE FROM deliveries WHERE conv = $1 AND target <> $2 AND target NOT LIKE '%@%'",
        args![conv, leader],
    );
}

/// The target has the log up to `acked_seq`: its failures are forgotten, and what is left is due.
pub fn mark_delivered(tx: &mut Tx, conv: ConversationKey, target: &str, acked_seq: u64, now: Time) {
    tx.push(
        "UPDATE deliveries
            SET acked_seq = $3, state = 'active', attempts = 0, next_at = $4,
                first_fail_at = NULL, last_code = NULL, last_detail = NULL
          WHERE conv = $1 AND target = $2 AND acked_seq <= $3",
        args![conv, target, acked_seq, now],
    );
}

/// A try that had no success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Try<'a> {
    pub code: &'a str,
    pub detail: &'a str,
    pub state: DeliveryState,
    /// The attempts are counted anew from this one: it is the first refusal for good.
    pub begins: bool,
    pub at: Time,
    pub next_at: Time,
}

/// A try of one conversation had no success: it rests, or needs a person.
pub fn mark_tried(tx: &mut Tx, conv: ConversationKey, target: &str, tried: &Try<'_>) {
    tx.push(
        "INSERT INTO deliveries (conv, target, head_seq, acked_seq, attempts, state, next_at, last_code, last_detail,
                                 first_fail_at)
         VALUES ($1, $2, 0, 0, 1, $3, $4, $5, $6, $7)
         ON CONFLICT (conv, target) DO UPDATE
            SET attempts = deliveries.attempts * $8 + 1, state = excluded.state, next_at = excluded.next_at,
                last_code = excluded.last_code, last_detail = excluded.last_detail,
                first_fail_at = COALESCE(deliveries.first_fail_at, excluded.first_fail_at)",
        args![
            conv,
            target,
            tried.state.as_str(),
            tried.next_at,
            tried.code,
            tried.detail,
            tried.at,
            i64::from(!tried.begins),
        ],
    );
}

/// The target has less than it was thought to have: what follows is sent again.
pub fn lower_delivery(tx: &mut Tx, conv: ConversationKey, target: &str, acked_seq: u64) {
    tx.push(
        "UPDATE deliveries SET acked_seq = $3 WHERE conv = $1 AND target = $2 AND acked_seq > $3",
        args![conv, target, acked_seq],
    );
}

/// Read marks up to this time were delivered.
pub fn mark_seen_delivered(tx: &mut Tx, conv: ConversationKey, target: &str, seen_at: Time) {
    tx.push(
        "INSERT INTO deliveries (conv, target, head_seq, acked_seq, state, attempts, next_at, seen_at)
         VALUES ($1, $2, 0, 0, 'active', 0, 0, $3)
         ON CONFLICT (conv, target) DO UPDATE SET seen_at = excluded.seen_at",
        args![conv, target, seen_at],
    );
}

/// How a conversation stands with one target.
pub async fn find_delivery(
    conn: &mut Conn,
    conv: ConversationKey,
    target: &str,
) -> Result<Option<DeliveryRow>, StoreError> {
    conn.fetch_optional(
        columns!("SELECT", "FROM deliveries WHERE conv = $1 AND target = $2"),
        args![conv, target],
    )
    .await?
    .as_ref()
    .map(delivery)
    .transpose()
}

/// How these conversations stand with one target, in no order.
pub async fn list_deliveries_to(
    conn: &mut Conn,
    target: &str,
    convs: &[ConversationKey],
) -> Result<Vec<DeliveryRow>, StoreError> {
    let rows = conn.fetch_all(
        columns!(
            "SELECT",
            "FROM deliveries WHERE target = $1 AND conv IN EACH_KEY($2)"
        ),
        args![target, convs],
    );
    rows.await?.iter().map(delivery).collect()
}

/// How a conversation stands with every target, for the people who look at it.
pub async fn list_deliveries(
    conn: &mut Conn,
    conv: ConversationKey,
) -> Result<Vec<DeliveryRow>, StoreError> {
    let mut rows: Vec<DeliveryRow> = conn
        .fetch_all(
            columns!("SELECT", "FROM deliveries WHERE conv = $1"),
            args![conv],
        )
        .await?
        .iter()
        .map(delivery)
        .collect::<Result<_, _>>()?;
    rows.sort_by(|a, b| a.target.cmp(&b.target));
    Ok(rows)
}
