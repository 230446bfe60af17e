//! Chaos: real servers whose network delays, drops, cuts off, repeats and dawdles, and which are killed, while people go
//! on talking. Afterwards all platforms hold the same, and everything that anybody was told is true.
//!
//! `EM2_CHAOS_SEED`, `EM2_CHAOS_SECONDS` and `EM2_CHAOS_CONVERSATIONS` set what is drawn, for how long, and how much is
//! talked about. `make chaos` runs it for five minutes over 50 conversations.

mod deeds;
mod dice;
mod fault;
mod journal;
mod judge;
mod people;
mod platforms;
mod process;
mod proxy;
mod settle;
mod wire;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use deeds::press_retry;
use dice::Dice;
use fault::{KINDS, Tally};
use journal::Journal;
use judge::{judge, was_chaos};
use people::Person;
use platforms::{DOMAINS, PEOPLE, Platforms, address};
use settle::Watch;

/// Of 5 conversations 4 are begun before the chaos.
const BEFORE: u64 = 80;

/// How much longer it may take until everything has happened once, on a machine that is slow.
const LONGER: Duration = Duration::from_secs(60);

/// From here on nobody presses “Retry now”: what waits comes by itself.
const LONG: u64 = 60;

/// What a run is to be.
struct Plan {
    seed: u64,
    seconds: u64,
    conversations: u64,
}

impl Plan {
    fn read() -> Plan {
        let number = |name: &str| {
            let text = std::env::var(name).ok()?;
            Some(
                text.parse()
                    .unwrap_or_else(|_| panic!("{name} is not a number")),
            )
        };
        let drawn = || {
            let mut bytes = [0; 4];
            getrandom::fill(&mut bytes).unwrap();
            u64::from(u32::from_le_bytes(bytes))
        };
        Plan {
            seed: number("EM2_CHAOS_SEED").unwrap_or_else(drawn),
            seconds: number("EM2_CHAOS_SECONDS").unwrap_or(20),
            conversations: number("EM2_CHAOS_CONVERSATIONS").unwrap_or(20),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_to_three_platforms_they_end_on_the_same_and_nothing_acknowledged_is_lost()
{
    let plan = Plan::read();
    let seed = plan.seed;
    println!("EM2_CHAOS_SEED={seed}: {} s of chaos", plan.seconds);
    let (tally, journal) = (
        Arc::new(Tally::default()),
        Arc::new(Mutex::new(Journal::default())),
    );
    let mut platforms = Platforms::found(seed, &tally).await;
    let mut people = Vec::new();
    for (n, server) in platforms.servers.iter().enumerate() {
        for name in PEOPLE {
            let address = address(name, n);
            let dice = Dice::of(seed, address.as_str());
            let (journal, tally) = (journal.clone(), tally.clone());
            people.push(Person::sign_in(server, n, address, dice, journal, tally).await);
        }
    }
    let before = plan.conversations * BEFORE / 100;
    for n in 0..before as usize {
        let everybody = people.len();
        people[n % everybody].begin().await;
    }

    let over = Arc::new(AtomicBool::new(false));
    let mut busy = JoinSet::new();
    for (n, person) in people.into_iter().enumerate() {
        let everybody = (DOMAINS.len() * PEOPLE.len()) as u64;
        let later = plan.conversations - before;
        let later = later / everybody + u64::from(later % everybody > n as u64);
        busy.spawn(talk(person, over.clone(), later));
    }
    let until = Instant::now() + Duration::from_secs(plan.seconds);
    chaos(&mut platforms, Dice::of(seed, "kills"), until, &tally).await;
    over.store(true, Ordering::SeqCst);
    platforms.calm().await;
    let mut people = busy.join_all().await;

    let talks = journal.lock().unwrap().talks.clone();
    let since = Instant::now();
    let mut watch = Watch::on(&platforms).await;
    let first = if plan.seconds < LONG { 5 } else { 240 };
    let mut behind = watch.settled(&talks, Duration::from_secs(first)).await;
    if plan.seconds < LONG && !behind.is_empty() {
        press_retry(&mut people, &behind).await;
        behind = watch.settled(&talks, Duration::from_secs(20)).await;
    }
    let (talked, took) = (talks.len(), since.elapsed());
    println!("{talked} conversations, settled after {took:?}\n{tally}");
    if !behind.is_empty() {
        let why = watch.explain(&behind).await;
        panic!(
            "EM2_CHAOS_SEED={seed}: {} conversations differ:\n{why}",
            behind.len()
        );
    }
    watch.close().await;
    platforms.stop();
    let journal = std::mem::take(&mut *journal.lock().unwrap());
    judge(&platforms, &journal).await;
    was_chaos(&platforms, &tally);
}

/// Talks until it is over, and begins so many conversations meanwhile.
async fn talk(mut person: Person, over: Arc<AtomicBool>, mut later: u64) -> Person {
    while !over.load(Ordering::SeqCst) {
        if later > 0 && person.dice.percent(10) {
            later -= 1;
            person.begin().await;
        } else {
            person.do_something().await;
        }
        sleep(person.dice.millis(20..=250)).await;
    }
    person
}

/// Lets the network rage, cuts it, and kills servers, each in its turn; until then, and until everything has happened.
async fn chaos(platforms: &mut Platforms, mut dice: Dice, until: Instant, tally: &Tally) {
    platforms.rage();
    let mut next_cut = Instant::now() + dice.millis(500..=3000);
    let mut next_kill = Instant::now() + dice.millis(1000..=3000);
    let mut victims = Vec::new();
    let misses = |platforms: &Platforms| {
        let killed = platforms.servers.iter().all(|server| server.kills > 0);
        let met = KINDS.iter().all(|kind| tally.of(kind) > 0);
        (!killed || !met) && Instant::now() < until + LONGER
    };
    while Instant::now() < until || misses(platforms) {
        sleep_until(next_cut.min(next_kill)).await;
        if Instant::now() >= next_cut {
            platforms.cut();
            next_cut = Instant::now() + dice.millis(1000..=5000);
        }
        if Instant::now() >= next_kill {
            if victims.is_empty() {
                victims.extend(0..DOMAINS.len());
            }
            let at = dice.number(0..=victims.len() as u64 - 1) as usize;
            let victim = &mut platforms.servers[victims.swap_remove(at)];
            victim.kill();
            sleep(dice.millis(0..=2500)).await;
            victim.start().await;
            next_kill = Instant::now() + dice.millis(500..=3500);
        }
    }
}
