//! Beginning again: after a stop, after an outage, and from an old backup. // spec §14, §15

use super::{
    ASK, COMPARE, EPOCH_AHEAD, Locator, Log, Message, Output, Peer, State, commits, common, lead,
    locator,
};
use crate::address::Platform;
use crate::faults::{self, Fault};
use crate::id::Time;

/// The process begins: nothing is in flight, and every peer is asked what it has.
pub(super) fn start(
    state: &mut State,
    log: &dyn Log,
    restored: bool,
    now: Time,
    out: &mut Vec<Output>,
) {
    state.peers.values_mut().for_each(Peer::answered);
    let leads = state.leader() == Some(state.me());
    if leads && (restored || state.is_asking()) {
        state.standing.asking_until = Some(now.plus(ASK));
        let targets = lead::targets(state).into_iter();
        state
            .standing
            .silent
            .extend(targets.map(|(platform, _)| platform));
    }
    ask_everybody(state, log, out);
}

/// A restored leader asks those that have not answered again and again. // spec §14
pub(super) fn ask_the_silent(state: &mut State, log: &dyn Log, now: Time, out: &mut Vec<Output>) {
    for to in state.standing.silent.clone() {
        let peer = state.peers.entry(to.clone()).or_default();
        if peer.may_send(now) {
            peer.sent(now);
            ask(state, log, to, out);
        }
    }
}

/// Once a day every platform asks what the others have. // spec §15
pub(super) fn compare(state: &mut State, log: &dyn Log, now: Time, out: &mut Vec<Output>) {
    if state.compare_at.is_none_or(|at| at <= now) {
        let first = state.compare_at.is_none();
        state.compare_at = Some(now.plus(COMPARE));
        if !first {
            ask_everybody(state, log, out);
        }
    }
}

/// Asks one platform what it has.
pub(super) fn ask(state: &State, log: &dyn Log, to: Platform, out: &mut Vec<Output>) {
    let message = Message::Ask {
        have: locator(log, state.head()),
        epoch: state.epoch_known(),
    };
    out.push(Output::Send { to, message });
}

fn ask_everybody(state: &State, log: &dyn Log, out: &mut Vec<Output>) {
    let Some(leader) = state.leader().cloned() else {
        return;
    };
    let mut others: Vec<Platform> = lead::targets(state)
        .into_iter()
        .map(|(platform, _)| platform)
        .collect();
    if leader != *state.me() && !others.contains(&leader) {
        others.push(leader);
    }
    for to in others {
        ask(state, log, to, out);
    }
}

/// A peer says what it has: push what it lacks, fetch what it has and we lost.
pub(super) fn told(
    state: &mut State,
    log: &dyn Log,
    from: Platform,
    have: &Locator,
    epoch: u64,
    now: Time,
    out: &mut Vec<Output>,
) {
    state.standing.epoch_heard = state.standing.epoch_heard.max(epoch);
    let head = state.head();
    let shared = common(log, have);
    let theirs = have.first().map_or(0, |(seq, _)| *seq);
    let leads = state.leader() == Some(state.me());
    if !leads {
        return;
    }
    let asking = state.is_asking();
    if theirs <= shared || !asking {
        state.standing.silent.remove(&from);
    }
    let peer = state.peers.entry(from.clone()).or_default();
    lead::acknowledge(peer, shared);
    if theirs > shared && shared > 0 {
        if shared == head || asking {
            let message = Message::Fetch { after: shared };
            out.push(Output::Send { to: from, message });
        } else if peer.may_send(now) {
            // It holds a branch that we lost. Ours is the newer: it rolls back and submits again.
            peer.sent(now);
            let message = commits(state, log, shared, head);
            out.push(Output::Send { to: from, message });
        }
    }
}

/// An epoch that is only told of counts within bounds, so that no peer can use them up; else none.
pub(super) fn believed(epoch: u64, now: Time) -> u64 {
    let bound = u64::try_from(now.plus(EPOCH_AHEAD).as_millis()).unwrap_or(0);
    if epoch <= bound { epoch } else { 0 }
}

/// A restored leader sequences again once every peer has told that it has nothing more, or the wait
/// is over: in a new epoch, later than any that it heard of.
pub(super) fn finish_asking(
    state: &mut State,
    log: &mut dyn Log,
    now: Time,
    out: &mut Vec<Output>,
) {
    let Some(until) = state.standing.asking_until else {
        return;
    };
    if now < until && !state.standing.silent.is_empty() {
        return;
    }
    state.standing.asking_until = None;
    if !faults::is(Fault::EpochReused) {
        let next = state.epoch_known().saturating_add(1);
        state.standing.epoch = next.max(u64::try_from(now.as_millis()).unwrap_or(next));
    }
    if state.leads() {
        for record in std::mem::take(&mut state.pending) {
            let key = record.action().key();
            let outcome = lead::slot(state, log, &record, now, out);
            out.push(Output::Tell { key, outcome });
        }
    }
}
