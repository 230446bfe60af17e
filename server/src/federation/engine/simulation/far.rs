//! The other platforms, and the network between.

use std::collections::BTreeMap;

use em2_model::{Platform, Time};

use super::super::Failure;
use super::super::dice::Dice;
use super::super::schedule::SECOND;
use super::rows::{Conv, Parcel};

/// How it is with a platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    Fine,
    /// Nothing comes through.
    Silent,
    /// Connections are refused at once.
    Refusing,
    /// 500 to everything.
    Broken,
    /// 503
    Down(Option<i64>),
    /// 429
    Slow(Option<i64>),
}

/// What is wrong with one conversation at one platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Poison {
    /// 403: refused for good.
    Refused,
    /// 404, by who leads it.
    Unknown,
    /// Nothing of it is taken.
    Stuck,
    /// Whatever carries it is answered with 500.
    Crashing,
    /// Whatever carries it is never answered.
    Hanging,
}

/// What a request has become of.
pub(super) type Reply = Result<Vec<(Parcel, Verdict)>, Failure>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Took,
    Stuck,
    Refused,
    Unknown,
}

/// How long it takes until nothing was heard.
const CONNECT: i64 = 5 * SECOND;
const WHOLE: i64 = 30 * SECOND;

/// What lies between two requests that it takes in the long run, and how many it takes at once.
const EVERY: i64 = 20;
const BURST: i64 = 200;

/// What one conversation of a request costs.
const PARCEL: i64 = 20;

/// Another platform.
pub(super) struct Far {
    pub(super) name: Platform,
    pub(super) condition: Condition,
    /// One way, in milliseconds.
    pub(super) latency: (i64, i64),
    /// It takes its time before it answers.
    pub(super) sluggish: i64,
    /// Of a hundred requests, and of a hundred answers.
    pub(super) loss: i64,
    /// How far its clock is ahead of ours.
    pub(super) skew: i64,
    pub(super) held: BTreeMap<Conv, u64>,
    pub(super) poison: BTreeMap<Conv, Poison>,
    /// When the requests that it took count no more.
    rested_at: Time,
    /// How often it was sent more than it takes.
    pub(super) crowded: u64,
    dice: Dice,
}

impl Far {
    pub(super) fn new(number: usize, seed: u64) -> Far {
        Far {
            name: format!("em2.p{number}.example").parse().unwrap(),
            condition: Condition::Fine,
            latency: (5, 40),
            sluggish: 0,
            loss: 0,
            skew: 0,
            held: BTreeMap::new(),
            poison: BTreeMap::new(),
            rested_at: Time(0),
            crowded: 0,
            dice: Dice::new(seed ^ (number as u64).wrapping_mul(0xD6E8_FEB8_6659_FD93)),
        }
    }

    /// How long a message is under way.
    pub(super) fn way(&mut self) -> i64 {
        let (least, most) = self.latency;
        least + self.dice.upto(most - least)
    }

    fn is_lost(&mut self) -> bool {
        self.dice.upto(99) < self.loss
    }

    /// A request arrives: what is heard of it, how long from now.
    pub(super) fn arrive(&mut self, now: Time, dated: Time, parcels: Vec<Parcel>) -> (i64, Reply) {
        let quick = self.way();
        let work = PARCEL * (parcels.len() as i64 - 1).max(0);
        let fail = |failure| Err(failure);
        match self.condition {
            Condition::Silent if self.dice.upto(1) == 0 => {
                return (CONNECT, fail(Failure::Unreachable));
            }
            Condition::Silent => return (WHOLE, fail(Failure::Doubtful)),
            Condition::Refusing => return (quick, fail(Failure::Unreachable)),
            Condition::Broken => return (quick, fail(Failure::Doubtful)),
            Condition::Down(retry_after) => return (quick, fail(Failure::Down { retry_after })),
            Condition::Slow(retry_after) => return (quick, fail(Failure::Slow { retry_after })),
            Condition::Fine => {}
        }
        if self.rested_at > now.plus(EVERY * (BURST - 1)) {
            self.crowded += 1;
            let retry_after = Some(SECOND);
            return (quick, fail(Failure::Slow { retry_after }));
        }
        self.rested_at = self.rested_at.max(now).plus(EVERY);
        if self.is_lost() {
            return (WHOLE, fail(Failure::Doubtful));
        }
        let theirs = now.plus(self.skew);
        let age = theirs.as_millis() - dated.as_millis();
        if !(-60 * SECOND..=300 * SECOND).contains(&age) {
            let date = Some(Time(theirs.as_millis() / SECOND * SECOND));
            return (quick, fail(Failure::Clock { date }));
        }
        let ails = |parcel: &Parcel| self.poison.get(&parcel.conv).copied();
        let ails: Vec<_> = parcels.iter().map(ails).collect();
        if ails.contains(&Some(Poison::Hanging)) {
            return (WHOLE, fail(Failure::Doubtful));
        }
        if ails.contains(&Some(Poison::Crashing)) {
            return (quick, fail(Failure::Doubtful));
        }
        let verdicts = parcels.into_iter().zip(ails).map(|(parcel, ails)| {
            let verdict = match ails {
                Some(Poison::Refused) => Verdict::Refused,
                Some(Poison::Unknown) => Verdict::Unknown,
                Some(_) => Verdict::Stuck,
                None => {
                    let held = self.held.entry(parcel.conv).or_default();
                    *held = parcel.upto.max(*held);
                    Verdict::Took
                }
            };
            (parcel, verdict)
        });
        let reply = verdicts.collect();
        match self.is_lost() {
            true => (WHOLE, fail(Failure::Doubtful)),
            false => (quick + work + self.dice.upto(self.sluggish), Ok(reply)),
        }
    }
}
