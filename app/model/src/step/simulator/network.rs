//! What is under way between the platforms.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::check::{self, Failure};
use super::world::World;
use crate::address::Platform;
use crate::step::{Input, Message};

/// When it arrives, and in which order it was sent.
type Arrival = Reverse<(i64, u64)>;

/// From whom, to whom.
type Way = (usize, usize);

#[derive(Default)]
pub(super) struct Network {
    /// How many messages were sent so far.
    pub(super) sent: u64,
    /// How many there may be: who sends more sends for ever.
    pub(super) may_send: u64,
    arrivals: BinaryHeap<Arrival>,
    flying: BTreeMap<u64, (Way, Message)>,
    /// The newest message that has arrived on each way.
    newest: BTreeMap<Way, u64>,
}

impl Network {
    pub(super) fn is_quiet(&self) -> bool {
        self.flying.is_empty()
    }

    fn fly(&mut self, at: i64, way: Way, message: Message) {
        self.sent += 1;
        self.arrivals.push(Reverse((at, self.sent)));
        self.flying.insert(self.sent, (way, message));
    }

    /// The next message that arrives until `now`, and whether a later one has overtaken it.
    fn land(&mut self, now: i64) -> Option<(Way, Message, bool)> {
        let Reverse((at, number)) = *self.arrivals.peek()?;
        if at > now {
            return None;
        }
        self.arrivals.pop();
        let (way, message) = self.flying.remove(&number)?;
        let newest = self.newest.entry(way).or_default();
        let overtaken = number < *newest;
        *newest = number.max(*newest);
        Some((way, message, overtaken))
    }
}

impl World {
    /// Everything arrives that is due.
    pub(super) fn deliver(&mut self) {
        while let Some(((from, to), message, overtaken)) = self.network.land(self.now) {
            if self.chaos.cut(from, to, self.now) {
                self.count("fault: cut off");
                continue;
            }
            if overtaken {
                self.count("fault: out of order");
            }
            let from = self.nodes[from].name.clone();
            self.input(to, Input::Received { from, message });
        }
    }

    /// A message sets out, and may be lost or doubled.
    pub(super) fn send(&mut self, from: usize, to: &Platform, message: Message) {
        if let Message::Answer { results, .. } = &message {
            let results = results.iter();
            let names = results.filter_map(|(_, outcome)| check::answer_name(*outcome));
            names.for_each(|name| self.count(name));
        }
        let Some(to) = self.nodes.iter().position(|node| node.name == *to) else {
            return;
        };
        if self.network.sent > self.network.may_send {
            return self.failures.push(Failure::Unsettled);
        }
        if self.random.chance(self.chaos.loss) {
            self.count("fault: lost");
            return;
        }
        if self.random.chance(self.chaos.twice) {
            self.count("fault: twice");
            let at = self.arrival();
            self.network.fly(at, (from, to), message.clone());
        }
        let at = self.arrival();
        self.network.fly(at, (from, to), message);
    }

    fn arrival(&mut self) -> i64 {
        self.now + self.random.between(1, self.chaos.delay)
    }
}
