//! What conversations are put together from.

use super::{DAY, NOW};
use em2_model::address::Address;
use em2_model::id::{ActionKey, CommitKey, ConversationKey, ConversationRef, Time};
use em2_model::participant::{Format, History, Role};
use em2_model::wire::domestic::{
    Conversation, Done, Entry, Event, Label, Message, Participant, Person, Row, Standing, What,
};

const PEOPLE: [(&str, &str); 10] = [
    ("anna@a.example", "Anna Lind"),
    ("bob@a.example", "Bob Kern"),
    ("carla@a.example", "Carla Díaz"),
    ("jon@a.example", "Jon Ode"),
    ("rosa@a.example", "Rosa Meyer"),
    ("tim@a.example", "Tim Aoki"),
    ("noor@a.example", "Noor Jansen"),
    ("kim@a.example", "Kim Olsen"),
    ("akira@a.example", "Akira Kato"),
    ("house@b.example", "house@b.example"),
];

pub(crate) fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

pub(crate) fn person(n: usize) -> Person {
    let (at, name) = PEOPLE[n];
    Person {
        address: address(at),
        name: name.to_owned(),
    }
}

pub(crate) fn key(n: u64) -> ActionKey {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&n.to_be_bytes());
    ActionKey::from_bytes(bytes)
}

pub(crate) fn conversation_key(n: u8) -> ConversationKey {
    ConversationKey::from_bytes([n; 32])
}

pub(crate) fn message(seq: u64, by: usize, at: i64, html: &str) -> Message {
    Message {
        key: key(seq),
        seq,
        touched: seq,
        head: key(seq),
        author: person(by),
        parent: None,
        at: Time(at),
        html: html.to_owned(),
        text: Some(html.replace("<p>", "").replace("</p>", "")),
        format: Format::Markdown,
        edited: None,
        lock: None,
        standing: Standing::Present,
    }
}

pub(crate) fn event(seq: u64, by: usize, at: i64, what: What) -> Entry {
    Entry::Event(Event {
        key: key(seq),
        seq,
        at: Time(at),
        by: person(by),
        what,
    })
}

pub(crate) fn done(by: usize, at: i64, seq: u64) -> Done {
    Done {
        by: person(by),
        at: Time(at),
        seq,
    }
}

pub(crate) fn participant(n: usize, role: Role) -> Participant {
    let Person { address, name } = person(n);
    Participant {
        item: key(1000 + n as u64),
        head: key(1000 + n as u64),
        address,
        name,
        role,
        platform: None,
        history: History::All,
        seen: None,
    }
}

pub(crate) fn label(n: u64, name: &str, colour: &str) -> Label {
    Label {
        key: key(2000 + n),
        head: key(2000 + n),
        name: name.to_owned(),
        colour: colour.to_owned(),
    }
}

pub(crate) fn added(seq: u64, by: usize, who: usize, history: History, at: i64) -> Entry {
    event(
        seq,
        by,
        at,
        What::PersonAdded {
            person: person(who),
            role: Role::Write,
            history,
        },
    )
}

/// Anna's view of a conversation with these people and entries.
pub(crate) fn conversation(
    n: u8,
    subject: &str,
    people: &[usize],
    entries: Vec<Entry>,
) -> Conversation {
    let seq = entries.last().map_or(1, Entry::seq);
    let participants = people
        .iter()
        .map(|&who| participant(who, if who == 0 { Role::Owner } else { Role::Write }));
    Conversation {
        key: conversation_key(n),
        subject: subject.to_owned(),
        subject_head: key(3000),
        subject_lock: None,
        creator: address("anna@a.example"),
        created: Time(NOW - 3 * DAY),
        expiry: None,
        labels: vec![],
        participants: participants.collect(),
        entries,
        more_before: None,
        seq,
        head: CommitKey::from_bytes([n; 32]),
        me: address("anna@a.example"),
        role: Role::Owner,
        present: true,
        read: seq,
        delivery: None,
        fork: None,
        n: 1,
    }
}

pub(crate) fn row(
    n: u8,
    subject: &str,
    people: &[usize],
    preview: &str,
    by: usize,
    at: i64,
    unread: bool,
) -> Row {
    Row {
        key: ConversationRef::Published(conversation_key(n)),
        subject: subject.to_owned(),
        people: people.iter().take(4).map(|&who| person(who)).collect(),
        people_count: people.len() as u32 + 1,
        preview: preview.to_owned(),
        preview_by: Some(person(by).address),
        at: Time(at),
        unread,
        seq: 9,
        last: Some(key(9)),
        labels: vec![],
        present: true,
    }
}
