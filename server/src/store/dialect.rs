//! The only file that asks which engine is open: running statements on either, lists of values in
//! one parameter, locking a row, claiming work, and the two shapes of full-text search.

mod text;
mod words;

use em2_model::id::hex;
use futures::TryStreamExt as _;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteRow};
use sqlx::{Arguments as _, Either, Executor as _, Postgres, Row as _, Sqlite, Transaction};

use crate::store::error::StoreError;
use crate::store::value::{Kind, Value};

pub(in crate::store) use text::{Statement, Texts, rows};
pub(in crate::store) use words::{
    ENDINGS, Look, delete_words, endings, erase_messages, insert_words, search,
};

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

/// Statements that were stopped by a failure.
pub(in crate::store) struct Failed {
    /// How many had ended well.
    pub(in crate::store) after: usize,
    pub(in crate::store) why: StoreError,
}

/// An open connection of either engine.
pub(in crate::store) enum Link {
    /// The one writer of a SQLite file, owned by the writer task.
    Writer(SqliteConnection),
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
    Postgres(PgRow),
}

/// Runs one expression on whichever engine is open.
macro_rules! on_engine {
    ($value:expr, $type:ident, |$inner:ident| $body:expr) => {
        match $value {
            $type::Sqlite($inner) => $body,
            $type::Postgres($inner) => $body,
        }
    };
}

impl Row {
    pub(in crate::store) fn int(&self, index: usize) -> Result<Option<i64>, StoreError> {
        Ok(on_engine!(self, Row, |row| row.try_get_unchecked(index)?))
    }

    pub(in crate::store) fn bool(&self, index: usize) -> Result<Option<bool>, StoreError> {
        Ok(on_engine!(self, Row, |row| row.try_get_unchecked(index)?))
    }

    pub(in crate::store) fn text(&self, index: usize) -> Result<Option<String>, StoreError> {
        Ok(on_engine!(self, Row, |row| row.try_get_unchecked(index)?))
    }

    pub(in crate::store) fn bytes(&self, index: usize) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(on_engine!(self, Row, |row| row.try_get_unchecked(index)?))
    }
}

impl Link {
    pub(in crate::store) fn dialect(&self) -> Dialect {
        match self {
            Self::Writer(_) | Self::Sqlite(_) | Self::SqliteSnapshot(_) => Dialect::Sqlite,
            Self::Postgres(_) | Self::PostgresTransaction(_) => Dialect::Postgres,
        }
    }

    /// How often the database is waited for when these statements are run.
    pub(in crate::store) fn trips(&self, mut statements: &[Statement]) -> u64 {
        let mut trips = 0;
        while !statements.is_empty() {
            let taken = match self.dialect() {
                Dialect::Sqlite => together(statements),
                Dialect::Postgres => 1,
            };
            statements = &statements[taken..];
            trips += 1;
        }
        trips
    }

    /// Runs the statements in order and stops at the first failure.
    pub(in crate::store) async fn run(
        &mut self,
        statements: Vec<Statement>,
        texts: &Texts,
    ) -> Result<Vec<Answer>, Failed> {
        let mut answers = Vec::with_capacity(statements.len());
        let ran = match self {
            Self::Writer(it) => run_sqlite(it, statements, texts, &mut answers).await,
            Self::Sqlite(it) => run_sqlite(it, statements, texts, &mut answers).await,
            Self::SqliteSnapshot(it) => run_sqlite(it, statements, texts, &mut answers).await,
            Self::Postgres(it) => run_postgres(it, statements, texts, &mut answers).await,
            Self::PostgresTransaction(it) => {
                run_postgres(it, statements, texts, &mut answers).await
            }
        };
        let after = answers.len();
        ran.map(|()| answers).map_err(|why| Failed { after, why })
    }
}

/// How many of these statements, from the first on, SQLite takes in one message to its thread: short ones, under a text
/// that is known from the time before. One with many rows goes alone: joined with others it would be another text each
/// time.
fn together(statements: &[Statement]) -> usize {
    let short = statements.iter().take_while(|next| !next.is_long());
    short.count().max(1)
}

async fn run_sqlite(
    connection: &mut SqliteConnection,
    mut statements: Vec<Statement>,
    texts: &Texts,
    answers: &mut Vec<Answer>,
) -> Result<(), StoreError> {
    while !statements.is_empty() {
        let later = statements.split_off(together(&statements));
        let mut arguments = SqliteArguments::default();
        arguments.reserve(statements.iter().map(|s| s.args.len()).sum(), 0);
        let sql = texts.joined(&statements)?;
        let (rows, others): (Vec<_>, Vec<_>) = statements.into_iter().partition(|s| s.has_rows());
        for value in rows.into_iter().chain(others).flat_map(|s| s.args) {
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
        statements = later;
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
        Value::Keys(list) => {
            let list: Vec<String> = list.iter().map(|key| hex(key)).collect();
            arguments.add(json(&list))
        }
    };
    added.map_err(|error| StoreError::Fault(error.to_string()))
}

/// A list as SQLite takes it. Integers and strings always have a JSON form.
fn json<T: serde::Serialize>(list: &[T]) -> String {
    serde_json::to_string(list).unwrap_or_default()
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
