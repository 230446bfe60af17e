//! How one platform stands to the others in one conversation: the small part of the state that is kept beside the log.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Kept, State};
use crate::address::Platform;
use crate::conversation::Conversation;
use crate::id::Time;
use crate::sign::PlatformKey;

/// Epochs, and what is under way after a restore. A conversation to which nothing happened has the default. // spec §14
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// Until when a restored leader asks its peers before it sequences again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) asking_until: Option<Time>,
    /// Peers that a restored leader has not heard of since: asked until they answer.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) silent: BTreeSet<Platform>,
    /// The epoch in which this platform commits when it leads; rises with every restore.
    pub(super) epoch: u64,
    /// The highest epoch that any peer has told of.
    pub(super) epoch_heard: u64,
    /// The highest epoch in which the leader has said that it commits.
    pub(super) epoch_led: u64,
    /// Where the leader, in an epoch newer than ours, does not have what we have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) stranded: Option<Stranded>,
}

impl Default for Standing {
    fn default() -> Standing {
        Standing {
            asking_until: None,
            silent: BTreeSet::new(),
            epoch: 1,
            epoch_heard: 1,
            epoch_led: 0,
            stranded: None,
        }
    }
}

impl Standing {
    /// Until when a restored leader asks its peers, before it sequences again.
    pub fn asking_until(&self) -> Option<Time> {
        self.asking_until
    }

    /// Who has not told yet what it has, since this platform was restored.
    pub fn silent(&self) -> &BTreeSet<Platform> {
        &self.silent
    }

    /// The epoch in which this platform commits when it leads.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Whether this platform was restored and led then: it may lack that a platform was added. // spec §14
    pub fn was_restored(&self) -> bool {
        self.asking_until.is_some() || self.epoch > 1
    }

    /// Up to which slot the leader, which was restored, has what is held here or has answered it; absent where no branch
    /// is stranded here. // spec §14
    pub fn stranded_after(&self) -> Option<u64> {
        self.stranded.map(|stranded| stranded.upto)
    }

    /// Whether a step may need any part of the log, not only its head: while a restore is under way on either side.
    pub fn is_unsettled(&self) -> bool {
        self.asking_until.is_some() || self.stranded.is_some()
    }
}

/// A branch that the leader lost, held by a platform that it does not push to any more.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Stranded {
    /// The epoch and the newest slot of the leader when it last answered: what it said before says
    /// nothing.
    pub(super) answered_at: (u64, u64),
    /// The leader has it, or has answered it, up to this slot.
    pub(super) upto: u64,
}

impl State {
    /// The state as a driver has kept it: of the conversation at least the part that the next input touches.
    pub fn resume(
        key: PlatformKey,
        conversation: Option<Conversation>,
        pending: Vec<Kept>,
        standing: Standing,
    ) -> State {
        State {
            conversation,
            pending,
            standing,
            ..State::new(key)
        }
    }

    /// What is kept beside log and conversation.
    pub fn standing(&self) -> &Standing {
        &self.standing
    }
}
