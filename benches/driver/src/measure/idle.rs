//! 5 `ws_idle_memory`: sockets that are open, and nothing happens.

use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use tokio::net::TcpStream;

use super::Servers;
use crate::Outcome;
use crate::live;
use crate::person::Person;
use crate::process::Process;
use crate::report::{Report, Table, number};

/// How many are opened at once.
const AT_ONCE: usize = 32;
/// How long the server may need to come to rest.
const REST: Duration = Duration::from_secs(2);

pub(super) async fn measure(
    servers: &Servers<'_>,
    people: &[Person],
    report: &mut Report,
) -> Outcome<()> {
    let count = servers.args.sockets;
    let note = format!(
        "{count} open sockets, spread over {} sessions.",
        people.len()
    );
    let headings = [
        "server",
        "before MB",
        "with all MB",
        "each KB",
        "opened in s",
    ];
    let mut table = Table::new("5 ws_idle_memory", note, &headings);
    for (name, process, path, people) in [
        ("floor", servers.floor, "/ws", None),
        ("em2", servers.ours, "/d/ws/", Some(people)),
    ] {
        let (before, after, seconds) = open(process, path, people, count).await?;
        let each = (after.saturating_sub(before)) as f64 / count as f64 / 1024.0;
        let megabytes = |bytes: u64| number(bytes as f64 / 1e6);
        table.row([
            name.to_owned(),
            megabytes(before),
            megabytes(after),
            number(each),
            number(seconds),
        ]);
        if people.is_some() {
            table.at_most("each", each, 8.0, " KB");
            table.at_most("in all", after as f64 / 1e6, 120.0, " MB");
        }
    }
    report.table(&table);
    Ok(())
}

async fn open(
    process: &Process,
    path: &str,
    people: Option<&[Person]>,
    count: usize,
) -> Outcome<(u64, u64, f64)> {
    let before = process.memory()?;
    let started = std::time::Instant::now();
    let sockets: Vec<TcpStream> = stream::iter(0..count)
        .map(|number| {
            live::idle(
                &process.url,
                path,
                people.map(|people| &people[number % people.len()]),
            )
        })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    let seconds = started.elapsed().as_secs_f64();
    tokio::time::sleep(REST).await;
    let after = process.memory()?;
    drop(sockets);
    Ok((before, after, seconds))
}
