//! Bad bytes, keys and signatures: part A of the security notes, by number.

use crate::support::stage::Outcome::NoSlot;
use crate::support::stage::{ANNA, BOB, Stage, address, message, platform_key};
use crate::support::{ARRIVAL, text, vector_key, vector_keys, vectors};
use em2_model::action::{Action, Proposal};
use em2_model::canonical;
use em2_model::conversation::Conversation;
use em2_model::id::{PublicBytes, Signature};
use em2_model::keys::KeyEntry;
use em2_model::record::{Record, Verified};
use em2_model::sign::{PlatformKey, Tag};
use em2_model::{Code, Platform, Time};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// The third record of the vectors: a message of Anna's, committed by her platform.
fn wire() -> String {
    text(&vectors()["records"][2], "wire").to_owned()
}

pub(crate) fn arrive(wire: &str) -> Result<Verified<Record>, Code> {
    let record = Record::parse(wire.as_bytes()).map_err(|refusal| refusal.code)?;
    record
        .verify(vector_keys(), ARRIVAL)
        .map_err(|refusal| refusal.code)
}

#[test]
fn security_01_a_duplicate_key_is_not_canonical() {
    let twice = wire().replacen(r#""v":1"#, r#""v":1,"v":1"#, 1);
    assert_eq!(arrive(&twice), Err(Code::NotCanonical));
}

#[test]
fn security_02_other_forms_of_numbers_are_not_canonical() {
    for number in ["3.0", "-0", "1e2", "9007199254740992", "03", "+3", "3e0"] {
        let other = wire().replacen(r#""seq":3"#, &format!(r#""seq":{number}"#), 1);
        assert_ne!(other, wire());
        assert_eq!(arrive(&other), Err(Code::NotCanonical), "{number}");
    }
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "it measures how long the answer takes"
)]
fn security_03_deep_nesting_is_refused_at_once() {
    let deep = |depth: usize| {
        format!(
            r#"{{"a":{}1{}}}"#,
            "[".repeat(depth - 1),
            "]".repeat(depth - 1)
        )
    };
    assert!(canonical::parse(deep(8).as_bytes(), canonical::DEPTH).is_ok());
    let mut inputs = vec![
        deep(9),
        deep(10_000),
        "[".repeat(10_000),
        "{\"a\":".repeat(10_000),
    ];
    inputs.push("[".repeat(60_000));
    for input in inputs {
        let attempt = || {
            let started = Instant::now();
            let code = Record::parse(input.as_bytes()).unwrap_err().code;
            assert!(code == Code::NotCanonical || (code == Code::Format && input == deep(9)));
            let refused = canonical::parse(input.as_bytes(), canonical::DEPTH).unwrap_err();
            assert_eq!(refused.code, Code::NotCanonical);
            started.elapsed()
        };
        // The quickest of several: other tests run on the same cores.
        let quickest = (0..5).map(|_| attempt()).min().unwrap();
        assert!(quickest < Duration::from_millis(5), "{quickest:?}");
    }
}

#[test]
fn security_04_a_body_that_was_changed_is_not_the_one_that_was_signed() {
    let changed = wire().replacen("Hello", "Hullo", 1);
    assert_eq!(arrive(&changed), Err(Code::Hash));
}

/// The order of the group, little-endian.
const L: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

#[test]
fn security_05_a_second_form_of_a_signature_does_not_count() {
    let record = Record::parse(wire().as_bytes()).unwrap();
    let mut bytes = *record.stamps()[0].v.as_bytes();
    let mut carry = 0;
    for (byte, l) in bytes[32..].iter_mut().zip(L) {
        let sum = u16::from(*byte) + u16::from(l) + carry;
        (*byte, carry) = (sum as u8, sum >> 8);
    }
    let malleable = Signature::from_bytes(bytes).to_string();
    let other = wire().replacen(&record.stamps()[0].v.to_string(), &malleable, 1);
    assert_eq!(arrive(&other), Err(Code::Sig));
}

#[test]
fn security_06_a_document_with_a_weak_key_is_refused() {
    let entry = vectors()["platform_document"]["keys"][0].clone();
    assert!(serde_json::from_value::<KeyEntry>(entry.clone()).is_ok());
    let small_order = "0000000000000000000000000000000000000000000000000000000000000080";
    let non_canonical = [[0xff].as_slice(), &[0xff; 30], &[0x7f]].concat();
    let weak = [
        vectors()["weak_public_keys"]["identity"]
            .as_str()
            .unwrap()
            .to_owned(),
        PublicBytes::from_bytes(crate::support::seed(small_order)).to_string(),
        PublicBytes::from_bytes(non_canonical.try_into().unwrap()).to_string(),
    ];
    for public in weak {
        let mut entry = entry.clone();
        entry["pub"] = json!(public);
        assert!(
            serde_json::from_value::<KeyEntry>(entry).is_err(),
            "{public}"
        );
    }
}

#[test]
fn security_07_a_signature_counts_for_its_purpose_only() {
    let record = Record::parse(wire().as_bytes()).unwrap();
    let (action, commit) = (record.stamps()[0].v, record.commit_stamp().unwrap().v);
    let key = vector_key("a");
    let as_commit = key.sign(Tag::Action, record.commit().unwrap().key().as_bytes());
    let other = wire().replacen(&commit.to_string(), &as_commit.to_string(), 1);
    assert_eq!(arrive(&other), Err(Code::Sig));
    let swapped = wire().replacen(&commit.to_string(), &action.to_string(), 1);
    assert_eq!(arrive(&swapped), Err(Code::Sig));
}

#[test]
fn security_08_an_action_of_another_conversation_is_not_taken() {
    let mut y = Stage::with_bob();
    let replayed = arrive(&wire()).unwrap().into_inner().without_commit();
    let refused = y.leader.decide(replayed.action(), Time(2_000)).unwrap_err();
    assert_eq!(refused.code, Code::Format);
    assert_eq!(
        y.submit_record(Verified::trusted(replayed)),
        NoSlot(Code::Format)
    );
    let committed = arrive(&wire()).unwrap();
    assert_eq!(y.follower.apply(&committed).unwrap_err().code, Code::Format);
}

#[test]
fn security_09_a_commit_of_another_platform_does_not_count() {
    let mut stage = Stage::with_bob();
    let action = stage.mint(BOB, |p| p, message("I lead now"));
    let record = Record::signed(action, &platform_key('b')).unwrap();
    let mut usurper = stage.leader.clone().into_core();
    usurper.leader = platform_key('b').platform;
    let mut usurper = Conversation::part(usurper);
    usurper.load_slot(record.action().header().nonce, None);
    let sequenced = usurper
        .sequence(record, Time(stage.now), &platform_key('b'))
        .unwrap();
    let em2_model::conversation::Sequenced::Committed { record, .. } = sequenced else {
        panic!("{sequenced:?}")
    };
    assert_eq!(stage.follower.apply(&record).unwrap_err().code, Code::Sig);
    assert_eq!(stage.follower, stage.leader, "and nothing changed");
}

#[test]
fn security_09_a_commit_signed_by_someone_else_than_its_leader_does_not_count() {
    let record = Record::parse(wire().as_bytes()).unwrap();
    let stamp = vector_key("b").stamp(Tag::Commit, record.commit().unwrap().key().as_bytes());
    let old = record.commit_stamp().unwrap();
    let other = wire().replacen(
        &format!(r#""cs":{{"k":"{}","v":"{}"}}"#, old.k, old.v),
        &format!(r#""cs":{{"k":"{}","v":"{}"}}"#, stamp.k, stamp.v),
        1,
    );
    assert_ne!(other, wire());
    assert_eq!(arrive(&other), Err(Code::Sig));
}

#[test]
fn security_10_a_platform_does_not_speak_for_the_people_of_another() {
    let mut stage = Stage::with_bob();
    let as_anna = |p: Proposal| Proposal {
        actor: Some(address(ANNA)),
        ..p
    };
    let action = stage.mint(BOB, as_anna, message("I am not Anna"));
    assert_eq!(stage.submit(action), NoSlot(Code::Forbidden));
}

#[test]
fn security_11_an_unknown_header_field_is_refused_and_an_unknown_body_field_kept() {
    let refused = vectors()["refused"][4].clone();
    assert_eq!(arrive(text(&refused, "record")), Err(Code::Format));

    let mut stage = Stage::with_bob();
    let action = stage.mint(BOB, |p| p, message("hello"));
    let mut body: Value = serde_json::from_slice(action.body_bytes().unwrap()).unwrap();
    body["mood"] = json!("merry");
    let body = canonical::to_bytes(&body).unwrap();
    let mut header: Value = serde_json::from_slice(action.header_bytes()).unwrap();
    let hash = em2_model::sign::hash(Tag::Body, &body);
    header["ref"] = json!(em2_model::id::BodyRef::from_bytes(hash));
    let header = canonical::to_bytes(&header).unwrap();
    let merry = Action::parse(&header, Ok(&body)).unwrap();
    assert_eq!(merry.content(), action.content());
    assert_eq!(merry.body_bytes().unwrap(), body);
    stage.submit(merry).done();
}

#[test]
fn security_12_a_key_that_everybody_knows_is_not_taken() {
    let platform = || Platform::parse("em2.c.example").unwrap();
    let kid = vector_key("a").kid;
    for byte in [0, 7, 255] {
        assert!(PlatformKey::from_seed(platform(), kid.clone(), &[byte; 32]).is_err());
    }
    for name in ["a", "a2", "b"] {
        let seed = crate::support::seed(text(&vectors()["keys"][name], "seed_hex"));
        assert!(PlatformKey::from_seed(platform(), kid.clone(), &seed).is_err());
    }
}
