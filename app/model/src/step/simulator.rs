//! Several platforms, one conversation, and everything that goes wrong between them.
//!
//! A seed decides all of it: who acts, what is lost, who crashes, what is restored from which
//! backup. At the end the faults stop, the platforms settle, and the history is checked.

mod chaos;
mod check;
mod deeds;
mod network;
mod node;
mod people;
mod random;
mod trace;
mod world;

use std::collections::BTreeMap;

use crate::faults::{self, Fault};
use check::Failure;
use world::World;

/// What happened, by name: proof that it did.
type Counters = BTreeMap<&'static str, u64>;

/// Runs one seed with this rule broken, or none.
fn run(seed: u64, fault: Option<Fault>, counters: &mut Counters) -> Result<(), Failure> {
    faults::set(fault);
    let mut world = World::new(seed);
    world.live();
    let settled = world.settle();
    faults::set(None);
    let result = settled.and_then(|()| check::history(&world));
    if result.is_err() && world.prints {
        trace::end(&world);
    }
    for (name, count) in &world.counters {
        *counters.entry(name).or_default() += count;
    }
    result
}

/// As many seeds as `EM2_SIMULATE_SEEDS` says, or 500, from the first on; from the one that
/// `EM2_SIMULATE_SEED` names, as many or that one.
fn seeds() -> std::ops::Range<u64> {
    let given = |name| -> Option<u64> { std::env::var(name).ok()?.parse().ok() };
    let (first, many) = (given("EM2_SIMULATE_SEED"), given("EM2_SIMULATE_SEEDS"));
    let many = many.unwrap_or(if first.is_some() { 1 } else { 500 });
    let first = first.unwrap_or(0);
    first..first + many
}

/// What a share of the seeds came to.
type Share = (Counters, Vec<u64>);

/// Runs these seeds, and names those that fail as it goes.
fn run_share(seeds: impl Iterator<Item = u64>) -> Share {
    let mut counters = Counters::new();
    let failed = |seed| {
        let failure = run(seed, None, &mut counters).err()?;
        println!("seed {seed}: {failure}");
        Some(seed)
    };
    let failed = seeds.filter_map(failed).collect();
    (counters, failed)
}

#[test]
fn every_seed_ends_on_one_head_and_loses_nothing_acknowledged() {
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let seeds = seeds();
    let mut counters = Counters::new();
    let mut failed = Vec::new();
    std::thread::scope(|scope| {
        let share = |worker| seeds.clone().skip(worker).step_by(workers);
        let shares = (0..workers).map(share);
        let handles: Vec<_> = shares
            .map(|seeds| scope.spawn(move || run_share(seeds)))
            .collect();
        for handle in handles {
            let (share, failures) = handle
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            failed.extend(failures);
            for (name, count) in share {
                *counters.entry(name).or_default() += count;
            }
        }
    });
    println!("seeds {seeds:?}: {counters:#?}");
    assert!(failed.is_empty(), "these seeds fail: {failed:?}");
    let ran = seeds.end - seeds.start;
    for name in check::MUST_HAPPEN.iter().filter(|_| ran >= 500) {
        assert!(counters.contains_key(name), "{name} never happened");
    }
    assert!(counters["action"] >= 200 * ran, "too few actions");
}

/// A restored leader is offered a branch that it has left already, and does not ask for it for ever: none of the first
/// seeds comes to that.
#[test]
fn a_branch_that_was_left_is_not_asked_for_again_and_again() {
    if let Err(failure) = run(15_751, None, &mut Counters::new()) {
        panic!("{failure}");
    }
}

/// Every broken rule is found, and the seed that finds it is printed.
#[test]
fn every_broken_rule_is_found() {
    for fault in [
        Fault::FollowsUnchecked,
        Fault::LockByLocalClock,
        Fault::AcknowledgedBeforeCommit,
        Fault::EpochReused,
        Fault::OrphansKept,
        Fault::NonceUnchecked,
        Fault::RefusedWithoutSlot,
        Fault::RemovalIgnored,
    ] {
        let found = (0..100).find_map(|seed| {
            let failure = run(seed, Some(fault), &mut Counters::new()).err()?;
            Some((seed, failure))
        });
        let (seed, failure) = found.unwrap_or_else(|| panic!("{fault:?} was not found"));
        println!("{fault:?} found by seed {seed}: {failure}");
    }
}
