//! 11 `cold_start_memory`: from starting the program to its first answer, and what it holds.

use std::time::{Duration, Instant};

use crate::Outcome;
use crate::args::Args;
use crate::client::Client;
use crate::load::{self, Requests};
use crate::person::Person;
use crate::place::Place;
use crate::report::{Report, Table, number};

/// How often it is started.
const STARTS: usize = 5;
/// How many read at once to load it.
const CLIENTS: usize = 16;

pub(super) async fn measure(
    args: &Args,
    place: &Place,
    reader: &Person,
    report: &mut Report,
) -> Outcome<()> {
    let headings = ["starts", "first answer ms", "idle MB", "loaded MB"];
    let note = format!(
        "From starting the program to a signed-in page of the list; then at rest, and after {CLIENTS} clients have read inbox, list and search."
    );
    let mut table = Table::new("11 cold_start_memory", note, &headings);
    let mut times = Vec::new();
    let mut last = None;
    for _ in 0..STARTS {
        drop(last.take());
        let started = Instant::now();
        let process = place.start()?;
        let mut client = Client::connect(&process.url).await?;
        client.send(reader.get("/d/l/")).await?.done()?;
        times.push(started.elapsed());
        last = Some(process);
    }
    times.sort_unstable();
    let process = last.ok_or("the server was not started")?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let idle = process.memory()? as f64 / 1e6;
    for path in ["/inbox", "/d/l/", "/d/s/?q=budget"] {
        let mut requests = Vec::new();
        for _ in 0..CLIENTS {
            let person = reader.clone();
            requests.push(Requests::new(&process.url, move || person.page(path, "br")).await?);
        }
        load::run(requests, &process.watched(), args.seconds).await?;
    }
    let loaded = process.memory()? as f64 / 1e6;
    let first = times[STARTS / 2].as_secs_f64() * 1e3;
    table.row([
        STARTS.to_string(),
        number(first),
        number(idle),
        number(loaded),
    ]);
    table.at_most("first answer", first, 150.0, " ms");
    table.at_most("idle", idle, 30.0, " MB");
    table.at_most("loaded", loaded, 80.0, " MB");
    report.table(&table);
    Ok(())
}
