//! "I have read up to here": moves a read position forward, tells the others, and is never an action.

use em2_model::id::ConversationKey;
use em2_model::wire::domestic::{Accepted, Seen};
use em2_model::wire::live::Live;

use super::actions::no_conversation;
use super::failure::Failure;
use super::once::Once;
use super::{Me, Service};
use crate::propagate::{Frame, tell};
use crate::store::Tx;
use crate::store::actions::find_commit;
use crate::store::conversations::find_conversation;
use crate::store::feed::Told;
use crate::store::participants::{list_participants_here, mark_read, mark_seen};

impl Service {
    pub(super) async fn mark_seen(
        &self,
        me: &Me,
        conv: ConversationKey,
        seq: u64,
        once: &Once,
    ) -> Result<Accepted, Failure> {
        let (service, me, once) = (self.clone(), me.clone(), once.clone());
        self.store
            .write(move |tx| Box::pin(async move { service.see(tx, &me, conv, seq, &once).await }))
            .await
    }

    async fn see(
        &self,
        tx: &mut Tx,
        me: &Me,
        conv: ConversationKey,
        seq: u64,
        once: &Once,
    ) -> Result<Accepted, Failure> {
        let now = self.clock.now();
        let here = list_participants_here(tx, conv).await?;
        let mine = here.iter().find(|person| person.user == Some(me.user));
        let (Some(mine), Some(row)) = (mine, find_conversation(tx, conv).await?) else {
            return Err(no_conversation(conv).into());
        };
        // Nobody has read what is not there, or not theirs.
        let seq = seq.min(mine.removed_seq.unwrap_or(row.core.seq));
        let moved = seq > mine.read_seq && mark_read(tx, conv, me.user, seq).await?;
        let read = if moved { seq } else { mine.read_seq };
        let seen = Seen {
            address: me.address.clone(),
            seq: read,
            at: now,
        };
        if moved {
            self.tell_own(tx, me.user, Told::Read { conv, seq }, |n| Live::Read {
                n,
                conversation: conv,
                seq,
            })
            .await?;
            if mine.is_present() {
                let commit = if seq == row.core.seq {
                    Some(row.core.head)
                } else {
                    find_commit(tx, conv, seq).await?
                };
                if let Some(commit) = commit {
                    mark_seen(tx, conv, &me.address, commit, seq, now).await?;
                }
                let frame = Frame::live(Live::Seen {
                    conversation: conv,
                    seen: seen.clone(),
                });
                let others = here
                    .iter()
                    .filter(|person| person.is_present() && person.user != Some(me.user));
                let others = others
                    .filter_map(|person| person.user)
                    .map(|user| (user, Some(frame.clone())));
                tell(tx, &self.bus, others.collect());
            }
        }
        let accepted = Accepted::Seen { seen };
        once.answered(tx, &accepted, now)?;
        Ok(accepted)
    }
}
