//! What an action does to the rows of participants, and to the words by which a conversation is found.

use em2_model::action::Kind;
use em2_model::conversation::{Change, Core, Person};
use em2_model::id::{ConversationKey, Time};

use super::{Gate, Prepared, Projection};
use crate::service::failure::Failure;
use crate::service::row::name_people;
use crate::store::Tx;
use crate::store::list::Frozen;
use crate::store::participants::{
    ParticipantRow, insert_participants, mark_removed, update_participant,
};
use crate::store::requests::{RequestRow, delete_request, upsert_request};
use crate::store::search::{Indexed, update_words};
use crate::store::users::User;

/// Somebody as of the change that added them; `user` where they have an account here.
pub(in crate::service) fn participant(
    conv: ConversationKey,
    person: &Person,
    user: Option<&User>,
    change: &Change,
) -> ParticipantRow {
    let by_others = change.actor.as_ref() != Some(&person.address);
    let given = || {
        person
            .name
            .clone()
            .unwrap_or_else(|| person.address.to_string())
    };
    ParticipantRow {
        conv,
        item: person.item,
        address: person.address.clone(),
        name: user.map_or_else(given, |user| user.name.clone()),
        role: person.role,
        platform: person.platform.clone(),
        history: person.history,
        since_seq: person.since,
        added_seq: person.added,
        removed_seq: None,
        seen_seq: 0,
        seen_at: Time(0),
        user: user.map(|user| user.id),
        read_seq: 0,
        news_seq: if by_others { change.seq } else { 0 },
        last_at: change.at,
        wrote: false,
    }
}

/// What a conversation is found by besides its messages: its subject, and who takes part.
pub(in crate::service) fn about(core: &Core, here: &[ParticipantRow]) -> String {
    let mut words = core.subject.clone();
    for person in core.people.values() {
        let known = here
            .iter()
            .find(|row| row.item == person.item)
            .map(|row| row.name.as_str());
        for word in [
            known.or(person.name.as_deref()).unwrap_or_default(),
            person.address.as_str(),
        ] {
            words.push(' ');
            words.push_str(word);
        }
    }
    words
}

pub(in crate::service) fn about_words<'a>(core: &Core, text: &'a str) -> Indexed<'a> {
    Indexed {
        conv: core.key,
        item: core.key.into(),
        added: 0,
        touched: core.seq,
        text,
    }
}

impl Projection {
    pub(super) async fn store_person(
        &mut self,
        tx: &mut Tx,
        prepared: &Prepared,
        change: &Change,
        person: &Person,
    ) -> Result<(), Failure> {
        let conv = self.conversation.core.key;
        match change.kind {
            Kind::ParticipantAdd => {
                let mut row = participant(conv, person, prepared.added.as_ref(), change);
                if !matches!(prepared.gate, Gate::Open) {
                    row.user = None;
                }
                insert_participants(tx, std::slice::from_ref(&row));
                if let (Gate::Asks { sender, platform }, Some(user)) =
                    (&prepared.gate, &prepared.added)
                {
                    let request = RequestRow {
                        conv,
                        item: person.item,
                        user: user.id,
                        sender: sender.clone(),
                        platform: platform.clone(),
                        at: change.at,
                    };
                    upsert_request(tx, &request);
                    self.asked = Some(user.id);
                }
                if let Some(user) = row.user {
                    self.here.retain(|other| other.user != row.user);
                    self.here.push(row);
                    self.here.sort_by_key(|person| person.user);
                    self.readers.push(user);
                    self.readers.sort_unstable();
                }
            }
            Kind::ParticipantModify => {
                update_participant(tx, conv, person.item, person.role, person.platform.as_ref());
                if let Some(row) = self.here.iter_mut().find(|row| row.item == person.item) {
                    row.role = person.role;
                }
            }
            _ => {
                match self.here.iter_mut().find(|row| row.item == person.item) {
                    Some(row) => row.removed_seq = Some(change.seq),
                    // They may not have answered yet.
                    None => delete_request(tx, conv, person.item),
                }
            }
        }
        name_people(
            &mut self.conversation.face,
            &self.conversation.core,
            &self.here,
        );
        if change.kind == Kind::ParticipantRemove {
            let core = &self.conversation.core;
            let frozen = Frozen {
                subject: core.subject.clone(),
                seq: change.seq,
                labels: core.labels.values().cloned().collect(),
                face: self.conversation.face.clone(),
            };
            mark_removed(tx, conv, person.item, change.seq, Some(&frozen));
        }
        if change.kind != Kind::ParticipantModify {
            self.store_about(tx).await?;
        }
        Ok(())
    }

    pub(super) async fn store_about(&self, tx: &mut Tx) -> Result<(), Failure> {
        let core = &self.conversation.core;
        let words = about(core, &self.here);
        Ok(update_words(tx, &about_words(core, &words)).await?)
    }
}
