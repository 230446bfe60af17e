//! The road from a commit to the sockets of the people who must hear of it.

mod local;
mod subscription;

use std::sync::Arc;

pub use subscription::{Heard, Subscription};

use super::frame::Frame;
use crate::store::users::UserId;
use local::Local;

/// Carries frames to those who listen. It may lose a frame: each connection holds a cursor and can be resumed from the
/// store.
#[derive(Clone)]
pub enum Bus {
    /// Within this process: everybody is connected to it.
    Local(Arc<Local>),
}

impl Bus {
    /// A bus within this process.
    pub fn local() -> Bus {
        Bus::Local(Arc::default())
    }

    /// Hears everything that this person must hear, from now on.
    pub fn subscribe(&self, user: UserId) -> Subscription {
        match self {
            Bus::Local(local) => Subscription::new(local.open(user)),
        }
    }

    /// Whether somebody would hear a frame for this person.
    pub fn is_heard(&self, user: UserId) -> bool {
        match self {
            Bus::Local(local) => local.is_open(user),
        }
    }

    /// Has every device of a person that is connected read the store: something was written while nobody listened.
    pub fn miss(&self, user: UserId) {
        match self {
            Bus::Local(local) => local.miss(user),
        }
    }

    /// Brings a frame to every device of a person that is connected; never waits.
    pub fn send(&self, user: UserId, frame: &Frame) {
        match self {
            Bus::Local(local) => local.send(user, frame),
        }
    }
}
