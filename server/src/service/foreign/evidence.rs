//! What proves that a leader wrote two histories. // spec §13

use std::collections::BTreeSet;

use em2_model::id::{ConversationKey, Time};
use em2_model::record::Record;
use em2_model::refusal::{Code, Refusal};
use em2_model::wire::domestic::Delivery;
use em2_model::{CommitKey, Platform};

use super::room::Room;
use crate::service::Service;
use crate::service::failure::Failure;
use crate::store::Tx;
use crate::store::actions::list_contradicted;
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

/// The commits that platforms elsewhere held when they signed these actions, as each of them says.
pub(super) struct Bases(Vec<(Platform, (ConversationKey, u64, CommitKey))>);

impl Bases {
    /// Of actions of one conversation.
    pub(super) fn of<'a>(
        conv: ConversationKey,
        records: impl Iterator<Item = &'a Record>,
    ) -> Bases {
        let based = records.filter_map(|record| {
            let header = record.action().header();
            let base = header.base?;
            Some((header.platform.clone(), (conv, base.seq, base.head)))
        });
        Bases(based.collect())
    }
}

impl Service {
    /// Where a commit that somebody elsewhere held is not the one that has its slot here, their platform is asked soon
    /// where its conversations stand: the leader may have told it another history. // spec §13
    pub(super) async fn doubt(
        &self,
        tx: &mut Tx,
        room: &Room,
        bases: Bases,
    ) -> Result<(), Failure> {
        let own = self.identity.platform();
        let Some(core) = room.core().filter(|core| core.leader != *own) else {
            return Ok(());
        };
        let others = bases.0.into_iter();
        let others: Vec<_> = others
            .filter(|(by, _)| by != own && *by != core.leader)
            .collect();
        if others.is_empty() {
            return Ok(());
        }
        let places: Vec<_> = others.iter().map(|(_, place)| *place).collect();
        let wrong = list_contradicted(tx, &places).await?;
        let is_wrong = |(conv, seq, _): &(ConversationKey, u64, _)| wrong.contains(&(*conv, *seq));
        let doubted = others.into_iter().filter(|(_, place)| is_wrong(place));
        for peer in doubted.map(|(by, _)| by).collect::<BTreeSet<_>>() {
            let outbox = self.outbox.clone();
            tx.on_commit(move || outbox.doubt(&peer));
        }
        Ok(())
    }
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
