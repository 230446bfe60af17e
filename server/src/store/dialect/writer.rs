//! The one writer of a SQLite file. It runs on the thread that asks: sqlx would hand every row and the end of every
//! statement from a thread of its own to that of the caller.

use std::path::Path;
use std::time::Duration;

use rusqlite::types::{Value as Cell, ValueRef};
use rusqlite::{CachedStatement, Connection, OpenFlags};

use super::{Answer, Row, Statement, Texts, json_keys};
use crate::store::error::StoreError;
use crate::store::value::{Value, json};

/// SQLite's write connection. Every call blocks.
pub(in crate::store) struct Writer(Connection);

impl Writer {
    /// Opens the file, which exists, with these pragmas; keeps so many prepared statements.
    pub(in crate::store) fn open(
        path: &Path,
        busy: Duration,
        pragmas: &[(&str, &str)],
        statements: usize,
    ) -> Result<Writer, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(busy)?;
        connection.set_prepared_statement_cache_capacity(statements);
        for (name, value) in pragmas {
            connection.pragma_update(None, name, value)?;
        }
        Ok(Writer(connection))
    }

    /// Runs the statements in order and stops at the first failure.
    pub(super) fn run(
        &mut self,
        statements: Vec<Statement>,
        texts: &Texts,
        answers: &mut Vec<Answer>,
    ) -> Result<(), StoreError> {
        for statement in statements {
            let text = texts.written(&statement)?;
            let mut prepared = self.0.prepare_cached(&text)?;
            for (n, value) in statement.args.into_iter().enumerate() {
                bind(&mut prepared, n + 1, value)?;
            }
            let rows = rows(&mut prepared)?;
            let affected = match prepared.readonly() {
                true => 0,
                false => self.0.changes(),
            };
            answers.push(Answer { rows, affected });
        }
        Ok(())
    }

    /// Closes the file, which is complete without it: closing only tidies the log away.
    pub(in crate::store) fn close(self) {
        let _ = self.0.close();
    }
}

fn bind(
    prepared: &mut CachedStatement<'_>,
    index: usize,
    value: Value,
) -> Result<(), rusqlite::Error> {
    match value {
        Value::Null(_) => prepared.raw_bind_parameter(index, rusqlite::types::Null),
        Value::Int(v) => prepared.raw_bind_parameter(index, v),
        Value::Bool(v) => prepared.raw_bind_parameter(index, v),
        Value::Text(v) => prepared.raw_bind_parameter(index, v),
        Value::Bytes(v) => prepared.raw_bind_parameter(index, v),
        Value::Ints(list) => prepared.raw_bind_parameter(index, json(&list)),
        Value::Texts(list) => prepared.raw_bind_parameter(index, json(&list)),
        Value::Keys(list) => prepared.raw_bind_parameter(index, json_keys(&list)),
    }
}

fn rows(prepared: &mut CachedStatement<'_>) -> Result<Vec<Row>, StoreError> {
    let columns = prepared.column_count();
    let mut rows = Vec::new();
    let mut found = prepared.raw_query();
    while let Some(row) = found.next()? {
        let cells = (0..columns).map(|column| Ok(row.get::<_, Cell>(column)?));
        rows.push(Row::Written(cells.collect::<Result<_, StoreError>>()?));
    }
    Ok(rows)
}

/// The values of a row that the writer has read.
pub(in crate::store) type Cells = Box<[Cell]>;

/// One of them, as what it is read for; `None` where it is NULL.
pub(super) fn cell<'a, T>(
    cells: &'a Cells,
    index: usize,
    read: impl FnOnce(ValueRef<'a>) -> rusqlite::types::FromSqlResult<T>,
) -> Result<Option<T>, StoreError> {
    let corrupt = || StoreError::Corrupt(format!("column {index} is not what it is read for"));
    match cells.get(index) {
        None => Err(StoreError::Fault(format!("there is no column {index}"))),
        Some(Cell::Null) => Ok(None),
        Some(cell) => read(cell.into()).map(Some).map_err(|_| corrupt()),
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> StoreError {
        use rusqlite::{Error, ErrorCode};
        let said = error.to_string();
        match error {
            Error::SqliteFailure(inner, _) if inner.code == ErrorCode::ConstraintViolation => {
                StoreError::Conflict(said)
            }
            // "SQL logic error": the statement is wrong.
            Error::SqliteFailure(inner, _) if inner.extended_code != 1 => {
                StoreError::Unavailable(said)
            }
            _ => StoreError::Fault(said),
        }
    }
}
