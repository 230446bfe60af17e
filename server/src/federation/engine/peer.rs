//! One other platform: what waits for it, how it stands, and what is under way to it.

use em2_model::{ConversationKey, Platform, Time};

use super::faults::{self, Fault};
use super::link::{Link, State};
use super::output::{AttemptId, Class, Errand};
use super::pace::Pace;
use super::schedule::{DAY, HOUR, MINUTE, SECOND};
use super::slots::{self, Lane, Slots};
use super::waiting::{Landing, Waiting};

/// A peer that takes longer to answer than this is not sent much at once.
const SWIFT: i64 = 5 * SECOND;

/// How soon after a comparison a doubt causes the next one.
const DOUBT: i64 = MINUTE;

/// One other platform.
pub(super) struct Peer {
    pub(super) name: Platform,
    pub(super) link: Link,
    pub(super) waiting: Waiting,
    /// What is under way.
    flights: Vec<Flight>,
    pace: Pace,
    /// The greeting of a start; what waited before the start waits for it.
    pub(super) greet_at: Option<Time>,
    /// When all shared heads are compared next.
    compare_at: Time,
    /// When they were compared last.
    compared_at: Option<Time>,
    /// The last answer to a push was long in coming.
    sluggish: bool,
    /// How often in a row new data went before catch-up that waited.
    passed: u8,
    /// When it is to be looked at again, as the engine's list has it.
    pub(super) wake_at: Option<Time>,
}

/// A request under way.
struct Flight {
    attempt: AttemptId,
    at: Time,
    lane: Lane,
    errand: Errand,
}

impl Peer {
    pub(super) fn new(name: Platform, link: Link, compare_at: Time) -> Peer {
        Peer {
            name,
            link,
            waiting: Waiting::default(),
            flights: Vec::new(),
            pace: Pace::default(),
            greet_at: None,
            compare_at,
            compared_at: None,
            sluggish: false,
            passed: 0,
            wake_at: None,
        }
    }

    /// Something was raised, or (`None`) something that is not named.
    pub(super) fn raise(&mut self, conv: Option<ConversationKey>) {
        match conv {
            Some(conv) if faults::is(Fault::NewLast) => self.waiting.raise(conv, Class::CatchUp),
            Some(conv) => self.waiting.raise(conv, Class::New),
            None => self.waiting.spill(),
        }
        if self.link.is_lasting() {
            self.waiting.demote();
        }
    }

    /// What it would take a slot for now, were there one.
    pub(super) fn wants(&self, now: Time) -> Option<Lane> {
        match self.link.state() {
            State::Down { .. } => {
                let waits = self.loads_for_probe(now) && self.waiting.expects_page();
                (self.probes(now) && !waits).then_some(Lane::Probe)
            }
            State::Up { not_before } if not_before > now => None,
            State::Up { .. } if self.wants_class(Class::New, now) => Some(Lane::Of(Class::New)),
            State::Up { .. } => {
                let wants = self.wants_class(Class::CatchUp, now);
                wants.then_some(Lane::Of(Class::CatchUp))
            }
        }
    }

    /// Whether it is to be probed now.
    fn probes(&self, now: Time) -> bool {
        let is_due = matches!(self.link.state(), State::Down { due: Some(due) } if due <= now);
        let probes = self.flights.iter().any(|flight| flight.lane == Lane::Probe);
        is_due && !probes && self.flights.len() < slots::OF_ONE
    }

    /// Whether the database is asked first for something to probe it with.
    fn loads_for_probe(&self, now: Time) -> bool {
        self.probes(now) && !self.greets(now) && !self.waiting.has_probe()
    }

    /// Whether a slot can be used for this. One slot is kept free for new data, and one more for the moment in which a
    /// peer that hung says that it is there.
    fn wants_class(&self, class: Class, now: Time) -> bool {
        let lane = Lane::Of(class);
        let (all, behind) = match self.is_swift(now) {
            true if faults::is(Fault::FifthSlot) => (slots::OF_ONE + 1, slots::OF_ONE),
            true => (slots::OF_ONE, slots::OF_ONE - 1),
            false => (slots::OF_ONE - 1, 1),
        };
        let same = self.flights.iter().filter(|flight| flight.lane == lane);
        let free = match class {
            Class::New => self.flights.len() < all,
            Class::CatchUp => self.flights.len() < all && same.count() < behind,
        };
        let asks = class == Class::CatchUp && (self.greets(now) || self.compare_at <= now);
        free && self.pace.free_at(class) <= now && (asks || self.waiting.has(class))
    }

    /// Whether it has proved that it answers at once.
    fn is_swift(&self, now: Time) -> bool {
        let pushes = |flight: &&Flight| matches!(flight.errand, Errand::Push { .. });
        let mut pushes = self.flights.iter().filter(pushes);
        let waits = pushes.any(|flight| flight.at.plus(SWIFT) < now);
        self.link.is_proven() && !self.sluggish && !waits
    }

    fn greets(&self, now: Time) -> bool {
        self.greet_at.is_some_and(|at| at <= now)
    }

    /// What a slot of this lane is used for. Of a peer that has both, every fourth is for catch-up.
    pub(super) fn errand(&mut self, lane: Lane, slots: &Slots, now: Time) -> (Lane, Errand) {
        let greets = self.greets(now);
        let Lane::Of(class) = lane else {
            let probe = (!greets).then(|| self.waiting.take_probe()).flatten();
            let Some((conv, class)) = probe else {
                self.greet_at = None;
                return (lane, Errand::Greet);
            };
            let convs = vec![conv];
            return (lane, Errand::Push { convs, class });
        };
        let catch_up = Lane::Of(Class::CatchUp);
        let both = class == Class::New
            && slots.has_room(catch_up)
            && self.wants_class(Class::CatchUp, now);
        let class = match class {
            Class::New if both && self.passed >= slots::NEW_BEFORE_CATCH_UP => Class::CatchUp,
            class => class,
        };
        self.passed = if both && class == Class::New {
            self.passed + 1
        } else {
            0
        };
        let errand = match class {
            Class::CatchUp if greets => {
                self.greet_at = None;
                Errand::Greet
            }
            Class::CatchUp if self.compare_at <= now => {
                self.compare_at = now.plus(DAY);
                self.compared_at = Some(now);
                Errand::Compare
            }
            class => Errand::Push {
                convs: self.waiting.take(class),
                class,
            },
        };
        (Lane::Of(class), errand)
    }

    /// Shared heads are compared soon, but not more often than every [`DOUBT`]: whoever is doubted may go on giving cause.
    pub(super) fn doubt(&mut self, now: Time) {
        let soon = self.compared_at.map_or(now, |at| at.plus(DOUBT).max(now));
        self.compare_at = self.compare_at.min(soon);
    }

    pub(super) fn depart(&mut self, attempt: AttemptId, lane: Lane, errand: Errand, now: Time) {
        self.pace.count(now);
        self.flights.push(Flight {
            attempt,
            at: now,
            lane,
            errand,
        });
    }

    /// A request has ended: what it was for.
    pub(super) fn land(&mut self, attempt: AttemptId, now: Time) -> Option<Errand> {
        let ended = |flight: &Flight| flight.attempt == attempt;
        let at = self.flights.iter().position(ended)?;
        let flight = self.flights.remove(at);
        if let Errand::Push { .. } = flight.errand {
            self.sluggish = flight.at.plus(SWIFT) < now;
        }
        Some(flight.errand)
    }

    /// What had no success through no fault of its own is in front again; a comparison has time.
    pub(super) fn put_back(&mut self, errand: Errand, now: Time) {
        match errand {
            Errand::Push { convs, .. } => {
                let back = |conv| self.waiting.land(conv, Landing::Back, now);
                convs.into_iter().rev().for_each(back);
            }
            Errand::Compare => self.compare_at = now.plus(HOUR),
            Errand::Greet => {}
        }
    }

    /// What is to be loaded for it now, after which key and how much.
    pub(super) fn load(&mut self, now: Time) -> Option<(Option<ConversationKey>, usize)> {
        let is_open = match self.link.state() {
            State::Up { not_before } => not_before <= now && self.greet_at.is_none(),
            State::Down { .. } => self.loads_for_probe(now),
        };
        is_open.then(|| self.waiting.load()).flatten()
    }

    /// When it is to be looked at next, if nothing happens before.
    pub(super) fn next_at(&self, now: Time) -> Option<Time> {
        let own = self.waiting.next_at().into_iter();
        let asks = self.greet_at.into_iter().chain([self.compare_at]);
        let paced = [Class::New, Class::CatchUp].map(|class| self.pace.free_at(class));
        let all = self.link.next_at().chain(own).chain(asks).chain(paced);
        all.filter(|at| *at > now).min()
    }
}
