//! Acting in a conversation that another platform leads: the action is kept, submitted, and final when it comes back
//! with its commit. // spec §12

use em2_model::Platform;
use em2_model::id::{ActionKey, ConversationKey, Time};
use em2_model::record::{Record, Verified};
use em2_model::refusal::{Code, Refusal};
use em2_model::step::Outcome;
use em2_model::wire::domestic::Accepted;

use crate::service::failure::Failure;
use crate::service::wave::Act;
use crate::service::{Me, Service};
use crate::store::Tx;
use crate::store::actions::find_record;
use crate::store::pending::{find_pending, insert_pending};

impl Service {
    /// Keeps an action until it has a slot, and has it submitted.
    pub(in crate::service) fn keep(
        &self,
        tx: &mut Tx,
        act: &Act,
        record: &Verified<Record>,
        leader: Platform,
        now: Time,
    ) -> Result<Accepted, Failure> {
        insert_pending(tx, act.conv, &act.me.address, record, now);
        let (outbox, conv, peer) = (self.outbox.clone(), act.conv, leader.clone());
        tx.on_commit(move || outbox.raise(&peer, conv));
        let key = record.action().key();
        let accepted = Accepted::Pending { key, leader };
        act.once.answered(tx, &accepted, now)?;
        Ok(accepted)
    }

    /// Waits a moment for the slot of an action that was kept; then it is on its way, and safe.
    pub(in crate::service) async fn confirmed(
        &self,
        me: &Me,
        conv: ConversationKey,
        key: ActionKey,
        leader: Platform,
    ) -> Result<Accepted, Failure> {
        let expected = self.waiting.expect(key);
        // What was decided before anybody waited is looked up.
        let mut conn = self.store.reader().await?;
        let waits = find_pending(&mut conn, conv, key).await?.is_some();
        drop(conn);
        let rejected = match waits {
            false => None,
            true => match expected.outcome().await {
                None | Some(Outcome::Pending) => return Ok(Accepted::Pending { key, leader }),
                Some(Outcome::Rejected(code)) => Some(code),
                Some(Outcome::Sequenced { refused, .. }) => refused,
            },
        };
        if let Some(code) = rejected {
            return Err(Refusal::from(code).into());
        }
        self.accepted(me, conv, key).await
    }

    /// What a person is told of an action of theirs that has its slot.
    async fn accepted(
        &self,
        me: &Me,
        conv: ConversationKey,
        key: ActionKey,
    ) -> Result<Accepted, Failure> {
        let mut conn = self.store.snapshot().await?;
        let record = find_record(&mut conn, conv, key).await?;
        let record = record.ok_or_else(|| Refusal::from(Code::Conflict))?;
        if let Some(code) = record.commit().and_then(|commit| commit.refused()) {
            return Err(Refusal::from(code).into());
        }
        let change = self.change_of(&mut conn, me, conv, &record).await?;
        Ok(Accepted::Action {
            key,
            change: Box::new(change),
        })
    }
}
