//! What a run is told.

use std::path::PathBuf;

use clap::Parser;

/// Measures the server beside the floor.
#[derive(Parser, Clone, Debug)]
pub(crate) struct Args {
    /// The server's program, a release build
    #[arg(long, default_value = "target/release/server")]
    pub(crate) server: PathBuf,
    /// The floor's program, a release build
    #[arg(long, default_value = "target/release/floor")]
    pub(crate) floor: PathBuf,
    /// The built pages' scripts and styles
    #[arg(long, default_value = "target/site")]
    pub(crate) site: PathBuf,
    /// Where databases and logs of the run are put, on the disk that is to be measured
    #[arg(long, default_value = "target/bench")]
    pub(crate) work: PathBuf,
    /// A PostgreSQL in which databases may be made: measures that engine as well
    #[arg(long, env = "EM2_TEST_POSTGRES")]
    pub(crate) postgres: Option<String>,
    /// Leave SQLite out
    #[arg(long)]
    pub(crate) no_sqlite: bool,
    /// Only these measures
    #[arg(long, value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// How many messages lists and searches run over
    #[arg(long, default_value_t = 100_000)]
    pub(crate) messages: u64,
    /// How many messages the longest conversation has
    #[arg(long, default_value_t = 10_000)]
    pub(crate) long: u64,
    /// Seconds that one block of a write measure takes
    #[arg(long, default_value_t = 2.0)]
    pub(crate) seconds: f64,
    /// How often ours and the floor take turns
    #[arg(long, default_value_t = 3)]
    pub(crate) rounds: u32,
    /// Idle sockets
    #[arg(long, default_value_t = 10_000)]
    pub(crate) sockets: usize,
    /// How many actions wait for the platform that comes back
    #[arg(long, default_value_t = 10_000)]
    pub(crate) behind: u64,
    /// In how many conversations they are
    #[arg(long, default_value_t = 1_000)]
    pub(crate) behind_conversations: usize,
    /// How many platforms take part in the conversation of which one platform is dead
    #[arg(long, default_value_t = 20)]
    pub(crate) peers: usize,
    /// Where the tables are written, besides standard output
    #[arg(long)]
    pub(crate) out: Option<PathBuf>,
    /// The command that the tables say they were made with
    #[arg(long, default_value = "target/release/bench")]
    pub(crate) command: String,
    #[command(flatten)]
    pub(crate) peer: Peer,
}

/// Another server that joins the write measure.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Peer {
    /// A write to another server; `{n}` is a number of its own for each
    #[arg(long)]
    pub(crate) peer_url: Option<String>,
    /// Its process, whose CPU is counted
    #[arg(long)]
    pub(crate) peer_pid: Option<u32>,
    #[arg(long, default_value = "POST")]
    pub(crate) peer_method: String,
    /// Such as `Authorization: Bearer …`; may be given more than once
    #[arg(long)]
    pub(crate) peer_header: Vec<String>,
    /// `{n}` and `{text}` are filled in
    #[arg(long, default_value = "{\"text\":\"{text}\"}")]
    pub(crate) peer_body: String,
    /// What its writes are acknowledged after, as far as is known
    #[arg(long, default_value = "not known")]
    pub(crate) peer_durability: String,
}

/// The database that ours runs on.
#[derive(Clone, Debug)]
pub(crate) enum Engine {
    Sqlite,
    /// The address of a server in which databases may be made.
    Postgres(String),
}

impl Engine {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Engine::Sqlite => "SQLite",
            Engine::Postgres(_) => "PostgreSQL",
        }
    }

    /// After what a write is acknowledged.
    pub(crate) fn durability(&self) -> &'static str {
        match self {
            Engine::Sqlite => "after an fsync of the WAL shared by a group (`synchronous = FULL`)",
            Engine::Postgres(_) => {
                "after an fsync of the WAL (`fsync = on`, `synchronous_commit = on`)"
            }
        }
    }
}

impl Args {
    pub(crate) fn engines(&self) -> Vec<Engine> {
        let sqlite = (!self.no_sqlite).then_some(Engine::Sqlite);
        sqlite
            .into_iter()
            .chain(self.postgres.clone().map(Engine::Postgres))
            .collect()
    }

    /// Whether this measure was asked for.
    pub(crate) fn wants(&self, measure: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == measure)
    }
}
