//! Conversations that have expired: the bodies are gone, the chain is not. // spec §16

use std::collections::BTreeMap;

use em2_model::action::{Action, Content, Missing, Proposal};
use em2_model::conversation::{Conversation, Sequenced};
use em2_model::record::Record;
use em2_model::{ActionKey, Address, Nonce, Salt, Time};

use super::stage::{checked, file, resealed, sentence, vector_key, vector_keys, vector_lines};

/// A time at which the keys of the vectors count.
const ARRIVAL: Time = Time(1_798_762_900_000);

/// The vectors' conversation after it has expired, as its leader keeps it.
fn expired_lines() -> Vec<Vec<u8>> {
    let (keys, leader) = (vector_keys(), vector_key("a"));
    let read = |line: &Vec<u8>| Record::parse(line).unwrap().verify(&keys, Time(0)).unwrap();
    let lines = vector_lines();
    let (mut conversation, _) = Conversation::begin(&read(&lines[0])).unwrap();
    for line in &lines[1..] {
        conversation.apply(&read(line)).unwrap();
    }
    let anna = Address::parse("anna@a.example").unwrap();
    let mut sequence = |actor, content: Content, at, nonce| {
        let core = conversation.core();
        let (conv, item) = (core.key, ActionKey::from(core.key));
        let head = conversation.head_of(content.kind().model(), item).unwrap();
        let proposal = Proposal {
            platform: leader.platform.clone(),
            actor,
            conv: Some(conv),
            follows: Some((item, head)),
            parent: None,
            base: None,
            content,
        };
        let salt = Salt::from_bytes([nonce; 16]);
        let action = Action::mint(proposal, at, Nonce::from_bytes([nonce; 16]), salt).unwrap();
        let signed = Record::signed(action, &leader).unwrap();
        match conversation.sequence(signed, at, &leader).unwrap() {
            Sequenced::Committed { record, .. } => record.into_inner(),
            Sequenced::Duplicate(slot) => panic!("{slot:?}"),
        }
    };
    let due = ARRIVAL.plus(1);
    let set = sequence(
        Some(anna),
        Content::ExpiryModify { at: Some(due) },
        ARRIVAL,
        201,
    );
    let expire = sequence(None, Content::Expire, due, 202);
    let before = lines
        .iter()
        .map(|line| Record::parse(line).unwrap())
        .chain([set]);
    let bare = before.map(|record| record.without_body(Missing::Expired).unwrap());
    bare.chain([expire])
        .map(|record| record.to_bytes())
        .collect()
}

#[test]
fn what_remains_of_an_expired_conversation_checks() {
    let checked = checked(&file(&expired_lines()));
    assert_eq!((checked.actions, checked.participants), (66, None));
    assert_eq!(checked.missing, BTreeMap::from([(Missing::Expired, 65)]));
}

#[test]
fn of_what_remains_nothing_can_be_taken_out_or_exchanged() {
    let lines = expired_lines();
    let whole = file(&lines);
    let line = |n: usize| format!("{}\n", std::str::from_utf8(&lines[n - 1]).unwrap());
    assert_eq!(
        sentence(&resealed(&whole, |file| file.replace(&line(9), ""))),
        "Line 10 (place 9): place 9 is expected, and this is place 10 (EM2_GAP)."
    );
    let stamp = |n: usize| {
        let line = line(n);
        line[line.find("\"s\":[").unwrap()..].to_owned()
    };
    assert_eq!(
        sentence(&resealed(&whole, |file| file.replace(&stamp(9), &stamp(12)))),
        "Line 10 (place 9): the author's signature does not count (EM2_SIG)."
    );
}

#[test]
fn bodies_cannot_have_expired_in_a_conversation_that_goes_on() {
    let mut lines = expired_lines();
    lines.pop();
    assert_eq!(
        sentence(&file(&lines)),
        "Line 67: bodies are said to have expired, and the conversation has not (EM2_FORMAT)."
    );
    let mut lines = vector_lines();
    let record = Record::parse(&lines[2]).unwrap();
    lines[2] = record.without_body(Missing::Expired).unwrap().to_bytes();
    assert_eq!(
        sentence(&file(&lines)),
        "Line 66: bodies are said to have expired, and the conversation has not (EM2_FORMAT)."
    );
}
