//! "I have read up to here": moves a read position forward, tells the others, and is never an action.

use em2_model::id::ConversationKey;
use em2_model::wire::domestic::{Accepted, Seen};
use em2_model::wire::live::Live;

use super::actions::no_conversation;
use super::failure::Failure;
use super::once::Once;
use super::{Me, Service};
use crate::propagate::{Frame, after_commit};
use crate::store::Tx;
use crate::store::conversations::find_with_people;
use crate::store::feed::Told;
use crate::store::participants::raise_read;

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
        let found = find_with_people(tx, conv).await?;
        let (row, people) = found.ok_or_else(|| no_conversation(conv))?;
        let mine = people.iter().find(|person| person.user == Some(me.user));
        let mine = mine.ok_or_else(|| no_conversation(conv))?;
        // Nobody has read what is not there, or not theirs.
        let seq = seq.min(mine.removed_seq.unwrap_or(row.core.seq));
        let moved = seq > mine.read_seq;
        let seen = Seen {
            address: me.address.clone(),
            seq: seq.max(mine.read_seq),
            at: now,
        };
        if moved {
            raise_read(tx, conv, me.user, seq, now);
            self.tell_own(tx, me.user, Told::Read { conv, seq }, |n| Live::Read {
                n,
                conversation: conv,
                seq,
            })
            .await?;
        }
        if moved && mine.is_present() {
            let frame = Frame::live(Live::Seen {
                conversation: conv,
                seen: seen.clone(),
            });
            let others = people
                .iter()
                .filter(|person| person.is_present() && person.user != Some(me.user));
            let others = others.filter_map(|person| person.user);
            let audience = others.map(|user| (user, frame.clone()));
            after_commit(tx, &self.bus, audience.collect());
            self.raise_seen(tx, &row.core);
        }
        let accepted = Accepted::Seen { seen };
        once.answered(tx, &accepted, now)?;
        Ok(accepted)
    }
}
