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

/// What one person is told: a frame, or nothing where nobody listened when it was made. Who has begun to listen since
/// then reads the store, so that nothing falls between the two.
pub type Telling = (UserId, Option<Frame>);

/// Has people told once everything that `tx` wrote is durable; not at all if the write fails.
pub fn tell(tx: &mut Tx, bus: &Bus, tellings: Vec<Telling>) {
    let bus = bus.clone();
    tx.on_commit(move || {
        for (user, frame) in &tellings {
            match frame {
                Some(frame) => bus.send(*user, frame),
                None => bus.miss(*user),
            }
        }
    });
}

#[cfg(test)]
mod tests;
