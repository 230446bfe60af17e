//! Giving out slots, and pushing what has one. // spec §10, §12

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Kept, Log, Outcome, Output, Peer, State, commits, follow};
use crate::address::Platform;
use crate::conversation::{Change, Conversation, Sequenced, Slot, Verdict};
use crate::id::{ActionKey, Time};
use crate::record::{Record, Verified};
use crate::refusal::Code;

/// One of this platform's people acts.
pub(super) fn submitted(
    state: &mut State,
    log: &mut dyn Log,
    record: Kept,
    now: Time,
    out: &mut Vec<Output>,
) {
    let key = record.action().key();
    let outcome = if state.conversation.is_none() {
        publish(state, log, record, now, out)
    } else if state.leads() {
        slot(state, log, &record, now, out)
    } else if let Some(outcome) = known(state, &record) {
        outcome
    } else {
        follow::keep(state, record);
        Outcome::Pending
    };
    out.push(Output::Tell { key, outcome });
}

/// The first record makes the conversation.
fn publish(
    state: &mut State,
    log: &mut dyn Log,
    record: Kept,
    now: Time,
    out: &mut Vec<Output>,
) -> Outcome {
    match Conversation::publish((*record).clone(), now, &state.key) {
        Err(refusal) => Outcome::Rejected(refusal.code),
        Ok((conversation, record, change)) => {
            state.conversation = Some(conversation);
            committed(log, record, change, out)
        }
    }
}

/// Writes what has its slot now into the log.
fn committed(
    log: &mut dyn Log,
    record: Verified<Record>,
    change: Change,
    out: &mut Vec<Output>,
) -> Outcome {
    let outcome = outcome_of(&record);
    let record = Arc::new(record);
    log.append(record.clone());
    out.push(Output::Applied(record, Arc::new(change)));
    outcome
}

/// Other platforms want slots for what their people did.
pub(super) fn foreign_submission(
    state: &mut State,
    log: &mut dyn Log,
    records: Vec<Kept>,
    now: Time,
    out: &mut Vec<Output>,
) -> Vec<(ActionKey, Outcome)> {
    let mut results = Vec::with_capacity(records.len());
    for record in records {
        let outcome = if state.conversation.is_none() {
            Outcome::Rejected(Code::NoConv)
        } else if state.leads() {
            slot(state, log, &record, now, out)
        } else if state.is_asking() {
            Outcome::Rejected(Code::Down)
        } else {
            Outcome::Rejected(Code::Leader)
        };
        results.push((record.action().key(), outcome));
    }
    results
}

/// The slot that an action has, or gets now. // spec §10: a retry gives the first result
pub(super) fn slot(
    state: &mut State,
    log: &mut dyn Log,
    record: &Kept,
    now: Time,
    out: &mut Vec<Output>,
) -> Outcome {
    let Some(conversation) = &mut state.conversation else {
        return Outcome::Rejected(Code::NoConv);
    };
    // The epoch after a restore begins with the first commit in it: until then what peers still
    // have of the old one is taken back.
    if conversation.core().epoch < state.standing.epoch
        && let Ok(Verdict::Accept | Verdict::Refuse(_)) = conversation.decide(record.action(), now)
    {
        conversation.begin_epoch(state.standing.epoch);
    }
    match conversation.sequence((**record).clone(), now, &state.key) {
        Err(refusal) => Outcome::Rejected(refusal.code),
        Ok(Sequenced::Duplicate(slot)) => outcome(slot),
        Ok(Sequenced::Committed { record, change }) => committed(log, record, *change, out),
    }
}

/// What became of an action that is in the log already, or of the one with its nonce. // spec §9
fn known(state: &State, record: &Record) -> Option<Outcome> {
    let conversation = state.conversation.as_ref()?;
    conversation
        .slot(&record.action().header().nonce)
        .map(outcome)
}

fn outcome(slot: Slot) -> Outcome {
    Outcome::Sequenced {
        seq: slot.seq,
        refused: slot.st,
    }
}

/// What became of the action of a committed record.
pub(super) fn outcome_of(record: &Record) -> Outcome {
    record
        .commit()
        .map_or(Outcome::Pending, |commit| Outcome::Sequenced {
            seq: commit.seq(),
            refused: commit.refused(),
        })
}

/// Sends every platform that takes part what it lacks, one message in flight each.
pub(super) fn push(state: &mut State, log: &dyn Log, now: Time, out: &mut Vec<Output>) {
    if !state.leads() {
        return;
    }
    for (to, upto) in targets(state) {
        let peer = state.peers.entry(to.clone()).or_default();
        if peer.acked < upto && peer.may_send(now) {
            peer.sent(now);
            let acked = peer.acked;
            let message = commits(state, log, acked, upto);
            out.push(Output::Send { to, message });
        }
    }
}

/// The other platforms that take part, or did, and the last slot that each is to have: the head, or
/// the removal of its last participant. // spec §16
pub(super) fn targets(state: &State) -> Vec<(Platform, u64)> {
    let Some(conversation) = &state.conversation else {
        return Vec::new();
    };
    let core = conversation.core();
    let present = core.platforms().into_iter().cloned();
    let mut targets: BTreeMap<Platform, u64> = present.map(|name| (name, core.seq)).collect();
    for span in core.past.values().flatten() {
        if let Some(platform) = &span.platform {
            let upto = targets.entry(platform.clone()).or_default();
            *upto = (*upto).max(span.upto);
        }
    }
    targets.remove(state.me());
    targets.into_iter().collect()
}

/// What a peer has, as it says itself; where that is nothing new, the wait goes on.
pub(super) fn acknowledge(peer: &mut Peer, common: u64) {
    if peer.acked != common {
        peer.acked = common;
        peer.answered();
    }
}
