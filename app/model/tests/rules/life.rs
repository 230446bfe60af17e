//! How a conversation begins, moves and ends. // spec §9, §12, §16

use crate::support::stage::Outcome::{NoSlot, Refused};
use crate::support::stage::{ANNA, BOB, MIA, Stage, draw, message};
use crate::support::stage::{expire, file};
use crate::support::stage::{opening, participant, platform_key};
use em2_model::action::{Content, Transfer};
use em2_model::conversation::{Effect, Said};
use em2_model::record::Record;
use em2_model::{Code, Format, History, Role, Time};

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
