//! The conversations in which something waits for one peer: a bounded number by name, the others in the database.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use em2_model::{ConversationKey, Time};

use super::faults::{self, Fault};
use super::input::Waits;
use super::output::Class;
use super::past::Past;
use super::schedule;

/// How many conversations one request carries at most.
pub(super) const BATCH: usize = 100;

/// How many are kept by name beside those in flight.
pub(super) const NAMED: usize = 256;

/// How many of them are caught up with: the rest of the room is for what is new.
const BEHIND: usize = 128;

/// How many of them rest.
const RESTING: usize = 64;

/// How many of those that were raised while the peer is down go first when it is back: the last ones. Each may fill a
/// request, and what is new then waits behind them.
pub(super) const LATEST: usize = 16;

/// What waits for one peer. A conversation stands in one place at a time.
#[derive(Default)]
pub(super) struct Waiting {
    named: BTreeMap<ConversationKey, Named>,
    /// Those that a commit has just raised, the first in front.
    fresh: VecDeque<ConversationKey>,
    /// Those that are caught up with.
    behind: VecDeque<ConversationKey>,
    /// Those that rest, by the time at which they no longer do.
    resting: BTreeSet<(Time, ConversationKey)>,
    stored: Stored,
    /// Something was left to the database at a key that the present scan may have passed.
    missed: bool,
    /// When the first of those that rest in the database alone is due.
    rescan_at: Option<Time>,
}

struct Named {
    place: Place,
    past: Past,
}

#[derive(Clone, Copy)]
enum Place {
    Queued(Class),
    Resting,
    /// `again`: something was raised since.
    InFlight {
        class: Class,
        again: bool,
    },
}

/// What is left in the database alone.
#[derive(Clone, Copy, Default)]
enum Stored {
    #[default]
    Nothing,
    /// There may be something after this key.
    More {
        after: Option<ConversationKey>,
    },
    Loading {
        after: Option<ConversationKey>,
    },
}

/// What becomes of a conversation whose request has ended.
#[derive(Clone, Copy)]
pub(super) enum Landing {
    /// Nothing waited in it but what was raised since.
    Done,
    /// It waits for a person.
    Aside,
    /// There is more of it.
    More,
    /// It was not its fault: in front again.
    Back,
    /// This is its past now; it rests until then.
    Troubled { past: Past, until: Time },
}

impl Waiting {
    /// Something was raised in a conversation.
    pub(super) fn raise(&mut self, conv: ConversationKey, class: Class) {
        let known = !faults::is(Fault::TwiceAtOnce);
        let Some(named) = self.named.get_mut(&conv).filter(|_| known) else {
            return self.enqueue(conv, class, Past::default());
        };
        match &mut named.place {
            Place::InFlight { again, .. } => *again = true,
            // One that is in trouble does not get ahead by that; one failure may be that of a peer that went away.
            Place::Queued(place @ Class::CatchUp)
                if class == Class::New && named.past.is_sound() =>
            {
                *place = Class::New;
                self.behind.retain(|other| *other != conv);
                self.fresh.push_back(conv);
            }
            Place::Queued(_) | Place::Resting => {}
        }
    }

    /// Somebody does not want to wait: it rests no longer.
    pub(super) fn hurry(&mut self, conv: ConversationKey) {
        self.resting.retain(|(_, resting)| *resting != conv);
        let place = self.named.get(&conv).map(|named| named.place);
        if let None | Some(Place::Resting) = place {
            let past = self.past(conv);
            self.named.remove(&conv);
            self.enqueue(conv, Class::New, past);
        }
    }

    /// Something waits that is not named.
    pub(super) fn spill(&mut self) {
        match self.stored {
            _ if faults::is(Fault::SpillForgotten) => {}
            Stored::Nothing => self.stored = Stored::More { after: None },
            Stored::More { after: None } => {}
            Stored::More { .. } | Stored::Loading { .. } => self.missed = true,
        }
    }

    /// How many have a name and are not in flight.
    fn queued(&self) -> usize {
        self.fresh.len() + self.behind.len() + self.resting.len()
    }

    fn is_full(&self, class: Class) -> bool {
        let full = match class {
            Class::New => self.queued() >= NAMED,
            Class::CatchUp => self.behind.len() >= BEHIND || self.queued() >= NAMED,
        };
        full && !faults::is(Fault::NamesUnbounded)
    }

    fn queue(&mut self, class: Class) -> &mut VecDeque<ConversationKey> {
        match class {
            Class::New => &mut self.fresh,
            Class::CatchUp => &mut self.behind,
        }
    }

    /// Puts a conversation that has no place behind the others, or leaves it to the database.
    fn enqueue(&mut self, conv: ConversationKey, class: Class, past: Past) {
        if self.is_full(class) {
            return self.spill();
        }
        self.queue(class).push_back(conv);
        let place = Place::Queued(class);
        self.named.insert(conv, Named { place, past });
    }

    fn rest(&mut self, conv: ConversationKey, past: Past, until: Time) {
        if self.resting.len() >= RESTING || self.is_full(Class::New) {
            let first = self.rescan_at.map_or(until, |at| at.min(until));
            self.rescan_at = Some(first);
            return;
        }
        self.resting.insert((until, conv));
        let place = Place::Resting;
        self.named.insert(conv, Named { place, past });
    }

    /// Whether something of this class can be sent. A page that is about to come makes a fuller batch.
    pub(super) fn has(&self, class: Class) -> bool {
        match class {
            Class::New => !self.fresh.is_empty(),
            Class::CatchUp if matches!(self.stored, Stored::Loading { .. }) => {
                self.behind.len() >= BATCH
            }
            Class::CatchUp => !self.behind.is_empty(),
        }
    }

    /// Takes what goes into the next request of this class.
    pub(super) fn take(&mut self, class: Class) -> Vec<ConversationKey> {
        let mut taken = Vec::new();
        while let Some(conv) = self.queue(class).front().copied() {
            let alone = !self.is_sound(&conv);
            if taken.len() >= BATCH || (alone && !taken.is_empty()) {
                break;
            }
            self.queue(class).pop_front();
            self.depart(conv, class);
            taken.push(conv);
            if alone {
                break;
            }
        }
        taken
    }

    /// Whether a conversation is at hand that can show whether the peer is there: none that may itself be at fault.
    pub(super) fn has_probe(&self) -> bool {
        let mut queued = self.fresh.iter().chain(&self.behind);
        queued.any(|conv| self.is_sound(conv))
    }

    fn is_sound(&self, conv: &ConversationKey) -> bool {
        self.past(*conv).is_sound()
    }

    /// Takes such a conversation.
    pub(super) fn take_probe(&mut self) -> Option<(ConversationKey, Class)> {
        [Class::New, Class::CatchUp].into_iter().find_map(|class| {
            let at = match class {
                Class::New => self.fresh.iter().position(|conv| self.is_sound(conv)),
                Class::CatchUp => self.behind.iter().position(|conv| self.is_sound(conv)),
            };
            let conv = self.queue(class).remove(at?)?;
            self.depart(conv, class);
            Some((conv, class))
        })
    }

    fn depart(&mut self, conv: ConversationKey, class: Class) {
        if let Some(named) = self.named.get_mut(&conv) {
            let again = false;
            named.place = Place::InFlight { class, again };
        }
    }

    /// What is known of a conversation's past.
    pub(super) fn past(&self, conv: ConversationKey) -> Past {
        self.named
            .get(&conv)
            .map_or_else(Past::default, |named| named.past)
    }

    /// The request of a conversation has ended.
    pub(super) fn land(&mut self, conv: ConversationKey, landing: Landing, now: Time) {
        let Some(Named { place, past }) = self.named.remove(&conv) else {
            return;
        };
        let Place::InFlight { class, again } = place else {
            self.named.insert(conv, Named { place, past });
            return;
        };
        match landing {
            Landing::Aside => {}
            Landing::Done if again => self.enqueue(conv, Class::New, Past::default()),
            Landing::Done => {}
            Landing::More => self.enqueue(conv, Class::CatchUp, Past::default()),
            Landing::Back if self.is_full(class) => self.spill(),
            Landing::Back => {
                self.queue(class).push_front(conv);
                let place = Place::Queued(class);
                self.named.insert(conv, Named { place, past });
            }
            Landing::Troubled { past, until } if until > now => self.rest(conv, past, until),
            Landing::Troubled { past, .. } => self.enqueue(conv, class, past),
        }
    }

    /// The peer is down for longer: but for the last of it, what is new now will have waited when it is back.
    pub(super) fn demote(&mut self) {
        let late = self.fresh.len().saturating_sub(LATEST);
        for conv in self.fresh.drain(..late).collect::<Vec<_>>() {
            let past = self.past(conv);
            self.named.remove(&conv);
            self.enqueue(conv, Class::CatchUp, past);
        }
    }

    /// How many more are to be loaded.
    fn room(&self) -> usize {
        let room = BEHIND.saturating_sub(self.behind.len());
        let room = room.min(NAMED.saturating_sub(self.queued()));
        if self.behind.len() < BATCH { room } else { 0 }
    }

    /// Whether a page is on its way, or would be if it were asked for.
    pub(super) fn expects_page(&self) -> bool {
        match self.stored {
            Stored::Nothing => false,
            Stored::More { .. } => self.room() > 0,
            Stored::Loading { .. } => true,
        }
    }

    /// What is to be loaded next: after which key, and how many.
    pub(super) fn load(&mut self) -> Option<(Option<ConversationKey>, usize)> {
        let room = self.room();
        match self.stored {
            Stored::More { after } if room > 0 => {
                self.stored = Stored::Loading { after };
                Some((after, room))
            }
            _ => None,
        }
    }

    /// A page could not be read: it is asked for again.
    pub(super) fn unloaded(&mut self) {
        if let Stored::Loading { after } = self.stored {
            self.stored = Stored::More { after };
        }
    }

    /// A page of the database.
    pub(super) fn page(&mut self, page: &[Waits], more: bool, now: Time) {
        let Stored::Loading { mut after } = self.stored else {
            return;
        };
        let mut all = true;
        for waits in page {
            let past = Past::from(waits);
            let rests = now < waits.next_at && waits.next_at <= now.plus(schedule::REST_MAX);
            if let Some(named) = self.named.get_mut(&waits.conv) {
                // It may have been raised before its past was known.
                if named.past.tries < past.tries {
                    named.past = past;
                }
            } else if rests {
                self.rest(waits.conv, past, waits.next_at);
            } else if self.is_full(Class::CatchUp) {
                all = false;
                break;
            } else {
                self.enqueue(waits.conv, Class::CatchUp, past);
            }
            after = Some(waits.conv);
        }
        self.stored = match () {
            () if more || !all => Stored::More { after },
            () if std::mem::take(&mut self.missed) => Stored::More { after: None },
            () => Stored::Nothing,
        };
    }

    /// Those that have rested are due again.
    pub(super) fn wake(&mut self, now: Time) {
        while let Some((until, conv)) = self.resting.first().copied()
            && until <= now
        {
            self.resting.pop_first();
            let past = self.past(conv);
            self.named.remove(&conv);
            self.enqueue(conv, Class::CatchUp, past);
        }
        if self.rescan_at.is_some_and(|at| at <= now) {
            self.rescan_at = None;
            self.spill();
        }
    }

    /// When the next one has rested.
    pub(super) fn next_at(&self) -> Option<Time> {
        let rested = self.resting.first().map(|(until, _)| *until);
        rested.into_iter().chain(self.rescan_at).min()
    }

    /// How many conversations are kept by name, those in flight included.
    #[cfg(test)]
    pub(super) fn named(&self) -> usize {
        self.named.len()
    }
}
