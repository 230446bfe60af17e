//! One platform's side of one conversation: what it does with each input, without I/O, clock or
//! randomness, so that it can be simulated by the thousand. // spec §0.6, §10, §12, §14, §15
//!
//! ```text
//!                 Submit (own people)          Received (other platforms)
//!                        │                              │
//!                        ▼                              ▼
//!    leading ──▶ sequence: a slot each    commits ──▶ follow: link, apply, roll back
//!  following ──▶ pending, submitted       asks, answers ──▶ push, fetch, leave off
//!                        │                              │
//!                        └───── the log is written ─────┘
//!                                       │
//!                         outputs: what to send, whom to tell
//! ```
//!
//! The driver runs a step, makes the log and the state durable in one transaction, and only then
//! carries out the outputs: what is told is saved.

mod follow;
mod lead;
mod peer;
mod recover;
#[cfg(test)]
mod simulator;
mod standing;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::address::Platform;
use crate::conversation::{Change, Conversation};
use crate::id::{ActionKey, CommitKey, Time};
use crate::record::{Record, Verified};
use crate::refusal::Code;
use crate::sign::PlatformKey;
use peer::Peer;
pub use standing::Standing;
use standing::Stranded;

/// A record as it is kept and sent: verified once, shared from then on.
pub type Kept = Arc<Verified<Record>>;

/// How many records one message carries. // spec §7
const BATCH: u64 = 100;
/// How long a restored leader waits for the heads of its peers, in milliseconds. // spec §14
const ASK: i64 = 10_000;

/// How far after our clock an epoch may lie that is only heard of, in milliseconds: a year.
const EPOCH_AHEAD: i64 = 366 * 24 * 60 * 60 * 1000;

/// The log of one conversation as the driver stores it. Positions begin at 1.
pub trait Log {
    /// The record in this slot.
    fn record(&self, seq: u64) -> Option<Kept>;
    /// Puts a record into the slot after the last.
    fn append(&mut self, record: Kept);
    /// Takes off everything after slot `to`, oldest first; the driver keeps it as evidence.
    fn truncate(&mut self, to: u64) -> Vec<Kept>;

    /// The commit in this slot.
    fn commit_key(&self, seq: u64) -> Option<CommitKey> {
        self.record(seq)?.commit().map(|commit| commit.key())
    }
}

/// Which commits a platform has: newest first, head, head−1, −2, −4, −8 … 1. // spec §7
pub type Locator = Vec<(u64, CommitKey)>;

/// How often every platform compares heads with the leader, in milliseconds. // spec §15
const COMPARE: i64 = 24 * 60 * 60 * 1000;

/// What one platform says to another about one conversation.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// To the leader: actions that want a slot.
    Submit { records: Vec<Kept> },
    /// Commits, ascending and without a gap, and the epoch in which the sender commits: 0 where it
    /// does not lead.
    Commits { records: Vec<Kept>, epoch: u64 },
    /// What the sender has, and what became of what was submitted.
    Answer {
        have: Locator,
        epoch: u64,
        results: Vec<(ActionKey, Outcome)>,
    },
    /// What the sender has; wants an [`Message::Answer`].
    Ask { have: Locator, epoch: u64 },
    /// Wants the commits after this slot.
    Fetch { after: u64 },
}

/// What became of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It has a slot, and `refused` tells whether the rules refused it there.
    Sequenced { seq: u64, refused: Option<Code> },
    /// It gets no slot: the author keeps the text.
    Rejected(Code),
    /// It is kept and not confirmed yet.
    Pending,
}

/// What happens to a platform.
#[derive(Clone, Debug)]
pub enum Input {
    /// One of its own people acts; the record is signed by this platform and has no commit.
    Submit(Kept),
    /// Another platform says something; its signature was checked.
    Received { from: Platform, message: Message },
    /// Time has passed.
    Tick,
    /// The process begins. `restored` where the [`Mark`] kept outside the database is not that of
    /// the state in it. // spec §14
    Start { restored: bool },
}

/// What is to be done once log and state are durable.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    Send {
        to: Platform,
        message: Message,
    },
    /// The author learns what became of the action.
    Tell {
        key: ActionKey,
        outcome: Outcome,
    },
    /// A record was folded in, and what it changed: project it, and tell this platform's people.
    Applied(Kept, Arc<Change>),
    /// Slots after `to` were undone; their actions are pending again.
    RolledBack {
        to: u64,
    },
    /// For the operator: the leader wrote two histories, or decided otherwise than the rules.
    Alarm {
        seq: u64,
        code: Code,
    },
}

/// The head, and the epoch in which this platform commits: kept outside the database after every
/// step, so that an old backup is known for one. // spec §14
pub type Mark = (CommitKey, u64);

/// One platform's side of one conversation. All of it is durable.
#[derive(Clone, Debug)]
pub struct State {
    key: PlatformKey,
    conversation: Option<Conversation>,
    /// Actions without a slot, in the order in which they are submitted.
    pending: Vec<Kept>,
    peers: BTreeMap<Platform, Peer>,
    standing: Standing,
    /// When heads are compared next.
    compare_at: Option<Time>,
}

impl State {
    /// A platform that knows nothing of the conversation yet.
    pub fn new(key: PlatformKey) -> State {
        State {
            key,
            conversation: None,
            pending: Vec::new(),
            peers: BTreeMap::new(),
            standing: Standing::default(),
            compare_at: None,
        }
    }

    /// The conversation at its head, once it is known.
    pub fn conversation(&self) -> Option<&Conversation> {
        self.conversation.as_ref()
    }

    /// The same, for the driver to load what the next input touches.
    pub fn conversation_mut(&mut self) -> Option<&mut Conversation> {
        self.conversation.as_mut()
    }

    /// Actions that have no slot yet, oldest first.
    pub fn pending(&self) -> &[Kept] {
        &self.pending
    }

    /// Whether a restored leader still asks its peers before it sequences.
    pub fn is_asking(&self) -> bool {
        self.standing.asking_until.is_some()
    }

    /// What is to be kept outside the database now; `None` leaves what is there, because the
    /// conversation is not known yet or a restored leader still asks.
    pub fn mark(&self) -> Option<Mark> {
        let held = self.conversation.as_ref()?;
        (!self.is_asking()).then_some((held.core().head, self.standing.epoch))
    }

    /// The newest slot that this platform is known to have, as far as it was heard since the state was resumed.
    pub fn acked(&self, peer: &Platform) -> u64 {
        self.peers.get(peer).map_or(0, |peer| peer.acked)
    }

    fn me(&self) -> &Platform {
        &self.key.platform
    }

    fn head(&self) -> u64 {
        self.conversation.as_ref().map_or(0, |held| held.core().seq)
    }

    fn leader(&self) -> Option<&Platform> {
        self.conversation.as_ref().map(|held| &held.core().leader)
    }

    /// Whether this platform gives out slots now.
    fn leads(&self) -> bool {
        self.leader() == Some(self.me()) && !self.is_asking()
    }

    /// The epoch of the last commit that it holds.
    fn epoch_held(&self) -> u64 {
        self.conversation
            .as_ref()
            .map_or(0, |held| held.core().epoch)
    }

    /// The highest epoch that it knows of, by its own doing, by commits, or by hearsay.
    fn epoch_known(&self) -> u64 {
        let told = self.standing.epoch_heard.max(self.standing.epoch_led);
        self.standing.epoch.max(self.epoch_held()).max(told)
    }
}

/// One input, and what follows from it.
pub fn step(state: &mut State, log: &mut dyn Log, input: Input, now: Time) -> Vec<Output> {
    let mut out = Vec::new();
    match input {
        Input::Submit(record) => lead::submitted(state, log, record, now, &mut out),
        Input::Received { from, message } => received(state, log, from, message, now, &mut out),
        Input::Tick => recover::compare(state, log, now, &mut out),
        Input::Start { restored } => recover::start(state, log, restored, now, &mut out),
    }
    recover::finish_asking(state, log, now, &mut out);
    lead::push(state, log, now, &mut out);
    recover::ask_the_silent(state, log, now, &mut out);
    follow::submit_pending(state, log, now, &mut out);
    out
}

fn received(
    state: &mut State,
    log: &mut dyn Log,
    from: Platform,
    message: Message,
    now: Time,
    out: &mut Vec<Output>,
) {
    match message {
        Message::Submit { records } => {
            let results = lead::foreign_submission(state, log, records, now, out);
            answer(state, log, from, results, out);
        }
        Message::Commits { records, epoch } => {
            let by_leader = state.leader() == Some(&from);
            let led = if by_leader {
                recover::believed(epoch, now)
            } else {
                0
            };
            let before = state.head();
            follow::commits(state, log, records, led, out);
            if !state.is_asking() {
                answer(state, log, from, Vec::new(), out);
            } else if state.head() > before {
                // There may be more. What brought nothing is not asked for again at once: of a branch that was left it
                // would come again and again.
                recover::ask(state, log, from, out);
            }
        }
        Message::Answer {
            have,
            epoch,
            results,
        } => {
            let epoch = recover::believed(epoch, now);
            follow::results(state, log, &from, (&have, epoch), results, now, out);
            recover::told(state, log, from, &have, epoch, now, out);
        }
        Message::Ask { have, epoch } => {
            let epoch = recover::believed(epoch, now);
            answer(state, log, from.clone(), Vec::new(), out);
            recover::told(state, log, from, &have, epoch, now, out);
        }
        Message::Fetch { after } => {
            let message = commits(state, log, after, state.head());
            out.push(Output::Send { to: from, message });
        }
    }
}

fn answer(
    state: &State,
    log: &dyn Log,
    to: Platform,
    results: Vec<(ActionKey, Outcome)>,
    out: &mut Vec<Output>,
) {
    let message = Message::Answer {
        have: locator(log, state.head()),
        epoch: state.epoch_known(),
        results,
    };
    out.push(Output::Send { to, message });
}

/// What is in the slots after `after`, up to slot `upto`, at most a message full.
fn commits(state: &State, log: &dyn Log, after: u64, upto: u64) -> Message {
    let leads = state.leads();
    Message::Commits {
        records: batch(log, after, upto),
        epoch: if leads {
            state.standing.epoch.max(state.epoch_held())
        } else {
            0
        },
    }
}

/// The records after slot `after`, up to slot `upto`, at most a message full.
fn batch(log: &dyn Log, after: u64, upto: u64) -> Vec<Kept> {
    let last = upto.min(after.saturating_add(BATCH));
    (after.saturating_add(1)..=last)
        .map_while(|seq| log.record(seq))
        .collect()
}

/// Head, head−1, −2, −4, −8 … 1.
fn locator(log: &dyn Log, head: u64) -> Locator {
    let mut slots = Vec::new();
    let mut back = 0;
    while back < head {
        slots.push(head - back);
        back = if back == 0 { 1 } else { back * 2 };
    }
    if head > 0 && slots.last() != Some(&1) {
        slots.push(1);
    }
    let entry = |seq: u64| log.commit_key(seq).map(|key| (seq, key));
    slots.into_iter().filter_map(entry).collect()
}

/// The newest slot of `have` that holds the same commit here; 0 where there is none.
fn common(log: &dyn Log, have: &[(u64, CommitKey)]) -> u64 {
    let same = |entry: &&(u64, CommitKey)| log.commit_key(entry.0) == Some(entry.1);
    have.iter().find(same).map_or(0, |(seq, _)| *seq)
}
