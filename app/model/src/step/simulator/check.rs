//! What must be true of every history in the end.

use std::collections::BTreeSet;
use std::fmt;

use super::world::{Told, World};
use crate::conversation::Conversation;
use crate::id::{ActionKey, CommitKey, Nonce, StateHash, Time};
use crate::record::Record;
use crate::refusal::Code;
use crate::step::{Input, Message, Outcome};

/// What was found to be wrong.
pub(super) enum Failure {
    /// A platform disputed a commit, or saw two histories.
    Alarm { seq: u64, code: Code },
    /// The rules refused something, and it took no slot.
    NoSlot(Code),
    /// Two platforms that take part ended on different heads or states.
    Apart {
        one: (u64, CommitKey),
        other: (u64, CommitKey),
    },
    /// The log, read again by the unbroken rules, makes another state or a dispute.
    Refold { seq: u64, code: Code },
    /// The bytes of a record do not read as it, or its signatures do not count.
    Unsigned(u64),
    /// One nonce has two slots.
    TwoSlots(Nonce),
    /// Somebody was told that it is kept, and it is not in the log.
    Lost(ActionKey),
    /// They never came to an end of sending.
    Unsettled,
    /// Something was still pending when everything had settled.
    StillPending(ActionKey),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Alarm { seq, code } => write!(f, "{code:?} was alarmed in slot {seq}"),
            Failure::NoSlot(code) => write!(f, "what was refused with {code:?} has no slot"),
            Failure::Apart { one, other } => {
                write!(f, "they end apart: in {one:?} and in {other:?}")
            }
            Failure::Refold { seq, code } => {
                write!(f, "read again, the log is wrong in slot {seq}: {code:?}")
            }
            Failure::Unsigned(seq) => write!(f, "the record in slot {seq} is not signed"),
            Failure::TwoSlots(nonce) => write!(f, "the nonce {nonce:?} has two slots"),
            Failure::Lost(key) => write!(f, "the acknowledged action {key} is lost"),
            Failure::Unsettled => write!(f, "they send for ever"),
            Failure::StillPending(key) => write!(f, "the action {key} is still pending"),
        }
    }
}

/// In one of so many runs the final log is read from its bytes, and every signature verified.
const SIGNED_EVERY: u64 = 25;

/// Every kind of fault and every refusal that a run can meet.
pub(super) const MUST_HAPPEN: &[&str] = &[
    "fault: lost",
    "fault: twice",
    "fault: out of order",
    "fault: cut off",
    "fault: partition",
    "fault: outage",
    "fault: crash before durable",
    "fault: crash after durable",
    "fault: leader restored",
    "fault: follower restored",
    "fault: sent to the wrong platform",
    "fault: nonsense",
    "nonce used again",
    "rolled back",
    "slot: done",
    "slot: forbidden",
    "slot: conflict",
    "slot: locked",
    "no slot: forbidden",
    "no slot: removed",
    "no slot: not a participant",
    "no slot: expired",
    "no slot: too big",
    "answer: another leads",
    "answer: down",
    "answer: no such conversation",
    "answer: gap",
];

/// Refusals that take a slot. // spec §8
pub(super) fn slot_name(code: Code) -> &'static str {
    match code {
        Code::Forbidden => "slot: forbidden",
        Code::Conflict => "slot: conflict",
        Code::Locked => "slot: locked",
        _ => "slot: another",
    }
}

/// Refusals that take none; the others must. `own`: the platform signed for one of its own.
pub(super) fn rejection_name(code: Code, own: bool) -> Option<&'static str> {
    Some(match code {
        Code::Forbidden if !own => "no slot: forbidden",
        Code::Removed => "no slot: removed",
        Code::NotParticipant => "no slot: not a participant",
        Code::Expired => "no slot: expired",
        Code::TooBig => "no slot: too big",
        _ => return None,
    })
}

/// What tells the sender to go elsewhere, or to come again.
pub(super) fn answer_name(outcome: Outcome) -> Option<&'static str> {
    match outcome {
        Outcome::Rejected(Code::Leader) => Some("answer: another leads"),
        Outcome::Rejected(Code::Down) => Some("answer: down"),
        Outcome::Rejected(Code::NoConv) => Some("answer: no such conversation"),
        _ => None,
    }
}

/// Whether commits begin later than a log of this length ends.
pub(super) fn leaves_a_gap(input: &Input, length: usize) -> bool {
    let Input::Received {
        message: Message::Commits { records, .. },
        ..
    } = input
    else {
        return false;
    };
    let first = records.first().and_then(|record| record.commit());
    first.is_some_and(|commit| commit.seq() > length as u64 + 1)
}

/// Reads the whole history after everything has settled, with no rule broken.
pub(super) fn history(world: &World) -> Result<(), Failure> {
    together(world)?;
    let (strict, nonces) = refold(world)?;
    let live = world.nodes[0].state.conversation().map(|held| held.core());
    let hash =
        |core: Option<&crate::conversation::Core>| core.and_then(|core| core.state_hash().ok());
    if hash(Some(strict.core())) != hash(live) {
        return Err(Failure::Refold {
            seq: strict.core().seq,
            code: Code::Hash,
        });
    }
    for node in &world.nodes {
        if let Some(record) = node.state.pending().first() {
            return Err(Failure::StillPending(record.action().key()));
        }
    }
    match world
        .told
        .iter()
        .find(|(_, told)| !nonces.contains(&told.nonce) && told.is_lost(world))
    {
        Some((key, _)) => Err(Failure::Lost(*key)),
        None => Ok(()),
    }
}

impl Told {
    /// Whether somebody counts on what has no slot, though a disk held it. Where two actions have one
    /// nonce, the second was promised what becomes of the first: a rejection as well.
    fn is_lost(&self, world: &World) -> bool {
        let rejected = |told: &Told| matches!(told.outcome, Outcome::Rejected(_));
        let mut same = world.told.values().filter(|told| told.nonce == self.nonce);
        !self.lost_with_its_disks && !same.any(rejected)
    }
}

/// All who take part have one head and one state.
fn together(world: &World) -> Result<(), Failure> {
    let end = |node: usize| -> Option<(u64, CommitKey, StateHash)> {
        let core = world.nodes[node].state.conversation()?.core();
        Some((core.seq, core.head, core.state_hash().ok()?))
    };
    let Some(led) = end(0) else { return Ok(()) };
    let Some(conversation) = world.nodes[0].state.conversation() else {
        return Ok(());
    };
    for platform in conversation.core().platforms() {
        let Some(node) = world.nodes.iter().position(|node| node.name == *platform) else {
            continue;
        };
        if end(node) != Some(led) {
            let other = end(node).map_or((0, led.1), |(seq, head, _)| (seq, head));
            return Err(Failure::Apart {
                one: (led.0, led.1),
                other,
            });
        }
    }
    Ok(())
}

/// The conversation as the unbroken rules make it from the leader's log, and its nonces.
fn refold(world: &World) -> Result<(Conversation, BTreeSet<Nonce>), Failure> {
    let records = &world.nodes[0].disk.records;
    let mut nonces = BTreeSet::new();
    for record in records {
        let nonce = record.action().header().nonce;
        if !nonces.insert(nonce) {
            return Err(Failure::TwoSlots(nonce));
        }
    }
    if world.seed.is_multiple_of(SIGNED_EVERY) {
        signatures(world)?;
    }
    let broken = |seq: u64| {
        move |refusal: crate::Refusal| Failure::Refold {
            seq,
            code: refusal.code,
        }
    };
    let (mut conversation, _) = Conversation::begin(&records[0]).map_err(broken(1))?;
    for (index, record) in records.iter().enumerate().skip(1) {
        let seq = index as u64 + 1;
        let change = conversation.apply(record).map_err(broken(seq))?;
        if let Some(dispute) = change.dispute {
            return Err(Failure::Refold {
                seq,
                code: dispute.code,
            });
        }
    }
    Ok((conversation, nonces))
}

/// The bytes of the leader's log are read again, and all signatures verified.
fn signatures(world: &World) -> Result<(), Failure> {
    for (index, record) in world.nodes[0].disk.records.iter().enumerate() {
        let read = Record::parse(&record.to_bytes());
        let read = read.and_then(|read| read.verify(&world.keys, Time(world.now)));
        let same = read.map(|read| read == **record);
        if same != Ok(true) {
            return Err(Failure::Unsigned(index as u64 + 1));
        }
    }
    Ok(())
}
