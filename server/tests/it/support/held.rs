//! A conversation as a platform of the test holds it: led there, or followed.

use em2_model::action::Model;
use em2_model::conversation::{Conversation, Sequenced};
use em2_model::record::{Record, Verified};
use em2_model::sign::PlatformKey;
use em2_model::{ActionKey, CommitKey, ConversationKey, Time};

/// The log from its first record, and what it makes of the conversation.
#[derive(Clone)]
pub(crate) struct Held {
    pub(crate) conversation: Conversation,
    pub(crate) records: Vec<Verified<Record>>,
}

impl Held {
    /// Folds the records of a log.
    pub(crate) fn of(records: Vec<Record>) -> Held {
        let records: Vec<_> = records.into_iter().map(Verified::trusted).collect();
        let (mut conversation, _) = Conversation::begin(&records[0]).unwrap();
        for record in &records[1..] {
            assert_eq!(conversation.apply(record).unwrap().dispute, None);
        }
        Held {
            conversation,
            records,
        }
    }

    pub(crate) fn key(&self) -> ConversationKey {
        self.conversation.core().key
    }

    pub(crate) fn seq(&self) -> u64 {
        self.conversation.core().seq
    }

    pub(crate) fn head(&self) -> CommitKey {
        self.conversation.core().head
    }

    /// The exact bytes of the records after this slot.
    pub(crate) fn after(&self, seq: u64) -> Vec<Vec<u8>> {
        let records = &self.records[seq as usize..];
        records.iter().map(|record| record.to_bytes()).collect()
    }

    /// The newest record.
    pub(crate) fn last(&self) -> &Verified<Record> {
        self.records.last().unwrap()
    }

    /// The item of somebody who is present.
    pub(crate) fn person(&self, address: &str) -> ActionKey {
        let address = address.parse().unwrap();
        self.conversation.core().person(&address).unwrap().item
    }

    /// The newest action on an item.
    pub(crate) fn head_of(&self, model: Model, item: ActionKey) -> ActionKey {
        self.conversation.head_of(model, item).unwrap()
    }

    /// Gives an action its slot, as who leads: refused or not. Answers the exact bytes of the record.
    pub(crate) fn sequence(
        &mut self,
        action: Verified<Record>,
        now: Time,
        key: &PlatformKey,
    ) -> Vec<u8> {
        match self.conversation.sequence(action, now, key).unwrap() {
            Sequenced::Committed { record, .. } => {
                let bytes = record.to_bytes();
                self.records.push(record);
                bytes
            }
            Sequenced::Duplicate(slot) => panic!("it has a slot: {slot:?}"),
        }
    }
}
