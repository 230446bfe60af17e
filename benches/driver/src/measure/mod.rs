//! The measures of `docs/PERFORMANCE.md`, one file each.

mod append;
pub(crate) mod bundle;
mod cold;
mod export;
mod federation;
mod idle;
mod list;
mod pages;
mod push;
mod search;
mod verify;

use crate::Outcome;
use crate::args::{Args, Engine};
use crate::machine;
use crate::place::{self, Place};
use crate::report::{Report, number};
use crate::seed::{self, Reader};

/// Who writes.
const WRITERS: [&str; 4] = [
    "anna@a.example",
    "bob@a.example",
    "carl@a.example",
    "dora@a.example",
];
/// Who reads: in all conversations, in a tenth of them, in a hundred.
const READERS: [&str; 3] = ["all@a.example", "some@a.example", "few@a.example"];

/// Every measure that was asked for, on one engine.
pub(crate) async fn all(args: &Args, engine: &Engine, report: &mut Report) -> Outcome<()> {
    report.heading(engine.name());
    if args.wants("append_durable") || args.wants("push_domestic") || args.wants("verify_share") {
        let place = Place::make(args, engine, "write", &WRITERS).await?;
        let floor = place::floor(args, "write", 0)?;
        let ours = place.start()?;
        let people = place::sign_in(&ours, &WRITERS).await?;
        let servers = Servers {
            args,
            engine,
            ours: &ours,
            floor: &floor,
        };
        let one = append::measure(&servers, &people, report).await?;
        if args.wants("push_domestic") {
            push::measure(&servers, &people, report).await?;
        }
        if args.wants("verify_share") {
            verify::measure(&one, report)?;
        }
    }
    if args.wants("ws_idle_memory") {
        let place = Place::make(args, engine, "idle", &WRITERS).await?;
        let (ours, floor) = (place.start()?, place::floor(args, "idle", 0)?);
        let people = place::sign_in(&ours, &WRITERS).await?;
        idle::measure(
            &Servers {
                args,
                engine,
                ours: &ours,
                floor: &floor,
            },
            &people,
            report,
        )
        .await?;
    }
    // Between platforms the engine decides little, and the run is to stay short.
    if matches!(engine, Engine::Sqlite) {
        federation::all(args, engine, report).await?;
    }
    let reads = [
        "list_flat",
        "search_flat",
        "ssr_inbox",
        "cold_start_memory",
        "export_kitchen_sink",
    ];
    if reads.iter().any(|measure| args.wants(measure)) {
        read(args, engine, report).await?;
    }
    Ok(())
}

/// The measures that run over many messages.
async fn read(args: &Args, engine: &Engine, report: &mut Report) -> Outcome<()> {
    let everybody: Vec<&str> = WRITERS.iter().chain(&READERS).copied().collect();
    let place = Place::make(args, engine, "read", &everybody).await?;
    let ours = place.start()?;
    let writers = place::sign_in(&ours, &WRITERS).await?;
    let readers = place::sign_in(&ours, &READERS).await?;
    let conversations = args.messages / seed::PER_CONVERSATION;
    let [all, some, few] = [conversations, conversations / 10, 100];
    let sizes = READERS.into_iter().zip([all, some, few]);
    let sizes = sizes.map(|(address, conversations)| Reader {
        address,
        conversations,
    });
    let started = std::time::Instant::now();
    seed::fill(&writers, sizes.collect(), args.messages).await?;
    let seconds = started.elapsed().as_secs_f64();
    let people: Vec<_> = readers.iter().chain(&writers).cloned().collect();
    let (thread, long) = (
        seed::long(&people, 50).await?,
        seed::long(&writers, args.long).await?,
    );
    report.heading(&format!(
        "{}, {} messages in {} conversations, written through the API in {} s{}",
        engine.name(),
        args.messages,
        conversations,
        number(seconds),
        match place.size() {
            0 => String::new(),
            bytes => format!(", {} MB", bytes / 1_000_000),
        },
    ));
    let floor = place::floor(args, "read", args.messages)?;
    let servers = Servers {
        args,
        engine,
        ours: &ours,
        floor: &floor,
    };
    let sizes = [few, some, all];
    let readers: Vec<_> = readers.into_iter().rev().zip(sizes).collect();
    if args.wants("list_flat") {
        list::measure(&servers, &readers, report).await?;
    }
    if args.wants("search_flat") {
        search::measure(&servers, &readers, report).await?;
    }
    if args.wants("ssr_inbox") {
        pages::measure(&servers, &readers[2].0, thread, report).await?;
    }
    if args.wants("export_kitchen_sink") {
        export::measure(&servers, &writers[0], long, report).await?;
    }
    drop(floor);
    if args.wants("cold_start_memory") {
        drop(ours);
        cold::measure(args, &place, &readers[2].0, report).await?;
    }
    Ok(())
}

/// Ours and the floor, while they are measured.
struct Servers<'a> {
    args: &'a Args,
    engine: &'a Engine,
    ours: &'a crate::process::Process,
    floor: &'a crate::process::Process,
}

/// What the disk and the machine are like while something is measured.
struct Probe {
    syncs: Vec<f64>,
}

impl Probe {
    fn new() -> Probe {
        Probe { syncs: Vec::new() }
    }

    fn take(&mut self, args: &Args) -> Outcome<()> {
        self.syncs
            .push(machine::fsync(&args.work)?.as_secs_f64() * 1e3);
        Ok(())
    }

    /// The probes as a sentence.
    fn told(&self) -> String {
        let low = self.syncs.iter().copied().fold(f64::INFINITY, f64::min);
        let high = self.syncs.iter().copied().fold(0.0, f64::max);
        format!(
            "fsync {}–{} ms before and after each block, load {}.",
            number(low),
            number(high),
            number(machine::load())
        )
    }
}
