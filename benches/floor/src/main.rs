//! The floor: the least that a durable, signed, live conversation server must do. It verifies a signed action, commits
//! it to SQLite in groups with `synchronous = FULL`, answers, and pushes it over WebSockets; it lists, searches and
//! streams what it holds. No permissions, no people, no pages: what em2 adds is measured against this.
//!
//! `floor serve DATABASE [KEY]` listens on a free port of 127.0.0.1 and prints its address; KEY is the public half of
//! the only key whose actions it takes, in base64url. `floor seed DATABASE N` fills a database with N messages.

mod append;
mod read;
mod seed;

use std::str::FromStr;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, SqliteConnection, SqlitePool};

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS action (seq INTEGER PRIMARY KEY, conv INTEGER NOT NULL, bytes BLOB NOT NULL);
    CREATE INDEX IF NOT EXISTS action_conv ON action (conv, seq);
    CREATE TABLE IF NOT EXISTS row (conv INTEGER PRIMARY KEY, at INTEGER NOT NULL, subject TEXT NOT NULL, preview TEXT NOT NULL);
    CREATE INDEX IF NOT EXISTS row_at ON row (at, conv);
    CREATE VIRTUAL TABLE IF NOT EXISTS word USING fts5 (text, content = '', contentless_delete = 1);";

/// How every connection is opened: as durable as em2's.
fn options(database: &str) -> Result<SqliteConnectOptions, sqlx::Error> {
    Ok(
        SqliteConnectOptions::from_str(&format!("sqlite://{database}"))?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full),
    )
}

/// The one connection that writes.
async fn writer(database: &str) -> Result<SqliteConnection, sqlx::Error> {
    let mut connection = SqliteConnection::connect_with(&options(database)?).await?;
    sqlx::raw_sql(SCHEMA).execute(&mut connection).await?;
    Ok(connection)
}

/// The connections that read.
async fn readers(database: &str) -> Result<SqlitePool, sqlx::Error> {
    SqlitePoolOptions::new()
        .max_connections(4)
        .connect_with(options(database)?)
        .await
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["serve", database] => serve(database, None).await,
        ["serve", database, key] => serve(database, Some(key)).await,
        ["seed", database, count] => Ok(seed::fill(writer(database).await?, count.parse()?).await?),
        _ => Err("floor serve DATABASE [KEY] | floor seed DATABASE N".into()),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the floor has no slow callers to guard against"
)]
async fn serve(database: &str, key: Option<&str>) -> Result<(), Box<dyn std::error::Error>> {
    let routes = axum::Router::new();
    let routes = match key {
        Some(key) => routes.merge(append::routes(writer(database).await?, key)?),
        None => routes,
    };
    let routes = routes.merge(read::routes(readers(database).await?));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("http://{}", listener.local_addr()?);
    axum::serve(
        axum::serve::ListenerExt::tap_io(listener, |stream| drop(stream.set_nodelay(true))),
        routes,
    )
    .await?;
    Ok(())
}
