//! What one participant may see of what was said. // spec §16

use serde::{Deserialize, Serialize};

use super::{Core, Item, Person};
use crate::address::{Address, Platform};
use crate::faults::{self, Fault};
use crate::id::{ActionKey, Time};
use crate::participant::History;

/// A time of taking part that has ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// The items that were added in this place of the log or later…
    pub since: u64,
    /// …as they were in this place, that of the removal.
    pub upto: u64,
    /// The platform that held them.
    pub platform: Option<Platform>,
}

impl Core {
    /// Whether somebody may see what an action in place `seq` said about an item that was added
    /// in place `added` (of an attachment: its message). What is not said, such as who was
    /// added, everybody sees who takes part.
    pub fn sees(&self, address: &Address, added: u64, seq: u64) -> bool {
        let present = self.person(address);
        let past = self.past.get(address).map_or([].as_slice(), Vec::as_slice);
        present.is_some_and(|person| in_scope(person.since, added))
            || past
                .iter()
                .any(|span| in_scope(span.since, added) && seq <= span.upto)
    }

    /// The last place of the log that somebody may know of: the last commit while they are
    /// present, their removal after it, `None` if they never took part. // spec §16
    pub fn hears_upto(&self, address: &Address) -> Option<u64> {
        if self.person(address).is_some() {
            return Some(self.seq);
        }
        self.past.get(address)?.iter().map(|span| span.upto).max()
    }

    /// Whether somebody may give this much of the history: at most their own. // spec §9
    pub fn may_give_history(giver: &Person, history: &History, from: Option<&Item>) -> bool {
        match history {
            History::All => giver.history == History::All,
            History::From(_) => from.is_none_or(|message| in_scope(giver.since, message.seq)),
            History::Now => true,
        }
    }

    /// Where a scope begins for somebody who is added in place `seq`.
    pub fn since(history: &History, from: Option<&Item>, seq: u64) -> u64 {
        match history {
            History::All => 0,
            History::From(_) => from.map_or(seq, |message| message.seq),
            History::Now => seq,
        }
    }

    /// Ends a participation, and the locks that it held. // spec §11, §16
    pub(super) fn remove_person(&mut self, item: ActionKey, seq: u64) -> Option<Person> {
        if faults::is(Fault::RemovalIgnored) {
            return self.people.get(&item).cloned();
        }
        let person = self.people.remove(&item)?;
        self.locks.retain(|lock| lock.actor != person.address);
        let span = Span {
            since: person.since,
            upto: seq,
            platform: person.platform.clone(),
        };
        self.past
            .entry(person.address.clone())
            .or_default()
            .push(span);
        Some(person)
    }

    /// Whether the time set for the end has come. // spec §16
    pub(super) fn is_due(&self, at: Time) -> bool {
        self.expiry.is_some_and(|expiry| expiry <= at)
    }
}

/// An item from before the scope stays withheld, later changes included. // spec §16
fn in_scope(since: u64, added: u64) -> bool {
    added >= since
}
