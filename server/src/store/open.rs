//! Opening a database and bringing its tables up to date.

use std::str::FromStr as _;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::sync::mpsc;

use crate::store::conn::Conn;
use crate::store::dialect::{Link, Texts, Writer};
use crate::store::error::StoreError;
use crate::store::group::write_in_groups;
use crate::store::{Pools, Store};

static SQLITE: Migrator = sqlx::migrate!("../migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("../migrations/postgres");

/// Readers of a SQLite file. More only wait for the same cores.
const READERS: u32 = 4;
/// Connections to PostgreSQL.
const CONNECTIONS: u32 = 16;
/// How long another process may hold the file.
const BUSY: Duration = Duration::from_secs(5);
/// Pages kept by a connection; negative: in KiB.
const CACHE: &str = "-8192";
/// Pages in the log beside the file before they are copied into it: 32 MiB, so that a page which many writes touch is
/// copied once.
const CHECKPOINT: &str = "8192";
/// Writes that may wait before the next caller waits for a place.
const WAITING: usize = 1024;
/// Rows that SQLite's thread reads ahead: a page of a list does not make it wait.
const ROWS: usize = 256;
/// Prepared statements kept per connection.
const STATEMENTS: usize = 512;

impl Store {
    /// Opens `sqlite:<path>` (created if absent) or `postgres://…` and applies the migrations that
    /// are missing. A database that a newer program has migrated is refused.
    pub async fn open(address: &str) -> Result<Self, StoreError> {
        if address.starts_with("postgres://") || address.starts_with("postgresql://") {
            open_postgres(address).await
        } else {
            open_sqlite(address).await
        }
    }
}

async fn open_sqlite(address: &str) -> Result<Store, StoreError> {
    let pragmas = [
        ("journal_mode", "wal"),
        ("synchronous", "full"),
        ("foreign_keys", "on"),
        // What a savepoint needs to be undone stays in memory: nothing of it outlives a crash.
        ("temp_store", "memory"),
        ("cache_size", CACHE),
        ("wal_autocheckpoint", CHECKPOINT),
    ];
    let mut options = SqliteConnectOptions::from_str(address)?
        .create_if_missing(true)
        .busy_timeout(BUSY)
        .statement_cache_capacity(STATEMENTS)
        .row_buffer_size(ROWS)
        .disable_statement_logging();
    for (name, value) in pragmas {
        options = options.pragma(name, value);
    }
    let mut first = options.clone().connect().await?;
    SQLITE.run(&mut first).await?;
    let writer = Writer::open(options.get_filename(), BUSY, &pragmas, STATEMENTS)?;
    first.close().await?;
    let readers = SqlitePoolOptions::new()
        .max_connections(READERS)
        .test_before_acquire(false)
        .connect_with(options.read_only(true))
        .await?;
    let (send, waiting) = mpsc::channel(WAITING);
    let texts = Texts::default();
    let writer = Conn::new(Link::Writer(writer), texts.clone());
    let runtime = tokio::runtime::Handle::current();
    // SQLite blocks, so that it has a thread, and leaves the runtime's to requests.
    std::thread::Builder::new()
        .name("em2-writer".to_owned())
        .spawn(move || runtime.block_on(write_in_groups(writer, waiting)))
        .map_err(|error| StoreError::Unavailable(error.to_string()))?;
    Ok(Store {
        texts,
        pools: Pools::Sqlite {
            readers,
            writer: send,
        },
    })
}

async fn open_postgres(address: &str) -> Result<Store, StoreError> {
    let options = PgConnectOptions::from_str(address)?
        .application_name("em2")
        .statement_cache_capacity(STATEMENTS)
        .disable_statement_logging();
    let mut first = sqlx::PgConnection::connect_with(&options).await?;
    POSTGRES.run(&mut first).await?;
    first.close().await?;
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .test_before_acquire(false)
        .connect_with(options)
        .await?;
    Ok(Store {
        texts: Texts::default(),
        pools: Pools::Postgres(pool),
    })
}
