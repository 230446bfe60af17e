//! What the engine says to single inputs.

use em2_model::{ConversationKey, Platform, Time};

use super::schedule::{HOUR, SECOND};
use super::{
    AttemptId, Class, Engine, Errand, Failure, Input, Outcome, Output, Request, Schedule, Trouble,
    Waits,
};

const NOW: Time = Time(1_798_761_600_000);

fn peer() -> Platform {
    "em2.b.example".parse().unwrap()
}

fn key(n: u32) -> ConversationKey {
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&n.to_be_bytes());
    ConversationKey::from_bytes(bytes)
}

fn raised(n: u32) -> Input {
    Input::Raised {
        peer: peer(),
        convs: vec![key(n)],
        more: false,
    }
}

fn requests(outputs: &[Output]) -> Vec<Request> {
    let requests = outputs.iter().filter_map(|output| match output {
        Output::Send(request) => Some(request.clone()),
        _ => None,
    });
    requests.collect()
}

fn convs(request: &Request) -> &[ConversationKey] {
    match &request.errand {
        Errand::Push { convs, .. } => convs,
        Errand::Greet | Errand::Compare => &[],
    }
}

/// All that was sent has arrived.
fn done(request: &Request) -> Input {
    Input::Answered {
        attempt: request.attempt,
        outcomes: convs(request)
            .iter()
            .map(|conv| (*conv, Outcome::Done))
            .collect(),
    }
}

fn trouble() -> Trouble {
    Trouble {
        code: "refused".to_owned(),
        detail: "The connection was refused.".to_owned(),
    }
}

fn failed(attempt: AttemptId) -> Input {
    Input::Failed {
        attempt,
        failure: Failure::Unreachable,
        trouble: trouble(),
    }
}

fn schedules(outputs: &[Output]) -> Vec<Schedule> {
    let schedules = outputs.iter().filter_map(|output| match output {
        Output::Schedule { schedule, .. } => Some(schedule.clone()),
        _ => None,
    });
    schedules.collect()
}

#[test]
fn the_row_is_written_before_the_request_and_covers_those_that_follow_soon() {
    let mut engine = Engine::new(1);
    let outputs = engine.step(raised(1), NOW);
    let [Output::Schedule { schedule, .. }, Output::Send(first)] = &outputs[..] else {
        panic!("{outputs:?}");
    };
    assert_eq!(schedule.attempts, 1);
    assert!(schedule.next_at >= NOW.plus(4 * SECOND) && schedule.next_at <= NOW.plus(6 * SECOND));
    assert_eq!(engine.step(done(first), NOW.plus(50)), []);
    let outputs = engine.step(raised(2), NOW.plus(60));
    assert!(matches!(&outputs[..], [Output::Send(_)]), "{outputs:?}");
    let second = &requests(&outputs)[0];
    assert_eq!(engine.step(done(second), NOW.plus(100)), []);
    let outputs = engine.step(raised(3), NOW.plus(7 * SECOND));
    assert!(matches!(
        &outputs[..],
        [Output::Schedule { .. }, Output::Send(_)]
    ));
}

#[test]
fn a_failure_is_tried_again_at_once_then_later() {
    let mut engine = Engine::new(1);
    let outputs = engine.step(raised(1), NOW);
    let outputs = engine.step(failed(requests(&outputs)[0].attempt), NOW.plus(10));
    let (schedule, again) = (&schedules(&outputs)[0], &requests(&outputs)[0]);
    assert_eq!(
        (schedule.attempts, schedule.first_fail_at),
        (2, Some(NOW.plus(10)))
    );
    assert_eq!(schedule.last, Some(trouble()));
    assert!(again.probe);
    assert_eq!(convs(again), [key(1)]);
    let outputs = engine.step(failed(again.attempt), NOW.plus(20));
    assert_eq!(requests(&outputs), []);
    let next = schedules(&outputs)[0].next_at;
    assert!(next >= NOW.plus(20 + 4 * SECOND) && next <= NOW.plus(20 + 6 * SECOND));
    assert_eq!(engine.next_at(), Some(next));
    let outputs = engine.step(Input::Tick, next);
    let outputs = engine.step(done(&requests(&outputs)[0]), next.plus(30));
    let recovered = Output::Recovered { peer: peer() };
    assert!(outputs.contains(&recovered), "{outputs:?}");
    assert_eq!(schedules(&outputs)[0].first_fail_at, None);
}

/// Tells the engine, and reads pages without end for it: the requests that it wants.
fn step_with_a_database(engine: &mut Engine, input: Input, at: Time) -> Vec<Request> {
    let outputs = engine.step(input, at);
    let mut all = requests(&outputs);
    for output in outputs {
        let Output::Load { after, limit, .. } = output else {
            continue;
        };
        let first = after.map_or(1_000, |key| {
            let [a, b, c, d, ..] = key.as_bytes();
            u32::from_be_bytes([*a, *b, *c, *d]) + 1
        });
        let waits = |n| Waits {
            conv: key(n),
            tries: 0,
            refused: 0,
            next_at: NOW,
        };
        let page = Input::Backlog {
            peer: peer(),
            convs: (first..first + limit as u32).map(waits).collect(),
            more: true,
        };
        all.extend(step_with_a_database(engine, page, at));
    }
    all
}

#[test]
fn three_times_what_is_new_then_once_what_has_waited() {
    let mut engine = Engine::new(1);
    let more = Input::Raised {
        peer: peer(),
        convs: vec![key(0)],
        more: true,
    };
    let mut under_way = step_with_a_database(&mut engine, more, NOW);
    let mut classes = Vec::new();
    for n in 1..400 {
        let at = NOW.plus(i64::from(n) * 25);
        under_way.extend(step_with_a_database(&mut engine, raised(n), at));
        let ended = done(&under_way.remove(0));
        let begun = step_with_a_database(&mut engine, ended, at);
        classes.extend(begun.iter().filter_map(|request| match request.errand {
            Errand::Push { class, .. } => Some(class),
            Errand::Greet | Errand::Compare => None,
        }));
        under_way.extend(begun);
    }
    // Until every slot was taken, there was no choice.
    let settled = &classes[10..];
    let new = settled
        .split(|class| *class == Class::CatchUp)
        .map(<[Class]>::len);
    let new: Vec<usize> = new.collect();
    let whole = &new[1..new.len() - 1];
    assert!(
        whole.len() > 50 && whole.iter().all(|new| *new == 3),
        "{new:?}"
    );
}

#[test]
fn nothing_to_send_proves_nothing() {
    let mut engine = Engine::new(1);
    let outputs = engine.step(raised(1), NOW);
    let outputs = engine.step(failed(requests(&outputs)[0].attempt), NOW);
    let attempt = requests(&outputs)[0].attempt;
    // What waited has gone; the peer is still to be asked.
    let outputs = engine.step(Input::Idle { attempt }, NOW.plus(5));
    let again = &requests(&outputs)[0];
    assert!(again.probe);
    assert_eq!(again.errand, Errand::Greet);
}

#[test]
fn what_cannot_be_read_is_read_later() {
    let mut engine = Engine::new(1);
    let outputs = engine.step(raised(1), NOW);
    let attempt = requests(&outputs)[0].attempt;
    let outputs = engine.step(Input::Unread { attempt }, NOW);
    assert_eq!(requests(&outputs), []);
    let later = engine.next_at().unwrap();
    assert_eq!(later, NOW.plus(5 * SECOND));
    let outputs = engine.step(Input::Tick, later);
    assert_eq!(convs(&requests(&outputs)[0]), [key(1)]);
}

/// A start with so many platforms of which little is known: when each was asked first.
fn greeted(engine: &mut Engine, peers: usize) -> Vec<(Time, Platform)> {
    for n in 0..peers {
        let name = format!("em2.p{n}.example");
        let known = Input::Known {
            peer: name.parse().unwrap(),
            schedule: Schedule::default(),
            // Whether something waits for it or not: something may wait for us there.
            waiting: n % 2 == 0,
        };
        engine.step(known, NOW);
    }
    let mut greeted = Vec::new();
    while let Some(at) = engine.next_at().filter(|at| *at <= NOW.plus(HOUR)) {
        for request in requests(&engine.step(Input::Tick, at)) {
            engine.step(done(&request), at);
            if request.errand != Errand::Compare || at <= NOW.plus(60 * SECOND) {
                greeted.push((at, request.peer));
            }
        }
    }
    greeted
}

#[test]
fn a_start_asks_a_handful_at_once() {
    let greeted = greeted(&mut Engine::new(1), 5);
    assert_eq!(greeted.len(), 5);
    assert!(
        greeted.iter().all(|(at, _)| *at <= NOW.plus(250)),
        "{greeted:?}"
    );
}

#[test]
fn a_start_asks_everybody_within_a_minute_and_the_rows_count() {
    let mut engine = Engine::new(1);
    let rests = "em2.rests.example".parse::<Platform>().unwrap();
    let known = Input::Known {
        peer: rests.clone(),
        schedule: Schedule {
            attempts: 9,
            next_at: NOW.plus(HOUR),
            first_fail_at: Some(NOW),
            ..Schedule::default()
        },
        waiting: true,
    };
    engine.step(known, NOW);
    let mut greeted = greeted(&mut engine, 2_400);
    assert_eq!(greeted.len(), 2_401);
    assert_eq!(greeted.pop(), Some((NOW.plus(HOUR), rests)));
    let last = greeted.last().unwrap().0;
    assert!(last <= NOW.plus(61 * SECOND));
    // Spread out, in every second as many.
    for second in 0..60 {
        let within = NOW.plus(second * SECOND)..NOW.plus((second + 1) * SECOND);
        let count = greeted.iter().filter(|(at, _)| within.contains(at)).count();
        assert!((35..=45).contains(&count), "{count} in second {second}");
    }
}

#[test]
fn who_asks_for_less_is_up_and_is_sent_what_is_new_first_when_it_has_waited() {
    let mut engine = Engine::new(1);
    let sent = requests(&engine.step(raised(1), NOW));
    engine.step(done(&sent[0]), NOW);
    let sent = requests(&engine.step(raised(2), NOW));
    let asks = Input::Failed {
        attempt: sent[0].attempt,
        failure: Failure::Slow {
            retry_after: Some(20 * SECOND),
        },
        trouble: trouble(),
    };
    let outputs = engine.step(asks, NOW.plus(10));
    let until = NOW.plus(10 + 20 * SECOND);
    let [Output::Schedule { schedule, .. }] = &outputs[..] else {
        panic!("{outputs:?}");
    };
    assert_eq!((schedule.first_fail_at, schedule.next_at), (None, until));
    // Nobody hurries it, not even itself.
    let alive = Input::Alive { peer: peer() };
    assert_eq!(requests(&engine.step(alive, NOW.plus(SECOND))), []);
    assert_eq!(requests(&engine.step(raised(3), until.plus(-1))), []);
    let sent = requests(&engine.step(Input::Tick, until));
    assert_eq!(convs(&sent[0]), [key(2), key(3)]);
    assert!(!sent[0].probe);
}

#[test]
fn an_attempt_ends_once() {
    let mut engine = Engine::new(1);
    let outputs = engine.step(raised(1), NOW);
    let request = &requests(&outputs)[0];
    engine.step(done(request), NOW);
    assert_eq!(engine.step(failed(request.attempt), NOW), []);
}

#[test]
fn somebody_who_does_not_want_to_wait_has_a_conversation_tried_that_rests() {
    let mut engine = Engine::new(1);
    let mut now = NOW;
    let mut sent = requests(&engine.step(raised(1), now));
    // The first trouble is tried again at once, the second makes it rest.
    for _ in 0..2 {
        now = now.plus(10);
        let stuck = Input::Answered {
            attempt: sent[0].attempt,
            outcomes: vec![(key(1), Outcome::Stuck(trouble()))],
        };
        sent = requests(&engine.step(stuck, now));
    }
    assert_eq!(sent, [], "it rests");
    let alive = Input::Alive { peer: peer() };
    assert_eq!(requests(&engine.step(alive, now.plus(10))), []);
    let hurried = || Input::Hurried {
        peer: peer(),
        convs: vec![key(1)],
    };
    let sent = requests(&engine.step(hurried(), now.plus(20)));
    assert_eq!((sent.len(), convs(&sent[0])), (1, &[key(1)][..]));
    // It is under way: nothing more is sent, however often somebody asks.
    assert_eq!(requests(&engine.step(hurried(), now.plus(30))), []);
    assert_eq!(engine.step(done(&sent[0]), now.plus(40)), []);
    let later = requests(&engine.step(Input::Tick, now.plus(HOUR)));
    assert!(later.iter().all(|request| convs(request).is_empty()));
}

#[test]
fn a_doubt_is_looked_into_at_once_and_then_every_minute_at_most() {
    let mut engine = Engine::new(1);
    let doubt = || Input::Doubted { peer: peer() };
    let compares = |outputs: &[Output]| -> Vec<Request> {
        let requests = requests(outputs).into_iter();
        requests.filter(|it| it.errand == Errand::Compare).collect()
    };
    let first = compares(&engine.step(doubt(), NOW));
    assert_eq!(first.len(), 1);
    engine.step(done(&first[0]), NOW.plus(SECOND));
    assert!(compares(&engine.step(doubt(), NOW.plus(2 * SECOND))).is_empty());
    let next = engine.next_at().unwrap();
    assert_eq!(next, NOW.plus(60 * SECOND));
    assert_eq!(compares(&engine.step(Input::Tick, next)).len(), 1);
}

#[test]
fn what_was_raised_last_goes_first_when_a_peer_is_back() {
    let mut engine = Engine::new(1);
    let mut now = NOW;
    let mut sent = requests(&engine.step(raised(1), now));
    for _ in 0..3 {
        let outputs = engine.step(failed(sent[0].attempt), now);
        sent = requests(&outputs);
        if sent.is_empty() {
            now = engine.next_at().unwrap();
            sent = requests(&engine.step(Input::Tick, now));
        }
    }
    engine.step(failed(sent[0].attempt), now);
    for n in 2..=300 {
        engine.step(raised(n), now.plus(SECOND));
    }
    let alive = Input::Alive { peer: peer() };
    let sent = requests(&engine.step(alive, now.plus(2 * SECOND)));
    let errand = Errand::Push {
        convs: (285..=300).map(key).collect(),
        class: Class::New,
    };
    assert_eq!(sent[0].errand, errand);
    // There was room for one: the others are in front again, in their order, and what is raised now is behind them.
    let outcomes = convs(&sent[0]).iter().map(|conv| match *conv {
        conv if conv == key(285) => (conv, Outcome::Done),
        conv => (conv, Outcome::Left),
    });
    let outcomes = outcomes.collect();
    let attempt = sent[0].attempt;
    let begun = engine.step(raised(301), now.plus(2 * SECOND));
    assert_eq!(requests(&begun).len(), 1);
    let sent = requests(&engine.step(Input::Answered { attempt, outcomes }, now.plus(3 * SECOND)));
    assert_eq!(convs(&sent[0]), (286..=300).map(key).collect::<Vec<_>>());
}
