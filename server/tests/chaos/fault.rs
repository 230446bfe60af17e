//! What a network, or a proxy in it, does to a request; and how often it did.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use crate::dice::Dice;

/// What befalls one request and its answer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// Both pass, late.
    Delay(Duration),
    /// The connection is reset: before the request has arrived, or after, so that only the answer is lost.
    Drop { arrives: bool },
    /// The request arrives whole, and with it the end of what the caller has to say.
    HalfClose,
    /// The connection ends in the middle of the request, or of the answer.
    Truncate { answer: bool },
    /// The request arrives twice, at once or one after the other; the caller hears either answer.
    Duplicate { at_once: bool, second: bool },
    /// The request arrives once more, so much later.
    Echo(Duration),
    /// A few bytes at a time, both ways.
    Slow { bytes: usize, pause: Duration },
}

/// Every kind, as it is counted.
pub(crate) const KINDS: [&str; 12] = [
    "delay",
    "drop before",
    "drop after",
    "half-close",
    "truncated request",
    "truncated answer",
    "duplicate at once",
    "duplicate afterwards",
    "echo",
    "slow",
    "refused by a partition",
    "held by a partition",
];

/// How many kinds befall single requests: the first ones.
const SINGLE: usize = 10;

/// How many requests nothing befalls for each one of each kind.
const SPARED: usize = 14;

/// Deals faults so that each kind comes as often as the others, in an order that the dice decide.
#[derive(Default)]
pub(crate) struct Deck(Vec<Option<usize>>);

impl Deck {
    /// What befalls the next request; mostly nothing.
    pub(crate) fn deal(&mut self, dice: &mut Dice) -> Option<Fault> {
        if self.0.is_empty() {
            self.0.extend((0..SINGLE).map(Some).chain([None; SPARED]));
        }
        let at = dice.number(0..=self.0.len() as u64 - 1) as usize;
        Some(match self.0.swap_remove(at)? {
            0 => Fault::Delay(dice.millis(10..=1500)),
            drop @ 1..=2 => Fault::Drop { arrives: drop == 2 },
            3 => Fault::HalfClose,
            truncate @ 4..=5 => Fault::Truncate {
                answer: truncate == 5,
            },
            duplicate @ 6..=7 => Fault::Duplicate {
                at_once: duplicate == 6,
                second: dice.percent(30),
            },
            8 => Fault::Echo(dice.millis(300..=8000)),
            _ => Fault::Slow {
                bytes: dice.number(16..=256) as usize,
                pause: dice.millis(1..=20),
            },
        })
    }
}

impl Fault {
    /// What it is counted as.
    pub(crate) fn kind(self) -> &'static str {
        KINDS[match self {
            Fault::Delay(_) => 0,
            Fault::Drop { arrives } => 1 + usize::from(arrives),
            Fault::HalfClose => 3,
            Fault::Truncate { answer } => 4 + usize::from(answer),
            Fault::Duplicate { at_once: true, .. } => 6,
            Fault::Duplicate { at_once: false, .. } => 7,
            Fault::Echo(_) => 8,
            Fault::Slow { .. } => 9,
        }]
    }
}

/// How often what happened.
#[derive(Default)]
pub(crate) struct Tally(Mutex<BTreeMap<String, u64>>);

impl Tally {
    pub(crate) fn count(&self, what: &str) {
        let mut counts = self.0.lock().unwrap();
        *counts.entry(what.to_owned()).or_default() += 1;
    }

    pub(crate) fn of(&self, what: &str) -> u64 {
        self.0.lock().unwrap().get(what).copied().unwrap_or(0)
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (what, count) in self.0.lock().unwrap().iter() {
            writeln!(f, "{count:>7}  {what}")?;
        }
        Ok(())
    }
}
