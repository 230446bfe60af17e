//! The rows that survive a crash.

use std::collections::{BTreeMap, BTreeSet};

use em2_model::{ConversationKey, Time};

use super::super::{Schedule, Waits};

/// A conversation, by its number.
pub(super) type Conv = u32;

/// How many records one conversation has in a request.
const RECORDS: u64 = 10;

pub(super) fn key(conv: Conv) -> ConversationKey {
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&conv.to_be_bytes());
    ConversationKey::from_bytes(bytes)
}

pub(super) fn number(key: ConversationKey) -> Conv {
    let mut bytes = [0; 4];
    bytes.copy_from_slice(&key.as_bytes()[..4]);
    Conv::from_be_bytes(bytes)
}

#[derive(Clone, Default)]
pub(super) struct Delivery {
    pub(super) head: u64,
    pub(super) acked: u64,
    pub(super) aside: bool,
    tries: u64,
    refused: bool,
    next_at: Time,
}

impl Delivery {
    pub(super) fn is_troubled(&self) -> bool {
        self.tries > 0
    }
}

/// What one conversation has for a peer: what it should have after it, and whether there is more.
#[derive(Clone, Copy)]
pub(super) struct Parcel {
    pub(super) conv: Conv,
    pub(super) upto: u64,
    pub(super) more: bool,
}

/// The database, by the numbers of the peers.
pub(super) struct Rows {
    pub(super) platforms: Vec<Option<Schedule>>,
    pub(super) deliveries: Vec<BTreeMap<Conv, Delivery>>,
    /// Those in which something waits.
    waiting: Vec<BTreeSet<Conv>>,
}

impl Rows {
    pub(super) fn new(peers: usize) -> Rows {
        Rows {
            platforms: vec![None; peers],
            deliveries: vec![BTreeMap::new(); peers],
            waiting: vec![BTreeSet::new(); peers],
        }
    }

    fn change(&mut self, peer: usize, conv: Conv, change: impl FnOnce(&mut Delivery)) {
        let row = self.deliveries[peer].entry(conv).or_default();
        change(row);
        match row.acked < row.head && !row.aside {
            true => self.waiting[peer].insert(conv),
            false => self.waiting[peer].remove(&conv),
        };
    }

    pub(super) fn raise(&mut self, peer: usize, conv: Conv) {
        self.change(peer, conv, |row| row.head += 1);
    }

    pub(super) fn acked(&mut self, peer: usize, conv: Conv, acked: u64) {
        self.change(peer, conv, |row| {
            let acked = acked.max(row.acked);
            let (head, aside) = (row.head, row.aside);
            *row = Delivery {
                head,
                acked,
                aside,
                ..Delivery::default()
            };
        });
    }

    pub(super) fn rest(&mut self, peer: usize, conv: Conv, until: Time, refused: u64) {
        self.change(peer, conv, |row| {
            // One count is enough: the first refusal begins it anew.
            row.tries = if refused == 1 { 1 } else { row.tries + 1 };
            row.refused = refused > 0;
            row.next_at = until;
        });
    }

    pub(super) fn set_aside(&mut self, peer: usize, conv: Conv) {
        self.change(peer, conv, |row| row.aside = true);
    }

    pub(super) fn is_waiting(&self, peer: usize) -> bool {
        !self.waiting[peer].is_empty()
    }

    pub(super) fn count_waiting(&self, peer: usize) -> usize {
        self.waiting[peer].len()
    }

    pub(super) fn parcel(&self, peer: usize, conv: Conv) -> Option<Parcel> {
        let waits = self.waiting[peer].contains(&conv);
        let row = self.deliveries[peer].get(&conv).filter(|_| waits)?;
        let upto = row.head.min(row.acked + RECORDS);
        let more = upto < row.head;
        Some(Parcel { conv, upto, more })
    }

    pub(super) fn page(
        &self,
        peer: usize,
        after: Option<Conv>,
        limit: usize,
    ) -> (Vec<Waits>, bool) {
        let from = after.map_or(0, |conv| conv + 1);
        let mut convs = self.waiting[peer].range(from..);
        let page = convs.by_ref().take(limit).map(|conv| {
            let row = &self.deliveries[peer][conv];
            Waits {
                conv: key(*conv),
                tries: row.tries,
                refused: if row.refused { row.tries } else { 0 },
                next_at: row.next_at,
            }
        });
        (page.collect(), convs.next().is_some())
    }
}
