//! The canonical state, whose hash stands in every 64th commit: a running check of
//! convergence. // spec §5

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::core::lock_holds;
use super::{Core, Lock, Person};
use crate::action::Model;
use crate::canonical;
use crate::id::{ActionKey, StateHash, Time};
use crate::refusal::Refusal;
use crate::sign::{Tag, hash};

/// The sum modulo 2²⁵⁶ of the hashes of the heads of all items: kept, never computed again.
#[derive(Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "StateHash", into = "StateHash")]
pub struct HeadSum([u8; 32]);

impl HeadSum {
    /// An item has a head.
    pub fn add(&mut self, model: Model, item: ActionKey, head: ActionKey) {
        let mut carry = 0;
        for (sum, byte) in self.0.iter_mut().zip(head_hash(model, item, head)).rev() {
            let total = u16::from(*sum) + u16::from(byte) + carry;
            *sum = total as u8;
            carry = total >> 8;
        }
    }

    /// An item has another head from now on.
    pub fn remove(&mut self, model: Model, item: ActionKey, head: ActionKey) {
        let mut borrow = 0;
        for (sum, byte) in self.0.iter_mut().zip(head_hash(model, item, head)).rev() {
            let total = 0x100 + u16::from(*sum) - u16::from(byte) - borrow;
            *sum = total as u8;
            borrow = 1 - (total >> 8);
        }
    }
}

/// `H("head", canonical([model, item, head]))`; the parts need no escapes.
fn head_hash(model: Model, item: ActionKey, head: ActionKey) -> [u8; 32] {
    hash(
        Tag::Head,
        format!(r#"["{model}","{item}","{head}"]"#).as_bytes(),
    )
}

impl fmt::Display for HeadSum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        StateHash::from_bytes(self.0).fmt(f)
    }
}

impl fmt::Debug for HeadSum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HeadSum({self})")
    }
}

impl From<StateHash> for HeadSum {
    fn from(sum: StateHash) -> HeadSum {
        HeadSum(*sum.as_bytes())
    }
}

impl From<HeadSum> for StateHash {
    fn from(sum: HeadSum) -> StateHash {
        StateHash::from_bytes(sum.0)
    }
}

impl Core {
    /// The canonical bytes of the state after the last commit.
    pub fn state(&self) -> Result<Vec<u8>, Refusal> {
        self.state_at(self.at)
    }

    /// `H("state", …)` of it.
    pub fn state_hash(&self) -> Result<StateHash, Refusal> {
        self.state_hash_at(self.at)
    }

    /// The same for a commit of this time that is being made.
    pub(super) fn state_hash_at(&self, at: Time) -> Result<StateHash, Refusal> {
        Ok(StateHash::from_bytes(hash(Tag::State, &self.state_at(at)?)))
    }

    fn state_at(&self, at: Time) -> Result<Vec<u8>, Refusal> {
        let labels = self.labels.values();
        let labels = labels.map(|label| json!([label.key, label.name, label.colour]));
        let locks = self.locks.iter().filter(|lock| lock_holds(lock, at));
        let mut state = json!({
            "heads": self.heads.to_string(),
            "labels": sorted(labels)?,
            "locks": sorted(locks.map(lock_entry))?,
            "participants": sorted(self.people.values().map(person_entry))?,
            "subject": self.subject,
        });
        if let Some(Time(millis)) = self.expiry {
            state["expiry"] = json!(millis);
        }
        canonical::to_bytes_of(&state)
    }
}

fn lock_entry(lock: &Lock) -> Value {
    json!([lock.model, lock.item, lock.actor, lock.until])
}

fn person_entry(person: &Person) -> Value {
    let platform = person
        .platform
        .as_ref()
        .map_or("", |platform| platform.as_str());
    let from = person
        .history
        .from_message()
        .map_or(String::new(), |key| key.to_string());
    json!([
        person.item,
        person.address,
        person.role,
        platform,
        person.history.scope(),
        from
    ])
}

/// Bytewise by the canonical form of the entries.
fn sorted(entries: impl Iterator<Item = Value>) -> Result<Vec<Value>, Refusal> {
    let keyed = entries.map(|entry| Ok((canonical::to_bytes_of(&entry)?, entry)));
    let mut keyed: Vec<(Vec<u8>, Value)> = keyed.collect::<Result<_, Refusal>>()?;
    keyed.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    Ok(keyed.into_iter().map(|(_, entry)| entry).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> ActionKey {
        ActionKey::from_bytes([byte; 32])
    }

    #[test]
    fn the_sum_forgets_what_was_taken_away_and_knows_no_order() {
        let mut forth = HeadSum::default();
        let mut back = HeadSum::default();
        for byte in 0..200 {
            forth.add(Model::Message, key(byte), key(byte));
            back.add(Model::Message, key(199 - byte), key(199 - byte));
        }
        assert_eq!(forth, back);
        assert_ne!(forth, HeadSum::default());
        for byte in 0..200 {
            forth.remove(Model::Message, key(byte), key(byte));
        }
        assert_eq!(forth, HeadSum::default());
    }
}
