//! Acting in a conversation that another platform leads: the action is kept, submitted, and final when it comes back
//! with its commit. // spec §12

use em2_model::Platform;
use em2_model::id::{ActionKey, ConversationKey, Time};
use em2_model::record::{Record, Verified};
use em2_model::refusal::{Code, Refusal};
use em2_model::step::Outcome;
use em2_model::wire::domestic::Accepted;

use super::room::PENDING_MAX;
use super::unconfirmed::{may_wait, unconfirmed};
use crate::service::failure::Failure;
use crate::service::scene::Scene;
use crate::service::wave::Act;
use crate::service::{Me, Service};
use crate::store::Tx;
use crate::store::actions::find_record;
use crate::store::conversations::Loaded;
use crate::store::pending::{count_pending, find_pending, insert_pending};

impl Service {
    /// Keeps an action until it has a slot, and has it submitted. What depends on the newest state is refused at once
    /// while the platform that leads does not answer. // spec §13
    pub(in crate::service) async fn keep(
        &self,
        tx: &mut Tx,
        act: &Act,
        loaded: Option<&Loaded>,
        record: &Verified<Record>,
        leader: Platform,
        now: Time,
    ) -> Result<Result<Accepted, Refusal>, Failure> {
        let is_away = self.is_away(tx, &leader).await?;
        if is_away && record.action().header().follows.is_some() {
            let message = format!(
                "{leader}, which orders this conversation, does not answer now. Nothing was changed: try again once it \
                 is back. New messages can be sent meanwhile."
            );
            return Ok(Err(Refusal::new(Code::Down, message)));
        }
        let waiting = count_pending(tx, act.conv).await?;
        if waiting >= PENDING_MAX as u64 {
            return Ok(Err(Refusal::from(Code::Busy)));
        }
        insert_pending(tx, act.conv, &act.me.address, record, now);
        act.acquaint(tx, now);
        let (outbox, conv, peer) = (self.outbox.clone(), act.conv, leader.clone());
        if leader != *self.identity.platform() {
            tx.on_commit(move || outbox.raise(&peer, conv));
        }
        if let Some(loaded) = loaded.filter(|_| is_away && may_wait(record)) {
            self.share(tx, &loaded.row.core, now);
        }
        let message = loaded.and_then(|loaded| {
            let scene = Scene {
                conversation: &loaded.row,
                participants: &loaded.here,
                now,
            };
            unconfirmed(&scene, record, waiting)
        });
        if let (Some(message), Some(loaded)) = (&message, loaded) {
            self.tell_waiting(tx, loaded, message.clone(), Some(act.me.user));
        }
        let accepted = Accepted::Pending {
            key: record.action().key(),
            leader,
            message: message.map(Box::new),
        };
        act.once.answered(tx, &accepted, now)?;
        Ok(Ok(accepted))
    }

    /// Waits a moment for the slot of an action that was kept; then it is on its way, and safe.
    pub(in crate::service) async fn confirmed(
        &self,
        me: &Me,
        conv: ConversationKey,
        pending: Accepted,
    ) -> Result<Accepted, Failure> {
        let Accepted::Pending { key, .. } = pending else {
            return Ok(pending);
        };
        let expected = self.waiting.expect(key);
        // What was decided before anybody waited is looked up.
        let mut conn = self.store.reader().await?;
        let waits = find_pending(&mut conn, conv, key).await?.is_some();
        drop(conn);
        let rejected = match waits {
            false => None,
            true => match expected.outcome().await {
                None | Some(Outcome::Pending) => return Ok(pending),
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
