//! What goes wrong, and when it is mended.

use super::random::Random;
use super::world::World;
use crate::id::{ActionKey, CommitKey};
use crate::step::{Input, Locator, Message, Outcome};

/// How bad it is in one run.
pub(super) struct Chaos {
    /// In a hundred messages.
    pub(super) loss: u64,
    pub(super) twice: u64,
    /// The longest way of a message, in milliseconds.
    pub(super) delay: i64,
    /// In a hundred steps.
    pub(super) crash_before: u64,
    pub(super) crash_after: u64,
    /// In a hundred moments.
    partition: u64,
    outage: u64,
    backup: u64,
    restore: u64,
    nonsense: u64,
    /// Who cannot hear whom until when.
    cuts: Vec<(usize, usize, i64)>,
    /// Who is down until when.
    outages: Vec<(usize, i64)>,
}

impl Chaos {
    pub(super) fn new(random: &mut Random) -> Chaos {
        Chaos {
            loss: random.below(41),
            twice: random.below(31),
            delay: random.between(50, 8_000),
            crash_before: random.below(3),
            crash_after: random.below(3),
            partition: random.below(5),
            outage: random.below(4),
            backup: 2 + random.below(5),
            restore: random.below(3),
            nonsense: random.below(4),
            cuts: Vec::new(),
            outages: Vec::new(),
        }
    }

    /// Nothing goes wrong.
    pub(super) fn none() -> Chaos {
        Chaos {
            loss: 0,
            twice: 0,
            delay: 50,
            crash_before: 0,
            crash_after: 0,
            partition: 0,
            outage: 0,
            backup: 0,
            restore: 0,
            nonsense: 0,
            cuts: Vec::new(),
            outages: Vec::new(),
        }
    }

    pub(super) fn cut(&self, from: usize, to: usize, now: i64) -> bool {
        let between = |(a, b, until): &(usize, usize, i64)| {
            *until > now && ((*a, *b) == (from, to) || (*a, *b) == (to, from))
        };
        self.cuts.iter().any(between)
    }
}

impl World {
    pub(super) fn any_node(&mut self) -> usize {
        self.random.below(self.nodes.len() as u64) as usize
    }

    /// Perhaps something goes wrong now.
    pub(super) fn go_wrong(&mut self) {
        self.end_outages();
        if self.random.chance(self.chaos.partition) {
            let (a, b) = (self.any_node(), self.any_node());
            let until = self.now + self.random.between(1_000, 120_000);
            self.chaos.cuts.push((a, b, until));
            self.count("fault: partition");
        }
        if self.random.chance(self.chaos.outage) {
            let node = self.any_node();
            let until = self.now + self.random.between(1_000, 300_000);
            if self.nodes[node].up {
                self.nodes[node].up = false;
                self.chaos.outages.push((node, until));
                self.count("fault: outage");
            }
        }
        if self.random.chance(self.chaos.backup) {
            let node = self.any_node();
            let held = &mut self.nodes[node];
            held.backup = Some((held.state.clone(), held.disk.clone()));
        }
        if self.random.chance(self.chaos.restore) {
            let node = self.any_node();
            self.restore(node);
        }
        if self.random.chance(self.chaos.nonsense) {
            self.talk_nonsense();
        }
    }

    /// In the name of a platform that does not lead, somebody says what cannot be.
    fn talk_nonsense(&mut self) {
        let (from, to) = (self.any_node(), self.any_node());
        if from == 0 || from == to {
            return;
        }
        let records = self.nodes[from].disk.records.clone();
        let far = [0, 1, u64::MAX / 2, u64::MAX - 1, u64::MAX];
        let far = self.random.pick(&far).copied().unwrap_or_default();
        let key = CommitKey::from_bytes([7; 32]);
        let keys = records.iter().filter_map(|record| record.commit());
        let mut have: Locator = keys.map(|commit| (far, commit.key())).collect();
        have.push((far, key));
        let act = ActionKey::from_bytes([7; 32]);
        let sequenced = Outcome::Sequenced {
            seq: far,
            refused: None,
        };
        let results = vec![(act, sequenced), (act, Outcome::Pending)];
        let epoch = far;
        let pending = self.nodes[from].state.pending().to_vec();
        let message = match self.random.below(7) {
            0 => Message::Fetch { after: far },
            1 => Message::Ask { have, epoch },
            2 => Message::Answer {
                have,
                epoch,
                results,
            },
            3 => Message::Commits {
                records: records.into_iter().rev().collect(),
                epoch,
            },
            4 => Message::Commits {
                records: pending,
                epoch,
            },
            5 => Message::Submit { records },
            _ => Message::Commits { records, epoch },
        };
        self.count("fault: nonsense");
        let from = self.nodes[from].name.clone();
        self.input(to, Input::Received { from, message });
    }

    /// A platform comes back with an old disk; it notices by the head that is kept elsewhere.
    fn restore(&mut self, node: usize) {
        let held = &mut self.nodes[node];
        let Some((state, disk)) = held.backup.clone() else {
            return;
        };
        if !held.up || state.conversation().is_none() {
            return;
        }
        (held.state, held.disk) = (state, disk);
        self.excuse_what_no_disk_holds();
        self.count(if node == 0 {
            "fault: leader restored"
        } else {
            "fault: follower restored"
        });
        self.restart(node);
    }

    fn end_outages(&mut self) {
        let now = self.now;
        let (over, still): (Vec<_>, Vec<_>) = std::mem::take(&mut self.chaos.outages)
            .into_iter()
            .partition(|(_, until)| *until <= now);
        self.chaos.outages = still;
        for (node, _) in over {
            self.restart(node);
        }
    }

    /// Nothing goes wrong any more.
    pub(super) fn heal(&mut self) {
        let delay = self.chaos.delay;
        self.chaos = Chaos {
            delay,
            ..Chaos::none()
        };
        for node in 0..self.nodes.len() {
            if !self.nodes[node].up {
                self.restart(node);
            }
        }
    }
}
