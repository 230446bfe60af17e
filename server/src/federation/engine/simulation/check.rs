//! What must be true at every moment, seen from outside of the engine.

use std::collections::{BTreeMap, BTreeSet};

use em2_model::{ConversationKey, Time};

use super::super::slots::{ALL, OF_ONE, PROBES};
use super::super::waiting::{BATCH, NAMED};
use super::super::{AttemptId, Errand, Failure, Input, Request, Schedule, Standing};
use super::far::{Condition, Verdict};
use super::rows::{Conv, Parcel, Rows};
use super::world::Wrong;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The waits of the protocol, in seconds. // spec §15
const WAITS: [i64; 9] = [0, 5, 15, 45, 120, 300, 900, 1800, 3600];

fn wait(attempts: u64, elapsed: i64) -> i64 {
    let late = match elapsed {
        ..86_400_000 => HOUR,
        86_400_000..604_800_000 => 4 * HOUR,
        _ => DAY,
    };
    let step = WAITS.get(attempts as usize - 1);
    step.map_or(late, |seconds| seconds * SECOND)
}

fn reached(standing: Standing) -> i64 {
    match standing {
        Standing::Fine => 0,
        Standing::Delayed => 10 * MINUTE,
        Standing::Failing => DAY,
        Standing::GaveUp => 30 * DAY,
    }
}

fn standing(elapsed: i64) -> Standing {
    let all = [Standing::GaveUp, Standing::Failing, Standing::Delayed];
    let reached = all.into_iter().find(|standing| elapsed >= reached(*standing));
    reached.unwrap_or(Standing::Fine)
}

struct Flight {
    peer: usize,
    at: Time,
    probe: bool,
    convs: Vec<ConversationKey>,
}

/// What is seen of one peer.
#[derive(Clone, Default)]
struct Seen {
    /// It has failed, and nothing says that it is there.
    down: bool,
    /// No attempt before this time, unless it says that it is there.
    not_before: Time,
    /// It asked for it with 429.
    asked: Time,
    told: Option<Standing>,
    told_since: Time,
    /// Since when it answers at once, as far as it is known.
    calm_since: Option<Time>,
    /// It has neither loss nor anything else that makes it late.
    is_calm: bool,
    refusals: BTreeMap<Conv, u64>,
}

/// What this step was about.
#[derive(Default)]
struct Step {
    peer: Option<usize>,
    failure: Option<Failure>,
    answered: bool,
    alive: bool,
    known: bool,
    /// What was written of the peer, and whether something was sent to it afterwards.
    written: Option<Schedule>,
    sent: Option<Request>,
}

/// Sees everything that is said, and says what is wrong.
pub(super) struct Watch {
    flights: BTreeMap<AttemptId, Flight>,
    carried: BTreeSet<(usize, ConversationKey)>,
    seen: Vec<Seen>,
    step: Step,
    life: u64,
    started_at: Time,
    /// When slots were short last.
    short_at: Time,
    /// By when which commit of a calm peer is to be there.
    deadlines: BTreeSet<(Time, usize, Conv, u64)>,
    raised_at: BTreeMap<(usize, Conv), Time>,
    /// How long each first thing that waited did, by peer.
    pub(super) latencies: Vec<Vec<i64>>,
    pub(super) most_named: usize,
    pub(super) attempts: Vec<u64>,
    /// What happened, by name: proof that it did.
    pub(super) counters: BTreeMap<&'static str, u64>,
}

impl Watch {
    pub(super) fn new(peers: usize) -> Watch {
        Watch {
            flights: BTreeMap::new(),
            carried: BTreeSet::new(),
            seen: vec![Seen::default(); peers],
            step: Step::default(),
            life: 0,
            started_at: Time(0),
            short_at: Time(0),
            deadlines: BTreeSet::new(),
            raised_at: BTreeMap::new(),
            latencies: vec![Vec::new(); peers],
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

    pub(super) fn changed(&mut self, peer: usize, condition: Condition, _: Time) {
        self.seen[peer].calm_since = None;
        self.deadlines.retain(|deadline| deadline.1 != peer);
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
        self.flights.clear();
        self.carried.clear();
        self.deadlines.clear();
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
            seen.told = None;
            seen.calm_since = None;
        }
    }

    pub(super) fn raised(&mut self, peer: usize, conv: Conv, rows: &Rows, now: Time) {
        self.raised_at.entry((peer, conv)).or_insert(now);
        let seen = &self.seen[peer];
        let Some(since) = seen.calm_since.filter(|_| seen.is_calm) else {
            return;
        };
        let row = &rows.deliveries[peer][&conv];
        let mut flights = self.flights.values().filter(|flight| flight.peer == peer);
        let hangs = flights.any(|flight| flight.at < since);
        if !hangs && !row.is_troubled() && seen.asked <= now {
            let deadline = (now.plus(2 * SECOND), peer, conv, row.head);
            self.deadlines.insert(deadline);
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
        let conv = parcel.conv;
        if verdict == Verdict::Took {
            if let Some(at) = self.raised_at.remove(&(peer, conv)) {
                self.latencies[peer].push(now.as_millis() - at.as_millis());
            }
            self.deadlines.retain(|(_, other, of, head)| {
                (*other, *of) != (peer, conv) || *head > parcel.upto
            });
        }
        let refusals = self.seen[peer].refusals.entry(conv).or_default();
        if verdict != Verdict::Refused {
            *refusals = 0;
        } else {
            *refusals += 1;
            if *refusals > 2 + self.life {
                return Err(format!("{conv} was refused {refusals} times by {peer}"));
            }
        }
        Ok(())
    }

    pub(super) fn set_aside(&mut self, peer: usize, conv: Conv, alarm: bool) -> Result<(), Wrong> {
        self.count(if alarm { "alarm" } else { "aside" });
        let refusals = self.seen[peer].refusals.get(&conv).copied().unwrap_or(0);
        match alarm || refusals >= 3 || self.life > 1 {
            true => Ok(()),
            false => Err(format!("{conv} was set aside after {refusals} refusals")),
        }
    }

    pub(super) fn clock(&mut self, offset: i64, skew: i64) -> Result<(), Wrong> {
        self.count("clock");
        match (offset - skew).abs() <= 30 * SECOND {
            true => Ok(()),
            false => Err(format!("the clock is {skew} ahead, and {offset} was learnt")),
        }
    }

    pub(super) fn before(&mut self, peer: Option<usize>, input: &Input, now: Time) {
        self.step = Step {
            peer,
            ..Step::default()
        };
        match input {
            Input::Answered { attempt, .. } => {
                self.land(*attempt);
                self.step.answered = true;
            }
            Input::Failed {
                attempt, failure, ..
            } => {
                self.land(*attempt);
                self.step.failure = Some(*failure);
            }
            Input::Unsent { attempt, .. } => self.land(*attempt),
            Input::Alive { .. } => self.step.alive = true,
            Input::Known { .. } => self.step.known = true,
            _ => {}
        }
        let Some(seen) = peer.map(|peer| &mut self.seen[peer]) else {
            return;
        };
        if self.step.answered || self.step.alive {
            (seen.down, seen.not_before) = (false, Time(0));
            seen.calm_since = seen.calm_since.or(Some(now));
        }
        if let Some(failure) = self.step.failure {
            seen.calm_since = None;
            if let Failure::Slow { retry_after } = failure {
                let asked = now.plus(retry_after.unwrap_or(0).min(HOUR));
                seen.asked = seen.asked.max(asked);
            }
        }
    }

    fn land(&mut self, attempt: AttemptId) {
        if let Some(flight) = self.flights.remove(&attempt) {
            for conv in flight.convs {
                self.carried.remove(&(flight.peer, conv));
            }
        }
    }

    /// A row is about to be written.
    pub(super) fn schedule(
        &mut self,
        peer: usize,
        schedule: &Schedule,
        rows: &Rows,
        now: Time,
    ) -> Result<(), Wrong> {
        let before = rows.platforms[peer].as_ref().and_then(|row| row.first_fail_at);
        let own = self.step.peer == Some(peer);
        match (before, schedule.first_fail_at) {
            (None, Some(since)) if since != now || !own || self.step.failure.is_none() => {
                return Err(format!("{peer} failed first at {}, not now", since.0));
            }
            (Some(one), Some(other)) if one != other => {
                return Err(format!("{peer} has failed first a second time"));
            }
            (Some(_), None) if !own || !(self.step.answered || self.step.alive) => {
                return Err(format!("the failure of {peer} was forgotten"));
            }
            _ => {}
        }
        if own {
            self.step.written = Some(schedule.clone());
            self.step.sent = None;
        }
        Ok(())
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
                let late = now.as_millis() - since.as_millis() - reached(standing);
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
            let expected = seen.down && self.started_at < seen.not_before;
            if expected && self.short_at < seen.not_before && late > 35 * SECOND {
                return wrong("later than it was to be");
            }
        }
        let convs = match &request.errand {
            Errand::Push { convs, .. } => convs.clone(),
            Errand::Greet | Errand::Compare => Vec::new(),
        };
        if convs.len() > BATCH || (request.probe && convs.len() > 1) {
            return wrong("too much at once");
        }
        for conv in &convs {
            if !self.carried.insert((peer, *conv)) {
                return wrong("twice at once");
            }
        }
        let flight = Flight {
            peer,
            at: now,
            probe: request.probe,
            convs,
        };
        self.flights.insert(request.attempt, flight);
        let of_one = self.flights.values().filter(|flight| flight.peer == peer);
        let probes = self.flights.values().filter(|flight| flight.probe);
        let own_probes = of_one.clone().filter(|flight| flight.probe).count();
        let (of_one, probes) = (of_one.count(), probes.count());
        if self.flights.len() > ALL || of_one > OF_ONE || probes > PROBES || own_probes > 1 {
            return wrong("too many at once");
        }
        if self.flights.len() == ALL || probes == PROBES {
            self.short_at = now;
            self.count(if probes == PROBES { "probes short" } else { "slots short" });
        }
        if self.flights.len() == ALL {
            self.deadlines.clear();
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
        if let Some((_, peer, conv, _)) = self.deadlines.first().filter(|first| first.0 < now) {
            return Err(format!("{conv} was not with {peer} after two seconds"));
        }
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
        let since = rows.platforms[peer].as_ref().and_then(|row| row.first_fail_at);
        let elapsed = since.map_or(0, |since| now.as_millis() - since.as_millis());
        let told = self.seen[peer].told.unwrap_or(Standing::Fine);
        match standing(elapsed) == told {
            true => Ok(()),
            false => Err(format!("{told:?} was told of {peer}, {elapsed} ms after it failed")),
        }
    }

    /// An attempt has failed, and this was written.
    fn failed(
        &mut self,
        peer: usize,
        failure: Failure,
        written: &Schedule,
        now: Time,
    ) -> Result<(), Wrong> {
        let seen = &mut self.seen[peer];
        let Some(since) = written.first_fail_at else {
            return Ok(());
        };
        let clock = matches!(failure, Failure::Clock { .. });
        if let Some(sent) = &self.step.sent {
            if !sent.probe {
                return Ok(());
            }
            seen.down = true;
            seen.not_before = Time(0);
            return match written.attempts <= 2 || clock {
                true => Ok(()),
                false => Err(format!("{peer} is tried again at once: {written:?}")),
            };
        }
        seen.down = true;
        seen.not_before = written.next_at;
        let elapsed = now.as_millis() - since.as_millis();
        let next = written.next_at.as_millis() - now.as_millis();
        let wait = wait(written.attempts, elapsed);
        let asked = match failure {
            Failure::Down { retry_after } | Failure::Slow { retry_after } => {
                retry_after.unwrap_or(0).min(HOUR)
            }
            _ => 0,
        };
        let range = (wait - wait / 5).max(asked)..=(wait + wait / 5).max(asked + asked / 5);
        let gives_up = elapsed + wait + wait / 5 >= 30 * DAY;
        match range.contains(&next) || gives_up || (clock && next == 0) {
            true => Ok(()),
            false => Err(format!("{peer} waits {next}, not {range:?}: {written:?}")),
        }
    }
}
