//! The text of statements: parameters numbered through, lists and row locks in the engine's way.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, PoisonError, RwLock};

use sqlx::{AssertSqlSafe, SqlSafeStr as _, SqlStr};

use crate::store::error::StoreError;
use crate::store::value::Value;

/// One statement with its values. The text is written once for both engines.
#[derive(Debug, Clone)]
pub(in crate::store) struct Statement {
    sql: Sql,
    pub(in crate::store) args: Vec<Value>,
    /// Planned anew each time, because the best way depends on the values.
    pub(in crate::store) fresh: bool,
}

#[derive(Debug, Clone, Copy)]
enum Sql {
    Text(&'static str),
    /// Rows of values, between two texts.
    Rows {
        head: &'static str,
        tail: &'static str,
        rows: usize,
    },
}

impl Statement {
    pub(in crate::store) fn new(sql: &'static str, args: Vec<Value>) -> Self {
        Self {
            sql: Sql::Text(sql),
            args,
            fresh: false,
        }
    }

    /// A statement without values.
    pub(in crate::store) fn bare(sql: &'static str) -> Self {
        Self::new(sql, Vec::new())
    }

    /// What makes its text, as numbers: static texts are known by their addresses.
    fn name(&self) -> [usize; 3] {
        let of = |text: &'static str| text.as_ptr() as usize;
        match self.sql {
            Sql::Text(text) => [of(text), text.len(), self.args.len()],
            Sql::Rows { head, tail, .. } => [of(head), of(tail), self.args.len()],
        }
    }

    /// The text, before it is written in the way of an engine.
    pub(in crate::store) fn text(&self) -> Cow<'static, str> {
        let (head, tail, rows) = match self.sql {
            Sql::Text(text) => return Cow::Borrowed(text),
            Sql::Rows { head, tail, rows } => (head, tail, rows),
        };
        let width = self.args.len() / rows.max(1);
        let mut sql = format!("{head} VALUES ");
        for n in 0..self.args.len() {
            let before = match (n % width, n) {
                (0, 0) => "(",
                (0, _) => "), (",
                _ => ", ",
            };
            // Writing into a String cannot fail.
            let _ = write!(sql, "{before}${}", n + 1);
        }
        sql.push(')');
        sql.push_str(tail);
        Cow::Owned(sql)
    }
}

/// What makes a joined text: who takes it, and the statements.
type Name = (Way, Vec<usize>);

/// The texts that were sent before, so that a group of statements is joined once. Every clone is
/// the same one.
#[derive(Clone, Default)]
pub(in crate::store) struct Texts {
    known: Arc<RwLock<HashMap<Name, Arc<str>>>>,
}

/// Who takes a text: the same statement is written differently for each.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Way {
    /// A reader of SQLite knows parameters by name.
    Read,
    /// The writer of SQLite knows them by number.
    Written,
    Postgres,
}

impl Way {
    fn write(self, part: Part, n: usize) -> String {
        match self {
            Way::Read => sqlite(part, format!("${n}")),
            Way::Written => sqlite(part, format!("?{n}")),
            Way::Postgres => match part {
                Part::Parameter => format!("${n}"),
                Part::Each => format!("(SELECT unnest(${n}::BIGINT[]))"),
                Part::EachKey => format!("(SELECT unnest(${n}::BYTEA[]))"),
                Part::EachText => format!("(SELECT unnest(${n}::TEXT[]))"),
                Part::ForUpdate => "FOR UPDATE".to_owned(),
                Part::SkipLocked => "FOR UPDATE SKIP LOCKED".to_owned(),
            },
        }
    }
}

impl Texts {
    /// How many joined texts are remembered before starting anew; each costs a few kB.
    const LIMIT: usize = 1024;

    /// The statements as a reader of SQLite takes them.
    pub(super) fn joined(&self, statements: &[Statement]) -> Result<SqlStr, StoreError> {
        let text = self.text(statements, Way::Read)?;
        Ok(AssertSqlSafe(text).into_sql_str())
    }

    /// The statement as the writer of SQLite takes it: its parameters have numbers, not names.
    pub(super) fn written(&self, statement: &Statement) -> Result<Arc<str>, StoreError> {
        self.text(std::slice::from_ref(statement), Way::Written)
    }

    pub(super) fn postgres(&self, statement: &Statement) -> Result<SqlStr, StoreError> {
        let text = self.text(std::slice::from_ref(statement), Way::Postgres)?;
        Ok(AssertSqlSafe(text).into_sql_str())
    }

    /// The statements as one text, which is put together once.
    fn text(&self, statements: &[Statement], way: Way) -> Result<Arc<str>, StoreError> {
        let name = (way, statements.iter().flat_map(Statement::name).collect());
        // A map that a panic left half-way still holds whole texts.
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(text) = known.get(&name) {
            return Ok(text.clone());
        }
        drop(known);
        let text: Arc<str> = rewrite(statements, way)?.into();
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= Self::LIMIT {
            known.clear();
        }
        known.insert(name, text.clone());
        Ok(text)
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

/// A piece in SQLite's way.
fn sqlite(part: Part, parameter: String) -> String {
    match part {
        Part::Parameter => parameter,
        Part::Each | Part::EachText => format!("(SELECT value FROM json_each({parameter}))"),
        Part::EachKey => format!("(SELECT unhex(value) FROM json_each({parameter}))"),
        // There is one writer, which already holds every row.
        Part::ForUpdate | Part::SkipLocked => String::new(),
    }
}

/// Numbers the parameters through, writes lists and row locks in the engine's way, and refuses a
/// statement whose number of values is not that of its parameters: SQLite would read NULL.
fn rewrite(statements: &[Statement], way: Way) -> Result<String, StoreError> {
    let write = |part, n| way.write(part, n);
    let mut out = String::new();
    let mut offset = 0;
    for statement in statements {
        if !out.is_empty() {
            out.push_str(";\n");
        }
        let locking = write(Part::ForUpdate, 0);
        let sql = statement.text().replace("LOCKING", &locking);
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

/// A statement about rows, all of the same width, with `VALUES` between `head` and `tail`. It is split so that neither
/// engine's limit on parameters (SQLite 32,766) is reached, into powers of two: few texts serve any number.
pub(in crate::store) fn rows(
    head: &'static str,
    tail: &'static str,
    all: Vec<Vec<Value>>,
) -> Vec<Statement> {
    const PARAMETERS: usize = 2_000;
    let width = all.first().map_or(1, Vec::len).max(1);
    let most = 1 << (PARAMETERS / width).max(1).ilog2();
    let mut left = all.len();
    let mut all = all.into_iter();
    let mut statements = Vec::new();
    while left > 0 {
        let rows = most.min(1 << left.ilog2());
        let mut args = Vec::with_capacity(rows * width);
        all.by_ref().take(rows).for_each(|row| args.extend(row));
        let sql = Sql::Rows { head, tail, rows };
        statements.push(Statement {
            sql,
            args,
            fresh: false,
        });
        left -= rows;
    }
    statements
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::value::args;

    fn statement(sql: &'static str, args: Vec<Value>) -> Statement {
        Statement::new(sql, args)
    }

    #[test]
    fn statements_are_joined_with_their_parameters_numbered_through() {
        let statements = [
            statement(
                "UPDATE t SET a = $1 WHERE b = $2 OR a = $1",
                args![1_i64, "x"],
            ),
            statement(
                "SELECT a FROM t WHERE b IN EACH($2) AND c = $1 LOCKING",
                args![true, vec![1_i64, 2]],
            ),
        ];
        // A reader and the writer share the texts: neither gets that of the other.
        let texts = Texts::default();
        let read = texts.joined(&statements[1..]).unwrap();
        assert!(read.as_str().contains("c = $1"));
        let sql = texts.joined(&statements).unwrap();
        assert_eq!(
            sql.as_str(),
            "UPDATE t SET a = $1 WHERE b = $2 OR a = $1;\n\
             SELECT a FROM t WHERE b IN (SELECT value FROM json_each($4)) AND c = $3 "
        );
        assert_eq!(
            &*texts.written(&statements[1]).unwrap(),
            "SELECT a FROM t WHERE b IN (SELECT value FROM json_each(?2)) AND c = ?1 "
        );
        let sql = texts.postgres(&statements[1]).unwrap();
        assert_eq!(
            sql.as_str(),
            "SELECT a FROM t WHERE b IN (SELECT unnest($2::BIGINT[])) AND c = $1 FOR UPDATE"
        );
    }

    #[test]
    fn a_missing_value_is_a_fault_and_not_a_null() {
        for (sql, args) in [
            ("SELECT $1, $2", args![1_i64]),
            ("SELECT 1", args![1_i64]),
            ("SELECT $", args![]),
        ] {
            let joined = Texts::default().joined(&[statement(sql, args)]);
            assert!(matches!(joined, Err(StoreError::Fault(_))), "{sql}");
        }
    }

    #[test]
    fn rows_are_split_into_powers_of_two_before_they_have_too_many_parameters() {
        let all = |n: i64| (0..n).map(|n| args![n, "x"]).collect();
        let statements = rows(
            "INSERT INTO t (a, b)",
            " ON CONFLICT DO NOTHING",
            all(1_027),
        );
        let sizes: Vec<_> = statements.iter().map(|s| s.args.len() / 2).collect();
        assert_eq!(sizes, [512, 512, 2, 1]);
        assert_eq!(
            statements[2].text(),
            "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4) ON CONFLICT DO NOTHING"
        );
        assert_eq!(statements[2].args, args![1_024_i64, "x", 1_025_i64, "x"]);
        assert!(rows("INSERT INTO t (a)", "", Vec::new()).is_empty());
    }
}
