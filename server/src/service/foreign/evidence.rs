//! What proves that a leader wrote two histories. // spec §13

use em2_model::Platform;
use em2_model::id::Time;
use em2_model::record::Record;
use em2_model::refusal::{Code, Refusal};
use em2_model::wire::domestic::Delivery;

use super::room::Room;
use crate::store::Tx;
use crate::store::evidence::{Evidence, Signed, insert_evidence};

/// Keeps two commits of one leader for one slot, the one in the log and this other one, with their signatures. Answers
/// what the sender of the other one is told.
pub(super) fn keep_evidence(tx: &mut Tx, room: &Room, other: &Record, now: Time) -> Refusal {
    let fork = Refusal::from(Code::Fork);
    let held = other.commit().and_then(|other| room.record(other.seq()));
    let held = held.as_deref().and_then(|held| Signed::of(held));
    let (Some(held), Some(other)) = (held, Signed::of(other)) else {
        return fork;
    };
    let fork = fork.with("a", held.commit.key().to_string());
    let fork = fork.with("b", other.commit.key().to_string());
    insert_evidence(tx, &Evidence { held, other }, now);
    fork
}

/// What people are told of a conversation whose leader wrote two histories.
pub(super) fn warning(liar: &Platform) -> Delivery {
    Delivery {
        text: format!(
            "{liar} wrote two different histories of this conversation, so others may see another one. You see the one \
             that came first, and the proof is kept. Ask the people here by another way what they see."
        ),
        problem: true,
        next: None,
    }
}
