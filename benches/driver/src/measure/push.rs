//! 2 `push_domestic`: from the start of a POST to the frame at another person.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http_body_util::Full;

use super::{Probe, Servers};
use crate::client::Client;
use crate::live::Socket;
use crate::load::{self, Block, Step};
use crate::person::Person;
use crate::report::{FIGURES, Report, Table, figures};
use crate::{Outcome, floor, seed};

/// Somebody who says something and somebody who hears it.
struct Push<F> {
    client: Client,
    make: F,
    socket: Socket,
    /// Stands in every frame that brings what was said.
    word: &'static str,
}

impl<F: FnMut() -> Request<Full<Bytes>> + Send + 'static> Step for Push<F> {
    async fn step(&mut self) -> Outcome<Duration> {
        let request = (self.make)();
        let started = Instant::now();
        let heard = async {
            self.socket.next(self.word).await?;
            Outcome::Ok(started.elapsed())
        };
        let (answer, heard) = tokio::join!(self.client.send(request), heard);
        answer?.done()?;
        heard
    }
}

pub(super) async fn measure(
    servers: &Servers<'_>,
    people: &[Person],
    report: &mut Report,
) -> Outcome<()> {
    let mut client = Client::connect(&servers.ours.url).await?;
    let key = people[0]
        .start(&mut client, &people[1].address, "Push", "Begin")
        .await?;
    let speaker = people[0].clone();
    let mut number = 0;
    let ours = Push {
        client,
        make: move || {
            number += 1;
            speaker.saying(key, &seed::text(number), Some(&format!("push-{number}")))
        },
        socket: Socket::open(&servers.ours.url, "/d/ws/", Some(&people[1])).await?,
        word: "\"change\"",
    };
    let floor = Push {
        client: Client::connect(&servers.floor.url).await?,
        make: floor::appends(&servers.floor.url, floor::actions(), 0),
        socket: Socket::open(&servers.floor.url, "/ws", None).await?,
        word: "common",
    };
    let mut probe = Probe::new();
    let (mut ours, mut floor) = (vec![ours], vec![floor]);
    let (mut our_block, mut floor_block) = (Block::default(), Block::default());
    for _ in 0..servers.args.rounds {
        probe.take(servers.args)?;
        let (block, back) =
            load::run(floor, &servers.floor.watched(), servers.args.seconds).await?;
        floor_block.add(block);
        floor = back;
        probe.take(servers.args)?;
        let (block, back) = load::run(ours, &servers.ours.watched(), servers.args.seconds).await?;
        our_block.add(block);
        ours = back;
        probe.take(servers.args)?;
    }
    let headings: Vec<&str> = ["server"]
        .into_iter()
        .chain(FIGURES)
        .chain(["durable"])
        .collect();
    let note =
        "From the start of a POST to the frame on the WebSocket of another person, one at a time.";
    let mut table = Table::new("2 push_domestic", note, &headings);
    let durable = "after an fsync of the WAL (`synchronous = FULL`)".to_owned();
    table.row(
        ["floor".to_owned()]
            .into_iter()
            .chain(figures(&floor_block))
            .chain([durable]),
    );
    let durable = servers.engine.durability().to_owned();
    table.row(
        ["em2".to_owned()]
            .into_iter()
            .chain(figures(&our_block))
            .chain([durable]),
    );
    table.row([probe.told()]);
    table.at_most(
        "p50",
        our_block.within(0.5) / floor_block.within(0.5),
        2.5,
        " floor",
    );
    table.at_most("p99 (a quiet machine)", our_block.within(0.99), 5.0, " ms");
    report.table(&table);
    Ok(())
}
