//! What a client holds folds live changes in any order, and twice, into the same thing.

use em2_model::id::{ActionKey, CommitKey, ConversationKey, ConversationRef, DraftKey, Time};
use em2_model::participant::{Format, Role};
use em2_model::unread::{since, unread};
use em2_model::wire::domestic::{
    Conversation, Done, Entry, Event, ListPage, Message, Older, Person, Row, Seen, Standing, What,
};
use em2_model::wire::intent::{Fields, Intent};
use em2_model::wire::live::{Change, Effect, Live};
use em2_model::{Address, History};
use proptest::prelude::*;

fn address(name: &str) -> Address {
    Address::parse(&format!("{name}@a.example")).unwrap()
}

fn person(name: &str) -> Person {
    Person {
        address: address(name),
        name: name.to_owned(),
    }
}

fn key(n: u64) -> ActionKey {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&n.to_be_bytes());
    ActionKey::from_bytes(bytes)
}

fn conversation() -> Conversation {
    Conversation {
        key: ConversationKey::from_bytes([1; 32]),
        subject: "Budget".to_owned(),
        subject_head: key(1),
        subject_lock: None,
        creator: address("anna"),
        created: Time(0),
        expiry: None,
        labels: Vec::new(),
        participants: Vec::new(),
        entries: Vec::new(),
        more_before: None,
        seq: 1,
        head: CommitKey::from_bytes([1; 32]),
        me: address("anna"),
        role: Role::Owner,
        present: true,
        read: 0,
        delivery: None,
        fork: None,
        n: 0,
    }
}

fn message(seq: u64, touched: u64, author: &str) -> Message {
    Message {
        key: key(seq),
        seq,
        touched,
        head: key(touched),
        author: person(author),
        parent: None,
        at: Time(seq as i64),
        html: format!("<p>{touched}</p>"),
        text: None,
        format: Format::Markdown,
        edited: (touched > seq).then(|| Done {
            by: person(author),
            at: Time(touched as i64),
            seq: touched,
        }),
        lock: None,
        standing: Standing::Present,
    }
}

fn change(seq: u64, effect: Effect) -> Change {
    Change {
        key: key(seq),
        seq,
        head: CommitKey::from_bytes([seq as u8; 32]),
        at: Time(seq as i64),
        by: address("bob"),
        notable: true,
        effect,
    }
}

fn row(n: u8, at: i64, unread: bool) -> Row {
    Row {
        key: ConversationRef::Published(ConversationKey::from_bytes([n; 32])),
        subject: format!("Subject {n}"),
        people: Vec::new(),
        people_count: 2,
        preview: String::new(),
        preview_by: None,
        at: Time(at),
        unread,
        seq: at as u64,
        last: None,
        labels: Vec::new(),
        present: true,
    }
}

fn live(n: u64, row: Row) -> Live {
    let ConversationRef::Published(conversation) = row.key else {
        unreachable!("rows of this test are published")
    };
    let change = change(row.seq, Effect::Withheld);
    Live::Change {
        n,
        conversation,
        change: Box::new(change),
        row: Box::new(row),
    }
}

proptest! {
    #[test]
    fn changes_in_any_order_and_twice_end_the_same(
        steps in proptest::collection::vec((2u64..12, 0u64..30), 1..40),
        order in proptest::collection::vec(any::<proptest::sample::Index>(), 0..80),
    ) {
        let changes: Vec<Change> = steps
            .iter()
            .map(|(seq, later)| change(seq + later, Effect::Message { message: message(*seq, seq + later, "bob") }))
            .collect();
        let mut straight = conversation();
        let mut newest = changes.clone();
        newest.sort_by_key(|change| change.seq);
        newest.iter().for_each(|change| straight.apply(change));
        let mut shuffled = conversation();
        order.iter().for_each(|index| shuffled.apply(index.get(&changes)));
        changes.iter().for_each(|change| shuffled.apply(change));
        prop_assert_eq!(&straight.entries, &shuffled.entries);
        prop_assert_eq!(straight.seq, shuffled.seq);
    }

    #[test]
    fn the_list_counts_what_is_unread(rows in proptest::collection::vec((0u8..6, any::<bool>()), 1..40)) {
        let mut page = ListPage { rows: Vec::new(), next: None, unread: 0, drafts: 0, requests: 0, n: 0 };
        for (n, (name, unread)) in rows.into_iter().enumerate() {
            let frame = live(n as u64 + 1, row(name, n as i64 + 1, unread));
            page.apply(&frame);
            page.apply(&frame);
            prop_assert_eq!(page.unread as usize, page.rows.iter().filter(|row| row.unread).count());
            prop_assert!(page.rows.is_sorted_by(|a, b| a.at >= b.at));
        }
    }
}

#[test]
fn what_lies_before_the_loaded_stretch_waits_for_its_page() {
    let mut held = Conversation {
        more_before: Some(10),
        ..conversation()
    };
    held.apply(&change(
        20,
        Effect::Message {
            message: message(20, 20, "bob"),
        },
    ));
    held.apply(&change(
        21,
        Effect::Message {
            message: message(5, 21, "bob"),
        },
    ));
    assert_eq!(
        held.entries.iter().map(Entry::seq).collect::<Vec<_>>(),
        [20]
    );
    let entries = vec![Entry::Message(message(5, 21, "bob"))];
    held.prepend(Older {
        entries,
        more_before: None,
    });
    assert_eq!(
        held.entries.iter().map(Entry::seq).collect::<Vec<_>>(),
        [5, 20]
    );
}

#[test]
fn since_tells_what_others_did_and_nothing_of_my_own() {
    let mut held = conversation();
    let added = Event {
        key: key(9),
        seq: 9,
        at: Time(9),
        by: person("bob"),
        what: What::PersonAdded {
            person: person("carla"),
            role: Role::Write,
            history: History::All,
        },
    };
    held.entries = vec![
        Entry::Message(message(2, 8, "bob")),
        Entry::Message(message(3, 3, "bob")),
        Entry::Message(message(7, 7, "anna")),
        Entry::Event(added),
        Entry::Message(message(10, 10, "bob")),
    ];
    let told = since(&held, 6);
    assert_eq!(told.messages, [key(10)]);
    assert_eq!(told.edited, [(key(2), person("bob"))]);
    assert_eq!(told.added, [person("carla")]);
    assert_eq!(told.first, Some(key(9)));
    assert!(since(&held, 10).is_empty());
    assert!(
        since(&held, 0).is_empty(),
        "who never looked has no last look"
    );
    assert!(unread(10, 6) && !unread(6, 6));
}

#[test]
fn reading_elsewhere_clears_the_row_and_the_count() {
    let mut page = ListPage {
        rows: vec![row(1, 5, true)],
        next: None,
        unread: 1,
        drafts: 0,
        requests: 0,
        n: 4,
    };
    let conversation = ConversationKey::from_bytes([1; 32]);
    page.apply(&Live::Read {
        n: 5,
        conversation,
        seq: 4,
    });
    assert!(
        page.rows[0].unread,
        "read up to an older slot leaves the row unread"
    );
    page.apply(&Live::Read {
        n: 6,
        conversation,
        seq: 5,
    });
    assert!(!page.rows[0].unread && page.unread == 0);
}

#[test]
fn drafts_are_counted_once() {
    let mut page = ListPage {
        rows: Vec::new(),
        next: None,
        unread: 0,
        drafts: 0,
        requests: 0,
        n: 0,
    };
    let key = DraftKey::from_bytes([7; 16]);
    let draft = Row {
        key: ConversationRef::Draft(key),
        ..row(1, 1, false)
    };
    page.apply(&Live::Draft {
        n: 1,
        row: Box::new(draft.clone()),
    });
    page.apply(&Live::Draft {
        n: 2,
        row: Box::new(draft),
    });
    assert_eq!((page.drafts, page.rows.len()), (1, 1));
    page.apply(&Live::DraftGone {
        n: 3,
        key,
        became: None,
    });
    assert_eq!((page.drafts, page.rows.len()), (0, 0));
}

#[test]
fn seen_marks_only_rise() {
    let mut held = conversation();
    held.see(&Seen {
        address: address("anna"),
        seq: 7,
        at: Time(1),
    });
    held.see(&Seen {
        address: address("anna"),
        seq: 3,
        at: Time(2),
    });
    assert_eq!(held.read, 7);
}

#[test]
fn an_intent_reads_back_from_its_fields_as_json_and_as_a_form() {
    let intents = [
        Intent::MessageAdd {
            parent: Some(key(3)),
            format: Format::Plain,
            text: "Hi & bye".to_owned(),
        },
        Intent::MessageModify {
            item: key(3),
            follows: None,
            format: Format::Markdown,
            text: String::new(),
        },
        Intent::MessageLock {
            item: key(3),
            follows: Some(key(4)),
            ttl: 60_000,
        },
        Intent::SubjectModify {
            follows: None,
            subject: "S".to_owned(),
        },
        Intent::ExpiryModify {
            follows: None,
            at: Some(Time(5)),
        },
        Intent::ParticipantAdd {
            address: address("bob"),
            role: Role::Edit,
            history: History::From(key(9)),
            name: Some("Bob".to_owned()),
        },
        Intent::ParticipantRemove {
            item: key(3),
            follows: None,
        },
        Intent::Seen { seq: 12 },
        Intent::DraftModify {
            subject: Some(String::new()),
            to: None,
            text: Some("x".to_owned()),
        },
        Intent::DraftRemove,
    ];
    for intent in intents {
        let json = serde_json::to_string(&Fields::from(intent.clone())).unwrap();
        let fields: Fields = serde_json::from_str(&json).unwrap();
        assert_eq!(Intent::try_from(fields).unwrap(), intent);
    }
    let form = r#"{"model":"message","verb":"add","parent":"","text":"Hello","ttl":"","item":""}"#;
    let fields: Fields = serde_json::from_str(form).unwrap();
    assert!(matches!(
        Intent::try_from(fields).unwrap(),
        Intent::MessageAdd { parent: None, .. }
    ));
    for bad in [
        r#"{"model":"message","verb":"fly"}"#,
        r#"{"model":"message","verb":"add"}"#,
        r#"{"model":"participant","verb":"add","address":"b@c.example","role":"king"}"#,
    ] {
        let fields: Fields = serde_json::from_str(bad).unwrap();
        assert!(Intent::try_from(fields).is_err(), "{bad}");
    }
}
