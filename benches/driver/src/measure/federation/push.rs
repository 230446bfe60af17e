//! 3 `push_federated`: from the start of a POST to the frame at a person of another platform.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use tokio::time::{Interval, MissedTickBehavior, interval, sleep};

use super::Speaker;
use crate::args::{Args, Engine};
use crate::client::{Client, authority};
use crate::live::Socket;
use crate::load::{self, Block, Requests, Step};
use crate::measure::Probe;
use crate::platforms::{self, acquaint, until};
use crate::report::{FIGURES, Report, Table, figures, number};
use crate::{Outcome, floor, place};

/// A platform takes 50 requests a second from another one (spec §7), so that is how fast nobody can go on for long.
const PACE: Duration = Duration::from_millis(25);
/// How long nothing happens while it is seen whether anything polls.
const QUIET: Duration = Duration::from_secs(5);

/// Something that is done no more often than once in [`PACE`].
struct Paced<S> {
    step: S,
    pace: Interval,
}

impl<S> Paced<S> {
    fn new(step: S) -> Vec<Paced<S>> {
        let mut pace = interval(PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        vec![Paced { step, pace }]
    }
}

impl<S: Step> Step for Paced<S> {
    async fn step(&mut self) -> Outcome<Duration> {
        self.pace.tick().await;
        self.step.step().await
    }
}

impl Step for Speaker {
    async fn step(&mut self) -> Outcome<Duration> {
        Ok(self.say().await?.into_iter().max().unwrap_or_default())
    }
}

/// A request that the floor has nothing for: what it costs to ask at all.
struct Bare {
    client: Client,
    host: String,
}

impl Step for Bare {
    async fn step(&mut self) -> Outcome<Duration> {
        let request = Request::builder().uri("/").header("host", &self.host);
        let request = request.body(Full::<Bytes>::default())?;
        let started = std::time::Instant::now();
        self.client.send(request).await?;
        Ok(started.elapsed())
    }
}

pub(super) async fn measure(args: &Args, engine: &Engine, report: &mut Report) -> Outcome<()> {
    let platforms = platforms::found(args, engine, "push", 2, 1).await?;
    acquaint(&platforms).await?;
    let floor = place::floor(args, "push", 0)?;
    let [a, b] = platforms.as_slice() else {
        return Err("two platforms".into());
    };
    let mut client = a.client().await?;
    let hearer = &b.people[0];
    let key = a.people[0]
        .start(&mut client, &hearer.address, "Push", "Begin")
        .await?;
    let mut asking = b.client().await?;
    until("a conversation of somebody known", async || {
        Ok(hearer.read(&mut asking, key).await?.is_some())
    })
    .await?;
    let mut ours = Paced::new(Speaker {
        client,
        person: a.people[0].clone(),
        key,
        hearers: vec![Socket::open(&hearer.origin, "/d/ws/", Some(hearer)).await?],
        said: 0,
    });
    let appends = floor::appends(&floor.url, floor::actions(), 0);
    let mut acknowledged = Paced::new(Requests::new(&floor.url, appends).await?);
    let mut bare = Paced::new(Bare {
        client: Client::connect(&floor.url).await?,
        host: authority(&floor.url).to_owned(),
    });
    let both = a.process()?.watched().and(b.process()?);
    let mut probe = Probe::new();
    let mut blocks: [Block; 3] = Default::default();
    for _ in 0..args.rounds {
        probe.take(args)?;
        let (block, back) = load::run(bare, &floor.watched(), args.seconds).await?;
        blocks[0].add(block);
        bare = back;
        let (block, back) = load::run(acknowledged, &floor.watched(), args.seconds).await?;
        blocks[1].add(block);
        acknowledged = back;
        probe.take(args)?;
        let (block, back) = load::run(ours, &both, args.seconds).await?;
        blocks[2].add(block);
        ours = back;
        probe.take(args)?;
    }
    // What the last message made the servers do is done.
    sleep(QUIET / 5).await;
    let before = both.spent()?;
    sleep(QUIET).await;
    let idle = both.spent()?.server - before.server;
    let idle = idle.as_secs_f64() * 1e3 / QUIET.as_secs_f64();

    let headings: Vec<&str> = ["what"].into_iter().chain(FIGURES).collect();
    let note = format!(
        "From the start of a POST on the platform that leads to the frame on the WebSocket of a person on another one, one \
         every {} ms at most, as a platform takes 50 requests a second from another; CPU of both servers together. Durable on \
         each: {}.",
        PACE.as_millis(),
        engine.durability()
    );
    let mut table = Table::new("3 push_federated", note, &headings);
    let names = ["floor, a request", "floor, acknowledged", "em2 → em2"];
    for (name, block) in names.into_iter().zip(&blocks) {
        table.row([name.to_owned()].into_iter().chain(figures(block)));
    }
    table.row([format!(
        "{} while nothing happens for {} s: {} ms of CPU a second, both servers.",
        probe.told(),
        QUIET.as_secs(),
        number(idle)
    )]);
    let [bare, acknowledged, ours] = &blocks;
    let least = 2.0 * acknowledged.within(0.5) + bare.within(0.5);
    let bound = "× (2 floor acknowledgements + a request)";
    table.at_most("p50", ours.within(0.5) / least, 3.0, &format!(" {bound}"));
    table.at_most("CPU, both sides", ours.cpu(), 1000.0, " µs");
    table.at_most("CPU while nothing happens", idle, 5.0, " ms a second");
    report.table(&table);
    Ok(())
}
