//! The only file that asks which engine is open: running statements on either, lists of values in
//! one parameter, locking a row, claiming work, and the two shapes of full-text search.

mod text;
mod words;
mod writer;

use em2_model::id::hex;
use futures::TryStreamExt as _;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteRow};
use sqlx::{Arguments as _, Either, Executor as _, Postgres, Row as _, Sqlite, Transaction};

use crate::store::error::StoreError;
use crate::store::value::{Kind, Value, json};
use writer::cell;

pub(in crate::store) use text::{Statement, Texts, rows};
pub(in crate::store) use words::{
    ENDINGS, Look, delete_words, endings, erase_messages, erase_unheard, insert_words, search,
};
pub(in crate::store) use writer::{Cells, Writer};

/// Which database a `Store` is open on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    Sqlite,
    Postgres,
}

/// What one statement answered.
#[derive(Default)]
pub(in crate::store) struct Answer {
    pub(in crate::store) rows: Vec<Row>,
    pub(in crate::store) affected: u64,
}

/// An open connection of either engine.
pub(in crate::store) enum Link {
    /// The one writer of a SQLite file, owned by the writer task.
    Writer(Writer),
    /// A reader of a SQLite file.
    Sqlite(PoolConnection<Sqlite>),
    /// A reader that sees one state for as long as it lives.
    SqliteSnapshot(Transaction<'static, Sqlite>),
    Postgres(PoolConnection<Postgres>),
    /// A writer, or a reader that sees one state.
    PostgresTransaction(Transaction<'static, Postgres>),
}

/// A row of either engine.
pub(in crate::store) enum Row {
    Sqlite(SqliteRow),
    /// Read by the writer of a SQLite file.
    Written(Cells),
    Postgres(PgRow),
}

/// Reads one column of whichever engine is open.
macro_rules! column {
    ($row:expr, $index:expr, $cell:expr) => {
        match $row {
            Row::Sqlite(row) => Ok(row.try_get_unchecked($index)?),
            Row::Written(cells) => cell(cells, $index, $cell),
            Row::Postgres(row) => Ok(row.try_get_unchecked($index)?),
        }
    };
}

impl Row {
    pub(in crate::store) fn int(&self, index: usize) -> Result<Option<i64>, StoreError> {
        column!(self, index, |cell| cell.as_i64())
    }

    pub(in crate::store) fn bool(&self, index: usize) -> Result<Option<bool>, StoreError> {
        column!(self, index, |cell| Ok(cell.as_i64()? != 0))
    }

    pub(in crate::store) fn text(&self, index: usize) -> Result<Option<String>, StoreError> {
        column!(self, index, |cell| Ok(cell.as_str()?.to_owned()))
    }

    pub(in crate::store) fn bytes(&self, index: usize) -> Result<Option<Vec<u8>>, StoreError> {
        column!(self, index, |cell| Ok(cell.as_blob()?.to_vec()))
    }
}

impl Link {
    pub(in crate::store) fn dialect(&self) -> Dialect {
        match self {
            Self::Writer(_) | Self::Sqlite(_) | Self::SqliteSnapshot(_) => Dialect::Sqlite,
            Self::Postgres(_) | Self::PostgresTransaction(_) => Dialect::Postgres,
        }
    }

    /// Runs the statements in order and stops at the first failure. A reader of SQLite takes them in one message to its
    /// thread, PostgreSQL one after the other.
    pub(in crate::store) async fn run(
        &mut self,
        statements: Vec<Statement>,
        texts: &Texts,
    ) -> Result<Vec<Answer>, StoreError> {
        let mut answers = Vec::with_capacity(statements.len());
        let ran = match self {
            Self::Writer(it) => it.run(statements, texts, &mut answers),
            Self::Sqlite(it) => run_sqlite(it, statements, texts, &mut answers).await,
            Self::SqliteSnapshot(it) => run_sqlite(it, statements, texts, &mut answers).await,
            Self::Postgres(it) => run_postgres(it, statements, texts, &mut answers).await,
            Self::PostgresTransaction(it) => {
                run_postgres(it, statements, texts, &mut answers).await
            }
        };
        ran.map(|()| answers)
    }
}

async fn run_sqlite(
    connection: &mut SqliteConnection,
    statements: Vec<Statement>,
    texts: &Texts,
    answers: &mut Vec<Answer>,
) -> Result<(), StoreError> {
    let mut arguments = SqliteArguments::default();
    arguments.reserve(statements.iter().map(|s| s.args.len()).sum(), 0);
    let sql = texts.joined(&statements)?;
    for value in statements.into_iter().flat_map(|s| s.args) {
        bind_sqlite(&mut arguments, value)?;
    }
    let mut current = Answer::default();
    let mut stream = connection.fetch_many(sqlx::query_with(sql, arguments));
    while let Some(item) = stream.try_next().await? {
        match item {
            Either::Right(row) => current.rows.push(Row::Sqlite(row)),
            Either::Left(done) => {
                current.affected = done.rows_affected();
                answers.push(std::mem::take(&mut current));
            }
        }
    }
    Ok(())
}

async fn run_postgres(
    connection: &mut PgConnection,
    statements: Vec<Statement>,
    texts: &Texts,
    answers: &mut Vec<Answer>,
) -> Result<(), StoreError> {
    for statement in statements {
        let sql = texts.postgres(&statement)?;
        let keep = !statement.fresh;
        let mut arguments = PgArguments::default();
        for value in statement.args {
            bind_postgres(&mut arguments, value)?;
        }
        let mut answer = Answer::default();
        let mut stream =
            (&mut *connection).fetch_many(sqlx::query_with(sql, arguments).persistent(keep));
        while let Some(item) = stream.try_next().await? {
            match item {
                Either::Right(row) => answer.rows.push(Row::Postgres(row)),
                Either::Left(done) => answer.affected += done.rows_affected(),
            }
        }
        answers.push(answer);
    }
    Ok(())
}

fn bind_sqlite(arguments: &mut SqliteArguments, value: Value) -> Result<(), StoreError> {
    let added = match value {
        Value::Null(_) => arguments.add(None::<i64>),
        Value::Int(v) => arguments.add(v),
        Value::Bool(v) => arguments.add(v),
        Value::Text(v) => arguments.add(v),
        Value::Bytes(v) => arguments.add(v),
        Value::Ints(list) => arguments.add(json(&list)),
        Value::Texts(list) => arguments.add(json(&list)),
        Value::Keys(list) => arguments.add(json_keys(&list)),
    };
    added.map_err(|error| StoreError::Fault(error.to_string()))
}

/// A list of keys as SQLite takes it.
fn json_keys(list: &[Vec<u8>]) -> String {
    json(&list.iter().map(|key| hex(key)).collect::<Vec<_>>())
}

fn bind_postgres(arguments: &mut PgArguments, value: Value) -> Result<(), StoreError> {
    let added = match value {
        Value::Null(Kind::Int) => arguments.add(None::<i64>),
        Value::Null(Kind::Bool) => arguments.add(None::<bool>),
        Value::Null(Kind::Text) => arguments.add(None::<String>),
        Value::Null(Kind::Bytes) => arguments.add(None::<Vec<u8>>),
        Value::Int(v) => arguments.add(v),
        Value::Bool(v) => arguments.add(v),
        Value::Text(v) => arguments.add(v),
        Value::Bytes(v) => arguments.add(v),
        Value::Ints(list) => arguments.add(list),
        Value::Texts(list) => arguments.add(list),
        Value::Keys(list) => arguments.add(list),
    };
    added.map_err(|error| StoreError::Fault(error.to_string()))
}
