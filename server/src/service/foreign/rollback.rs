//! A branch that the restored leader left is undone: what pages are made of is made again from the log, and what was
//! undone waits for a slot in the new one. // spec §14

use std::collections::BTreeSet;

use em2_model::conversation::Conversation;
use em2_model::id::{ConversationKey, Time};
use em2_model::refusal::{Code, Refusal};
use em2_model::step::Kept;
use em2_model::wire::live::Live;

use super::begin::{begin, begin_people};
use super::room::Room;
use crate::propagate::{Frame, after_commit};
use crate::service::Service;
use crate::service::failure::Failure;
use crate::service::project::Projection;
use crate::store::Tx;
use crate::store::actions::list_records_after;
use crate::store::conversations::{Loaded, update_conversation};
use crate::store::evidence::Signed;
use crate::store::participants::list_participants;
use crate::store::undone::{erase_after, insert_undone, restore_reading};

impl Service {
    /// Makes the rows of a conversation as they are after slot `to`, of whose log the room has all that is left.
    pub(super) async fn undo(
        &self,
        tx: &mut Tx,
        room: &mut Room,
        to: u64,
        now: Time,
    ) -> Result<(), Failure> {
        let conv = room.conv();
        let undone = list_records_after(tx, conv, to, i64::MAX).await?;
        tracing::warn!(%conv, to, undone = undone.len(), "the leader of a conversation was restored: what it lost is submitted again");
        let undone: Vec<Signed> = undone
            .iter()
            .filter_map(|record| Signed::of(record))
            .collect();
        insert_undone(tx, &undone, now);
        let loaded = self.remake(tx, conv, &room.records_until(to)).await?;
        room.replace(loaded);
        Ok(())
    }

    /// Makes the rows of a conversation again from its log, of which nothing stays but these records; reading goes on
    /// where it was.
    pub(super) async fn remake(
        &self,
        tx: &mut Tx,
        conv: ConversationKey,
        records: &[Kept],
    ) -> Result<Loaded, Failure> {
        let to = records.len() as u64;
        let people = list_participants(tx, conv).await?;
        let known: BTreeSet<_> = people.iter().filter_map(|person| person.user).collect();
        erase_after(tx, conv, to).await?;
        let (first, rest) = records
            .split_first()
            .ok_or_else(|| Refusal::from(Code::Internal))?;
        let (mut conversation, change) = Conversation::begin(first)?;
        let row = begin(conversation.core().clone(), &change);
        update_conversation(tx, &row.core, &row.face);
        let mut loaded = begin_people(tx, row, &change).into_loaded();
        for record in rest {
            let change = conversation.apply(record)?;
            let mut prepared = self.prepare(tx, record.action()).await?;
            // Whoever was not let in before is not let in by this.
            prepared.added = prepared.added.filter(|user| known.contains(&user.id));
            let mut projection = Projection::new(loaded, conversation.core().clone(), &change);
            projection.store(tx, &prepared, &change, record).await?;
            loaded = projection.into_loaded();
        }
        for person in &people {
            let (read, seen) = (person.read_seq.min(to), person.seen_seq.min(to));
            restore_reading(tx, conv, person.item, (read, seen), person.seen_at);
            let here = loaded.here.iter_mut();
            for row in here.filter(|row| row.item == person.item) {
                (row.read_seq, row.seen_seq, row.seen_at) = (read, seen, person.seen_at);
            }
        }
        self.tell_again(tx, &loaded);
        Ok(loaded)
    }

    /// Has those who look at pages load them again.
    fn tell_again(&self, tx: &mut Tx, loaded: &Loaded) {
        let users = loaded.here.iter().filter_map(|person| person.user);
        let audience = users.map(|user| (user, Frame::live(Live::Resync)));
        let audience = audience.collect();
        after_commit(tx, &self.bus, audience);
    }
}
