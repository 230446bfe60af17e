//! What other platforms say, and what they are told. // spec §7, §12, §15
//!
//! ```text
//!  push ─► verified, rendered ─► one transaction: enter the room ─► a step for each record ─► project, tell, answer
//!  a peer lacks something ─► parcel ─► sent by federation ─► its answer ─► one transaction: a step
//! ```

mod access;
mod answered;
mod begin;
mod evidence;
mod first;
mod kept;
mod locator;
mod log;
mod parcel;
mod pushes;
mod ready;
mod receive;
mod refused;
mod restore;
mod rollback;
mod room;
mod rows;
mod serve;
mod standings;
mod status;
mod stranded;
mod submit;
mod unconfirmed;
mod unheard;
mod wait;
mod widen;

pub use answered::Left;
pub(super) use first::FirstContacts;
pub use parcel::Parcel;
pub use rows::{Trying, is_permanent};
pub use serve::Stretch;
pub(super) use standings::Standings;
pub(super) use wait::Waiting;
