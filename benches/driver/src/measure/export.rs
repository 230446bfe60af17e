//! 13 `export_kitchen_sink`: all of a long conversation, from its newest entry to its first.

use std::time::{Duration, Instant};

use em2_model::id::ConversationKey;
use em2_model::wire::domestic::Older;

use super::Servers;
use crate::Outcome;
use crate::client::{Client, authority};
use crate::floor;
use crate::person::Person;
use crate::process::Process;
use crate::report::{Report, Table, number};

pub(super) async fn measure(
    servers: &Servers<'_>,
    reader: &Person,
    long: ConversationKey,
    report: &mut Report,
) -> Outcome<()> {
    let note =
        "The floor streams what it holds; em2 answers `GET /d/{key}/events/?before=` page by page.";
    let headings = [
        "server",
        "actions",
        "CPU µs each",
        "per s",
        "first byte ms",
        "extra MB",
    ];
    let mut table = Table::new("13 export_kitchen_sink", note, &headings);
    let theirs = exported(servers.floor, async {
        let mut get = floor::gets(&servers.floor.url, "/export");
        let mut client = Client::connect(&servers.floor.url).await?;
        let (first, _, lines) = client.count(get()).await?;
        Ok((first, lines))
    })
    .await?;
    let ours = exported(servers.ours, paged(reader, long)).await?;
    for (name, done) in [("floor", &theirs), ("em2", &ours)] {
        table.row([
            name.to_owned(),
            done.actions.to_string(),
            number(done.cpu),
            number(done.rate),
            number(done.first.as_secs_f64() * 1e3),
            number(done.extra),
        ]);
    }
    table.at_least("rate", ours.rate / theirs.rate, 0.2, " floor");
    table.at_most("first byte", ours.first.as_secs_f64() * 1e3, 5.0, " ms");
    table.at_most("memory", ours.extra, 16.0, " MB");
    report.table(&table);
    Ok(())
}

struct Exported {
    actions: u64,
    first: Duration,
    /// Actions per second.
    rate: f64,
    /// Microseconds of CPU for each.
    cpu: f64,
    /// Megabytes that the server grew by.
    extra: f64,
}

async fn exported(
    process: &Process,
    work: impl Future<Output = Outcome<(Duration, u64)>>,
) -> Outcome<Exported> {
    let (memory, spent, started) = (
        process.memory()?,
        process.watched().spent()?,
        Instant::now(),
    );
    let (first, actions) = work.await?;
    let seconds = started.elapsed().as_secs_f64();
    let cpu = process.watched().spent()?.server - spent.server;
    Ok(Exported {
        actions,
        first,
        rate: actions as f64 / seconds,
        cpu: cpu.as_secs_f64() * 1e6 / actions.max(1) as f64,
        extra: process.memory()?.saturating_sub(memory) as f64 / 1e6,
    })
}

async fn paged(reader: &Person, key: ConversationKey) -> Outcome<(Duration, u64)> {
    let mut client = Client::connect(authority(&reader.origin)).await?;
    let (mut first, mut count) = (None, 0);
    let mut path = format!("/d/{key}/events/");
    loop {
        let answer = client.send(reader.get(&path)).await?.done()?;
        first.get_or_insert(answer.first);
        let page: Older = answer.json()?;
        count += page.entries.len() as u64;
        match page.more_before {
            Some(before) => path = format!("/d/{key}/events/?before={before}"),
            None => return Ok((first.unwrap_or_default(), count)),
        }
    }
}
