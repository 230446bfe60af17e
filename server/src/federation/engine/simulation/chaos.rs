//! What a seed decides: how many there are, what people do, and what goes wrong.

use super::super::dice::Dice;
use super::super::schedule::{DAY, HOUR, MINUTE, SECOND};
use super::far::{Condition, Poison};
use super::rows::Conv;
use super::world::{Event, World};

/// A world in which everything happens that a seed decides, and for how long it does.
pub(super) fn world(seed: u64) -> (World, i64) {
    let mut dice = Dice::new(seed ^ 0x5DEE_CE66);
    match seed % 4 {
        0 => minutes(seed, &mut dice),
        1 => weeks(seed, &mut dice),
        2 => crowd(seed, &mut dice),
        _ => backlog(seed, &mut dice),
    }
}

fn chance(dice: &mut Dice, percent: i64) -> bool {
    dice.upto(99) < percent
}

fn condition(dice: &mut Dice) -> Condition {
    let asked = [None, Some(20 * SECOND), Some(5 * MINUTE), Some(3 * HOUR)][dice.upto(3) as usize];
    match dice.upto(9) {
        0..=3 => Condition::Silent,
        4 | 5 => Condition::Refusing,
        6 | 7 => Condition::Broken,
        8 => Condition::Down(asked),
        _ => Condition::Slow(asked),
    }
}

/// Between `least` and `most`.
fn between(dice: &mut Dice, least: i64, most: i64) -> i64 {
    least + dice.upto(most - least)
}

/// Gives every peer a nature.
fn natures(world: &mut World, dice: &mut Dice, convs: Conv) {
    for peer in 0..world.fars.len() {
        let far = &mut world.fars[peer];
        match dice.upto(9) {
            0 => far.loss = between(dice, 1, 20),
            1 => far.sluggish = 20 * SECOND,
            2 => far.skew = between(dice, -12 * HOUR, 12 * HOUR),
            3 => {
                for _ in 0..=dice.upto(3) {
                    let conv = dice.upto(i64::from(convs) - 1) as Conv;
                    let poison = match dice.upto(4) {
                        0 => Poison::Refused,
                        1 => Poison::Unknown,
                        2 => Poison::Stuck,
                        3 => Poison::Crashing,
                        _ => Poison::Hanging,
                    };
                    far.poison.insert(conv, poison);
                }
            }
            4 => far.latency = (100, 2 * SECOND),
            _ => world.watch.expect_calm(peer, true),
        }
    }
}

/// Commits in conversations that each have their peers, over this time.
fn commits(world: &mut World, dice: &mut Dice, (convs, most): (Conv, i64), time: i64, count: i64) {
    let peers = world.fars.len() as i64;
    let members = |dice: &mut Dice| {
        let mut peers: Vec<usize> = (0..=dice.upto(most - 1))
            .map(|_| dice.upto(peers - 1) as usize)
            .collect();
        peers.sort_unstable();
        peers.dedup();
        peers
    };
    let members: Vec<Vec<usize>> = (0..convs).map(|_| members(dice)).collect();
    for _ in 0..count {
        let conv = dice.upto(i64::from(convs) - 1) as Conv;
        let peers = members[conv as usize].clone();
        world.after(dice.upto(time), Event::Commit { conv, peers });
    }
}

/// A peer is not itself for a while; when it is again, it may say something.
fn outage(world: &mut World, dice: &mut Dice, peer: usize, begin: i64, lasts: i64) {
    let condition = condition(dice);
    world.after(begin, Event::Become { peer, condition });
    let end = begin + lasts;
    let condition = Condition::Fine;
    world.after(end, Event::Become { peer, condition });
    if chance(dice, 60) {
        for _ in 0..=dice.upto(2) {
            world.after(end + dice.upto(20 * SECOND), Event::Speak { peer });
        }
    }
    // One that is heard, and hears nothing.
    if chance(dice, 20) {
        world.after(begin + lasts / 2, Event::Speak { peer });
    }
}

fn crashes(world: &mut World, dice: &mut Dice, count: i64, time: i64, longest: i64) {
    for _ in 0..count {
        let after = dice.upto(8) as u32;
        let back_in = dice.upto(longest);
        world.after(dice.upto(time), Event::Crash { after, back_in });
    }
}

/// Much happens, and short faults.
fn minutes(seed: u64, dice: &mut Dice) -> (World, i64) {
    let mut world = World::new(between(dice, 4, 24) as usize, seed);
    let time = 3 * MINUTE;
    natures(&mut world, dice, 40);
    commits(&mut world, dice, (40, 5), time, 200);
    for peer in 0..world.fars.len() {
        if chance(dice, 40) {
            let (begin, lasts) = (dice.upto(time), between(dice, SECOND, 2 * MINUTE));
            outage(&mut world, dice, peer, begin, lasts);
        }
        if chance(dice, 30) {
            world.after(dice.upto(time), Event::Speak { peer });
        }
    }
    let count = dice.upto(3);
    crashes(&mut world, dice, count, time, 20 * SECOND);
    if chance(dice, 20) {
        world.read_faults = 20;
        (0..world.fars.len()).for_each(|peer| world.watch.expect_calm(peer, false));
    }
    (world, time)
}

/// Little happens, and long faults.
fn weeks(seed: u64, dice: &mut Dice) -> (World, i64) {
    let mut world = World::new(between(dice, 3, 16) as usize, seed);
    let time = between(dice, 2 * DAY, 45 * DAY);
    natures(&mut world, dice, 30);
    commits(&mut world, dice, (30, 4), time, 150);
    for peer in 0..world.fars.len() {
        for _ in 0..dice.upto(2) {
            let longest = [2 * HOUR, 2 * DAY, 8 * DAY, 40 * DAY][dice.upto(3) as usize];
            let (begin, lasts) = (dice.upto(time / 2), between(dice, longest / 4, longest));
            outage(&mut world, dice, peer, begin, lasts);
        }
        if chance(dice, 20) {
            // Wrong, and wrong in another way before anything came through.
            let (at, lasts) = (dice.upto(time), dice.upto(HOUR));
            for at in [at, at + lasts] {
                let skew = between(dice, -12 * HOUR, 12 * HOUR);
                world.after(at, Event::Skew { peer, skew });
            }
            world.watch.expect_calm(peer, false);
        }
    }
    let count = dice.upto(4);
    crashes(&mut world, dice, count, time, 6 * HOUR);
    (world, time)
}

/// Many peers, and many of them away at once.
fn crowd(seed: u64, dice: &mut Dice) -> (World, i64) {
    let mut world = World::new(between(dice, 100, 300) as usize, seed);
    let time = 2 * MINUTE;
    commits(&mut world, dice, (60, 60), time, 30);
    let share = between(dice, 5, 90);
    let begin = dice.upto(time / 2);
    for peer in 0..world.fars.len() {
        world.watch.expect_calm(peer, true);
        if chance(dice, share) {
            let lasts = between(dice, MINUTE, 5 * MINUTE);
            outage(&mut world, dice, peer, begin, lasts);
        }
    }
    let count = dice.upto(1);
    crashes(&mut world, dice, count, time, 20 * SECOND);
    (world, 6 * MINUTE)
}

/// A few peers, one of which misses much.
fn backlog(seed: u64, dice: &mut Dice) -> (World, i64) {
    let mut world = World::new(between(dice, 2, 5) as usize, seed);
    let away = between(dice, MINUTE, 3 * DAY);
    let missed = between(dice, 300, 1_200) as Conv;
    let (peer, condition) = (0, condition(dice));
    world.watch.expect_calm(peer, true);
    world.after(SECOND, Event::Become { peer, condition });
    for conv in 0..missed {
        for _ in 0..=dice.upto(1) {
            let peers = vec![peer];
            world.after(2 * SECOND + dice.upto(away), Event::Commit { conv, peers });
        }
    }
    let condition = Condition::Fine;
    world.after(away + MINUTE, Event::Become { peer, condition });
    world.after(away + MINUTE + SECOND, Event::Speak { peer });
    commits(&mut world, dice, (40, 3), away, 60);
    for n in 0..50 {
        let (conv, peers) = (missed + n, vec![peer]);
        let at = away + MINUTE + between(dice, SECOND, 10 * SECOND);
        world.after(at, Event::Commit { conv, peers });
    }
    let count = dice.upto(1);
    crashes(&mut world, dice, count, away + MINUTE, 10 * MINUTE);
    (world, away + 2 * MINUTE)
}
