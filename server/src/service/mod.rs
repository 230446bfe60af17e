//! The use cases. Knows nothing of HTTP.
//!
//! ```text
//!  act ─ deed: what is said, rendered, before anything is locked
//!      └ wave: with the others that wait
//!         └ one transaction: load ─► decide ─► sequence ─► log, projections, feed, deliveries, answer
//!                                                        └─► after the commit: frames to the sockets
//! ```
//!
//! - `actions`, `publish`, `drafts`, `seen`: what changes something. `actions::act` is the only way into a conversation.
//! - `requests`: what somebody unknown has added people to, and what they answer.
//! - `late`: what an edit that came too late is told with.
//! - `list`, `pages`, `search`, `feed`: what is read, each filtered by what the reader may see. // spec §16
//! - `scene`, `row`: rows become what people are shown; `deed`, `wave`, `project`, `tell`: the steps of a write.

mod actions;
mod deed;
mod drafts;
mod failure;
mod feed;
pub mod foreign;
mod fork;
mod late;
mod list;
mod me;
mod once;
mod opening;
mod pages;
mod past;
mod preview;
mod project;
mod publish;
mod recipients;
mod requests;
mod row;
mod scene;
mod search;
mod seen;
mod tell;
mod upkeep;
mod wave;

use std::ops::Deref;
use std::sync::Arc;

use crate::clock::Clock;
use crate::federation::peers::Peers;
use crate::identity::Identity;
use crate::marks::Marks;
use crate::propagate::{Bus, Outbox, Subscription};
use crate::store::Store;
use crate::store::users::UserId;

pub use feed::FeedPage;
pub use me::{IdempotencyKey, Me};
pub use preview::Preview;

/// Everything that people do here. Cheap to clone: every clone is the same one.
#[derive(Clone)]
pub struct Service(Arc<Parts>);

/// What the use cases work with.
pub struct Parts {
    store: Store,
    clock: Clock,
    /// Signs what people do, and says which addresses are ours.
    identity: Identity,
    /// Brings what was stored to the people who are connected.
    bus: Bus,
    /// Actions that wait for a write.
    waves: wave::Waves,
    /// Other platforms.
    peers: Peers,
    /// What waits for them.
    outbox: Outbox,
    /// People who wait for what another platform says to their action.
    waiting: foreign::Waiting,
    /// How many people here other platforms have asked lately.
    first_contacts: foreign::FirstContacts,
    /// Where something was restored.
    standings: foreign::Standings,
    /// What was given out last.
    given_out: Marks,
}

impl Deref for Service {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl Service {
    /// The use cases on this database, signed for by this identity.
    pub fn new(store: Store, clock: Clock, identity: Identity, bus: Bus, peers: Peers) -> Service {
        let waves = wave::waves(&store);
        Service(Arc::new(Parts {
            store,
            clock,
            identity,
            bus,
            waves,
            peers,
            outbox: Outbox::default(),
            waiting: foreign::Waiting::default(),
            first_contacts: foreign::FirstContacts::default(),
            standings: foreign::Standings::default(),
            given_out: Marks::default(),
        }))
    }

    /// The heads that were given out last, for whoever keeps them beside the database.
    pub fn given_out(&self) -> &Marks {
        &self.given_out
    }

    /// What waits for other platforms, for whoever sends it.
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// Live frames of this person from now on; see [`Subscription`] for what happens when they are not taken.
    pub fn subscribe(&self, user: UserId) -> Subscription {
        self.bus.subscribe(user)
    }
}
