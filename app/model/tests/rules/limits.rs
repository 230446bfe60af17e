//! Rules under attack: part D of the security notes, by number, and what goes with it.

use super::canonical::arrive;
use crate::support::stage::Outcome::{NoSlot, Refused};
use crate::support::stage::{ANNA, BOB, CARL, Stage, address, edited, message, platform_key};
use crate::support::{text, vectors};
use em2_model::action::{Action, Content, LOCK_TTL_MAX, Proposal};
use em2_model::conversation::{ATTACHMENTS_MAX, Conversation, PEOPLE_MAX};
use em2_model::keys::KeyLog;
use em2_model::record::Record;
use em2_model::sign::{PlatformKey, Stamp, Tag};
use em2_model::{Code, History, Platform, Role, Time};
use serde_json::json;
use std::collections::BTreeMap;

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
fn security_36_a_gap_in_the_log_is_told() {
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
fn security_37_two_commits_for_one_place_are_a_fork() {
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
fn security_40_a_writer_removes_nobody() {
    let mut stage = Stage::with_bob();
    stage.add(ANNA, CARL, Role::Write, History::All).done();
    let bob = stage.person(BOB);
    assert_eq!(
        stage.on(CARL, bob, Content::ParticipantRemove),
        Refused(Code::Forbidden)
    );
}

#[test]
fn security_41_an_admin_does_not_demote_the_owner() {
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
fn security_42_a_stale_change_is_a_conflict() {
    let mut stage = Stage::with_bob();
    let key = stage.say(ANNA, "one").done();
    stage.edit(BOB, key, "two").done();
    let stale = stage.mint(ANNA, |p| p.following(key, key), edited("three"));
    assert_eq!(stage.submit(stale), Refused(Code::Conflict));
}

#[test]
fn security_44_limits() {
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
        let (nonce, salt) = crate::support::stage::draw(&mut 77);
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
        let (nonce, salt) = crate::support::stage::draw(&mut 77);
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
fn security_44_the_101st_platform() {
    let mut stage = Stage::new();
    let inc = em2_model::id::Incarnation::from_bytes([7; 32]);
    let mut outcomes = (0..100).map(|i| {
        let mut add = crate::support::stage::participant(ANNA, Role::Read, History::All);
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
fn security_45_the_author_s_time_is_a_text_and_never_decides() {
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
    let (nonce, salt) = crate::support::stage::draw(&mut 77);
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

#[test]
fn publishing_binds_the_key_that_signs_it() {
    let (a, b) = (platform_key('a'), platform_key('b'));
    let log = KeyLog::create(&a, Time(0), Time(9_000)).unwrap();
    let keys = BTreeMap::from([(a.platform.clone(), log)]);
    let publish = |public| {
        let mut opening = crate::support::stage::opening("Plan");
        opening.keys[0].public = public;
        let mut drawn = 0;
        let mut actions = opening
            .mint(Time(1), || crate::support::stage::draw(&mut drawn))
            .unwrap();
        let record = Record::signed(actions.remove(0), &a).unwrap().into_inner();
        record
            .verify(&keys, Time(1))
            .map(|_| ())
            .map_err(|refusal| refusal.code)
    };
    assert_eq!(publish(a.public()), Ok(()));
    assert_eq!(publish(b.public()), Err(Code::Sig));
}
