//! Coming, going, and what one sees. // spec §16

use crate::support::stage::Outcome::{NoSlot, Refused};
use crate::support::stage::platform_key;
use crate::support::stage::role;
use crate::support::stage::{ANNA, BOB, CARL, DANA, MIA, Stage, address, message};
use em2_model::action::{Content, ParticipantModify, Transfer};
use em2_model::id::Incarnation;
use em2_model::{Code, History, Role, Time};

#[test]
fn the_removed_get_no_slot_and_are_told_how_far_they_took_part() {
    let mut stage = Stage::with_bob();
    let key = stage.say(BOB, "mine").done();
    stage
        .on(ANNA, stage.person(BOB), Content::ParticipantRemove)
        .done();
    let upto = stage.leader.core().seq;
    stage.say(ANNA, "behind his back").done();
    assert_eq!(stage.say(BOB, "still there?"), NoSlot(Code::Removed));
    assert_eq!(stage.edit(BOB, key, "?"), NoSlot(Code::Removed));
    let late = stage.mint(BOB, |p| p, message("?"));
    let refusal = stage.leader.decide(&late, Time(stage.now)).unwrap_err();
    assert_eq!(refusal.details["upto"], upto);
    assert_eq!(stage.say(DANA, "who?"), NoSlot(Code::NotParticipant));
    let core = stage.leader.core();
    assert_eq!(core.hears_upto(&address(BOB)), Some(upto));
    assert_eq!(core.platform_upto(&platform_key('b').platform), Some(upto));
    assert_eq!(core.platform_upto(&platform_key('a').platform), None);
    stage.add(ANNA, BOB, Role::Write, History::Now).done();
    stage.say(BOB, "back again").done();
    assert_eq!(
        stage.leader.core().hears_upto(&address(BOB)),
        Some(stage.leader.core().seq)
    );
}

#[test]
fn an_address_is_present_once() {
    let mut stage = Stage::with_bob();
    let again = stage.add(ANNA, BOB, Role::Read, History::All);
    assert_eq!(again, Refused(Code::Conflict));
    let gone = stage.person(BOB);
    stage.on(ANNA, gone, Content::ParticipantRemove).done();
    assert_eq!(
        stage.on(ANNA, gone, Content::ParticipantRemove),
        Refused(Code::Conflict)
    );
    stage.add(ANNA, BOB, Role::Read, History::All).done();
}

#[test]
fn the_creator_leaves_and_comes_back_as_less_than_owner() {
    let mut stage = Stage::new();
    stage.add(ANNA, BOB, Role::Admin, History::All).done();
    let anna = stage.person(ANNA);
    assert_eq!(
        stage.on(BOB, anna, Content::ParticipantRemove),
        Refused(Code::Forbidden)
    );
    assert_eq!(
        stage.on(BOB, anna, role(Role::Read)),
        Refused(Code::Forbidden)
    );
    let transfer = |epoch| {
        Content::Transfer(Transfer {
            to: platform_key('b').platform,
            epoch,
        })
    };
    assert_eq!(
        stage.of(BOB, transfer(2)),
        Refused(Code::Forbidden),
        "there is an owner"
    );
    let sum = stage.leader.core().heads;
    stage.on(ANNA, anna, Content::ParticipantRemove).done();
    assert_eq!(stage.leader.core().heads, sum, "no add made the creator");
    assert_eq!(
        stage.add(BOB, ANNA, Role::Owner, History::All),
        Refused(Code::Forbidden)
    );
    stage.add(BOB, ANNA, Role::Admin, History::All).done();
    assert_eq!(
        stage.of(BOB, transfer(1)),
        Refused(Code::Conflict),
        "epochs rise"
    );
    stage.of(BOB, transfer(2)).done();
    assert_eq!(stage.say(ANNA, "to the old leader"), NoSlot(Code::Leader));
}

#[test]
fn a_person_by_smtp_is_spoken_for_by_any_platform_that_takes_part() {
    let mut stage = Stage::with_bob();
    stage.add(ANNA, MIA, Role::Write, History::All).done();
    stage.say(MIA, "by mail, through b").done();
    stage
        .on(ANNA, stage.person(BOB), Content::ParticipantRemove)
        .done();
    assert_eq!(
        stage.say(MIA, "through b, which has left"),
        NoSlot(Code::Forbidden)
    );
}

#[test]
fn mail_becomes_em2_by_a_modification() {
    let mut stage = Stage::with_bob();
    let mia = stage.add(ANNA, MIA, Role::Write, History::All).done();
    let platform = Some((platform_key('a').platform, Incarnation::from_bytes([7; 32])));
    let moved = Content::ParticipantModify(ParticipantModify {
        role: None,
        platform,
    });
    stage.on(ANNA, mia, moved).done();
    assert_eq!(stage.say(MIA, "through b"), NoSlot(Code::Forbidden));
    let person = stage.leader.core().person(&address(MIA)).unwrap();
    assert_eq!(person.platform, Some(platform_key('a').platform));
    assert_eq!(person.role, Role::Write);
}

#[test]
fn everybody_sees_from_where_their_history_begins() {
    let mut stage = Stage::new();
    let old = stage.say(ANNA, "old").done();
    let old_seq = stage.leader.core().seq;
    let from = stage.say(ANNA, "from here").done();
    let from_seq = stage.leader.core().seq;
    stage.add(ANNA, BOB, Role::Write, History::All).done();
    stage
        .add(ANNA, DANA, Role::Write, History::From(from))
        .done();
    stage.add(ANNA, CARL, Role::Write, History::Now).done();
    stage.edit(ANNA, old, "old, changed later").done();
    let now = stage.leader.core().seq;
    let sees = |stage: &Stage, who, added| stage.leader.core().sees(&address(who), added, now);
    let of_old: Vec<bool> = [ANNA, BOB, DANA, CARL, MIA]
        .map(|w| sees(&stage, w, old_seq))
        .into();
    assert_eq!(
        of_old,
        [true, true, false, false, false],
        "later changes stay withheld too"
    );
    let of_from: Vec<bool> = [BOB, DANA, CARL].map(|w| sees(&stage, w, from_seq)).into();
    assert_eq!(of_from, [true, true, false]);
    let new = stage.say(ANNA, "new").done();
    let new_seq = stage
        .leader
        .item(em2_model::action::Model::Message, new)
        .unwrap()
        .seq;
    assert!(stage.leader.core().sees(&address(CARL), new_seq, new_seq));
    let core = stage.leader.core();
    assert_eq!(
        core.platform_since(&platform_key('b').platform),
        Some(0),
        "the widest of its people"
    );
}

#[test]
fn the_removed_keep_what_they_had_and_get_nothing_newer() {
    let mut stage = Stage::new();
    let early = stage.say(ANNA, "early").done();
    let early_seq = stage.leader.core().seq;
    stage.add(ANNA, BOB, Role::Write, History::All).done();
    stage
        .on(ANNA, stage.person(BOB), Content::ParticipantRemove)
        .done();
    let gone = stage.leader.core().seq;
    stage.edit(ANNA, early, "changed").done();
    let changed = stage.leader.core().seq;
    let bob = address(BOB);
    assert!(stage.leader.core().sees(&bob, early_seq, early_seq));
    assert!(!stage.leader.core().sees(&bob, early_seq, changed));
    stage.add(ANNA, BOB, Role::Write, History::Now).done();
    let core = stage.leader.core();
    assert!(core.sees(&bob, early_seq, gone), "kept from the first time");
    assert!(
        !core.sees(&bob, early_seq, changed),
        "from before the new scope"
    );
}
