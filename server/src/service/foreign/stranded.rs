//! A branch that the restored leader lost, and that nobody else holds: the leader does not push to this platform any
//! more, because it was added by a commit that was lost. It is given back. // spec §14

use em2_model::Platform;
use em2_model::conversation::Core;
use em2_model::id::{ConversationKey, Time};
use em2_model::record::Record;
use em2_model::refusal::{Code, Refusal};
use em2_model::step::Standing;
use em2_model::wire::foreign::{Answer, Verdict};

use super::answered::Left;
use super::room::Room;
use crate::service::Service;
use crate::service::failure::Failure;
use crate::store::actions::list_records_after;
use crate::store::conversations::find_conversation;
use crate::store::deliveries::{DeliveryRow, lower_delivery, mark_delivered, raise_deliveries};
use crate::store::{Conn, Tx};

/// How much of what stranded here goes with a parcel.
#[derive(Clone, Copy, Debug)]
pub(super) struct GivesBack {
    /// The slots after this one are given back, up to `upto`; absent while it is not known what the leader has.
    after: Option<u64>,
    upto: u64,
    /// The newest slot that is held here.
    head: u64,
    /// Up to which slot the leader is asked.
    asked: u64,
}

impl GivesBack {
    /// Whether what waits for its first slot may follow it.
    pub(super) fn is_all(&self) -> bool {
        self.after.is_some() && self.upto >= self.head
    }
}

impl Service {
    /// Has the leader of a conversation, who does not seem to have all of it, asked what it has. Whether `peer` is that
    /// and this platform takes part.
    pub(super) async fn ask_leader(
        &self,
        tx: &mut Tx,
        peer: &Platform,
        conv: ConversationKey,
    ) -> Result<bool, Failure> {
        let row = find_conversation(tx, conv).await?;
        let core = row.map(|row| row.core).filter(|core| {
            let takes_part = core.platform_since(self.identity.platform()).is_some();
            core.leader == *peer && takes_part
        });
        let Some(core) = core else {
            return Ok(false);
        };
        let leader = std::slice::from_ref(peer);
        raise_deliveries(tx, conv, leader, core.seq, self.clock.now());
        lower_delivery(tx, conv, peer.as_str(), 0);
        Ok(true)
    }

    /// What is sent to the leader before anything that waits: the first record, by which it knows that this platform was
    /// in the conversation, and what it lacks, in order.
    pub(super) async fn give_back(
        &self,
        conn: &mut Conn,
        core: &Core,
        delivery: Option<&DeliveryRow>,
        standing: &Standing,
        limit: i64,
    ) -> Result<(Option<GivesBack>, Vec<Record>), Failure> {
        let after = standing.stranded_after();
        let is_asked = delivery.is_some_and(|row| row.acked_seq < row.head_seq);
        if after.is_none() && !is_asked {
            return Ok((None, Vec::new()));
        }
        let mut records = list_records_after(conn, core.key, 0, 1).await?;
        let mut upto = 0;
        if let Some(after) = after {
            let orphans = list_records_after(conn, core.key, after, (limit - 1).max(0)).await?;
            upto = after + orphans.len() as u64;
            records.extend(orphans);
        }
        let records = records.into_iter();
        let records = records.map(|record| record.into_inner().without_commit());
        let gives = GivesBack {
            after,
            upto,
            head: core.seq,
            asked: delivery.map_or(core.seq, |row| row.head_seq.max(core.seq)),
        };
        Ok((Some(gives), records.collect()))
    }
}

/// What an answer to something that wants slots leaves to do, where the leader orders nothing now or a branch is
/// stranded here; else nothing.
pub(super) fn given_back(
    tx: &mut Tx,
    room: &Room,
    leader: &Platform,
    answer: &Answer,
    gives: Option<GivesBack>,
    now: Time,
) -> Option<Left> {
    let is_down =
        |it: &Verdict| matches!(it, Verdict::Rejected { code, .. } if *code == Code::Down);
    if answer.results.values().any(is_down) {
        return Some(Left::Stuck(Some(Refusal::from(Code::Down))));
    }
    let Some(after) = room.state.standing().stranded_after() else {
        // The leader has all of it.
        let asked = gives?.asked;
        mark_delivered(tx, room.conv(), leader.as_str(), asked, now);
        return None;
    };
    let before = gives.and_then(|gives| gives.after);
    match after < room.head() {
        true if before.is_some_and(|before| after <= before) => Some(Left::Stuck(None)),
        true => Some(Left::More),
        false => None,
    }
}
