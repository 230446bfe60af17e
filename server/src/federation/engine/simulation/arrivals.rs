//! What has to arrive, by when, and how long it took.

use std::collections::{BTreeMap, BTreeSet};

use em2_model::Time;

use super::expect::SECOND;
use super::far::Verdict;
use super::rows::{Conv, Parcel};
use super::world::Wrong;

/// How soon something new arrives at a platform that answers at once.
const SOON: i64 = 2 * SECOND;

/// What is under way from a commit to a peer.
pub(super) struct Arrivals {
    /// By when which peer is to have how much of a conversation.
    deadlines: BTreeSet<(Time, usize, Conv, u64)>,
    raised_at: BTreeMap<(usize, Conv), Time>,
    /// Refusals for good in a row.
    refusals: BTreeMap<(usize, Conv), u64>,
    /// How long each first thing that waited in a conversation did, by peer.
    pub(super) latencies: Vec<Vec<i64>>,
}

impl Arrivals {
    pub(super) fn new(peers: usize) -> Arrivals {
        Arrivals {
            deadlines: BTreeSet::new(),
            raised_at: BTreeMap::new(),
            refusals: BTreeMap::new(),
            latencies: vec![Vec::new(); peers],
        }
    }

    pub(super) fn raised(&mut self, peer: usize, conv: Conv, now: Time) {
        self.raised_at.entry((peer, conv)).or_insert(now);
    }

    pub(super) fn expect(&mut self, peer: usize, conv: Conv, head: u64, now: Time) {
        self.deadlines.insert((now.plus(SOON), peer, conv, head));
    }

    /// Something has changed: what was expected of this peer, or of all, no longer is.
    pub(super) fn excuse(&mut self, peer: Option<usize>) {
        let is_excused = |other: usize| peer.is_none_or(|peer| peer == other);
        self.deadlines.retain(|deadline| !is_excused(deadline.1));
    }

    /// The platform has said what became of a parcel.
    pub(super) fn heard(&mut self, peer: usize, parcel: Parcel, verdict: Verdict, now: Time) {
        let conv = parcel.conv;
        if verdict == Verdict::Took {
            if let Some(at) = self.raised_at.remove(&(peer, conv)) {
                self.latencies[peer].push(now.as_millis() - at.as_millis());
            }
            self.deadlines.retain(|(_, other, of, head)| {
                (*other, *of) != (peer, conv) || *head > parcel.upto
            });
        }
        match verdict {
            Verdict::Refused => *self.refusals.entry((peer, conv)).or_default() += 1,
            _ => drop(self.refusals.remove(&(peer, conv))),
        }
    }

    pub(super) fn refusals(&self, peer: usize, conv: Conv) -> u64 {
        self.refusals.get(&(peer, conv)).copied().unwrap_or(0)
    }

    /// Nothing is late.
    pub(super) fn check(&self, now: Time) -> Result<(), Wrong> {
        match self.deadlines.first() {
            Some((by, peer, conv, _)) if *by < now => {
                Err(format!("{conv} was not with {peer} after two seconds"))
            }
            _ => Ok(()),
        }
    }
}
