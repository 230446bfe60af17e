//! The text of statements: parameters numbered through, lists and row locks in the engine's way.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, PoisonError, RwLock};

use sqlx::{AssertSqlSafe, SqlSafeStr as _, SqlStr};

use super::Statement;
use crate::store::error::StoreError;
use crate::store::value::Value;

/// The texts that were sent before, so that a group of statements is joined once. Every clone is
/// the same one.
#[derive(Clone, Default)]
pub(in crate::store) struct Texts {
    known: Arc<RwLock<HashMap<Vec<usize>, Arc<str>>>>,
}

impl Texts {
    /// How many joined texts are remembered before starting anew; each costs a few kB.
    const LIMIT: usize = 1024;

    pub(super) fn joined(&self, statements: &[Statement]) -> Result<SqlStr, StoreError> {
        self.text(statements, |part, n| match part {
            Part::Parameter => format!("${n}"),
            Part::Each | Part::EachText => format!("(SELECT value FROM json_each(${n}))"),
            Part::EachKey => format!("(SELECT unhex(value) FROM json_each(${n}))"),
            // There is one writer, which already holds every row.
            Part::ForUpdate | Part::SkipLocked => String::new(),
        })
    }

    pub(super) fn postgres(&self, statement: &Statement) -> Result<SqlStr, StoreError> {
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
        &self,
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
        // A map that a panic left half-way still holds whole texts.
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(text) = known.get(&name) {
            return Ok(AssertSqlSafe(text.clone()).into_sql_str());
        }
        drop(known);
        let text: Arc<str> = rewrite(statements, write)?.into();
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= Self::LIMIT {
            known.clear();
        }
        known.insert(name, text.clone());
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
        statements.push(Statement::new(sql, chunk.into_iter().flatten().collect()));
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
        let sql = Texts::default().joined(&statements).unwrap();
        assert_eq!(
            sql.as_str(),
            "UPDATE t SET a = $1 WHERE b = $2 OR a = $1;\n\
             SELECT a FROM t WHERE b IN (SELECT value FROM json_each($4)) AND c = $3 "
        );
        let sql = Texts::default().postgres(&statements[1]).unwrap();
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
    fn a_batch_is_split_before_it_has_too_many_parameters() {
        let rows = (0..1_500_i64).map(|n| args![n, "x"]).collect();
        let statements = batch("INSERT INTO t (a, b)", "ON CONFLICT DO NOTHING", rows);
        assert_eq!(
            statements.iter().map(|s| s.args.len()).collect::<Vec<_>>(),
            [2_000, 1_000]
        );
        assert!(
            statements[0]
                .sql
                .starts_with("INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4)")
        );
        assert!(
            statements[1]
                .sql
                .ends_with("($999, $1000) ON CONFLICT DO NOTHING")
        );
        assert!(batch("INSERT INTO t (a)", "", Vec::new()).is_empty());
    }
}
