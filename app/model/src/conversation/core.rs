//! The part of a conversation that every action needs.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{HeadSum, Span};
use crate::action::Model;
use crate::address::{Address, Platform};
use crate::id::{ActionKey, CommitKey, ConversationKey, Incarnation, Time};
use crate::participant::{History, Role};

/// Who takes part, what it is called, who leads, and where the log stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Core {
    pub key: ConversationKey,
    /// The last commit.
    pub head: CommitKey,
    /// The place of the last commit, from 1.
    pub seq: u64,
    /// The time of the last commit: the clock that locks and expiry go by.
    pub at: Time,
    /// Commits of a lower epoch do not count any more. // spec §12
    pub epoch: u64,
    pub leader: Platform,
    pub creator: Address,
    pub subject: String,
    pub expiry: Option<Time>,
    /// Whether the leader has ended the conversation.
    pub expired: bool,
    /// The newest actions on what has the conversation's own key as item.
    pub conversation_head: ActionKey,
    pub subject_head: ActionKey,
    pub expiry_head: ActionKey,
    /// Who is present, by the action that added them (the creator by the conversation key).
    pub people: BTreeMap<ActionKey, Person>,
    /// What those saw who were removed or left: they keep it. // spec §16
    pub past: BTreeMap<Address, Vec<Span>>,
    pub labels: BTreeMap<ActionKey, Label>,
    /// Those that had not ended at `at`.
    pub locks: Vec<Lock>,
    /// The sum over the heads of all items. // spec §5
    pub heads: HeadSum,
    /// The first commit with which this platform does not agree: an alarm. // spec §8
    pub disputed: Option<u64>,
}

/// Somebody who is present.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Person {
    /// The action that added them; of the creator the conversation key.
    pub item: ActionKey,
    /// The newest action on their participation.
    pub head: ActionKey,
    pub address: Address,
    /// The name that they were added with.
    pub name: Option<String>,
    pub role: Role,
    /// Whose signature speaks for them; without one they are reached by SMTP.
    pub platform: Option<Platform>,
    pub inc: Option<Incarnation>,
    pub history: History,
    /// They see the items that were added in this place of the log or later. // spec §16
    pub since: u64,
    /// The place of the action that added them.
    pub added: u64,
}

/// A label that all participants see.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Label {
    pub key: ActionKey,
    pub head: ActionKey,
    pub name: String,
    pub colour: String,
}

/// Somebody is editing. // spec §11
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lock {
    pub model: Model,
    pub item: ActionKey,
    pub actor: Address,
    /// By the leader's commit time.
    pub until: Time,
}

impl Core {
    /// Somebody who is present, by address.
    pub fn person(&self, address: &Address) -> Option<&Person> {
        self.people
            .values()
            .find(|person| person.address == *address)
    }

    /// The lock on an item that holds at this time.
    pub fn lock(&self, model: Model, item: ActionKey, at: Time) -> Option<&Lock> {
        let mut locks = self.locks.iter();
        locks.find(|lock| lock.model == model && lock.item == item && lock_holds(lock, at))
    }

    /// The platforms of those present: who hears of every commit.
    pub fn platforms(&self) -> BTreeSet<&Platform> {
        self.people
            .values()
            .filter_map(|person| person.platform.as_ref())
            .collect()
    }

    /// From where on a platform gets the bodies: the widest scope of its people. `None` when
    /// nobody of it is present. // spec §16
    pub fn platform_since(&self, platform: &Platform) -> Option<u64> {
        let people = self
            .people
            .values()
            .filter(|p| p.platform.as_ref() == Some(platform));
        people.map(|person| person.since).min()
    }

    /// How far a platform that has nobody left takes part: the place of the last removal.
    /// `None` if somebody is present or nobody ever was. // spec §16, EM2_REMOVED
    pub fn platform_upto(&self, platform: &Platform) -> Option<u64> {
        if self.platform_since(platform).is_some() {
            return None;
        }
        let spans = self.past.values().flatten();
        spans
            .filter(|span| span.platform.as_ref() == Some(platform))
            .map(|span| span.upto)
            .max()
    }
}

/// A lock ends by the leader's commit time alone. // spec §11
pub(super) fn lock_holds(lock: &Lock, at: Time) -> bool {
    lock.until > at
}
