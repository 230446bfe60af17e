//! The platforms, their people, and the network between them, from beginning to end.

use std::collections::{BTreeMap, BTreeSet};

use super::Counters;
use super::chaos::Chaos;
use super::check::{self, Failure};
use super::network::Network;
use super::node::Node;
use super::people::People;
use super::random::Random;
use super::trace;
use crate::address::Platform;
use crate::faults::{self, Fault};
use crate::id::{ActionKey, Nonce, Time};
use crate::keys::KeyLog;
use crate::step::{Input, Outcome, Output, step};

/// When the simulated time begins.
const BEGIN: i64 = 1_798_761_600_000;
/// How many actions one run has at least.
const ACTIONS: u64 = 200;
/// How many messages they may send while people act, and again while they settle.
const MESSAGES: u64 = 20_000;
/// How long the platforms get to settle after the faults stop, in milliseconds: three comparisons.
const SETTLE: i64 = 3 * 24 * 60 * 60 * 1000;

/// What people were told of an action.
pub(super) struct Told {
    pub(super) nonce: Nonce,
    /// Whether the platform signed for one of its own people.
    pub(super) own: bool,
    pub(super) outcome: Outcome,
    /// Every disk that held it was replaced by an older one.
    pub(super) lost_with_its_disks: bool,
}

pub(super) struct World {
    pub(super) seed: u64,
    pub(super) random: Random,
    pub(super) now: i64,
    pub(super) nodes: Vec<Node>,
    pub(super) keys: BTreeMap<Platform, KeyLog>,
    pub(super) people: People,
    pub(super) chaos: Chaos,
    pub(super) told: BTreeMap<ActionKey, Told>,
    pub(super) failures: Vec<Failure>,
    pub(super) counters: Counters,
    pub(super) acted: u64,
    /// Whether every step is printed.
    pub(super) prints: bool,
    pub(super) network: Network,
}

impl World {
    pub(super) fn new(seed: u64) -> World {
        let mut random = Random::new(seed);
        let count = 2 + random.below(5) as usize;
        let nodes: Vec<Node> = (0..count)
            .map(|index| Node::new(index, random.between(-30_000, 30_000)))
            .collect();
        let log = |node: &Node| (node.name.clone(), node.key_log());
        let keys = nodes.iter().map(log).collect();
        let people = People::new(count);
        let chaos = Chaos::new(&mut random);
        World {
            seed,
            random,
            now: BEGIN,
            nodes,
            keys,
            people,
            chaos,
            told: BTreeMap::new(),
            failures: Vec::new(),
            counters: Counters::new(),
            acted: 0,
            prints: trace::is_wanted(),
            network: Network::default(),
        }
    }

    pub(super) fn count(&mut self, name: &'static str) {
        *self.counters.entry(name).or_default() += 1;
    }

    /// People act while everything goes wrong.
    pub(super) fn live(&mut self) {
        self.network.may_send = MESSAGES;
        self.publish();
        while self.acted < ACTIONS {
            self.now += self.random.between(1, 2_000);
            self.deliver();
            self.go_wrong();
            self.somebody_acts();
            if self.random.chance(30) {
                self.tick_all();
            }
        }
    }

    /// The faults stop, and everybody gets the time to catch up.
    pub(super) fn settle(&mut self) -> Result<(), Failure> {
        self.heal();
        let end = self.now + SETTLE;
        self.network.may_send = self.network.sent + MESSAGES;
        while self.now < end && self.failures.is_empty() {
            // Busy time second by second, idle time hour by hour.
            self.now += if self.network.is_quiet() {
                3_600_000
            } else {
                1_000
            };
            self.deliver();
            self.tick_all();
        }
        match self.failures.drain(..).next() {
            Some(failure) => Err(failure),
            None => Ok(()),
        }
    }

    pub(super) fn clock(&self, node: usize) -> Time {
        Time(self.now + self.nodes[node].skew)
    }

    fn tick_all(&mut self) {
        for node in 0..self.nodes.len() {
            self.input(node, Input::Tick);
        }
    }

    /// One step of one platform. A crash may strike before it is durable, or right after.
    pub(super) fn input(&mut self, node: usize, input: Input) {
        if !self.nodes[node].up {
            return;
        }
        if check::leaves_a_gap(&input, self.nodes[node].disk.records.len()) {
            self.count("answer: gap");
        }
        let now = self.clock(node);
        faults::set_clock(now);
        let before = self.random.chance(self.chaos.crash_before).then(|| {
            let node = &self.nodes[node];
            (node.state.clone(), node.disk.clone())
        });
        let held = &mut self.nodes[node];
        let line = self.prints.then(|| trace::input_line(&input));
        let out = step(&mut held.state, &mut held.disk, input, now);
        if let Some(line) = line {
            trace::step(self.now - BEGIN, held, &line, &out);
        }
        if let Some((state, disk)) = before {
            self.count("fault: crash before durable");
            if self.prints {
                println!("        it crashes before that is durable");
            }
            let held = &mut self.nodes[node];
            (held.state, held.disk) = (state, disk);
            if faults::is(Fault::AcknowledgedBeforeCommit) {
                self.tell(out);
            }
            self.restart(node);
            return;
        }
        let held = &mut self.nodes[node];
        let mark = held.mark;
        held.mark = held.state.mark().or(mark);
        if self.random.chance(self.chaos.crash_after) {
            self.count("fault: crash after durable");
            // That something was rejected stands in the database: people learn it afterwards.
            let rejected = |output: &Output| {
                let Output::Tell { outcome, .. } = output else {
                    return false;
                };
                matches!(outcome, Outcome::Rejected(_))
            };
            self.tell(out.into_iter().filter(rejected).collect());
            if self.random.chance(50) {
                // It strikes between the database and the file beside it.
                self.nodes[node].mark = mark;
            }
            self.restart(node);
            return;
        }
        self.carry_out(node, out);
    }

    fn carry_out(&mut self, node: usize, out: Vec<Output>) {
        let mut tells = Vec::new();
        for output in out {
            match output {
                Output::Send { to, message } => self.send(node, &to, message),
                tell @ Output::Tell { .. } => tells.push(tell),
                Output::Alarm { seq, code } => {
                    self.failures.push(Failure::Alarm { seq, code });
                }
                Output::RolledBack { .. } => self.count("rolled back"),
                Output::Applied(record, _) => {
                    let refused = record.commit().and_then(|commit| commit.refused());
                    self.count(refused.map_or("slot: done", check::slot_name));
                }
            }
        }
        self.tell(tells);
    }

    fn tell(&mut self, out: Vec<Output>) {
        for output in out {
            let Output::Tell { key, outcome } = output else {
                continue;
            };
            let Some(told) = self.told.get_mut(&key) else {
                continue;
            };
            told.outcome = outcome;
            let own = told.own;
            if let Outcome::Rejected(code) = outcome {
                match check::rejection_name(code, own) {
                    Some(name) => self.count(name),
                    None => self.failures.push(Failure::NoSlot(code)),
                }
            }
        }
    }

    /// The process begins again, and compares what it kept outside the database.
    pub(super) fn restart(&mut self, node: usize) {
        let held = &mut self.nodes[node];
        held.up = true;
        let restored = held.mark.is_some() && held.state.mark() != held.mark;
        let (now, state, disk) = (Time(self.now + held.skew), &mut held.state, &mut held.disk);
        let out = step(state, disk, Input::Start { restored }, now);
        if self.prints {
            let line = trace::input_line(&Input::Start { restored });
            trace::step(self.now - BEGIN, held, &line, &out);
        }
        held.mark = held.state.mark().or(held.mark);
        self.carry_out(node, out);
    }

    /// What no disk holds any more, nobody can bring back: neither the action, in a log or pending,
    /// nor the slot that another action with its nonce had got.
    pub(super) fn excuse_what_no_disk_holds(&mut self) {
        let (mut actions, mut slots) = (BTreeSet::new(), BTreeSet::new());
        for node in &self.nodes {
            for record in &node.disk.records {
                actions.insert(record.action().key());
                slots.insert(record.action().header().nonce);
            }
            let pending = node.state.pending().iter();
            actions.extend(pending.map(|record| record.action().key()));
        }
        for (key, told) in &mut self.told {
            told.lost_with_its_disks |= !actions.contains(key) && !slots.contains(&told.nonce);
        }
    }
}
