//! After a commit: who must hear of it, and the road to them.
//!
//! Only what is stored can be told: frames leave through [`tell`], which hands them to the transaction that stores what
//! they say.

pub mod bus;
pub mod frame;

pub use bus::{Bus, Heard, Subscription};
pub use frame::{Frame, SharedChange};

use crate::store::Tx;
use crate::store::users::UserId;

/// Has these frames sent once everything that `tx` wrote is durable; not at all if the write fails.
pub fn tell(tx: &mut Tx, bus: &Bus, frames: Vec<(UserId, Frame)>) {
    let bus = bus.clone();
    tx.on_commit(move || {
        for (user, frame) in &frames {
            bus.send(*user, frame);
        }
    });
}

#[cfg(test)]
mod tests;
