//! Measures the server beside the floor (`benches/floor`) in one run: `make bench`.
//!
//! Ours and the floor take turns, so that both see the same machine. An fsync probe runs before and after each block.
//! What counts first is the CPU that a server spends on an operation, then how long a client waits, then how many
//! operations end in a second: the last two say as much about the machine as about the server.
//!
//! ```text
//!  main ─► measure/*: what is done, and how often ─► load: closed loops, CPU and time of a block
//!                                                 └► report: tables, and whether a target is met
//!          place: servers, people and messages to measure with (process, client, person, seed)
//! ```

mod args;
mod client;
mod floor;
mod live;
mod load;
mod machine;
mod measure;
mod person;
mod place;
mod platforms;
mod process;
mod report;
mod seed;

use std::error::Error;

use clap::Parser;

/// Whatever goes wrong ends the run, with a sentence.
type Failure = Box<dyn Error + Send + Sync>;
type Outcome<T> = Result<T, Failure>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let args = args::Args::parse();
    let mut report = report::Report::begin(&args)?;
    for engine in args.engines() {
        measure::all(&args, &engine, &mut report).await?;
    }
    measure::bundle::measure(&args, &mut report).await?;
    report.end(&args)
}
