//! What other platforms say, and what they are told. // spec §7, §12, §15
//!
//! ```text
//!  push ─► verified, rendered ─► one transaction: enter the room ─► a step for each record ─► project, tell, answer
//!  a peer lacks something ─► parcel ─► sent by federation ─► its answer ─► one transaction: a step
//! ```

mod access;
mod evidence;
mod first;
mod kept;
mod log;
mod parcel;
mod ready;
mod receive;
mod room;
mod rows;
mod serve;
mod status;
mod submit;
mod unconfirmed;
mod wait;

pub(super) use first::FirstContacts;
pub use parcel::{Left, Parcel};
pub use rows::{Trying, is_permanent};
pub use serve::Stretch;
pub(super) use wait::Waiting;
