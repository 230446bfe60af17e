//! First contact: whether somebody here knows who adds them, and how often a platform may ask. // spec §16

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use em2_model::conversation::Person;
use em2_model::id::{ConversationKey, Time};
use em2_model::refusal::{Code, Refusal};
use em2_model::{Address, Platform};

use super::ready::Ready;
use super::room::Room;
use crate::service::Service;
use crate::service::failure::Failure;
use crate::service::project::Gate;
use crate::store::contacts::{Regard, find_regard};
use crate::store::conversations::find_with_people;
use crate::store::forks::find_fork;
use crate::store::participants::ParticipantRow;
use crate::store::users::User;
use crate::store::{StoreError, Tx};

/// How many first contacts are taken from one platform within [`WINDOW`].
const MOST: usize = 10;

/// An hour, in milliseconds.
const WINDOW: i64 = 60 * 60 * 1000;

/// Above so many platforms no other one makes a first contact before one of them is forgotten.
const PLATFORMS: usize = 10_000;

impl Service {
    /// How somebody here comes to hear that this record adds them. What adds nobody, or is in the log already, goes
    /// through.
    pub(super) async fn gate(
        &self,
        tx: &mut Tx,
        room: &Room,
        ready: &Ready,
    ) -> Result<Gate, Failure> {
        let header = ready.record.action().header();
        let (Some(user), Some(sender)) = (&ready.prepared.added, &header.actor) else {
            return Ok(Gate::Open);
        };
        let known = ready
            .record
            .commit()
            .is_some_and(|commit| commit.seq() <= room.head());
        if known || header.platform == *self.identity.platform() {
            return Ok(Gate::Open);
        }
        let platform = &header.platform;
        Ok(match find_regard(tx, user.id, sender, platform).await? {
            Some(Regard::Blocked) => Gate::Shut,
            Some(Regard::Accepted) => Gate::Open,
            // They have accepted this conversation before.
            None if room.here().any(|person| person.user == Some(user.id)) => Gate::Open,
            None if is_among(tx, room.conv(), user, (sender, platform)).await? => Gate::Open,
            None => Gate::Asks {
                sender: sender.clone(),
                platform: platform.clone(),
            },
        })
    }
}

/// Whether a conversation goes on from one in which both of them take part.
async fn is_among(
    tx: &mut Tx,
    conv: ConversationKey,
    user: &User,
    (sender, platform): (&Address, &Platform),
) -> Result<bool, StoreError> {
    let Some(fork) = find_fork(tx, conv).await? else {
        return Ok(false);
    };
    let origin = find_with_people(tx, fork.conv).await?;
    Ok(origin.is_some_and(|(origin, people)| {
        let is_user = |person: &ParticipantRow| person.user == Some(user.id) && person.is_present();
        let speaks = |person: &Person| person.platform.as_ref() == Some(platform);
        people.iter().any(is_user) && origin.core.person(sender).is_some_and(speaks)
    }))
}

/// The first contacts that each platform made lately. Cheap to clone: every clone is the same one.
#[derive(Clone, Default)]
pub(in crate::service) struct FirstContacts(Arc<Mutex<BTreeMap<Platform, VecDeque<Time>>>>);

impl FirstContacts {
    /// Counts a first contact; it does not count if what is answered is dropped.
    pub(super) fn count(&self, platform: &Platform, now: Time) -> Result<Counted, Refusal> {
        let mut platforms = self.platforms();
        let recent = |at: &Time| at.plus(WINDOW) > now;
        if platforms.len() >= PLATFORMS && !platforms.contains_key(platform) {
            platforms.retain(|_, made| made.back().is_some_and(recent));
        }
        if platforms.len() >= PLATFORMS && !platforms.contains_key(platform) {
            return Err(slow(WINDOW / MOST as i64));
        }
        let made = platforms.entry(platform.clone()).or_default();
        made.retain(recent);
        if made.len() >= MOST {
            let oldest = made.front().copied().unwrap_or(now);
            return Err(slow(oldest.as_millis() + WINDOW - now.as_millis()));
        }
        made.push_back(now);
        Ok(Counted {
            contacts: self.clone(),
            platform: platform.clone(),
            at: Some(now),
        })
    }

    fn platforms(&self) -> MutexGuard<'_, BTreeMap<Platform, VecDeque<Time>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn slow(millis: i64) -> Refusal {
    let message =
        "Your platform has asked too many people here within an hour. Send it again later.";
    let seconds = (millis.max(0) + 999) / 1000;
    Refusal::new(Code::Slow, message).with("retry_after", seconds)
}

/// A first contact that counts once it is stored.
pub(super) struct Counted {
    contacts: FirstContacts,
    platform: Platform,
    /// Absent once it counts for good.
    at: Option<Time>,
}

impl Counted {
    /// It is stored.
    pub(super) fn stays(mut self) {
        self.at = None;
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let Some(at) = self.at else { return };
        let mut platforms = self.contacts.platforms();
        if let Some(made) = platforms.get_mut(&self.platform)
            && let Some(place) = made.iter().position(|made| *made == at)
        {
            made.remove(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn platform(n: usize) -> Platform {
        format!("em2.p{n}.example").parse().unwrap()
    }

    fn refused(contacts: &FirstContacts, n: usize, at: i64) -> i64 {
        let refusal = contacts.count(&platform(n), Time(at)).err().unwrap();
        assert_eq!(refusal.code, Code::Slow);
        refusal.details["retry_after"].as_i64().unwrap()
    }

    #[test]
    fn ten_an_hour_are_taken_of_each_platform() {
        let contacts = FirstContacts::default();
        for n in 0..10 {
            contacts
                .count(&platform(1), Time(n * 60_000))
                .unwrap()
                .stays();
        }
        assert_eq!(refused(&contacts, 1, 600_000), 3_000);
        assert_eq!(refused(&contacts, 1, WINDOW - 1), 1);
        contacts.count(&platform(2), Time(600_000)).unwrap().stays();
        contacts.count(&platform(1), Time(WINDOW)).unwrap().stays();
        assert_eq!(refused(&contacts, 1, WINDOW + 1_000), 59);
    }

    #[test]
    fn what_was_not_stored_does_not_count() {
        let contacts = FirstContacts::default();
        for _ in 0..30 {
            drop(contacts.count(&platform(1), Time(0)).unwrap());
        }
        let held: Vec<_> = (0..10)
            .map(|_| contacts.count(&platform(1), Time(0)).unwrap())
            .collect();
        assert_eq!(refused(&contacts, 1, 0), 3_600, "though none is stored yet");
        drop(held);
        contacts.count(&platform(1), Time(0)).unwrap().stays();
    }

    #[test]
    fn more_platforms_than_are_remembered_come_later() {
        let contacts = FirstContacts::default();
        for n in 0..PLATFORMS {
            contacts.count(&platform(n), Time(0)).unwrap().stays();
        }
        assert_eq!(refused(&contacts, PLATFORMS, 1), 360);
        contacts.count(&platform(7), Time(1)).unwrap().stays();
        contacts
            .count(&platform(PLATFORMS), Time(WINDOW))
            .unwrap()
            .stays();
        assert_eq!(
            contacts.platforms().len(),
            2,
            "who has not asked lately is forgotten"
        );
    }
}
