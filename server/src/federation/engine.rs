//! Decides what is sent to which platform now. // spec §15
//!
//! ```text
//!  commit, answer, page, tick ─► Engine::step ─► row, request, page to load, what people are told
//! ```
//!
//! It performs no I/O, reads no clock and draws no randomness: a driver tells it what happened and does what it says,
//! in that order. What has to survive is in two kinds of rows that the driver writes for it: a [`Schedule`] for each
//! platform, and for each (conversation, platform) how far it got. The engine keeps a bounded number of conversations
//! by name for each peer; the others are loaded in pages.
//!
//! A peer is *up* until an attempt fails. Then it is *down*: one probe at a time, on schedule, until it takes something
//! or says that it is there. A probe carries a conversation that has shown no trouble of its own; where there is none,
//! it is a greeting. So what one conversation cannot get through does not hold up the others, and a peer that takes
//! greetings alone is not hammered with everything that waits.
//!
//! Every attempt is booked in the row of its peer, as though it had failed, before it is made. While the peer answers,
//! one booking covers what is sent in the next seconds, so that it costs a write now and then and not one for each
//! request.

mod dice;
mod faults;
mod input;
mod landing;
mod link;
mod output;
mod pace;
mod past;
mod peer;
mod schedule;
#[cfg(test)]
mod simulation;
mod slots;
#[cfg(test)]
mod tests;
mod waiting;

use std::collections::{BTreeMap, BTreeSet};

use em2_model::{Platform, Time};

use dice::Dice;
use faults::Fault;
pub use input::{Failure, Input, Outcome, Waits};
use link::Link;
pub use output::{AttemptId, Class, Errand, Output, Request};
use peer::Peer;
pub use schedule::{DAY, Schedule, Standing, Trouble};
use schedule::{HOLD, MINUTE};
use slots::{Lane, Lines, PeerId, Slots};

/// What lies between two greetings of a start, in milliseconds, and after how long the next round of them begins: few
/// peers hear of it at once, and many within a minute.
const GREETING: i64 = 50;
const GREETINGS: i64 = MINUTE;

/// What is sent to whom. One for the whole platform.
pub struct Engine {
    /// The latest time that was told: it does not go back.
    now: Time,
    dice: Dice,
    /// Every peer that is known, named by its place here; none is forgotten.
    peers: Vec<Peer>,
    by_name: BTreeMap<Platform, PeerId>,
    slots: Slots,
    lines: Lines,
    /// When each peer is to be looked at, if nothing happens to it before.
    wakes: BTreeSet<(Time, PeerId)>,
    /// The peers that this step has to do with.
    touched: BTreeSet<PeerId>,
    outputs: Vec<Output>,
}

impl Engine {
    /// An engine that knows nobody yet. The seed decides about jitter alone.
    pub fn new(seed: u64) -> Engine {
        Engine {
            now: Time(0),
            dice: Dice::new(seed),
            peers: Vec::new(),
            by_name: BTreeMap::new(),
            slots: Slots::default(),
            lines: Lines::default(),
            wakes: BTreeSet::new(),
            touched: BTreeSet::new(),
            outputs: Vec::new(),
        }
    }

    /// When to [`Tick`](Input::Tick) next, if nothing else is told before.
    pub fn next_at(&self) -> Option<Time> {
        self.wakes.first().map(|(at, _)| *at)
    }

    /// Takes in what happened, and says what is to be done, in this order.
    pub fn step(&mut self, input: Input, now: Time) -> Vec<Output> {
        self.now = self.now.max(now);
        self.take_in(input);
        while let Some((at, id)) = self.wakes.first().copied()
            && at <= self.now
        {
            self.wakes.pop_first();
            self.touched.insert(id);
        }
        for id in self.touched.clone() {
            self.look_at(id);
        }
        self.send();
        for id in std::mem::take(&mut self.touched) {
            self.leave(id);
        }
        std::mem::take(&mut self.outputs)
    }

    fn take_in(&mut self, input: Input) {
        match input {
            Input::Known {
                peer,
                schedule,
                waiting,
            } => self.know(peer, schedule, waiting),
            Input::Raised { peer, convs, more } => {
                let peer = self.meet(peer);
                convs.into_iter().for_each(|conv| peer.raise(Some(conv)));
                if more {
                    peer.raise(None);
                }
            }
            Input::Alive { peer } => {
                let (now, horizon) = (self.now, self.slots.horizon());
                if let Some(peer) = self.find(&peer) {
                    peer.greet_at = None;
                    peer.link.alive(now, horizon);
                }
            }
            Input::Doubted { peer } => {
                let now = self.now;
                self.meet(peer).doubt(now);
            }
            Input::Hurried { peer, convs } => {
                let (now, horizon) = (self.now, self.slots.horizon());
                let peer = self.meet(peer);
                peer.greet_at = None;
                peer.link.alive(now, horizon);
                convs.into_iter().for_each(|conv| peer.waiting.hurry(conv));
            }
            Input::Backlog { peer, convs, more } => {
                let now = self.now;
                if let Some(peer) = self.find(&peer) {
                    peer.waiting.page(&convs, more, now);
                }
            }
            Input::Unloaded { peer } => {
                let until = self.now.plus(HOLD);
                if let Some(peer) = self.find(&peer) {
                    peer.waiting.unloaded();
                    peer.link.pause(until);
                }
            }
            Input::Answered { attempt, outcomes } => self.answered(attempt, outcomes),
            Input::Failed {
                attempt,
                failure,
                trouble,
            } => self.failed(attempt, failure, trouble),
            Input::Idle { attempt } => self.unsent(attempt, false),
            Input::Unread { attempt } => self.unsent(attempt, true),
            Input::Tick => {}
        }
    }

    /// A peer of the database.
    fn know(&mut self, name: Platform, schedule: Schedule, waiting: bool) {
        if self.by_name.contains_key(&name) {
            return;
        }
        let (now, horizon) = (self.now, self.slots.horizon());
        let place = self.peers.len() as i64 * GREETING % GREETINGS;
        let greet_at = now.plus(place + self.dice.upto(GREETING));
        let link = Link::restored(schedule, greet_at, now, horizon);
        let peer = self.add(name, link);
        // Though nothing waits for it here: something may wait for this platform there.
        peer.greet_at = Some(greet_at);
        if waiting {
            peer.raise(None);
        }
    }

    fn add(&mut self, name: Platform, link: Link) -> &mut Peer {
        let id = PeerId(self.peers.len());
        let compare_at = self.now.plus(self.dice.upto(DAY));
        self.by_name.insert(name.clone(), id);
        self.peers.push(Peer::new(name, link, compare_at));
        self.touch(id)
    }

    /// A peer that is now to be looked at.
    fn touch(&mut self, id: PeerId) -> &mut Peer {
        self.touched.insert(id);
        &mut self.peers[id.0]
    }

    fn find(&mut self, name: &Platform) -> Option<&mut Peer> {
        let id = self.by_name.get(name).copied()?;
        Some(self.touch(id))
    }

    /// A peer, which may be a new one.
    fn meet(&mut self, name: Platform) -> &mut Peer {
        match self.by_name.get(&name).copied() {
            Some(id) => self.touch(id),
            None => {
                let link = Link::new(self.slots.horizon());
                self.add(name, link)
            }
        }
    }

    /// What is due of a peer: people are told, and it joins the line for what it wants.
    fn look_at(&mut self, id: PeerId) {
        let peer = &mut self.peers[id.0];
        peer.waiting.wake(self.now);
        if let Some((standing, since)) = peer.link.tell(self.now) {
            self.outputs.push(Output::Told {
                peer: peer.name.clone(),
                standing,
                since,
            });
        }
        if let Some(lane) = peer.wants(self.now) {
            self.lines.join(lane, id);
        }
    }

    /// Gives away the slots that are free.
    fn send(&mut self) {
        while let Some((lane, id)) = self.lines.next(&self.slots) {
            let wanted = self.peers[id.0].wants(self.now);
            if wanted == Some(lane) {
                self.grant(lane, id);
            }
            if let Some(lane) = self.peers[id.0].wants(self.now) {
                self.lines.join(lane, id);
            }
        }
    }

    fn grant(&mut self, lane: Lane, id: PeerId) {
        self.touched.insert(id);
        let peer = &mut self.peers[id.0];
        let (lane, errand) = peer.errand(lane, &self.slots, self.now);
        let attempt = self.slots.take(id, lane);
        self.lines.granted(lane);
        peer.depart(attempt, lane, errand.clone(), self.now);
        peer.link.book(self.now, &mut self.dice);
        let request = Output::Send(Request {
            attempt,
            peer: peer.name.clone(),
            clock_offset: peer.link.clock_offset(),
            probe: lane == Lane::Probe,
            errand,
        });
        if faults::is(Fault::BookedLate) {
            self.outputs.push(request);
            return self.write(id);
        }
        self.write(id);
        self.outputs.push(request);
    }

    /// What is to be durable of a peer.
    fn write(&mut self, id: PeerId) {
        let peer = &mut self.peers[id.0];
        if let Some(schedule) = peer.link.unwritten() {
            let peer = peer.name.clone();
            self.outputs.push(Output::Schedule { peer, schedule });
        }
    }

    /// What is left to be done of a peer at the end of a step.
    fn leave(&mut self, id: PeerId) {
        self.write(id);
        let now = self.now;
        let peer = &mut self.peers[id.0];
        if let Some((after, limit)) = peer.load(now) {
            self.outputs.push(Output::Load {
                peer: peer.name.clone(),
                after,
                limit,
            });
        }
        let next = peer.next_at(now);
        let before = std::mem::replace(&mut peer.wake_at, next);
        before.map(|at| self.wakes.remove(&(at, id)));
        next.map(|at| self.wakes.insert((at, id)));
    }

    /// How many conversations are kept by name for a peer.
    #[cfg(test)]
    fn named(&self, peer: &Platform) -> usize {
        let id = self.by_name.get(peer);
        id.map_or(0, |id| self.peers[id.0].waiting.named())
    }
}
