//! Taking over what the leader committed, and submitting what this platform's people did.
//! // spec §8, §12, §14

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Kept, Locator, Log, Message, Outcome, Output, State, Stranded, batch, common, lead};
use crate::address::Platform;
use crate::conversation::Conversation;
use crate::faults::{self, Fault};
use crate::id::{ActionKey, Time};
use crate::refusal::Code;

/// Keeps an action until it has a slot. // spec §12
pub(super) fn keep(state: &mut State, record: Kept) {
    let key = record.action().key();
    if !state.pending.iter().any(|kept| kept.action().key() == key) {
        state.pending.push(record);
    }
}

/// Submits to the leader what has no slot, one message in flight, always from the first one on: what
/// stranded with a branch that the leader lost, then what is pending. // spec §10, §14
pub(super) fn submit_pending(state: &mut State, log: &dyn Log, now: Time, out: &mut Vec<Output>) {
    let Some(leader) = state.leader().cloned() else {
        return;
    };
    let records = to_submit(state, log);
    if leader == *state.me() || records.is_empty() {
        return;
    }
    let peer = state.peers.entry(leader.clone()).or_default();
    if peer.may_send(now) {
        peer.sent(now);
        out.push(Output::Send {
            to: leader,
            message: Message::Submit { records },
        });
    }
}

/// What is submitted next, at most a message full.
fn to_submit(state: &State, log: &dyn Log) -> Vec<Kept> {
    let stranded = state
        .standing
        .stranded
        .map_or(state.head(), |held| held.upto);
    let orphans = batch(log, stranded, state.head())
        .into_iter()
        .map(uncommitted);
    let waiting = state.pending.iter().cloned();
    orphans.chain(waiting).take(super::BATCH as usize).collect()
}

/// Takes over commits, whoever sent them: the leader's signature counts, not the sender. `led` is
/// the epoch that the leader claims where it sent them itself.
pub(super) fn commits(
    state: &mut State,
    log: &mut dyn Log,
    records: Vec<Kept>,
    led: u64,
    out: &mut Vec<Output>,
) {
    state.standing.epoch_led = state.standing.epoch_led.max(led);
    for record in records {
        let Some(commit) = record.commit() else {
            return;
        };
        let seq = commit.seq();
        if seq > state.head() && commit.epoch() < state.epoch_held() {
            // Of a branch that was left.
            return;
        }
        if seq <= state.head() {
            if log.commit_key(seq) == Some(commit.key()) {
                continue;
            }
            if !branches(state, log, &record, led, out) {
                return;
            }
        }
        if !fold(state, log, record, out) {
            return;
        }
    }
}

/// Whether a commit below the head begins a newer branch, and if so rolls back to where it begins.
/// A branch is newer if it, or the leader that sends it, is in an epoch after that of our last
/// commit: it may begin with older commits that the leader took back. // spec §14
fn branches(
    state: &mut State,
    log: &mut dyn Log,
    record: &Kept,
    led: u64,
    out: &mut Vec<Output>,
) -> bool {
    let Some(commit) = record.commit() else {
        return false;
    };
    let seq = commit.seq();
    let ours = log.record(seq);
    let Some(ours) = ours.as_ref().and_then(|ours| ours.commit()) else {
        return false;
    };
    // Whatever lies before them: no leader gives a slot twice in one epoch. // spec §13
    if commit.epoch() == ours.epoch() && commit.leader() == ours.leader() {
        out.push(Output::Alarm {
            seq,
            code: Code::Fork,
        });
        return false;
    }
    if seq < 2 || log.commit_key(seq - 1) != Some(commit.prev()) {
        return false;
    }
    let epoch = commit.epoch().max(led);
    if state.leads() || epoch <= state.epoch_held() || epoch < state.standing.epoch_led {
        return false;
    }
    roll_back(state, log, seq - 1, out);
    true
}

/// Undoes what lies after slot `to`; the orphans are submitted again, before what waits already.
fn roll_back(state: &mut State, log: &mut dyn Log, to: u64, out: &mut Vec<Output>) {
    let orphans = log.truncate(to);
    state.conversation = refold(log, to);
    state.standing.stranded = None;
    if !faults::is(Fault::OrphansKept) {
        let waiting = std::mem::take(&mut state.pending);
        for record in orphans.into_iter().chain(waiting) {
            keep(state, uncommitted(record));
        }
    }
    out.push(Output::RolledBack { to });
}

/// The action of a record without the commit that no longer holds.
fn uncommitted(record: Kept) -> Kept {
    if record.commit().is_none() {
        return record;
    }
    let bare = (**record).clone().without_commit();
    // Its signature was verified with the commit.
    Arc::new(crate::record::Verified::trusted(bare))
}

/// The conversation as the first `to` records make it.
fn refold(log: &dyn Log, to: u64) -> Option<Conversation> {
    let (mut conversation, _) = Conversation::begin(&*log.record(1)?).ok()?;
    for seq in 2..=to {
        conversation.apply(&*log.record(seq)?).ok()?;
    }
    Some(conversation)
}

/// Folds a commit in and writes it into the log. A follower checks the leader's decision again; on
/// disagreement it keeps the log and raises an alarm. // spec §8
fn fold(state: &mut State, log: &mut dyn Log, record: Kept, out: &mut Vec<Output>) -> bool {
    let applied = match &mut state.conversation {
        Some(conversation) => conversation.apply(&record),
        none => Conversation::begin(&record).map(|(conversation, change)| {
            *none = Some(conversation);
            change
        }),
    };
    let seq = record.commit().map_or(0, |commit| commit.seq());
    match applied {
        // Something before it is missing: the answer says what is here.
        Err(refusal) if matches!(refusal.code, Code::Gap | Code::NoConv) => false,
        Err(refusal) => {
            let code = refusal.code;
            out.push(Output::Alarm { seq, code });
            false
        }
        Ok(change) => {
            if let Some(dispute) = &change.dispute {
                let code = dispute.code;
                out.push(Output::Alarm { seq, code });
            }
            log.append(record.clone());
            settle(state, &record, out);
            out.push(Output::Applied(record, Arc::new(change)));
            true
        }
    }
}

/// What was pending and has its slot now is pending no more, and its author learns of it. The
/// second action with one nonce gets the first's result.
fn settle(state: &mut State, record: &Kept, out: &mut Vec<Output>) {
    let (key, nonce) = (record.action().key(), record.action().header().nonce);
    let outcome = lead::outcome_of(record);
    state.pending.retain(|kept| {
        let action = kept.action();
        let mine = action.key() == key || action.header().nonce == nonce;
        if mine {
            let key = action.key();
            out.push(Output::Tell { key, outcome });
        }
        !mine
    });
}

/// What the leader says became of what was submitted.
pub(super) fn results(
    state: &mut State,
    log: &dyn Log,
    from: &Platform,
    (have, epoch): (&Locator, u64),
    results: Vec<(ActionKey, Outcome)>,
    now: Time,
    out: &mut Vec<Output>,
) {
    if state.leader() != Some(from) || !strand(state, log, have, epoch) || results.is_empty() {
        return;
    }
    let results: BTreeMap<ActionKey, Outcome> = results.into_iter().collect();
    let all = to_submit(state, log)
        .iter()
        .all(|kept| results.contains_key(&kept.action().key()));
    let peer = state.peers.entry(from.clone()).or_default();
    peer.answered();
    if all {
        // All of it has been heard: sent again only if no commit comes.
        peer.sent(now);
    }
    if orphans_answered(state, log, &results, out) && !lacks(state, log, have) {
        settle_rejected(state, results, out);
    }
}

/// Goes on to the first stranded orphan that the leader has not answered; the authors of those that
/// it rejects learn of it. Whether all are answered.
fn orphans_answered(
    state: &mut State,
    log: &dyn Log,
    results: &BTreeMap<ActionKey, Outcome>,
    out: &mut Vec<Output>,
) -> bool {
    let head = state.head();
    let Some(stranded) = &mut state.standing.stranded else {
        return true;
    };
    while let Some(orphan) = log.record(stranded.upto + 1)
        && let Some(outcome) = results.get(&orphan.action().key())
        && !come_again(outcome)
    {
        stranded.upto += 1;
        if let Outcome::Rejected(_) = outcome {
            let (key, outcome) = (orphan.action().key(), *outcome);
            out.push(Output::Tell { key, outcome });
        }
    }
    stranded.upto >= head
}

/// Pending actions that get no slot are pending no more, and their authors learn why.
fn settle_rejected(
    state: &mut State,
    results: BTreeMap<ActionKey, Outcome>,
    out: &mut Vec<Output>,
) {
    let core = state.conversation.as_ref().map(|held| held.core());
    let present = core.is_some_and(|core| core.platforms().contains(state.me()));
    state.pending.retain(|kept| {
        let key = kept.action().key();
        let Some(&outcome) = results.get(&key) else {
            return true;
        };
        let over = match outcome {
            // The commit is on its way, unless nobody of this platform takes part any more.
            Outcome::Sequenced { .. } => !present,
            Outcome::Rejected(_) => !come_again(&outcome),
            Outcome::Pending => false,
        };
        if over {
            out.push(Output::Tell { key, outcome });
        }
        !over
    });
}

/// Whether the answer says nothing about the action.
fn come_again(outcome: &Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Rejected(Code::Down | Code::Leader | Code::NoConv) | Outcome::Pending
    )
}

/// Whether the leader shows that it does not have our log, and has not answered what it lacks: it
/// may have been restored, so that its rejections are provisional.
fn lacks(state: &State, log: &dyn Log, have: &Locator) -> bool {
    let head = state.head();
    let newest = have.first().map_or(0, |(seq, _)| *seq);
    let differs = |(seq, key): &(u64, _)| *seq <= head && log.commit_key(*seq) != Some(*key);
    state.standing.stranded.is_none() && (newest < head || have.iter().any(differs))
}

/// Notes whether the leader, in a newer epoch, lacks what we have. False for an answer that is older
/// than one that was heard already.
fn strand(state: &mut State, log: &dyn Log, have: &Locator, epoch: u64) -> bool {
    let newest = have.first().map_or(0, |(seq, _)| *seq);
    let (answered_at, held) = ((epoch, newest), state.epoch_held());
    let before = state
        .standing
        .stranded
        .filter(|held_back| held_back.answered_at.0 > held);
    if before.is_some_and(|before| answered_at < before.answered_at) {
        return false;
    }
    let shared = common(log, have);
    state.standing.stranded = (shared < state.head() && epoch > held).then(|| {
        let same = before.filter(|before| before.answered_at.0 == epoch);
        let upto = same.map_or(shared, |before| before.upto.max(shared));
        Stranded { answered_at, upto }
    });
    true
}
