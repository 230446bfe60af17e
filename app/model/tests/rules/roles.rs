//! Who may do what. // spec §9

use crate::support::stage::Outcome::Refused;
use crate::support::stage::{ANNA, BOB, CARL, DANA, Stage, message};
use crate::support::stage::{file, label, role, subject};
use em2_model::action::Content;
use em2_model::{Code, History, Role, Time};

#[test]
fn every_role_does_what_the_table_allows_and_no_more() {
    for who_may in [
        Role::Read,
        Role::Comment,
        Role::Write,
        Role::Edit,
        Role::Admin,
    ] {
        let mut stage = Stage::new();
        let annas = stage.say(ANNA, "first").done();
        let label_key = stage.make(ANNA, label("old")).done();
        stage.add(ANNA, CARL, Role::Read, History::All).done();
        let bob = stage.add(ANNA, BOB, Role::Admin, History::All).done();
        let bobs = stage.say(BOB, "mine").done();
        stage.on(ANNA, bob, role(who_may)).done();
        let expect = |allowed: Role, outcome: crate::support::stage::Outcome| {
            let wanted = if who_may >= allowed {
                None
            } else {
                Some(Refused(Code::Forbidden))
            };
            match wanted {
                None => {
                    outcome.done();
                }
                Some(refused) => assert_eq!(outcome, refused, "{who_may:?}"),
            }
        };
        expect(Role::Comment, stage.under(BOB, annas, message("answer")));
        expect(Role::Write, stage.say(BOB, "new"));
        expect(Role::Comment, stage.edit(BOB, bobs, "my edit"));
        expect(
            Role::Comment,
            stage.on(BOB, bobs, Content::MessageLock { ttl: 1000 }),
        );
        expect(Role::Comment, stage.on(BOB, bobs, Content::MessageRemove));
        expect(Role::Comment, stage.on(BOB, bobs, Content::MessageRecover));
        expect(Role::Edit, stage.edit(BOB, annas, "their edit"));
        expect(
            Role::Edit,
            stage.on(BOB, annas, Content::MessageLock { ttl: 1000 }),
        );
        expect(Role::Edit, stage.on(BOB, annas, Content::MessageRemove));
        expect(Role::Edit, stage.on(BOB, annas, Content::MessageRecover));
        expect(Role::Edit, stage.of(BOB, subject("new")));
        expect(
            Role::Edit,
            stage.of(BOB, Content::SubjectLock { ttl: 1000 }),
        );
        expect(Role::Edit, stage.make(BOB, label("new")));
        expect(Role::Edit, stage.on(BOB, label_key, Content::LabelRemove));
        expect(Role::Write, stage.under(BOB, bobs, file("a.txt")));
        expect(Role::Write, stage.add(BOB, DANA, Role::Read, History::All));
        expect(
            Role::Admin,
            stage.on(BOB, stage.person(CARL), role(Role::Comment)),
        );
        expect(
            Role::Admin,
            stage.on(BOB, stage.person(CARL), Content::ParticipantRemove),
        );
        expect(
            Role::Admin,
            stage.of(
                BOB,
                Content::ExpiryModify {
                    at: Some(Time(1 << 50)),
                },
            ),
        );
        expect(Role::Admin, stage.on(BOB, annas, Content::MessageRedact));
        expect(Role::Comment, stage.on(BOB, bobs, Content::MessageRedact));
        expect(Role::Read, stage.on(BOB, bob, Content::ParticipantRemove));
    }
}

#[test]
fn an_attachment_goes_to_ones_own_message_and_is_removed_by_editors() {
    let mut stage = Stage::with_bob();
    let annas = stage.say(ANNA, "first").done();
    assert_eq!(stage.under(BOB, annas, file("x")), Refused(Code::Forbidden));
    let attached = stage.under(ANNA, annas, file("x")).done();
    stage.on(BOB, attached, Content::AttachmentRemove).done();
    assert_eq!(
        stage.on(BOB, attached, Content::AttachmentRemove),
        Refused(Code::Conflict)
    );
    stage.on(ANNA, annas, Content::MessageRemove).done();
    assert_eq!(stage.under(ANNA, annas, file("y")), Refused(Code::Conflict));
}

#[test]
fn nobody_gives_more_than_they_have() {
    let mut stage = Stage::new();
    stage.add(ANNA, BOB, Role::Write, History::Now).done();
    let seen = stage.say(ANNA, "seen").done();
    assert_eq!(
        stage.add(BOB, CARL, Role::Edit, History::Now),
        Refused(Code::Forbidden)
    );
    assert_eq!(
        stage.add(BOB, CARL, Role::Read, History::All),
        Refused(Code::Forbidden)
    );
    let mut earlier = Stage::new();
    let unseen = earlier.say(ANNA, "unseen").done();
    earlier.add(ANNA, BOB, Role::Write, History::Now).done();
    let from = History::From(unseen);
    assert_eq!(
        earlier.add(BOB, CARL, Role::Read, from),
        Refused(Code::Forbidden)
    );
    stage.add(BOB, CARL, Role::Read, History::From(seen)).done();
    assert_eq!(
        stage.add(ANNA, DANA, Role::Owner, History::All),
        Refused(Code::Forbidden)
    );
}

#[test]
fn labels_are_seen_by_all_and_removed_once() {
    let mut stage = Stage::with_bob();
    let first = stage.make(ANNA, label("Budget")).done();
    let second = stage.make(ANNA, label("Budget")).done();
    assert_ne!(first, second);
    stage.on(BOB, first, Content::LabelRemove).done();
    assert_eq!(
        stage.on(BOB, first, Content::LabelRemove),
        Refused(Code::Conflict)
    );
    assert_eq!(stage.leader.core().labels.len(), 1);
}
