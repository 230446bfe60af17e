//! The rules of a conversation as stories. Every commit also goes to a follower and to a shelf
//! that loads only what is touched; all three must agree. // spec §9 – §16

mod support;

use em2_model::action::{AttachmentAdd, Content, LabelAdd, ParticipantModify, Proposal, Transfer};
use em2_model::conversation::{Effect, Said, Standing};
use em2_model::id::{FileHash, Incarnation};
use em2_model::record::Record;
use em2_model::{Code, Format, History, Role, Time};
use support::stage::Outcome::{NoSlot, Refused};
use support::stage::{ANNA, BOB, CARL, DANA, MIA, Stage, address, draw, edited, home, message};
use support::stage::{opening, participant, platform_key};

fn label(name: &str) -> Content {
    Content::LabelAdd(LabelAdd {
        name: name.to_owned(),
        colour: "green".to_owned(),
    })
}

fn subject(text: &str) -> Content {
    Content::SubjectModify {
        subject: text.to_owned(),
    }
}

fn file(name: &str) -> Content {
    Content::AttachmentAdd(AttachmentAdd {
        name: name.to_owned(),
        media_type: "text/plain".to_owned(),
        size: 3,
        sha256: FileHash::from_bytes([1; 32]),
        inline: None,
    })
}

fn role(role: Role) -> Content {
    Content::ParticipantModify(ParticipantModify {
        role: Some(role),
        platform: None,
    })
}

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
        let expect = |allowed: Role, outcome: support::stage::Outcome| {
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
fn a_stale_follows_is_a_conflict_and_takes_a_slot() {
    let mut stage = Stage::with_bob();
    let key = stage.say(ANNA, "one").done();
    stage.edit(BOB, key, "two").done();
    let stale = stage.mint(ANNA, |p| p.following(key, key), edited("three"));
    let before = stage.leader.core().seq;
    assert_eq!(stage.submit(stale), Refused(Code::Conflict));
    assert_eq!(stage.leader.core().seq, before + 1);
    stage.edit(ANNA, key, "three").done();
    let unknown = stage.mint(
        ANNA,
        |p| p.following(stage_key(9), stage_key(9)),
        edited("x"),
    );
    assert_eq!(stage.submit(unknown), Refused(Code::Conflict));
}

fn stage_key(byte: u8) -> em2_model::ActionKey {
    em2_model::ActionKey::from_bytes([byte; 32])
}

#[test]
fn an_answer_needs_the_message_that_it_answers() {
    let mut stage = Stage::with_bob();
    assert_eq!(
        stage.under(BOB, stage_key(9), message("to nothing")),
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
    stage.on(ANNA, anna, Content::ParticipantRemove).done();
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
fn the_new_leader_goes_on_where_the_old_one_stopped() {
    let mut stage = Stage::with_bob();
    let transfer = Transfer {
        to: platform_key('b').platform,
        epoch: 5,
    };
    stage.of(ANNA, Content::Transfer(transfer)).done();
    let action = stage.mint(ANNA, |p| p, message("hello, new leader"));
    let record = Record::signed(action, &platform_key('a')).unwrap();
    let sequenced = stage
        .follower
        .sequence(record, Time(stage.now), &platform_key('b'))
        .unwrap();
    let em2_model::conversation::Sequenced::Committed { record, .. } = sequenced else {
        panic!("{sequenced:?}")
    };
    assert_eq!(record.commit().unwrap().epoch(), 5);
    let change = stage.leader.apply(&record).unwrap();
    assert_eq!((change.dispute, change.refused), (None, None));
    assert_eq!(stage.leader, stage.follower);
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
fn after_expiry_only_the_leader_ends_the_conversation() {
    let mut stage = Stage::with_bob();
    let due = stage.now + 10_000;
    stage
        .of(
            ANNA,
            Content::ExpiryModify {
                at: Some(Time(due)),
            },
        )
        .done();
    assert_eq!(expire(&mut stage), Refused(Code::Conflict), "not yet");
    stage.wait(10_000);
    assert_eq!(stage.say(ANNA, "too late"), NoSlot(Code::Expired));
    expire(&mut stage).done();
    assert!(stage.leader.core().expired);
    assert_eq!(stage.say(ANNA, "much too late"), NoSlot(Code::Expired));
    assert_eq!(expire(&mut stage), NoSlot(Code::Expired));
}

fn expire(stage: &mut Stage) -> support::stage::Outcome {
    let item = stage.conversation_item();
    let head = stage.leader.core().conversation_head;
    let by_leader = |p: Proposal| Proposal {
        actor: None,
        ..p.following(item, head)
    };
    let action = stage.mint(ANNA, by_leader, Content::Expire);
    stage.submit(action)
}

#[test]
fn an_expiry_can_be_taken_back_before_it_comes() {
    let mut stage = Stage::new();
    stage
        .of(
            ANNA,
            Content::ExpiryModify {
                at: Some(Time(stage.now + 10)),
            },
        )
        .done();
    stage.of(ANNA, Content::ExpiryModify { at: None }).done();
    stage.wait(20);
    stage.say(ANNA, "still here").done();
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

#[test]
fn publishing_a_draft_mints_a_clean_log() {
    let mut draft = opening("Summer");
    draft.people = [BOB, ANNA, BOB, MIA]
        .map(|who| participant(who, Role::Write, History::All))
        .into();
    let said = em2_model::action::MessageAdd {
        format: Format::Markdown,
        text: "Shall we?".to_owned(),
        mail: None,
    };
    let Content::AttachmentAdd(plan) = file("plan.txt") else {
        panic!()
    };
    draft.messages = vec![Said {
        message: said,
        attachments: vec![plan],
    }];
    let mut drawn = 0;
    let actions = draft.mint(Time(7), || draw(&mut drawn)).unwrap();
    let kinds: Vec<String> = actions
        .iter()
        .map(|action| action.kind().to_string())
        .collect();
    let expected = [
        "conversation.publish",
        "participant.add",
        "participant.add",
        "message.add",
        "attachment.add",
    ];
    assert_eq!(kinds, expected, "nobody twice, and not the creator");
    let key = platform_key('a');
    let (conversation, records) =
        em2_model::conversation::Conversation::open(actions, Time(9), &key).unwrap();
    assert_eq!(conversation.core().seq, 5);
    assert_eq!(records.len(), 5);
    assert!(matches!(records[4].1.effect, Effect::Attachment { .. }));
    assert_eq!(conversation.core().people.len(), 3);
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
