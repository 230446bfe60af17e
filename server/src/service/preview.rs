//! A conversation as somebody would see it who is not in it yet. // spec §16

use em2_model::conversation::Person;
use em2_model::id::{ActionKey, ConversationKey};
use em2_model::participant::{History, Role};
use em2_model::permit;
use em2_model::refusal::{Code, Refusal};
use em2_model::wire::domestic::Entry;
use em2_model::{Address, conversation::Core};

use super::failure::Failure;
use super::pages::{Reading, read};
use super::{Me, Service};
use crate::store::messages::list_messages_by_key;
use crate::store::participants::ParticipantRow;

/// What they would see.
pub struct Preview {
    pub subject: String,
    /// Who takes part already.
    pub people: Vec<String>,
    /// The newest page of the timeline.
    pub entries: Vec<Entry>,
    /// Whether there is more before it.
    pub more: bool,
}

impl Service {
    /// What `address` would see if this person added them now, with this part of the history.
    pub async fn preview(
        &self,
        me: &Me,
        conv: ConversationKey,
        address: Address,
        history: History,
    ) -> Result<Preview, Refusal> {
        Ok(self.read_preview(me, conv, address, history).await?)
    }

    async fn read_preview(
        &self,
        me: &Me,
        conv: ConversationKey,
        address: Address,
        history: History,
    ) -> Result<Preview, Failure> {
        let mut conn = self.store.snapshot().await?;
        let mut reading = read(&mut conn, me, conv).await?;
        let core = &reading.conversation.core;
        let giver = core.person(&me.address);
        let giver = giver.filter(|giver| permit::add_participant(giver.role, Role::Read));
        let giver = giver.ok_or_else(|| Refusal::from(Code::Forbidden))?;
        if core.person(&address).is_some() {
            let message = format!("{address} takes part already, and sees what they were given.");
            return Err(Refusal::new(Code::Conflict, message).into());
        }
        let from = match history {
            History::From(message) => list_messages_by_key(&mut conn, conv, &[message])
                .await?
                .pop()
                .map(|row| row.item()),
            History::All | History::Now => None,
        };
        let is_there = !matches!(history, History::From(_)) || from.is_some();
        if !is_there || !Core::may_give_history(giver, &history, from.as_ref()) {
            let message = "You can give others what you can read yourself, and no more.";
            return Err(Refusal::new(Code::Forbidden, message).into());
        }
        let people = reading.scene(self.clock.now()).people().into_iter();
        let people = people.map(|person| person.name).collect();
        let next = core.seq.saturating_add(1);
        let since = Core::since(&history, from.as_ref(), next);
        reading.seen_by(address, history, (since, next));
        let (entries, before) = self.timeline(&mut conn, &reading, u64::MAX).await?;
        Ok(Preview {
            subject: reading.conversation.core.subject,
            people,
            entries,
            more: before.is_some(),
        })
    }
}

impl Reading {
    /// The same as somebody reads it who would be added in place `next`, and sees what was added from `since` on: the
    /// rules by which it is shown are those for everybody.
    fn seen_by(&mut self, address: Address, history: History, (since, next): (u64, u64)) {
        let item = ActionKey::from_bytes([0; 32]);
        let person = Person {
            item,
            head: item,
            address: address.clone(),
            name: None,
            role: Role::Read,
            platform: None,
            inc: None,
            history,
            since,
            added: next,
        };
        self.conversation.core.people.insert(item, person);
        self.reader = ParticipantRow {
            item,
            address,
            role: Role::Read,
            history,
            since_seq: since,
            added_seq: next,
            ..self.reader.clone()
        };
    }
}
