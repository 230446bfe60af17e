//! What must be true at every moment, seen from outside of the engine.

use std::collections::BTreeMap;

use em2_model::Time;

use super::super::slots::{ALL, OF_ONE, PROBES};
use super::super::waiting::{BATCH, NAMED};
use super::super::{Failure, Input, Request, Schedule, Standing};
use super::arrivals::Arrivals;
use super::expect::{self, MINUTE, SECOND};
use super::far::{Condition, Verdict};
use super::flights::Flights;
use super::rows::{Conv, Parcel, Rows};
use super::world::Wrong;

/// What is seen of one peer.
#[derive(Clone, Default)]
pub(super) struct Seen {
    /// It has failed, and nothing says that it is there.
    pub(super) down: bool,
    /// No attempt before this time, unless it says that it is there.
    pub(super) not_before: Time,
    /// It asked for it with 429.
    asked: Time,
    /// It asked so since it last took something; and before this step.
    slowed: bool,
    pub(super) was_slowed: bool,
    told: Option<Standing>,
    told_since: Time,
    /// Since when it answers at once, as far as it is known.
    calm_since: Option<Time>,
    is_away: bool,
    /// It has neither loss nor anything else that makes it late.
    is_calm: bool,
    /// How often it has said that it is there since it last took something.
    spoken: u32,
}

/// What this step was about.
#[derive(Default)]
pub(super) struct Step {
    pub(super) peer: Option<usize>,
    pub(super) failure: Option<Failure>,
    pub(super) answered: bool,
    pub(super) alive: bool,
    known: bool,
    /// What was written of the peer, and whether something was sent to it afterwards.
    pub(super) written: Option<Schedule>,
    pub(super) sent: Option<Request>,
}

/// Sees everything that is said, and says what is wrong.
pub(super) struct Watch {
    flights: Flights,
    pub(super) seen: Vec<Seen>,
    pub(super) step: Step,
    life: u64,
    started_at: Time,
    /// When slots were short last.
    short_at: Time,
    pub(super) arrivals: Arrivals,
    pub(super) most_named: usize,
    pub(super) attempts: Vec<u64>,
    /// What happened, by name: proof that it did.
    pub(super) counters: BTreeMap<&'static str, u64>,
}

impl Watch {
    pub(super) fn new(peers: usize) -> Watch {
        Watch {
            flights: Flights::default(),
            seen: vec![Seen::default(); peers],
            step: Step::default(),
            life: 0,
            started_at: Time(0),
            short_at: Time(0),
            arrivals: Arrivals::new(peers),
            most_named: 0,
            attempts: vec![0; peers],
            counters: BTreeMap::new(),
        }
    }

    pub(super) fn count(&mut self, name: &'static str) {
        *self.counters.entry(name).or_default() += 1;
    }

    /// From now on it is expected to answer at once.
    pub(super) fn expect_calm(&mut self, peer: usize, is_calm: bool) {
        self.seen[peer].is_calm = is_calm;
    }

    pub(super) fn changed(&mut self, peer: usize, condition: Condition) {
        self.seen[peer].calm_since = None;
        self.seen[peer].is_away = condition != Condition::Fine;
        self.arrivals.excuse(Some(peer));
        self.count(match condition {
            Condition::Fine => "healed",
            Condition::Silent => "silent",
            Condition::Refusing => "refusing",
            Condition::Broken => "broken",
            Condition::Down(_) => "503",
            Condition::Slow(_) => "429",
        });
    }

    pub(super) fn crashed(&mut self) {
        self.count("crashed");
        self.flights = Flights::default();
        self.arrivals.excuse(None);
    }

    /// A new life: what is durable counts, and nothing else.
    pub(super) fn started(&mut self, rows: &Rows, now: Time) {
        self.life += 1;
        self.started_at = now;
        for (seen, row) in self.seen.iter_mut().zip(&rows.platforms) {
            let row = row.clone().unwrap_or_default();
            seen.not_before = row.next_at;
            seen.down = row.first_fail_at.is_some();
            seen.asked = Time(0);
            seen.slowed = false;
            seen.told = None;
            seen.calm_since = None;
            seen.spoken = 0;
        }
    }

    pub(super) fn raised(&mut self, peer: usize, conv: Conv, rows: &Rows, now: Time) {
        self.arrivals.raised(peer, conv, now);
        let seen = &self.seen[peer];
        let calm = seen.is_calm && seen.spoken <= 1 && seen.asked <= now;
        let Some(since) = seen.calm_since.filter(|_| calm) else {
            return;
        };
        let row = &rows.deliveries[peer][&conv];
        let hangs = self.flights.has_older(peer, since);
        if !hangs && !row.is_troubled() && self.flights.len() < ALL {
            self.arrivals.expect(peer, conv, row.head, now);
            self.count("expected in two seconds");
        }
    }

    /// The platform has said what became of a parcel.
    pub(super) fn heard(
        &mut self,
        peer: usize,
        parcel: Parcel,
        verdict: Verdict,
        now: Time,
    ) -> Result<(), Wrong> {
        self.arrivals.heard(peer, parcel, verdict, now);
        let (conv, refusals) = (parcel.conv, self.arrivals.refusals(peer, parcel.conv));
        // A crash may lose the count of two.
        match refusals <= 3 + 2 * (self.life - 1) {
            true => Ok(()),
            false => Err(format!("{conv} was refused {refusals} times by {peer}")),
        }
    }

    pub(super) fn set_aside(&mut self, peer: usize, conv: Conv, alarm: bool) -> Result<(), Wrong> {
        self.count(if alarm { "alarm" } else { "aside" });
        let refusals = self.arrivals.refusals(peer, conv);
        match alarm || refusals >= 3 {
            true => Ok(()),
            false => Err(format!("{conv} was set aside after {refusals} refusals")),
        }
    }

    pub(super) fn clock(&mut self, offset: i64, skew: i64) -> Result<(), Wrong> {
        self.count("clock");
        match (offset - skew).abs() <= 30 * SECOND {
            true => Ok(()),
            false => Err(format!(
                "the clock is {skew} ahead, and {offset} was learnt"
            )),
        }
    }

    pub(super) fn before(&mut self, peer: Option<usize>, input: &Input, now: Time) {
        self.step = Step {
            peer,
            ..Step::default()
        };
        match input {
            Input::Answered { attempt, .. } => {
                self.flights.land(*attempt);
                self.step.answered = true;
            }
            Input::Failed {
                attempt, failure, ..
            } => {
                self.flights.land(*attempt);
                self.step.failure = Some(*failure);
            }
            Input::Idle { attempt } | Input::Unread { attempt } => self.flights.land(*attempt),
            Input::Alive { .. } => self.step.alive = true,
            Input::Known { .. } => self.step.known = true,
            _ => {}
        }
        let Some(seen) = peer.map(|peer| &mut self.seen[peer]) else {
            return;
        };
        seen.was_slowed = seen.slowed;
        seen.slowed &= !self.step.answered;
        if self.step.answered || self.step.alive {
            (seen.down, seen.not_before) = (false, Time(0));
            let calm_since = seen.calm_since.or(Some(now));
            seen.calm_since = calm_since.filter(|_| !seen.is_away);
            seen.spoken = if self.step.alive { seen.spoken + 1 } else { 0 };
        }
        if let Some(failure) = self.step.failure {
            seen.calm_since = None;
            if let Failure::Slow { .. } = failure {
                seen.slowed = true;
                seen.asked = seen.asked.max(now.plus(expect::asked(failure)));
            }
        }
    }

    pub(super) fn told(
        &mut self,
        peer: usize,
        standing: Standing,
        since: Time,
        rows: &Rows,
        now: Time,
    ) -> Result<(), Wrong> {
        self.count(match standing {
            Standing::Fine => "told: fine",
            Standing::Delayed => "told: delayed",
            Standing::Failing => "told: failing",
            Standing::GaveUp => "told: gave up",
        });
        let own = self.step.peer == Some(peer);
        let seen = &mut self.seen[peer];
        let exact = match standing {
            Standing::Fine => seen.told.is_some() && seen.told_since == since,
            _ => {
                let row = rows.platforms[peer].as_ref();
                let same = row.and_then(|row| row.first_fail_at) == Some(since);
                let late = now.as_millis() - since.as_millis() - expect::told_after(standing);
                same && (late == 0 || (own && self.step.known && late > 0))
            }
        };
        seen.told = Some(standing).filter(|standing| *standing != Standing::Fine);
        seen.told_since = since;
        match exact {
            true => Ok(()),
            false => Err(format!("{standing:?} of {peer} was told at the wrong time")),
        }
    }

    /// A request is about to be made.
    pub(super) fn sent(
        &mut self,
        peer: usize,
        request: &Request,
        rows: &Rows,
        now: Time,
    ) -> Result<(), Wrong> {
        self.attempts[peer] += 1;
        let wrong = |what: &str| Err(format!("{what}: {request:?}"));
        let row = rows.platforms[peer].as_ref();
        if row.is_none_or(|row| row.next_at <= now) {
            return wrong("not booked");
        }
        let own = self.step.peer == Some(peer);
        let seen = &self.seen[peer];
        if now < seen.asked {
            return wrong("earlier than it asked");
        }
        if !(own && self.step.failure.is_some()) {
            if now < seen.not_before {
                return wrong("earlier than it was to be");
            }
            if request.probe != seen.down {
                return wrong("a probe, or none");
            }
            let late = now.as_millis() - seen.not_before.as_millis();
            let greeted = self.started_at.plus(MINUTE);
            let expected = seen.down && greeted < seen.not_before;
            if expected && self.short_at < seen.not_before && late > 35 * SECOND {
                return wrong("later than it was to be");
            }
        }
        self.flights.depart(peer, request, now)?;
        if self.flights.probes() == PROBES {
            self.short_at = now;
            self.count("probes short");
        }
        if self.flights.len() == ALL {
            self.short_at = now;
            self.count("slots short");
            self.arrivals.excuse(None);
        }
        if own {
            self.step.sent = Some(request.clone());
        }
        Ok(())
    }

    pub(super) fn after(
        &mut self,
        peer: Option<usize>,
        rows: &Rows,
        now: Time,
        named: impl Fn(usize) -> usize,
    ) -> Result<(), Wrong> {
        self.arrivals.check(now)?;
        let Some(peer) = peer else { return Ok(()) };
        self.most_named = self.most_named.max(named(peer));
        if self.most_named > NAMED + OF_ONE * BATCH {
            return Err(format!("{} are named for {peer}", self.most_named));
        }
        self.is_told(peer, rows, now)?;
        match (self.step.failure, self.step.written.take()) {
            (Some(failure), Some(written)) => self.failed(peer, failure, &written, now),
            _ => Ok(()),
        }
    }

    /// People know how it stands.
    pub(super) fn is_told(&self, peer: usize, rows: &Rows, now: Time) -> Result<(), Wrong> {
        let since = rows.platforms[peer]
            .as_ref()
            .and_then(|row| row.first_fail_at);
        let elapsed = since.map_or(0, |since| now.as_millis() - since.as_millis());
        let told = self.seen[peer].told.unwrap_or(Standing::Fine);
        match expect::standing(elapsed) == told {
            true => Ok(()),
            false => Err(format!(
                "{told:?} was told of {peer}, {elapsed} ms after it failed"
            )),
        }
    }
}
