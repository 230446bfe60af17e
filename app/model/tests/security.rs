//! Bad input and the answer expected: the lines of the security notes that the model decides,
//! each by its number there.

mod support;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use em2_model::action::{Action, Content, LOCK_TTL_MAX, Proposal};
use em2_model::canonical;
use em2_model::conversation::{ATTACHMENTS_MAX, Conversation, PEOPLE_MAX};
use em2_model::id::{PublicBytes, Signature};
use em2_model::keys::{KeyEntry, KeyLog};
use em2_model::record::{Record, Verified};
use em2_model::sign::{PlatformKey, Stamp, Tag};
use em2_model::{Code, History, Platform, Role, Time};
use serde_json::{Value, json};
use support::stage::Outcome::{NoSlot, Refused};
use support::stage::{ANNA, BOB, CARL, Stage, address, edited, message, platform_key};
use support::{ARRIVAL, text, vector_key, vector_keys, vectors};

/// The third record of the vectors: a message of Anna's, committed by her platform.
fn wire() -> String {
    text(&vectors()["records"][2], "wire").to_owned()
}

fn arrive(wire: &str) -> Result<Verified<Record>, Code> {
    let record = Record::parse(wire.as_bytes()).map_err(|refusal| refusal.code)?;
    record
        .verify(&vector_keys(), ARRIVAL)
        .map_err(|refusal| refusal.code)
}

fn folded() -> Conversation {
    let records = vectors()["records"].as_array().unwrap().clone();
    let mut log = records
        .iter()
        .map(|vector| arrive(text(vector, "wire")).unwrap());
    let (mut conversation, _) = Conversation::begin(&log.next().unwrap()).unwrap();
    log.for_each(|record| {
        conversation.apply(&record).unwrap();
    });
    conversation
}

#[test]
fn a01_a_duplicate_key_is_not_canonical() {
    let twice = wire().replacen(r#""v":1"#, r#""v":1,"v":1"#, 1);
    assert_eq!(arrive(&twice), Err(Code::NotCanonical));
}

#[test]
fn a02_other_forms_of_numbers_are_not_canonical() {
    for number in ["3.0", "-0", "1e2", "9007199254740992", "03", "+3", "3e0"] {
        let other = wire().replacen(r#""seq":3"#, &format!(r#""seq":{number}"#), 1);
        assert_ne!(other, wire());
        assert_eq!(arrive(&other), Err(Code::NotCanonical), "{number}");
    }
}

#[test]
fn a03_deep_nesting_is_refused_at_once() {
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
fn a04_a_body_that_was_changed_is_not_the_one_that_was_signed() {
    let changed = wire().replacen("Hello", "Hullo", 1);
    assert_eq!(arrive(&changed), Err(Code::Hash));
}

/// The order of the group, little-endian.
const L: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

#[test]
fn a05_a_second_form_of_a_signature_does_not_count() {
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
fn a06_a_document_with_a_weak_key_is_refused() {
    let entry = vectors()["platform_document"]["keys"][0].clone();
    assert!(serde_json::from_value::<KeyEntry>(entry.clone()).is_ok());
    let small_order = "0000000000000000000000000000000000000000000000000000000000000080";
    let non_canonical = [[0xff].as_slice(), &[0xff; 30], &[0x7f]].concat();
    let weak = [
        vectors()["weak_public_keys"]["identity"]
            .as_str()
            .unwrap()
            .to_owned(),
        PublicBytes::from_bytes(support::seed(small_order)).to_string(),
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
fn a07_a_signature_counts_for_its_purpose_only() {
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
fn a08_an_action_of_another_conversation_is_not_taken() {
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
fn a09_a_commit_of_another_platform_does_not_count() {
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
fn a09_a_commit_signed_by_someone_else_than_its_leader_does_not_count() {
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
fn a10_a_platform_does_not_speak_for_the_people_of_another() {
    let mut stage = Stage::with_bob();
    let as_anna = |p: Proposal| Proposal {
        actor: Some(address(ANNA)),
        ..p
    };
    let action = stage.mint(BOB, as_anna, message("I am not Anna"));
    assert_eq!(stage.submit(action), NoSlot(Code::Forbidden));
}

#[test]
fn a11_an_unknown_header_field_is_refused_and_an_unknown_body_field_kept() {
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
fn a12_a_key_that_everybody_knows_is_not_taken() {
    let platform = || Platform::parse("em2.c.example").unwrap();
    let kid = vector_key("a").kid;
    for byte in [0, 7, 255] {
        assert!(PlatformKey::from_seed(platform(), kid.clone(), &[byte; 32]).is_err());
    }
    for name in ["a", "a2", "b"] {
        let seed = support::seed(text(&vectors()["keys"][name], "seed_hex"));
        assert!(PlatformKey::from_seed(platform(), kid.clone(), &seed).is_err());
    }
}

#[test]
fn d36_a_gap_in_the_log_is_told() {
    let records = vectors()["records"].as_array().unwrap().clone();
    let (mut conversation, _) =
        Conversation::begin(&arrive(text(&records[0], "wire")).unwrap()).unwrap();
    let refused = conversation
        .apply(&arrive(text(&records[2], "wire")).unwrap())
        .unwrap_err();
    assert_eq!(refused.code, Code::Gap);
    let head = conversation.core().head.to_string();
    assert_eq!(refused.details["have"], json!([[1, head]]));
}

#[test]
fn d37_two_commits_for_one_place_are_a_fork() {
    let mut stage = Stage::with_bob();
    let mut liar = stage.leader.clone();
    stage.say(ANNA, "to some").done();
    let action = stage.mint(ANNA, |p| p, message("to others"));
    let record = Record::signed(action, &platform_key('a')).unwrap();
    let sequenced = liar
        .sequence(record, Time(stage.now), &platform_key('a'))
        .unwrap();
    let em2_model::conversation::Sequenced::Committed { record, change } = sequenced else {
        panic!("{sequenced:?}")
    };
    let refused = stage.follower.apply(&record).unwrap_err();
    assert_eq!(refused.code, Code::Fork);
    assert_eq!(refused.details["a"], json!(stage.follower.core().head));
    assert_eq!(refused.details["b"], json!(change.commit));
}

#[test]
fn d40_a_writer_removes_nobody() {
    let mut stage = Stage::with_bob();
    stage.add(ANNA, CARL, Role::Write, History::All).done();
    let bob = stage.person(BOB);
    assert_eq!(
        stage.on(CARL, bob, Content::ParticipantRemove),
        Refused(Code::Forbidden)
    );
}

#[test]
fn d41_an_admin_does_not_demote_the_owner() {
    let mut stage = Stage::new();
    stage.add(ANNA, BOB, Role::Admin, History::All).done();
    let anna = stage.person(ANNA);
    let demote = em2_model::action::ParticipantModify {
        role: Some(Role::Read),
        platform: None,
    };
    let outcome = stage.on(BOB, anna, Content::ParticipantModify(demote));
    assert_eq!(outcome, Refused(Code::Forbidden));
}

#[test]
fn d42_a_stale_change_is_a_conflict() {
    let mut stage = Stage::with_bob();
    let key = stage.say(ANNA, "one").done();
    stage.edit(BOB, key, "two").done();
    let stale = stage.mint(ANNA, |p| p.following(key, key), edited("three"));
    assert_eq!(stage.submit(stale), Refused(Code::Conflict));
}

#[test]
fn d44_limits() {
    let mut stage = Stage::new();
    for i in 1..PEOPLE_MAX {
        let who = format!("p{i}@a.example");
        stage.add(ANNA, &who, Role::Read, History::All).done();
    }
    assert_eq!(
        stage.add(ANNA, BOB, Role::Read, History::All),
        NoSlot(Code::TooBig),
        "201st"
    );
    let key = stage.say(ANNA, "files").done();
    let file = || {
        let hash = em2_model::id::FileHash::from_bytes([1; 32]);
        Content::AttachmentAdd(em2_model::action::AttachmentAdd {
            name: "a".to_owned(),
            media_type: "text/plain".to_owned(),
            size: 1,
            sha256: hash,
            inline: None,
        })
    };
    for _ in 0..ATTACHMENTS_MAX {
        stage.under(ANNA, key, file()).done();
    }
    assert_eq!(stage.under(ANNA, key, file()), NoSlot(Code::TooBig), "51st");

    let mint = |content| {
        let proposal = Proposal::new(platform_key('a').platform, address(ANNA), content);
        let proposal = proposal.within(stage.leader.core().key);
        let (nonce, salt) = support::stage::draw(&mut 77);
        Action::mint(proposal, Time(1), nonce, salt)
            .map(|_| ())
            .map_err(|refusal| refusal.code)
    };
    let item = stage.conversation_item();
    assert_eq!(mint(message(&"x".repeat(65 * 1024))), Err(Code::TooBig));
    assert_eq!(mint(message(&"x".repeat(63 * 1024))), Ok(()));
    let follow = |content| {
        let proposal = Proposal::new(platform_key('a').platform, address(ANNA), content);
        let proposal = proposal
            .within(stage.leader.core().key)
            .following(item, item);
        let (nonce, salt) = support::stage::draw(&mut 77);
        Action::mint(proposal, Time(1), nonce, salt)
            .map(|_| ())
            .map_err(|refusal| refusal.code)
    };
    let subject = |length| Content::SubjectModify {
        subject: "ü".repeat(length),
    };
    assert_eq!(follow(subject(255)), Ok(()));
    assert_eq!(follow(subject(256)), Err(Code::TooBig));
    for ttl in [0, -1, LOCK_TTL_MAX + 1] {
        assert_eq!(follow(Content::SubjectLock { ttl }), Err(Code::Format));
    }
}

#[test]
fn d44_the_101st_platform() {
    let mut stage = Stage::new();
    let inc = em2_model::id::Incarnation::from_bytes([7; 32]);
    let mut outcomes = (0..100).map(|i| {
        let mut add = support::stage::participant(ANNA, Role::Read, History::All);
        add.address = address(&format!("p@{i}.example"));
        let platform = Platform::parse(&format!("em2.{i}.example")).unwrap();
        add.platform = Some((platform, inc));
        stage.make(ANNA, Content::ParticipantAdd(add))
    });
    for outcome in outcomes.by_ref().take(99) {
        outcome.done();
    }
    assert_eq!(outcomes.next().unwrap(), NoSlot(Code::TooBig));
}

#[test]
fn d45_the_author_s_time_is_a_text_and_never_decides() {
    let mut stage = Stage::with_bob();
    for at in [-1, 253_402_300_799_999, -(1 << 53) + 1] {
        let now = std::mem::replace(&mut stage.now, at);
        let action = stage.mint(BOB, |p| p, message("when?"));
        stage.now = now;
        assert_eq!(action.header().at, Time(at));
        stage.submit(action).done();
        assert_eq!(stage.leader.core().at, Time(now));
    }
}

#[test]
fn texts_hold_no_nul() {
    let mut stage = Stage::new();
    let key = stage.leader.core().key;
    let proposal =
        |content| Proposal::new(platform_key('a').platform, address(ANNA), content).within(key);
    let (nonce, salt) = support::stage::draw(&mut 77);
    let refused = Action::mint(proposal(message("a\0b")), Time(1), nonce, salt).unwrap_err();
    assert_eq!(refused.code, Code::Format);
    stage
        .say(ANNA, "other controls \u{1}\u{7f} are texts")
        .done();
}

#[test]
fn a_key_that_does_not_count_at_the_time_of_the_commit_signs_nothing() {
    let (a, b) = (platform_key('a'), platform_key('b'));
    let mut stage = Stage::with_bob();
    stage.say(BOB, "hello").done();
    let record = stage.log.last().unwrap().clone().into_inner();
    let keys = |from, to| {
        let log = |key: &PlatformKey| KeyLog::create(key, Time(from), Time(to)).unwrap();
        BTreeMap::from([(a.platform.clone(), log(&a)), (b.platform.clone(), log(&b))])
    };
    assert!(record.clone().verify(&keys(0, 2_000), Time(0)).is_ok());
    let late = record
        .clone()
        .verify(&keys(1_001, 2_000), Time(1_500))
        .unwrap_err();
    assert_eq!(
        late.code,
        Code::Sig,
        "not valid yet, whatever the time of arrival"
    );
    let mut unknown = keys(0, 2_000);
    unknown.remove(&b.platform);
    assert_eq!(
        record.verify(&unknown, Time(0)).unwrap_err().code,
        Code::KeyUnknown
    );
}

#[test]
fn a_follower_marks_what_the_leader_should_not_have_committed() {
    let mut stage = Stage::new();
    stage.add(ANNA, BOB, Role::Read, History::All).done();
    let mut lax = stage.leader.clone().into_core();
    let bob = stage.person(BOB);
    lax.people.get_mut(&bob).unwrap().role = Role::Admin;
    let mut lax = Conversation::part(lax);
    let action = stage.mint(BOB, |p| p, message("I may only read"));
    lax.load_slot(action.header().nonce, None);
    let record = Record::signed(action, &platform_key('b')).unwrap();
    let sequenced = lax
        .sequence(record, Time(stage.now), &platform_key('a'))
        .unwrap();
    let em2_model::conversation::Sequenced::Committed { record, .. } = sequenced else {
        panic!("{sequenced:?}")
    };
    let seq = stage.follower.core().seq + 1;
    let change = stage.follower.apply(&record).unwrap();
    assert_eq!(change.dispute.unwrap().code, Code::Forbidden);
    assert_eq!(stage.follower.core().disputed, Some(seq));
    assert_eq!(stage.follower.core().seq, seq, "the log is kept");
    assert_eq!(stage.follower.items().count(), 0, "and nothing was done");
}

#[test]
fn a_transfer_needs_the_signature_of_the_new_leader() {
    let mut stage = Stage::with_bob();
    let item = stage.conversation_item();
    let (a, b) = (platform_key('a'), platform_key('b'));
    let transfer = em2_model::action::Transfer {
        to: b.platform.clone(),
        epoch: 2,
    };
    let action = stage.mint(
        ANNA,
        |p| p.following(item, item),
        Content::Transfer(transfer),
    );
    let log = |key: &PlatformKey| KeyLog::create(key, Time(0), Time(9_000)).unwrap();
    let keys = BTreeMap::from([(a.platform.clone(), log(&a)), (b.platform.clone(), log(&b))]);
    let stamps: Vec<Stamp> = [&a, &b]
        .map(|key| key.stamp(Tag::Action, action.key().as_bytes()))
        .into();
    let alone = Record::submitted(action.clone(), stamps[..1].to_vec()).unwrap();
    assert_eq!(alone.verify(&keys, Time(1)).unwrap_err().code, Code::Sig);
    let both = Record::submitted(action, stamps).unwrap();
    assert!(both.verify(&keys, Time(1)).is_ok());
}

#[test]
fn the_vectors_conversation_refuses_a_replayed_commit() {
    let mut conversation = folded();
    let before = conversation.clone();
    for vector in vectors()["records"].as_array().unwrap() {
        let refused = conversation
            .apply(&arrive(text(vector, "wire")).unwrap())
            .unwrap_err();
        assert_eq!(refused.code, Code::Gap);
    }
    assert_eq!(conversation, before);
}
