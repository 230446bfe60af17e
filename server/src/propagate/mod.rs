//! After a commit: who must hear, and by which road.
//!
//! ```text
//!  service ─ audience ─► after_commit(tx) ═ commit ═► Committed ─► propagate ─► bus ─► sockets
//! ```
//!
//! [`propagate`] takes only a [`Committed`], and only a finished transaction makes one: what is not saved cannot be told.

mod audience;
pub mod bus;
pub mod frame;
mod outbox;

pub use audience::Audience;
pub use bus::{Bus, Heard, Subscription};
pub use frame::{Frame, SharedChange};
pub use outbox::{Outbox, Raised};

use crate::store::Tx;

/// Something that is stored, with those who must hear of it.
pub struct Committed {
    audience: Audience,
}

/// Has the audience told once everything that `tx` wrote is durable; not at all if the write fails.
pub fn after_commit(tx: &mut Tx, bus: &Bus, audience: Audience) {
    let bus = bus.clone();
    tx.on_commit(move || propagate(&bus, Committed { audience }));
}

/// Tells those who are connected.
pub fn propagate(bus: &Bus, committed: Committed) {
    for (user, frame) in committed.audience {
        match frame {
            Some(frame) => bus.send(user, &frame),
            None => bus.miss(user),
        }
    }
}

#[cfg(test)]
mod tests;
