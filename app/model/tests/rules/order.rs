//! Order, conflict and locks. // spec §10, §11

use crate::support::stage::Outcome::Refused;
use crate::support::stage::{ANNA, BOB, Stage, address, edited, home, message};
use crate::support::stage::{no_key, subject};
use em2_model::action::{Content, Proposal};
use em2_model::conversation::Standing;
use em2_model::{Code, Time};

#[test]
fn a_stale_follows_is_a_conflict_and_takes_a_slot() {
    let mut stage = Stage::with_bob();
    let key = stage.say(ANNA, "one").done();
    stage.edit(BOB, key, "two").done();
    let stale = stage.mint(ANNA, |p| p.following(key, key), edited("three"));
    let before = stage.leader.core().seq;
    assert_eq!(stage.submit(stale), Refused(Code::Conflict));
    assert_eq!(stage.leader.core().seq, before + 1);
    stage.edit(ANNA, key, "three").done();
    let unknown = stage.mint(ANNA, |p| p.following(no_key(9), no_key(9)), edited("x"));
    assert_eq!(stage.submit(unknown), Refused(Code::Conflict));
}

#[test]
fn an_answer_needs_the_message_that_it_answers() {
    let mut stage = Stage::with_bob();
    assert_eq!(
        stage.under(BOB, no_key(9), message("to nothing")),
        Refused(Code::Conflict)
    );
    let person = stage.person(BOB);
    assert_eq!(
        stage.under(BOB, person, message("to a person")),
        Refused(Code::Conflict)
    );
    let key = stage.say(ANNA, "one").done();
    stage.on(ANNA, key, Content::MessageRemove).done();
    stage.under(BOB, key, message("to what was there")).done();
}

#[test]
fn a_removed_message_is_recovered_or_redacted_and_a_redacted_one_nothing() {
    let mut stage = Stage::with_bob();
    let key = stage.say(ANNA, "one").done();
    assert_eq!(
        stage.on(ANNA, key, Content::MessageRecover),
        Refused(Code::Conflict)
    );
    stage.on(ANNA, key, Content::MessageRemove).done();
    for content in [
        edited("x"),
        Content::MessageLock { ttl: 9 },
        Content::MessageRemove,
    ] {
        assert_eq!(stage.on(ANNA, key, content), Refused(Code::Conflict));
    }
    stage.on(ANNA, key, Content::MessageRecover).done();
    stage.on(ANNA, key, Content::MessageRemove).done();
    stage.on(ANNA, key, Content::MessageRedact).done();
    for content in [Content::MessageRecover, Content::MessageRedact, edited("x")] {
        assert_eq!(stage.on(ANNA, key, content), Refused(Code::Conflict));
    }
    let item = stage
        .leader
        .item(em2_model::action::Model::Message, key)
        .unwrap();
    assert_eq!(item.standing, Standing::Redacted);
}

#[test]
fn a_lock_refuses_others_until_it_ends_by_leader_time() {
    let mut stage = Stage::with_bob();
    let key = stage.say(ANNA, "one").done();
    stage
        .on(BOB, key, Content::MessageLock { ttl: 60_000 })
        .done();
    for content in [
        edited("x"),
        Content::MessageLock { ttl: 9 },
        Content::MessageRemove,
    ] {
        assert_eq!(stage.on(ANNA, key, content), Refused(Code::Locked));
    }
    assert_eq!(
        stage.on(ANNA, key, Content::MessageRelease),
        Refused(Code::Locked)
    );
    stage.wait(59_999);
    assert_eq!(stage.edit(ANNA, key, "x"), Refused(Code::Locked));
    stage.wait(1);
    assert_eq!(
        stage.on(BOB, key, Content::MessageRelease),
        Refused(Code::Conflict),
        "it is over"
    );
    stage.edit(ANNA, key, "after").done();
}

#[test]
fn a_lock_ends_by_modify_release_and_redaction_and_its_holder_may_renew_it() {
    let mut stage = Stage::with_bob();
    let key = stage.say(ANNA, "one").done();
    let lock = || Content::MessageLock { ttl: 60_000 };
    stage.on(BOB, key, lock()).done();
    stage.on(BOB, key, lock()).done();
    stage.edit(BOB, key, "mine").done();
    stage.on(ANNA, key, lock()).done();
    stage.on(ANNA, key, Content::MessageRelease).done();
    stage.on(BOB, key, lock()).done();
    stage.on(ANNA, key, Content::MessageRedact).done();
    assert_eq!(stage.leader.core().locks, []);
}

#[test]
fn the_holder_may_modify_after_the_lock_ended_if_nobody_took_over() {
    let mut stage = Stage::with_bob();
    let key = stage.say(ANNA, "one").done();
    stage
        .on(BOB, key, Content::MessageLock { ttl: 1_000 })
        .done();
    stage.wait(5_000);
    stage.edit(BOB, key, "late, but mine").done();
    let mut stage = Stage::with_bob();
    let key = stage.say(ANNA, "one").done();
    let lock = stage
        .on(BOB, key, Content::MessageLock { ttl: 1_000 })
        .done();
    stage.wait(5_000);
    stage.edit(ANNA, key, "taken over").done();
    let late = stage.mint(BOB, |p| p.following(key, lock), edited("too late"));
    assert_eq!(stage.submit(late), Refused(Code::Conflict));
}

#[test]
fn the_subject_has_a_lock_too() {
    let mut stage = Stage::with_bob();
    stage.of(BOB, Content::SubjectLock { ttl: 60_000 }).done();
    assert_eq!(stage.of(ANNA, subject("x")), Refused(Code::Locked));
    stage.of(BOB, subject("Bob's")).done();
    stage.of(ANNA, subject("Anna's")).done();
    assert_eq!(stage.leader.core().subject, "Anna's");
}

#[test]
fn a_lock_goes_with_its_holder() {
    let mut stage = Stage::with_bob();
    let key = stage.say(ANNA, "one").done();
    stage
        .on(BOB, key, Content::MessageLock { ttl: 60_000 })
        .done();
    stage
        .on(ANNA, stage.person(BOB), Content::ParticipantRemove)
        .done();
    stage.edit(ANNA, key, "free again").done();
}

#[test]
fn a_retry_and_a_second_action_with_the_same_nonce_get_the_first_result() {
    let mut stage = Stage::with_bob();
    let action = stage.mint(BOB, |p| p, message("once"));
    let first = stage.submit(action.clone());
    let seq = stage.leader.core().seq;
    assert_eq!(stage.submit(action.clone()), first);
    let other = Proposal::new(home(BOB).unwrap().platform, address(BOB), message("twice"));
    let other = other.within(stage.leader.core().key);
    let salt = action.body().unwrap().salt;
    let other = em2_model::action::Action::mint(other, Time(5), action.header().nonce, salt);
    assert_eq!(stage.submit(other.unwrap()), first);
    assert_eq!(stage.leader.core().seq, seq);
}
