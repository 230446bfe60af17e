//! Values that the tests of the state begin with.

use em2_model::address::Address;
use em2_model::id::{ActionKey, CommitKey, ConversationKey, Time};
use em2_model::participant::{Format, Role};
use em2_model::wire::domestic::{Conversation, Entry, Event, Message, Person, Standing, What};

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

fn person(text: &str) -> Person {
    Person {
        address: address(text),
        name: text.to_owned(),
    }
}

fn key(seq: u64) -> ActionKey {
    ActionKey::from_bytes([seq as u8; 32])
}

/// Ann's view of a conversation that holds these entries.
pub(super) fn conversation(entries: Vec<Entry>) -> Conversation {
    let seq = entries.last().map_or(2, Entry::seq);
    Conversation {
        key: ConversationKey::from_bytes([100; 32]),
        subject: "Budget".to_owned(),
        subject_head: key(100),
        subject_lock: None,
        creator: address("ann@a.example"),
        created: Time(0),
        expiry: None,
        labels: vec![],
        participants: vec![],
        entries,
        more_before: None,
        seq,
        head: CommitKey::from_bytes([seq as u8; 32]),
        me: address("ann@a.example"),
        role: Role::Owner,
        present: true,
        read: 0,
        delivery: None,
        fork: None,
        n: 10,
    }
}

/// A message that nobody has touched since.
pub(super) fn message(seq: u64, author: &str) -> Entry {
    Entry::Message(Message {
        key: key(seq),
        seq,
        touched: seq,
        head: key(seq),
        author: person(author),
        parent: None,
        at: Time(seq as i64 * 1000),
        html: format!("<p>message {seq}</p>"),
        text: Some(format!("message {seq}")),
        format: Format::Markdown,
        edited: None,
        lock: None,
        standing: Standing::Present,
    })
}

pub(super) fn event(seq: u64) -> Entry {
    let what = What::SubjectChanged {
        subject: format!("subject {seq}"),
    };
    Entry::Event(Event {
        key: key(seq),
        seq,
        at: Time(seq as i64 * 1000),
        by: person("bob@a.example"),
        what,
    })
}
