//! What people count on, one story each.

use super::super::faults::{self, Fault};
use super::super::schedule::{DAY, HOUR, MINUTE, SECOND};
use super::super::waiting::{BATCH, LATEST, NAMED};
use super::far::{Condition, Poison};
use super::rows::Conv;
use super::settle::settle;
use super::world::{Event, World};

const WEEK: i64 = 7 * DAY;

/// Commits in these conversations, one after the other.
fn commit(
    world: &mut World,
    peer: usize,
    convs: impl Iterator<Item = Conv>,
    begin: i64,
    every: i64,
) {
    for (n, conv) in convs.enumerate() {
        let peers = vec![peer];
        world.after(begin + every * n as i64, Event::Commit { conv, peers });
    }
}

fn becomes(world: &mut World, peer: usize, condition: Condition, at: i64) {
    world.after(at, Event::Become { peer, condition });
}

#[test]
fn who_was_away_for_a_week_gets_what_is_new_at_once_and_what_was_missed_soon() {
    let mut world = World::new(1, 7);
    world.watch.expect_calm(0, true);
    becomes(&mut world, 0, Condition::Silent, SECOND);
    commit(&mut world, 0, 0..10_000, MINUTE, WEEK / 10_100);
    world.pass(WEEK).unwrap();
    assert_eq!(world.rows.count_waiting(0), 10_000);
    assert!(
        world.watch.most_named <= NAMED / 2 + LATEST + 1,
        "{}",
        world.watch.most_named
    );
    assert!(world.watch.attempts[0] < 100, "{}", world.watch.attempts[0]);

    becomes(&mut world, 0, Condition::Fine, 0);
    world.after(SECOND, Event::Speak { peer: 0 });
    commit(&mut world, 0, 20_000..20_100, 2 * SECOND, SECOND / 2);
    // Each of them is expected within two seconds.
    world.pass(MINUTE).unwrap();
    assert!(world.watch.counters["expected in two seconds"] >= 100);
    world.pass(2 * MINUTE).unwrap();
    assert_eq!(world.rows.count_waiting(0), 0);
    assert!(world.watch.most_named <= NAMED + 4 * BATCH);
    settle(&mut world).unwrap();
}

#[test]
fn who_is_back_and_says_nothing_is_found_out_on_schedule() {
    let mut world = World::new(1, 11);
    becomes(&mut world, 0, Condition::Refusing, SECOND);
    commit(&mut world, 0, 0..50, MINUTE, SECOND);
    world.pass(3 * DAY).unwrap();
    becomes(&mut world, 0, Condition::Fine, 0);
    // Between a day and a week it is asked every four hours.
    world.pass(4 * HOUR * 6 / 5 + MINUTE).unwrap();
    assert_eq!(world.rows.count_waiting(0), 0);
}

/// The 99th of a hundred, in milliseconds.
fn p99(world: &World, peers: std::ops::Range<usize>) -> i64 {
    let mut all: Vec<i64> = world.watch.arrivals.latencies[peers]
        .iter()
        .flatten()
        .copied()
        .collect();
    all.sort_unstable();
    assert!(all.len() > 1_000);
    all[all.len() * 99 / 100]
}

#[test]
fn one_dead_among_twenty_does_not_slow_the_others() {
    let busy = |dead: Option<Condition>| {
        let mut world = World::new(20, 3);
        // Slow enough to have every slot in use.
        world
            .fars
            .iter_mut()
            .for_each(|far| far.latency = (100, 250));
        if let Some(condition) = dead {
            becomes(&mut world, 19, condition, 10 * SECOND);
        }
        for n in 0..700_u32 {
            let peers = (0..20)
                .filter(|peer| (n + peer) % 3 != 0)
                .map(|peer| peer as usize);
            let (conv, peers) = (n % 97, peers.collect());
            world.after(i64::from(n) * 40, Event::Commit { conv, peers });
        }
        world.pass(2 * MINUTE).unwrap();
        p99(&world, 0..19)
    };
    let alone = busy(None);
    for condition in [Condition::Silent, Condition::Broken] {
        let beside = busy(Some(condition));
        let slower = beside * 10 > alone * 11;
        assert!(
            !slower,
            "{alone} ms, beside one that is {condition:?} {beside} ms"
        );
    }
}

#[test]
fn a_crash_loop_does_not_hammer() {
    let mut world = World::new(1, 5);
    for second in 0..3_600 {
        let (peers, at) = (vec![0], second * SECOND);
        // After the row and the request: it never gets to hear of the answer.
        world.after(
            at,
            Event::Crash {
                after: 2,
                back_in: SECOND / 2,
            },
        );
        world.after(at, Event::Commit { conv: 1, peers });
    }
    becomes(&mut world, 0, Condition::Silent, 0);
    world.pass(HOUR).unwrap();
    let attempts = world.watch.attempts[0];
    assert!(world.watch.counters["crashed"] >= 5, "it crashes");
    assert!(attempts <= 12, "{attempts} attempts in an hour");
    settle(&mut world).unwrap();
}

#[test]
fn who_is_heard_and_cannot_be_reached_is_not_hammered() {
    let mut world = World::new(1, 9);
    becomes(&mut world, 0, Condition::Refusing, 0);
    commit(&mut world, 0, 0..10, SECOND, SECOND);
    for n in 0..36_000 {
        world.after(n * SECOND / 10, Event::Speak { peer: 0 });
    }
    world.pass(HOUR).unwrap();
    let attempts = world.watch.attempts[0];
    assert!(
        (60..300).contains(&attempts),
        "{attempts} attempts in an hour"
    );
    let told = world.watch.counters.get("told: delayed");
    assert_eq!(told, Some(&1), "it is not reached, whatever it says");
}

#[test]
fn people_are_told_when_it_is_time() {
    let mut world = World::new(1, 13);
    world.trace = Some(String::new());
    becomes(&mut world, 0, Condition::Refusing, 0);
    commit(&mut world, 0, 0..1, SECOND, SECOND);
    world.pass(DAY / 2).unwrap();
    world.after(
        0,
        Event::Crash {
            after: 0,
            back_in: DAY,
        },
    );
    world.after(
        SECOND,
        Event::Commit {
            conv: 1,
            peers: vec![0],
        },
    );
    world.pass(31 * DAY).unwrap();
    let before = world.watch.attempts[0];
    commit(&mut world, 0, 2..20, 0, DAY);
    world.pass(20 * DAY).unwrap();
    assert_eq!(world.watch.attempts[0], before, "it was given up");
    becomes(&mut world, 0, Condition::Fine, 0);
    world.after(SECOND, Event::Speak { peer: 0 });
    world.pass(MINUTE).unwrap();
    assert_eq!(world.rows.count_waiting(0), 0);
    let trace = world.trace.unwrap();
    let told = trace.lines().filter_map(|line| {
        let (at, told) = line.split_once(" > Told { peer: Platform(em2.p0.example), standing: ")?;
        let (standing, since) = told.split_once(", since: Time(")?;
        let since: i64 = since.split(')').next()?.parse().ok()?;
        let late = at.parse::<i64>().ok()? - since;
        Some(format!("{standing} after {} min", late / MINUTE))
    });
    let told: Vec<String> = told.collect();
    // The day without a sender: the notice is not forgotten.
    let expected = [
        "Delayed after 10 min",
        "Failing after 2159 min",
        "GaveUp after 43200 min",
        "Fine after 74159 min",
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_clock_that_is_wrong_costs_one_attempt() {
    for skew in [-12 * HOUR, 12 * HOUR] {
        let mut world = World::new(1, 17);
        world.fars[0].skew = skew;
        commit(&mut world, 0, 0..1, SECOND, SECOND);
        world.pass(2 * SECOND).unwrap();
        assert_eq!(world.rows.count_waiting(0), 0);
        assert_eq!(world.watch.attempts[0], 2);
        // What was learnt survives.
        world.after(
            0,
            Event::Crash {
                after: 0,
                back_in: SECOND,
            },
        );
        commit(&mut world, 0, 1..3, SECOND, 10 * SECOND);
        world.pass(MINUTE).unwrap();
        assert_eq!(world.watch.counters["clock"], 1);
        assert_eq!(world.rows.count_waiting(0), 0);
    }
}

#[test]
fn a_clock_that_is_wrong_in_another_way_each_time_is_learnt_each_time() {
    let mut world = World::new(1, 37);
    world.fars[0].latency = (20, 20);
    world.fars[0].skew = 12 * HOUR;
    commit(&mut world, 0, 0..1, SECOND, SECOND);
    // What was learnt first is not tried before it is wrong.
    becomes(&mut world, 0, Condition::Refusing, SECOND + 50);
    becomes(&mut world, 0, Condition::Fine, 2 * SECOND);
    let (peer, skew) = (0, -12 * HOUR);
    world.after(2 * SECOND, Event::Skew { peer, skew });
    world.pass(MINUTE).unwrap();
    assert_eq!(world.watch.counters["clock"], 2);
    assert_eq!(world.rows.count_waiting(0), 0);
}

#[test]
fn what_one_conversation_cannot_get_through_does_not_hold_up_the_others() {
    for poison in [
        Poison::Crashing,
        Poison::Hanging,
        Poison::Stuck,
        Poison::Refused,
    ] {
        let mut world = World::new(1, 19);
        world.fars[0].poison.insert(0, poison);
        for n in 0..600_u32 {
            let (conv, peers) = (n % 20, vec![0]);
            world.after(i64::from(n) * SECOND, Event::Commit { conv, peers });
        }
        world.pass(11 * MINUTE).unwrap();
        let others = world.rows.count_waiting(0);
        assert!(others <= 1, "{others} wait beside one that is {poison:?}");
        let latencies = &world.watch.arrivals.latencies[0];
        let late = latencies.iter().filter(|late| **late > 3 * SECOND).count();
        assert!(
            late * 20 < latencies.len(),
            "{late} of {} beside {poison:?}",
            latencies.len()
        );
    }
}

#[test]
fn a_platform_that_greets_and_takes_nothing_is_not_hammered() {
    let mut world = World::new(1, 23);
    world.fars[0].poison = (0..2_000).map(|conv| (conv, Poison::Crashing)).collect();
    commit(&mut world, 0, 0..2_000, SECOND, SECOND);
    world.pass(DAY).unwrap();
    let attempts = world.watch.attempts[0];
    assert!(attempts < 500, "{attempts} attempts in a day");
    settle(&mut world).unwrap();
}

#[test]
fn a_platform_that_refuses_everything_has_all_of_it_set_aside() {
    let mut world = World::new(1, 29);
    world.fars[0].poison = (0..2_000).map(|conv| (conv, Poison::Refused)).collect();
    becomes(&mut world, 0, Condition::Silent, SECOND);
    commit(&mut world, 0, 0..2_000, MINUTE, SECOND);
    world.pass(HOUR).unwrap();
    becomes(&mut world, 0, Condition::Fine, 0);
    world.after(SECOND, Event::Speak { peer: 0 });
    world.pass(HOUR).unwrap();
    assert_eq!(world.rows.count_waiting(0), 0);
    assert_eq!(world.watch.counters["aside"], 2_000);
    settle(&mut world).unwrap();
}

#[test]
fn a_platform_that_cannot_be_reached_by_anybody_comes_back_whole() {
    let mut world = World::new(300, 31);
    for peer in 0..300 {
        becomes(&mut world, peer, Condition::Silent, 10 * SECOND);
        becomes(&mut world, peer, Condition::Fine, 6 * HOUR);
    }
    for n in 0..200_u32 {
        let peers = (0..300)
            .filter(|peer| (n + peer) % 10 == 0)
            .map(|peer| peer as usize);
        let (conv, peers) = (n, peers.collect());
        world.after(i64::from(n) * MINUTE, Event::Commit { conv, peers });
    }
    world.pass(6 * HOUR + HOUR * 6 / 5 + MINUTE).unwrap();
    let waiting = (0..300).filter(|peer| world.rows.is_waiting(*peer)).count();
    assert_eq!(waiting, 0, "an hour later all of them were asked");
}

/// Much that is new, a conversation each: how often it was too much, and how often it came late.
fn hurry(fault: Option<Fault>) -> (u64, usize) {
    faults::set(fault);
    let mut world = World::new(1, 41);
    world.fars[0].latency = (2, 4);
    commit(&mut world, 0, 0..2_000, SECOND, 8);
    world.pass(30 * SECOND).unwrap();
    faults::set(None);
    assert_eq!(world.rows.count_waiting(0), 0);
    let latencies = &world.watch.arrivals.latencies[0];
    let late = latencies.iter().filter(|late| **late > SECOND / 2).count();
    (world.fars[0].crowded, late)
}

#[test]
fn a_platform_is_sent_no_more_requests_than_it_takes() {
    assert_eq!(hurry(None), (0, 0));
    let (crowded, late) = hurry(Some(Fault::Unpaced));
    assert!(crowded > 0 && late > 0, "{crowded}, {late}");
}

#[test]
fn who_asks_for_less_gets_it_and_nobody_is_told_that_it_fails() {
    let mut world = World::new(1, 43);
    commit(&mut world, 0, 0..3_000, SECOND, SECOND);
    becomes(&mut world, 0, Condition::Slow(Some(30 * MINUTE)), MINUTE);
    becomes(&mut world, 0, Condition::Fine, 2 * MINUTE);
    world.pass(MINUTE + 29 * MINUTE).unwrap();
    let asked = world.watch.attempts[0];
    assert!(world.rows.count_waiting(0) > 1_000);
    world.pass(2 * MINUTE).unwrap();
    assert!(world.watch.attempts[0] > asked);
    assert!(world.rows.count_waiting(0) <= 2);
    assert_eq!(world.watch.counters.get("told: delayed"), None);
    let row = world.rows.platforms[0].as_ref().unwrap();
    assert_eq!(row.first_fail_at, None);
}

#[test]
fn who_takes_nothing_and_always_asks_for_less_fails_like_any_other() {
    let mut world = World::new(1, 47);
    becomes(&mut world, 0, Condition::Slow(None), 0);
    commit(&mut world, 0, 0..10, SECOND, SECOND);
    world.pass(HOUR).unwrap();
    let attempts = world.watch.attempts[0];
    assert!(attempts <= 12, "{attempts} attempts in an hour");
    assert_eq!(world.watch.counters.get("told: delayed"), Some(&1));
}
