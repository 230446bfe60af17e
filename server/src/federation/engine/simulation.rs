//! The engine among many platforms in virtual time, and everything that goes wrong between them.
//!
//! A seed decides all of it: who is away and for how long, what is lost, when the sender crashes. A watch sees every
//! input and every output and says what is wrong at that moment; in the end the faults stop, and everything arrives.

mod arrivals;
mod chaos;
mod check;
mod driver;
mod expect;
mod far;
mod flights;
mod rows;
mod settle;
mod stories;
mod world;
mod written;

use std::collections::BTreeMap;

use super::faults::{self, Fault};
use world::{World, Wrong};

/// What happened, by name: proof that it did.
type Counters = BTreeMap<&'static str, u64>;

/// Runs one seed with this rule broken, or none.
fn run(seed: u64, fault: Option<Fault>) -> (World, Result<(), Wrong>) {
    run_traced(seed, fault, false)
}

fn run_traced(seed: u64, fault: Option<Fault>, is_traced: bool) -> (World, Result<(), Wrong>) {
    faults::set(fault);
    let (mut world, time) = chaos::world(seed);
    world.trace = is_traced.then(String::new);
    let result = world.pass(time);
    let result = result.and_then(|()| settle::settle(&mut world));
    faults::set(None);
    (world, result)
}

/// As many seeds as `EM2_SIMULATE_SEEDS` says, or 240, from the first on; from the one that `EM2_SIMULATE_SEED` names,
/// as many or that one, with everything that was said.
fn seeds() -> std::ops::Range<u64> {
    let given = |name| -> Option<u64> { std::env::var(name).ok()?.parse().ok() };
    let (first, many) = (given("EM2_SIMULATE_SEED"), given("EM2_SIMULATE_SEEDS"));
    let many = many.unwrap_or(if first.is_some() { 1 } else { 240 });
    let first = first.unwrap_or(0);
    first..first + many
}

/// Everything that has to have happened somewhere.
const MUST_HAPPEN: &[&str] = &[
    "silent",
    "refusing",
    "broken",
    "503",
    "429",
    "healed",
    "crashed",
    "clock",
    "aside",
    "alarm",
    "probes short",
    "slots short",
    "told: fine",
    "told: delayed",
    "told: failing",
    "told: gave up",
    "expected in two seconds",
];

#[test]
fn every_seed_delivers_everything_and_breaks_no_rule_on_the_way() {
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let seeds = seeds();
    let ran = seeds.end - seeds.start;
    let mut counters = Counters::new();
    let mut failed = Vec::new();
    std::thread::scope(|scope| {
        let share = |worker: usize| {
            let seeds = seeds.clone().skip(worker).step_by(workers);
            move || -> (Counters, Vec<u64>) {
                let (mut counters, mut failed) = (Counters::new(), Vec::new());
                for seed in seeds {
                    let (world, result) = run_traced(seed, None, ran == 1);
                    for (name, count) in world.watch.counters {
                        *counters.entry(name).or_default() += count;
                    }
                    if let Err(wrong) = result {
                        world.trace.iter().for_each(|trace| println!("{trace}"));
                        println!("seed {seed}: {wrong}");
                        failed.push(seed);
                    }
                }
                (counters, failed)
            }
        };
        let handles: Vec<_> = (0..workers)
            .map(|worker| scope.spawn(share(worker)))
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
    for name in MUST_HAPPEN.iter().filter(|_| ran >= 240) {
        assert!(counters.contains_key(name), "{name} never happened");
    }
}

#[test]
fn the_same_seed_says_the_same_to_the_byte() {
    for seed in 0..8 {
        let (one, other) = (
            run_traced(seed, None, true).0,
            run_traced(seed, None, true).0,
        );
        let (one, other) = (one.trace.unwrap(), other.trace.unwrap());
        assert!(one.len() > 10_000, "seed {seed} says something");
        assert!(
            one == other,
            "seed {seed} says something else the second time"
        );
    }
}

/// Every broken rule is found, and the seed that finds it is printed.
#[test]
fn every_broken_rule_is_found() {
    for fault in [
        Fault::BookedLate,
        Fault::RowIgnored,
        Fault::Impatient,
        Fault::AliveIgnored,
        Fault::RetryAfterIgnored,
        Fault::SlowFails,
        Fault::ClockUncorrected,
        Fault::FifthSlot,
        Fault::FailingUnbounded,
        Fault::NewLast,
        Fault::NamesUnbounded,
        Fault::SpillForgotten,
        Fault::TwiceAtOnce,
        Fault::NeverAside,
        Fault::SinceForgotten,
    ] {
        let found = (0..60).find_map(|seed| Some((seed, run(seed, Some(fault)).1.err()?)));
        let (seed, wrong) = found.unwrap_or_else(|| panic!("{fault:?} was not found"));
        println!("{fault:?} found by seed {seed}: {wrong}");
    }
}
