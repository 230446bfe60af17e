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

impl Fault {
    /// What befalls the next request; mostly nothing.
    pub(crate) fn draw(dice: &mut Dice) -> Option<Fault> {
        Some(match dice.number(1..=100) {
            1..=8 => Fault::Delay(dice.millis(10..=1500)),
            9..=14 => Fault::Drop {
                arrives: dice.percent(50),
            },
            15..=18 => Fault::HalfClose,
            19..=25 => Fault::Truncate {
                answer: dice.percent(50),
            },
            26..=33 => Fault::Duplicate {
                at_once: dice.percent(50),
                second: dice.percent(30),
            },
            34..=37 => Fault::Echo(dice.millis(300..=8000)),
            38..=41 => Fault::Slow {
                bytes: dice.number(16..=256) as usize,
                pause: dice.millis(1..=20),
            },
            _ => return None,
        })
    }

    /// What it is counted as.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Fault::Delay(_) => "delay",
            Fault::Drop { arrives: false } => "drop before",
            Fault::Drop { arrives: true } => "drop after",
            Fault::HalfClose => "half-close",
            Fault::Truncate { answer: false } => "truncated request",
            Fault::Truncate { answer: true } => "truncated answer",
            Fault::Duplicate { at_once: true, .. } => "duplicate at once",
            Fault::Duplicate { at_once: false, .. } => "duplicate afterwards",
            Fault::Echo(_) => "echo",
            Fault::Slow { .. } => "slow",
        }
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
