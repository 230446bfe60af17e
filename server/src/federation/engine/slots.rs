//! How many requests are made at once, and whose turn it is. // spec §15

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::faults::{self, Fault};
use super::output::{AttemptId, Class};

/// Requests at once.
pub(super) const ALL: usize = 64;

/// Requests at once to one peer.
pub(super) const OF_ONE: usize = 4;

/// Probes of failing peers at once.
pub(super) const PROBES: usize = 6;

/// Catch-up at once: the rest is kept free for what is new.
const CATCH_UP: usize = 48;

/// New data before catch-up.
pub(super) const NEW_BEFORE_CATCH_UP: u8 = 3;

/// A peer, by its place in the engine's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PeerId(pub(super) usize);

/// What a request takes its slot as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    Probe,
    Of(Class),
}

/// The requests that are under way.
#[derive(Default)]
pub(super) struct Slots {
    taken: BTreeMap<AttemptId, (PeerId, Lane)>,
    last: u64,
}

impl Slots {
    pub(super) fn take(&mut self, peer: PeerId, lane: Lane) -> AttemptId {
        self.last += 1;
        let attempt = AttemptId(self.last);
        self.taken.insert(attempt, (peer, lane));
        attempt
    }

    /// An attempt has ended: whose it was, unless it had ended before.
    pub(super) fn free(&mut self, attempt: AttemptId) -> Option<PeerId> {
        self.taken.remove(&attempt).map(|(peer, _)| peer)
    }

    /// Attempts from here on have not begun yet.
    pub(super) fn horizon(&self) -> AttemptId {
        AttemptId(self.last + 1)
    }

    pub(super) fn has_room(&self, lane: Lane) -> bool {
        let most = match lane {
            Lane::Probe if faults::is(Fault::FailingUnbounded) => ALL,
            Lane::Probe => PROBES,
            Lane::Of(Class::New) => ALL,
            Lane::Of(Class::CatchUp) => CATCH_UP,
        };
        let taken = self.taken.values().filter(|(_, other)| *other == lane);
        self.taken.len() < ALL && taken.count() < most
    }
}

/// Peers that want a slot, those who have waited longest in front.
#[derive(Default)]
pub(super) struct Lines {
    probes: Line,
    new: Line,
    catch_up: Line,
    /// How often in a row new data went before catch-up that waited.
    passed: u8,
}

#[derive(Default)]
struct Line {
    queue: VecDeque<PeerId>,
    members: BTreeSet<PeerId>,
}

impl Line {
    fn pop(&mut self) -> Option<PeerId> {
        let peer = self.queue.pop_front()?;
        self.members.remove(&peer);
        Some(peer)
    }
}

impl Lines {
    fn line(&mut self, lane: Lane) -> &mut Line {
        match lane {
            Lane::Probe => &mut self.probes,
            Lane::Of(Class::New) => &mut self.new,
            Lane::Of(Class::CatchUp) => &mut self.catch_up,
        }
    }

    /// A peer stands in a line once; whether it still wants what it stands for is asked when its turn comes.
    pub(super) fn join(&mut self, lane: Lane, peer: PeerId) {
        let line = self.line(lane);
        if line.members.insert(peer) {
            line.queue.push_back(peer);
        }
    }

    /// Whose turn it is.
    pub(super) fn next(&mut self, slots: &Slots) -> Option<(Lane, PeerId)> {
        let (new, catch_up) = (Lane::Of(Class::New), Lane::Of(Class::CatchUp));
        let lanes = match self.passed {
            ..NEW_BEFORE_CATCH_UP => [Lane::Probe, new, catch_up],
            _ => [Lane::Probe, catch_up, new],
        };
        let open = lanes.into_iter().filter(|lane| slots.has_room(*lane));
        open.into_iter()
            .find_map(|lane| Some((lane, self.line(lane).pop()?)))
    }

    /// A slot was given.
    pub(super) fn granted(&mut self, lane: Lane) {
        self.passed = match lane {
            Lane::Of(Class::CatchUp) => 0,
            Lane::Of(Class::New) if !self.catch_up.queue.is_empty() => {
                (self.passed + 1).min(NEW_BEFORE_CATCH_UP)
            }
            _ => self.passed,
        };
    }
}
