//! Storage: the only place that names sqlx. One file per noun; every statement is written once and
//! runs on SQLite and on PostgreSQL.
//!
//! - `Store` opens the database and hands out `Conn` (reads) and `Tx` (the writes of one call).
//! - `users`, `sessions`, `drafts`, … own the statements of their table: small functions that take
//!   a connection, so that they compose in one transaction.
//! - `dialect` is the only file that asks which engine is open.

mod batch;
mod conn;
mod dialect;
mod error;
pub mod failpoint;
mod group;
mod open;
mod packed;
mod signed;
mod value;

pub mod actions;
pub mod archive;
pub mod beside;
pub mod contacts;
pub mod conversations;
pub mod deliveries;
pub mod devices;
pub mod drafts;
pub mod ended;
pub mod evidence;
pub mod feed;
pub mod fold;
pub mod forks;
pub mod idempotency;
pub mod jobs;
pub mod list;
pub mod messages;
pub mod participants;
pub mod peers;
pub mod pending;
pub mod platform;
pub mod requests;
pub mod search;
pub mod sessions;
pub mod standings;
pub mod unconfirmed;
pub mod undone;
pub mod unheard;
pub mod users;

use futures::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};

pub use conn::{Conn, Tx};
pub use dialect::Dialect;
pub use error::StoreError;

use dialect::{Link, Texts};
use group::{Run, Tell};

/// The database. Cheap to clone: every clone is the same one.
#[derive(Clone)]
pub struct Store {
    pools: Pools,
    /// Shared by all connections, which come and go with each request.
    texts: Texts,
}

#[derive(Clone)]
enum Pools {
    /// One writer and several readers of one file.
    Sqlite {
        readers: sqlx::SqlitePool,
        writer: mpsc::Sender<Run>,
    },
    Postgres(sqlx::PgPool),
}

impl Store {
    /// Which engine is open, for what is shown to an operator.
    pub fn dialect(&self) -> Dialect {
        match self.pools {
            Pools::Sqlite { .. } => Dialect::Sqlite,
            Pools::Postgres(_) => Dialect::Postgres,
        }
    }

    /// How many writes at once are worth it: SQLite does one after the other.
    pub fn writers(&self) -> usize {
        match self.pools {
            Pools::Sqlite { .. } => 1,
            Pools::Postgres(_) => 2,
        }
    }

    /// A connection for reads that each stand for themselves.
    pub async fn reader(&self) -> Result<Conn, StoreError> {
        let link = match &self.pools {
            Pools::Sqlite { readers, .. } => Link::Sqlite(readers.acquire().await?),
            Pools::Postgres(pool) => Link::Postgres(pool.acquire().await?),
        };
        Ok(Conn::new(link, self.texts.clone()))
    }

    /// A connection whose reads all see one state of the database.
    pub async fn snapshot(&self) -> Result<Conn, StoreError> {
        const FIXED: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        let link = match &self.pools {
            Pools::Sqlite { readers, .. } => Link::SqliteSnapshot(readers.begin().await?),
            Pools::Postgres(pool) => Link::PostgresTransaction(pool.begin_with(FIXED).await?),
        };
        Ok(Conn::new(link, self.texts.clone()))
    }

    /// Runs `f` in a transaction of its own and answers when that is durable. If `f` fails, nothing
    /// of it is stored. The write goes on when the caller stops waiting.
    pub async fn write<T, E, F>(&self, f: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: for<'a> FnOnce(&'a mut Tx) -> BoxFuture<'a, Result<T, E>> + Send + 'static,
    {
        match &self.pools {
            Pools::Sqlite { writer, .. } => {
                let (tell, told) = oneshot::channel();
                writer
                    .send(for_group(f, tell))
                    .await
                    .map_err(|_| StoreError::given_up())?;
                told.await.map_err(|_| StoreError::given_up())?
            }
            Pools::Postgres(pool) => {
                let (pool, texts) = (pool.clone(), self.texts.clone());
                tokio::spawn(async move {
                    let begun = pool.begin().await.map_err(StoreError::from)?;
                    let mut tx = Tx::new(Conn::new(Link::PostgresTransaction(begun), texts));
                    let value = f(&mut tx).await?;
                    failpoint::pass("before_commit");
                    let after = tx.commit().await?;
                    failpoint::pass("after_commit");
                    after.into_iter().for_each(|f| f());
                    Ok(value)
                })
                .await
                .map_err(|_| StoreError::given_up())?
            }
        }
    }

    /// Waits until no connection is in use and closes them.
    pub async fn close(self) {
        match self.pools {
            Pools::Sqlite { readers, writer } => {
                drop(writer);
                readers.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }
}

/// Wraps a write for the writer task, which knows neither its value nor its error.
fn for_group<T, E, F>(f: F, tell: oneshot::Sender<Result<T, E>>) -> Run
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
    F: for<'a> FnOnce(&'a mut Tx) -> BoxFuture<'a, Result<T, E>> + Send + 'static,
{
    Box::new(move |tx| {
        Box::pin(async move {
            // Nobody may be waiting any more: then there is nobody to tell.
            match f(tx).await {
                Ok(value) => Ok(Box::new(move |outcome: Result<(), StoreError>| {
                    let _ = tell.send(outcome.map(|()| value).map_err(E::from));
                }) as Tell),
                Err(error) => Err(Box::new(move |_| {
                    let _ = tell.send(Err(error));
                }) as Tell),
            }
        })
    })
}
