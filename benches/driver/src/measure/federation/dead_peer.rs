//! `dead_peer`: one conversation with people on many platforms, one of which is dead.

use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use super::Speaker;
use crate::Outcome;
use crate::args::{Args, Engine};
use crate::live::Socket;
use crate::load::Block;
use crate::measure::Probe;
use crate::platforms::{self, Platform, acquaint, until};
use crate::report::{Report, Table, number};

/// What lies between two actions: what one of them makes of so many servers is over by then.
const PACE: Duration = Duration::from_millis(60);
/// How many times as long as those of other measures a block is. All deliveries of an action are early or late together:
/// a hundred of them say as much as one.
const LONG: f64 = 4.0;
/// How many times as many rounds there are, for the 99th of a hundred to be one of ten.
const OFTEN: u32 = 2;
/// Actions of a block before it counts, for the sender to have noticed.
const WARM: usize = 5;

/// How the last platform is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    Alive,
    /// The same.
    Again,
    /// Nobody listens there.
    Stopped,
    /// Somebody takes the connection and says nothing.
    Hangs,
}

impl Last {
    fn is_dead(self) -> bool {
        matches!(self, Last::Stopped | Last::Hangs)
    }
}

/// One round: dead and alive take turns, so that both see the same machine. What differs between the two that are alive
/// is what chance makes.
const ROUND: [Last; 4] = [Last::Alive, Last::Stopped, Last::Again, Last::Hangs];

pub(super) async fn measure(args: &Args, engine: &Engine, report: &mut Report) -> Outcome<()> {
    let mut platforms = platforms::found(args, engine, "dead", args.peers + 1, 1).await?;
    acquaint(&platforms).await?;
    let mut speaker = speaker(&platforms).await?;
    let mut probe = Probe::new();
    let mut blocks: Vec<(Last, Block)> = Vec::new();
    let seconds = args.seconds * LONG;
    for _ in 0..args.rounds * OFTEN {
        for last in ROUND {
            probe.take(args)?;
            let mut hanging = turn(&mut platforms, last).await?;
            let waits = block(&mut speaker, seconds).await?;
            blocks.push((last, Block::of(waits)));
            hanging.shutdown().await;
            if last.is_dead() {
                revive(&mut platforms, &speaker).await?;
            }
        }
    }
    probe.take(args)?;
    let others = args.peers - 1;
    let note = format!(
        "One conversation with a person on each of {} platforms: from the start of a POST to the frame at each of {others} of \
         them, one every {} ms, while the last one is as it says. Blocks of {} s take turns.",
        args.peers,
        PACE.as_millis(),
        number(seconds)
    );
    let headings = [
        "the last platform",
        "deliveries",
        "p50 ms",
        "p99 ms",
        "p99 of its blocks, least to most",
    ];
    let mut table = Table::new("dead_peer", note, &headings);
    let mut of = Vec::new();
    for (last, name) in [
        (Last::Alive, "alive"),
        (Last::Again, "alive, other blocks"),
        (Last::Stopped, "stopped"),
        (Last::Hangs, "accepts, never answers"),
    ] {
        let own = blocks.iter().filter(|(other, _)| *other == last);
        let own: Vec<&Block> = own.map(|(_, block)| block).collect();
        let mut all = Block::default();
        own.iter().for_each(|block| all.add((*block).clone()));
        let each: Vec<f64> = own.iter().map(|block| block.within(0.99)).collect();
        let (least, most) = (
            each.iter().copied().fold(f64::INFINITY, f64::min),
            each.iter().copied().fold(0.0, f64::max),
        );
        table.row([
            name.to_owned(),
            all.operations().to_string(),
            number(all.within(0.5)),
            number(all.within(0.99)),
            format!("{}–{}", number(least), number(most)),
        ]);
        of.push((name, all));
    }
    let [(_, one), (_, other), dead @ ..] = of.as_mut_slice() else {
        return Err("no block".into());
    };
    let (one_p99, other_p99) = (one.within(0.99), other.within(0.99));
    table.row([format!(
        "{} Both halves of the blocks with all alive differ by a factor of {} at p99: less than that says nothing here.",
        probe.told(),
        number(one_p99.max(other_p99) / one_p99.min(other_p99))
    )]);
    one.add(std::mem::take(other));
    let alive = one.within(0.99);
    for (name, all) in dead {
        table.at_most(
            format!("p99, {name}"),
            all.within(0.99) / alive,
            1.1,
            " × all alive",
        );
    }
    report.table(&table);
    Ok(())
}

/// Somebody on the first platform, heard by somebody on each but the last.
async fn speaker(platforms: &[Platform]) -> Outcome<Speaker> {
    let (first, others) = platforms.split_first().ok_or("no platform")?;
    let to: Vec<&str> = others
        .iter()
        .map(|it| it.people[0].address.as_str())
        .collect();
    let mut client = first.client().await?;
    let key = first.people[0]
        .start(&mut client, &to.join(", "), "One is dead", "Begin")
        .await?;
    let mut hearers = Vec::new();
    for platform in others {
        let (person, mut asking) = (&platform.people[0], platform.client().await?);
        until("a conversation", async || {
            Ok(person.read(&mut asking, key).await?.is_some())
        })
        .await?;
        hearers.push(Socket::open(&person.origin, "/d/ws/", Some(person)).await?);
    }
    hearers.pop();
    Ok(Speaker {
        client,
        person: first.people[0].clone(),
        key,
        hearers,
        said: 0,
    })
}

async fn block(speaker: &mut Speaker, seconds: f64) -> Outcome<Vec<Duration>> {
    let mut pace = interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for _ in 0..WARM {
        pace.tick().await;
        speaker.say().await?;
    }
    let (mut waits, started) = (Vec::new(), Instant::now());
    while started.elapsed().as_secs_f64() < seconds {
        pace.tick().await;
        waits.extend(speaker.say().await?);
    }
    Ok(waits)
}

/// Makes the last platform so; what is returned hangs until it is dropped.
async fn turn(platforms: &mut [Platform], last: Last) -> Outcome<JoinSet<()>> {
    let platform = platforms.last_mut().ok_or("no platform")?;
    let mut hanging = JoinSet::new();
    if last.is_dead() {
        platform.stop();
    }
    if last == Last::Hangs {
        let listener = TcpListener::bind(("127.0.0.1", platform.port)).await?;
        hanging.spawn(async move {
            let mut taken = Vec::new();
            while let Ok((stream, _)) = listener.accept().await {
                taken.push(stream);
            }
        });
    }
    Ok(hanging)
}

/// Starts the last platform again and waits until it has all that was said.
async fn revive(platforms: &mut [Platform], speaker: &Speaker) -> Outcome<()> {
    let mut asking = platforms[0].client().await?;
    let there = speaker.person.read(&mut asking, speaker.key).await?;
    let head = there.ok_or("the conversation is gone")?.head;
    let last = platforms.last_mut().ok_or("no platform")?;
    last.start().await?;
    let mut asking = last.client().await?;
    until("what was said meanwhile", async || {
        let here = last.people[0].read(&mut asking, speaker.key).await?;
        Ok(here.is_some_and(|conversation| conversation.head == head))
    })
    .await?;
    Ok(())
}
