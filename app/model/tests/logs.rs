//! What holds for any log.

mod support;

use std::collections::BTreeSet;

use em2_model::action::{Content, Kind, LabelAdd, Missing, Model};
use em2_model::action::{ParticipantModify, Transfer};
use em2_model::conversation::Conversation;
use em2_model::record::{Record, Verified};
use em2_model::{ActionKey, Code, History, Role, Time};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use support::stage::Outcome;
use support::stage::file;
use support::stage::{ANNA, BOB, CARL, DANA, MIA, Shelf, Stage, edited, message, platform_key};

/// Somebody does something to something, after a while.
#[derive(Clone, Debug)]
struct Deed {
    who: usize,
    what: u8,
    target: usize,
    choice: u8,
    stale: bool,
    wait: i64,
}

fn deed() -> impl Strategy<Value = Deed> {
    let fields = (
        0..5usize,
        0..24u8,
        any::<prop::sample::Index>(),
        any::<u8>(),
    );
    (fields, prop::bool::weighted(0.1), 0..6_000i64).prop_map(
        |((who, what, target, choice), stale, wait)| {
            let target = target.index(1_000);
            Deed {
                who,
                what,
                target,
                choice,
                stale,
                wait,
            }
        },
    )
}

/// Does it, well or badly: refusals are part of every log.
fn perform(stage: &mut Stage, deed: &Deed) {
    let _ = attempt(stage, deed);
}

/// `None` if there is nothing yet to do it to.
fn attempt(stage: &mut Stage, deed: &Deed) -> Option<Outcome> {
    let people = [ANNA, BOB, CARL, DANA, MIA];
    let who = people[deed.who];
    stage.wait(deed.wait);
    let of_model = |stage: &Stage, model: Model| {
        let items: Vec<ActionKey> = stage
            .leader
            .items()
            .filter(|item| item.model == model)
            .map(|item| item.key)
            .collect();
        items.get(deed.target % items.len().clamp(1, 3)).copied()
    };
    let said = of_model(stage, Model::Message);
    let attached = of_model(stage, Model::Attachment);
    let labels: Vec<ActionKey> = stage.leader.core().labels.keys().copied().collect();
    let label = labels.get(deed.target % labels.len().max(1)).copied();
    let persons: Vec<ActionKey> = stage.leader.core().people.keys().copied().collect();
    let person = persons.get(deed.target % persons.len().max(1)).copied();
    let itself = Some(stage.conversation_item());
    let role = Role::ALL[usize::from(deed.choice) % Role::ALL.len()];
    let ttl = i64::from(deed.choice) * 2_000 + 1;
    let history = match (deed.choice % 3, said) {
        (0, _) | (_, None) => History::All,
        (1, _) => History::Now,
        (_, Some(key)) => History::From(key),
    };
    let (item, content) = match deed.what {
        0..=3 => (None, message("something new")),
        4 | 5 => return Some(stage.under(who, said?, message("an answer"))),
        6 | 7 => (said, edited("something else")),
        8 => (said, Content::MessageRemove),
        9 => (said, Content::MessageRecover),
        10 => (said, Content::MessageRedact),
        11 | 12 => (said, Content::MessageLock { ttl }),
        13 => (said, Content::MessageRelease),
        14 => return Some(stage.under(who, said?, file("a"))),
        15 => (attached, Content::AttachmentRemove),
        16 | 17 => {
            let whom = people[deed.target % people.len()];
            return Some(stage.add(who, whom, role, history));
        }
        18 => {
            let modify = ParticipantModify {
                role: Some(role),
                platform: None,
            };
            (person, Content::ParticipantModify(modify))
        }
        19 => (person, Content::ParticipantRemove),
        20 => (
            itself,
            Content::SubjectModify {
                subject: format!("{ttl}"),
            },
        ),
        21 => (itself, Content::SubjectLock { ttl }),
        22 => match deed.choice % 4 {
            0 => (itself, Content::SubjectRelease),
            1 => (itself, Content::ExpiryModify { at: None }),
            2 => {
                let to = platform_key('c').platform;
                (itself, Content::Transfer(Transfer { to, epoch: 9 }))
            }
            _ => (
                itself,
                Content::ExpiryModify {
                    at: Some(Time(stage.now + ttl)),
                },
            ),
        },
        _ if deed.choice.is_multiple_of(2) => (label, Content::LabelRemove),
        _ => {
            let name = format!("label {}", deed.target);
            (
                None,
                Content::LabelAdd(LabelAdd {
                    name,
                    colour: "blue".to_owned(),
                }),
            )
        }
    };
    if content.kind().adds() {
        return Some(stage.make(who, content));
    }
    let item = item?;
    if deed.stale {
        let action = stage.mint(who, |p| p.following(item, item), content);
        return Some(stage.submit(action));
    }
    Some(stage.on(who, item, content))
}

/// Anna and three others of different roles begin.
fn four_people() -> Stage {
    let mut stage = Stage::new();
    for (whom, role) in [
        (BOB, Role::Admin),
        (CARL, Role::Edit),
        (DANA, Role::Comment),
    ] {
        stage.add(ANNA, whom, role, History::All).done();
    }
    stage
}

fn withheld(record: &Verified<Record>) -> Verified<Record> {
    let whole = record.clone().into_inner();
    whole
        .without_body(Missing::History)
        .map_or_else(|_| record.clone(), Verified::trusted)
}

/// Deterministic: a failing case is printed, and kept nowhere.
fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn any_log_in_any_batches_gives_the_same_state(
        deeds in prop::collection::vec(deed(), 20..160),
        cuts in prop::collection::vec(1..30usize, 1..20),
    ) {
        let mut stage = four_people();
        for deed in &deeds {
            perform(&mut stage, deed);
        }
        stage.check_agreement();

        let mut shelf = Shelf::new(&stage.log[0]);
        let mut rest = &stage.log[1..];
        for cut in cuts.iter().cycle() {
            let (batch, later) = rest.split_at((*cut).min(rest.len()));
            shelf.apply(batch);
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(&shelf.core(), stage.leader.core());
        prop_assert!(stage.leader.items().eq(shelf.items.values()));

        let (mut newcomer, _) = Conversation::begin(&stage.log[0]).unwrap();
        for record in &stage.log[1..] {
            let change = newcomer.apply(&withheld(record)).unwrap();
            prop_assert_eq!(change.dispute, None);
        }
        prop_assert_eq!(newcomer, stage.leader);
    }

    #[test]
    fn what_travels_arrives_unchanged(deeds in prop::collection::vec(deed(), 1..20)) {
        let mut stage = Stage::with_bob();
        for deed in &deeds {
            perform(&mut stage, deed);
        }
        for record in &stage.log {
            let bytes = record.to_bytes();
            let read = Record::parse(&bytes).unwrap();
            prop_assert_eq!(&read, &**record);
            prop_assert_eq!(read.to_bytes(), bytes);
        }
    }
}

/// The logs above are worth their name: whatever can be done is done, and refused, in them.
#[test]
fn random_deeds_reach_every_rule() {
    let mut runner = TestRunner::deterministic();
    let mut done = BTreeSet::new();
    let mut refused = BTreeSet::new();
    let mut no_slot = BTreeSet::new();
    let mut states = 0;
    for _ in 0..40 {
        let deeds = prop::collection::vec(deed(), 160)
            .new_tree(&mut runner)
            .unwrap()
            .current();
        let mut stage = four_people();
        for deed in &deeds {
            if let Some(Outcome::NoSlot(code)) = attempt(&mut stage, deed) {
                no_slot.insert(code);
            }
        }
        for record in &stage.log {
            let commit = record.commit().unwrap();
            states += usize::from(commit.state().is_some());
            match commit.refused() {
                None => done.insert(record.action().kind()),
                Some(code) => refused.insert(code),
            };
        }
    }
    let not_done: Vec<&Kind> = Kind::ALL
        .iter()
        .filter(|kind| !done.contains(kind))
        .collect();
    assert_eq!(
        not_done,
        [&Kind::Expire, &Kind::Transfer],
        "which have tests of their own"
    );
    assert_eq!(
        refused.into_iter().collect::<Vec<_>>(),
        [Code::Forbidden, Code::Conflict, Code::Locked]
    );
    let expected = [
        Code::Forbidden,
        Code::NotParticipant,
        Code::Removed,
        Code::Expired,
    ];
    assert_eq!(no_slot.into_iter().collect::<Vec<_>>(), expected);
    assert!(states >= 10, "{states}");
}
