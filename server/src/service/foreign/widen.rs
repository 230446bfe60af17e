//! People of this platform may see more than before: the words that were withheld from it are asked for. // spec §16

use em2_model::ConversationKey;
use em2_model::action::{Action, Missing};
use em2_model::conversation::Core;
use em2_model::id::ActionKey;
use em2_model::record::Record;
use em2_model::refusal::Refusal;
use em2_model::wire::foreign::Said;

use super::room::Room;
use crate::service::Service;
use crate::service::failure::Failure;
use crate::store::actions::{fill_body, list_records_after};
use crate::store::conversations::find_conversation;
use crate::store::deliveries::mark_delivered;
use crate::store::messages::find_withheld;
use crate::store::{Conn, Tx};

/// From where on this platform is told words: nothing where nobody of it takes part.
pub(super) type Scope = Option<u64>;

impl Service {
    /// From where on this platform may have words in the conversation; nothing where it is not known yet.
    pub(super) fn scope(&self, room: &Room) -> Option<Scope> {
        let core = room.core()?;
        Some(core.platform_since(self.identity.platform()))
    }

    /// Has the platform that leads asked for what was withheld, where the scope was narrower before.
    pub(super) async fn widen(
        &self,
        tx: &mut Tx,
        room: &Room,
        before: Option<Scope>,
    ) -> Result<(), Failure> {
        let (Some(before), Some(Some(now)), Some(core)) = (before, self.scope(room), room.core())
        else {
            return Ok(());
        };
        let (conv, leader) = (room.conv(), core.leader.clone());
        let is_wider = before.is_none_or(|before| now < before);
        if !is_wider || !self.ask_leader(tx, &leader, conv).await? {
            return Ok(());
        }
        let outbox = self.outbox.clone();
        tx.on_commit(move || outbox.raise(&leader, conv));
        Ok(())
    }

    /// The first message whose words are withheld here though people of this platform may see them.
    pub(super) async fn lacks_words(
        &self,
        conn: &mut Conn,
        core: &Core,
    ) -> Result<Option<ActionKey>, Failure> {
        let own = self.identity.platform();
        match core.platform_since(own) {
            Some(since) if core.leader != *own => Ok(find_withheld(conn, core.key, since).await?),
            _ => Ok(None),
        }
    }

    /// Keeps the bodies of records that are in the log without them. Answers the last slot.
    pub async fn fill(
        &self,
        conv: ConversationKey,
        said: Vec<Said>,
    ) -> Result<Option<u64>, Refusal> {
        let records: Vec<Record> = said.into_iter().map_while(Result::ok).collect();
        let last = records.last().and_then(Record::commit);
        let last = last.map(|commit| commit.seq());
        let filled = self.store.write::<_, Failure, _>(move |tx| {
            Box::pin(async move {
                for action in records.iter().map(Record::action) {
                    fill(tx, conv, action);
                }
                Ok(())
            })
        });
        filled.await?;
        Ok(last)
    }

    /// All bodies are here that this platform may have: the rows are made again.
    pub async fn filled(&self, conv: ConversationKey) -> Result<(), Refusal> {
        let (service, now) = (self.clone(), self.clock.now());
        let filled = self.store.write::<_, Failure, _>(move |tx| {
            Box::pin(async move {
                let Some(row) = find_conversation(tx, conv).await? else {
                    return Ok(());
                };
                let records = list_records_after(tx, conv, 0, i64::MAX).await?;
                let records: Vec<_> = records.into_iter().map(std::sync::Arc::new).collect();
                service.remake(tx, conv, &records).await?;
                let leader = row.core.leader.as_str();
                mark_delivered(tx, conv, leader, row.core.seq, now);
                Ok(())
            })
        });
        Ok(filled.await?)
    }
}

/// A body that was withheld and is here now, or is gone for good.
fn fill(tx: &mut Tx, conv: ConversationKey, action: &Action) {
    match action.body_bytes() {
        Ok(body) => fill_body(tx, conv, action.key(), Ok(body)),
        Err(Missing::History) => {}
        Err(gone) => fill_body(tx, conv, action.key(), Err(gone)),
    }
}
