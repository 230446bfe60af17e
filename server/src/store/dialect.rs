//! The only file that asks which engine is open: running statements on either, lists of values in
//! one parameter, locking a row, claiming work, and the two shapes of full-text search.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use futures::TryStreamExt as _;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteRow};
use sqlx::{
    Arguments as _, AssertSqlSafe, Either, Executor as _, Postgres, Row as _, SqlSafeStr as _,
    SqlStr, Sqlite, Transaction,
};

use crate::store::error::StoreError;
use crate::store::fold::Query;
use crate::store::value::{Kind, Value};

/// Which database a `Store` is open on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    Sqlite,
    Postgres,
}

/// One statement with its values. The text is written once for both engines.
#[derive(Debug, Clone)]
pub(in crate::store) struct Statement {
    pub(in crate::store) sql: Cow<'static, str>,
    pub(in crate::store) args: Vec<Value>,
}

impl Statement {
    /// A statement without values.
    pub(in crate::store) fn bare(sql: &'static str) -> Self {
        Self {
            sql: sql.into(),
            args: Vec::new(),
        }
    }
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

    /// Runs the statements in order and stops at the first failure. SQLite takes them in one
    /// message to its thread, PostgreSQL one after the other.
    pub(in crate::store) async fn run(
        &mut self,
        statements: Vec<Statement>,
        texts: &mut Texts,
    ) -> Result<Vec<Answer>, StoreError> {
        match self {
            Self::Writer(connection) => run_sqlite(connection, statements, texts).await,
            Self::Sqlite(connection) => run_sqlite(connection, statements, texts).await,
            Self::SqliteSnapshot(connection) => run_sqlite(connection, statements, texts).await,
            Self::Postgres(connection) => run_postgres(connection, statements, texts).await,
            Self::PostgresTransaction(connection) => {
                run_postgres(connection, statements, texts).await
            }
        }
    }
}

async fn run_sqlite(
    connection: &mut SqliteConnection,
    statements: Vec<Statement>,
    texts: &mut Texts,
) -> Result<Vec<Answer>, StoreError> {
    let mut arguments = SqliteArguments::default();
    arguments.reserve(statements.iter().map(|s| s.args.len()).sum(), 0);
    let sql = texts.joined(&statements)?;
    let mut answers = Vec::with_capacity(statements.len());
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
    Ok(answers)
}

async fn run_postgres(
    connection: &mut PgConnection,
    statements: Vec<Statement>,
    texts: &mut Texts,
) -> Result<Vec<Answer>, StoreError> {
    let mut answers = Vec::with_capacity(statements.len());
    for statement in statements {
        let sql = texts.postgres(&statement)?;
        let mut arguments = PgArguments::default();
        for value in statement.args {
            bind_postgres(&mut arguments, value)?;
        }
        let mut answer = Answer::default();
        let mut stream = (&mut *connection).fetch_many(sqlx::query_with(sql, arguments));
        while let Some(item) = stream.try_next().await? {
            match item {
                Either::Right(row) => answer.rows.push(Row::Postgres(row)),
                Either::Left(done) => answer.affected += done.rows_affected(),
            }
        }
        answers.push(answer);
    }
    Ok(answers)
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
            let hex = |key: &Vec<u8>| key.iter().map(|byte| format!("{byte:02x}")).collect();
            arguments.add(json(&list.iter().map(hex).collect::<Vec<String>>()))
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

/// The texts that were sent before, so that a group of statements is joined once.
#[derive(Default)]
pub(in crate::store) struct Texts {
    known: HashMap<Vec<usize>, Arc<str>>,
}

impl Texts {
    /// How many joined texts are remembered before starting anew; each costs a few kB.
    const LIMIT: usize = 1024;

    fn joined(&mut self, statements: &[Statement]) -> Result<SqlStr, StoreError> {
        self.text(statements, |part, n| match part {
            Part::Parameter => format!("${n}"),
            Part::Each | Part::EachText => format!("(SELECT value FROM json_each(${n}))"),
            Part::EachKey => format!("(SELECT unhex(value) FROM json_each(${n}))"),
            // There is one writer, which already holds every row.
            Part::ForUpdate | Part::SkipLocked => String::new(),
        })
    }

    fn postgres(&mut self, statement: &Statement) -> Result<SqlStr, StoreError> {
        self.text(std::slice::from_ref(statement), |part, n| match part {
            Part::Parameter => format!("${n}"),
            Part::Each => format!("(SELECT unnest(${n}::BIGINT[]))"),
            Part::EachKey => format!("(SELECT unnest(${n}::BYTEA[]))"),
            Part::EachText => format!("(SELECT unnest(${n}::TEXT[]))"),
            Part::ForUpdate => "FOR UPDATE".to_owned(),
            Part::SkipLocked => "FOR UPDATE SKIP LOCKED".to_owned(),
        })
    }

    /// The statements as one text. A static text is known by its address, so that nothing is
    /// scanned twice; a built one (a batch) is scanned each time.
    fn text(
        &mut self,
        statements: &[Statement],
        write: fn(Part, usize) -> String,
    ) -> Result<SqlStr, StoreError> {
        let mut name = Vec::with_capacity(statements.len() * 2);
        for statement in statements {
            match &statement.sql {
                Cow::Borrowed(sql) => name.extend([sql.as_ptr() as usize, statement.args.len()]),
                Cow::Owned(_) => {
                    return Ok(AssertSqlSafe(rewrite(statements, write)?).into_sql_str());
                }
            }
        }
        if let Some(text) = self.known.get(&name) {
            return Ok(AssertSqlSafe(text.clone()).into_sql_str());
        }
        if self.known.len() >= Self::LIMIT {
            self.known.clear();
        }
        let text: Arc<str> = rewrite(statements, write)?.into();
        self.known.insert(name, text.clone());
        Ok(AssertSqlSafe(text).into_sql_str())
    }
}

/// The pieces of a statement that are not the same text on both engines.
#[derive(Clone, Copy)]
enum Part {
    Parameter,
    /// `EACH($n)`: the integers of the list.
    Each,
    /// `EACH_KEY($n)`: the keys of the list.
    EachKey,
    /// `EACH_TEXT($n)`: the texts of the list.
    EachText,
    /// `LOCKING`: takes the rows found for this transaction.
    ForUpdate,
    /// `CLAIMING`: the same, without waiting for rows that others hold.
    SkipLocked,
}

/// Numbers the parameters through, writes lists and row locks in the engine's way, and refuses a
/// statement whose number of values is not that of its parameters: SQLite would read NULL.
fn rewrite(
    statements: &[Statement],
    write: fn(Part, usize) -> String,
) -> Result<String, StoreError> {
    let mut out = String::new();
    let mut offset = 0;
    for statement in statements {
        if !out.is_empty() {
            out.push_str(";\n");
        }
        let locking = write(Part::ForUpdate, 0);
        let sql = statement.sql.replace("LOCKING", &locking);
        let sql = sql.replace("CLAIMING", &write(Part::SkipLocked, 0));
        let mut rest = &*sql;
        let mut highest = 0;
        while let Some(at) = rest.find('$') {
            let (before, after) = rest.split_at(at);
            let digits = after[1..].bytes().take_while(u8::is_ascii_digit).count();
            let n: usize = after[1..=digits]
                .parse()
                .map_err(|_| StoreError::Fault(format!("a parameter without a number in {sql}")))?;
            highest = highest.max(n);
            rest = &after[1 + digits..];
            let (before, part) = if let Some(before) = before.strip_suffix("EACH(") {
                (before, Part::Each)
            } else if let Some(before) = before.strip_suffix("EACH_KEY(") {
                (before, Part::EachKey)
            } else if let Some(before) = before.strip_suffix("EACH_TEXT(") {
                (before, Part::EachText)
            } else {
                (before, Part::Parameter)
            };
            if !matches!(part, Part::Parameter) {
                rest = rest.strip_prefix(')').unwrap_or(rest);
            }
            out.push_str(before);
            out.push_str(&write(part, n + offset));
        }
        out.push_str(rest);
        if highest != statement.args.len() {
            return Err(StoreError::Fault(format!(
                "{} values for {highest} parameters in {sql}",
                statement.args.len(),
            )));
        }
        offset += highest;
    }
    Ok(out)
}

/// An `INSERT` of many rows: `head` ends before `VALUES`, `tail` follows it (`ON CONFLICT …`).
/// Split so that neither engine's limit on parameters (SQLite 32,766) is reached.
pub(in crate::store) fn batch(head: &str, tail: &str, rows: Vec<Vec<Value>>) -> Vec<Statement> {
    const PARAMETERS: usize = 2_000;
    let width = rows.first().map_or(1, Vec::len).max(1);
    let mut rows = rows.into_iter().peekable();
    let mut statements = Vec::new();
    while rows.peek().is_some() {
        let chunk: Vec<Vec<Value>> = rows.by_ref().take((PARAMETERS / width).max(1)).collect();
        let mut sql = format!("{head} VALUES ");
        for row in 0..chunk.len() {
            sql.push_str(if row == 0 { "(" } else { ", (" });
            for column in 0..width {
                // Writing into a String cannot fail.
                let _ = write!(
                    sql,
                    "{}${}",
                    if column == 0 { "" } else { ", " },
                    row * width + column + 1
                );
            }
            sql.push(')');
        }
        sql.push(' ');
        sql.push_str(tail);
        statements.push(Statement {
            sql: sql.into(),
            args: chunk.into_iter().flatten().collect(),
        });
    }
    statements
}

/// The statements that index words; `place` is conversation, item, slot added, slot touched.
pub(in crate::store) fn insert_words(
    dialect: Dialect,
    place: Vec<Value>,
    words: Vec<String>,
) -> Vec<Statement> {
    let words = Value::Text(words.join(" "));
    match dialect {
        Dialect::Sqlite => vec![
            Statement {
                sql: "INSERT INTO search_rows (conv, item, added_seq, touched_seq)
                      VALUES ($1, $2, $3, $4)"
                    .into(),
                args: place,
            },
            Statement {
                sql: "INSERT INTO search_words (rowid, words) VALUES (last_insert_rowid(), $1)"
                    .into(),
                args: vec![words],
            },
        ],
        Dialect::Postgres => vec![Statement {
            sql: "INSERT INTO search_rows (conv, item, added_seq, touched_seq, words)
                  VALUES ($1, $2, $3, $4, array_to_tsvector(string_to_array($5, ' ')))"
                .into(),
            args: place.into_iter().chain([words]).collect(),
        }],
    }
}

/// The statements that forget the words of an item; `place` is conversation and item.
pub(in crate::store) fn delete_words(dialect: Dialect, place: Vec<Value>) -> Vec<Statement> {
    let rows = Statement {
        sql: "DELETE FROM search_rows WHERE conv = $1 AND item = $2".into(),
        args: place.clone(),
    };
    match dialect {
        Dialect::Sqlite => vec![
            Statement {
                sql: "DELETE FROM search_words WHERE rowid IN (
                          SELECT id FROM search_rows WHERE conv = $1 AND item = $2)"
                    .into(),
                args: place,
            },
            rows,
        ],
        Dialect::Postgres => vec![rows],
    }
}

/// What every row found must fulfil: this person may see it. The subject of a conversation has no
/// scope; what somebody removed has seen ends with their removal.
macro_rules! search {
    ($from:literal, $matches:literal) => {
        concat!(
            "SELECT r.id, r.conv, r.item FROM ",
            $from,
            " JOIN participants p ON p.conv = r.conv AND p.user_id = $2
              WHERE ",
            $matches,
            " AND (r.item = r.conv OR r.added_seq >= p.since_seq)
              AND CASE WHEN p.removed_seq IS NULL THEN r.until_seq IS NULL
                       ELSE r.touched_seq <= p.removed_seq
                            AND (r.until_seq IS NULL OR r.until_seq > p.removed_seq) END
              ORDER BY r.id DESC LIMIT $4"
        )
    };
}

/// The search statement and its first value, the words as the engine wants them. `$2` is the
/// person, `$3` the id to begin below, `$4` the number of rows.
pub(in crate::store) fn search(dialect: Dialect, query: &Query) -> (&'static str, String) {
    let (words, open) = query.parts();
    let last = words.len() - 1;
    // Words hold letters and digits only, so that quoting them needs no escapes.
    match dialect {
        Dialect::Sqlite => {
            let term = |(i, word): (usize, &String)| match i == last && open {
                true => format!("\"{word}\" *"),
                false => format!("\"{word}\""),
            };
            let terms: Vec<String> = words.iter().enumerate().map(term).collect();
            (
                search!(
                    "search_words w JOIN search_rows r ON r.id = w.rowid",
                    "w.search_words MATCH $1 AND w.rowid < $3"
                ),
                terms.join(" AND "),
            )
        }
        Dialect::Postgres => {
            let term = |(i, word): (usize, &String)| match i == last && open {
                true => format!("'{word}':*"),
                false => format!("'{word}'"),
            };
            let terms: Vec<String> = words.iter().enumerate().map(term).collect();
            (
                search!("search_rows r", "r.words @@ $1::tsquery AND r.id < $3"),
                terms.join(" & "),
            )
        }
    }
}
