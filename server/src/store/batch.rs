//! Writes that wait to be sent: rows for the same statement go out together.
//!
//! ```text
//!  push(row for A) push(row for B) push(row for A)   ─►  A (2 rows), B (1 row)
//!  push(statement)                                   ─►  nothing joins what came before it
//! ```

use crate::store::dialect::{Statement, rows};
use crate::store::value::Value;

/// A statement about as many rows as it is given: `VALUES (…), (…)` stands between its two parts.
pub(in crate::store) struct Many {
    pub(in crate::store) head: &'static str,
    pub(in crate::store) tail: &'static str,
    /// The columns, from the first on, that tell one thing from another; 0 where the database does.
    pub(in crate::store) key: usize,
    pub(in crate::store) again: Again,
}

/// What becomes of a second row about the same thing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Again {
    /// It says everything that the first one said, and takes its place.
    Replaces,
    /// It goes out after the first one, in a statement of its own.
    Follows,
}

impl Many {
    /// An `INSERT` of rows that the database tells apart; `head` ends before `VALUES`.
    pub(in crate::store) const fn insert(head: &'static str) -> Many {
        Many::between(head, "")
    }

    /// The same with something after the rows.
    pub(in crate::store) const fn between(head: &'static str, tail: &'static str) -> Many {
        Many {
            head,
            tail,
            key: 0,
            again: Again::Follows,
        }
    }
}

/// Statements that were not sent yet, in their order.
#[derive(Default)]
pub(in crate::store) struct Batch {
    items: Vec<Item>,
    /// Rows join nothing before this.
    joining: usize,
}

enum Item {
    One(Statement),
    Rows(&'static Many, Vec<Vec<Value>>),
}

impl Batch {
    pub(in crate::store) fn clear(&mut self) {
        self.items.clear();
        self.joining = 0;
    }

    /// Adds a statement. It may see or undo what was written before, so that nothing crosses it.
    pub(in crate::store) fn push(&mut self, statement: Statement) {
        self.items.push(Item::One(statement));
        self.joining = self.items.len();
    }

    /// Adds a row, to those for the same statement where there are any.
    pub(in crate::store) fn push_row(&mut self, many: &'static Many, row: Vec<Value>) {
        let joining = self.items[self.joining..].iter_mut().rev();
        let rows = joining.into_iter().find_map(|item| match item {
            Item::Rows(known, rows) if std::ptr::eq(*known, many) => Some(rows),
            _ => None,
        });
        let Some(rows) = rows else {
            return self.items.push(Item::Rows(many, vec![row]));
        };
        let same = |known: &&mut Vec<Value>| many.key > 0 && known[..many.key] == row[..many.key];
        match rows.iter_mut().find(same) {
            None => rows.push(row),
            Some(known) if many.again == Again::Replaces => *known = row,
            Some(_) => self.items.push(Item::Rows(many, vec![row])),
        }
    }

    /// Takes everything, as it is sent.
    pub(in crate::store) fn take(&mut self) -> Vec<Statement> {
        self.joining = 0;
        let mut statements = Vec::with_capacity(self.items.len());
        for item in self.items.drain(..) {
            match item {
                Item::One(statement) => statements.push(statement),
                Item::Rows(many, all) => statements.extend(rows(many.head, many.tail, all)),
            }
        }
        statements
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::value::args;

    static ADD: Many = Many::insert("INSERT INTO a (k, v)");
    static SET: Many = Many {
        head: "UPDATE b SET v = n.column2 FROM (",
        tail: ") AS n WHERE k = n.column1",
        key: 1,
        again: Again::Replaces,
    };
    static RAISE: Many = Many {
        head: "UPDATE c SET v = v + n.column2 FROM (",
        tail: ") AS n WHERE k = n.column1",
        key: 1,
        again: Again::Follows,
    };

    fn sent(batch: &mut Batch) -> Vec<(String, Vec<Value>)> {
        let statements = batch.take().into_iter();
        statements
            .map(|statement| (statement.text().into_owned(), statement.args))
            .collect()
    }

    #[test]
    fn rows_for_one_statement_go_out_together_in_the_order_of_their_first() {
        let mut batch = Batch::default();
        for n in 0..2_i64 {
            batch.push_row(&ADD, args![n, "x"]);
            batch.push_row(&SET, args![n, n]);
        }
        assert_eq!(
            sent(&mut batch),
            [
                (
                    "INSERT INTO a (k, v) VALUES ($1, $2), ($3, $4)".to_owned(),
                    args![0_i64, "x", 1_i64, "x"]
                ),
                (
                    "UPDATE b SET v = n.column2 FROM ( VALUES ($1, $2), ($3, $4)) AS n WHERE k = n.column1"
                        .to_owned(),
                    args![0_i64, 0_i64, 1_i64, 1_i64]
                ),
            ]
        );
        assert!(batch.take().is_empty());
    }

    #[test]
    fn a_second_row_about_the_same_thing_replaces_the_first_or_follows_it() {
        let mut batch = Batch::default();
        for n in 1..4_i64 {
            batch.push_row(&SET, args![7_i64, n]);
            batch.push_row(&RAISE, args![7_i64, n]);
        }
        let values: Vec<_> = sent(&mut batch).into_iter().map(|sent| sent.1).collect();
        assert_eq!(
            values,
            [
                args![7_i64, 3_i64],
                args![7_i64, 1_i64],
                args![7_i64, 2_i64],
                args![7_i64, 3_i64]
            ]
        );
    }

    #[test]
    fn nothing_crosses_a_statement_of_its_own() {
        let mut batch = Batch::default();
        batch.push_row(&ADD, args![1_i64, "x"]);
        batch.push(Statement::new("DELETE FROM a", args![]));
        batch.push_row(&ADD, args![1_i64, "y"]);
        batch.push_row(&ADD, args![2_i64, "y"]);
        let values: Vec<_> = sent(&mut batch).into_iter().map(|sent| sent.1).collect();
        assert_eq!(
            values,
            [args![1_i64, "x"], args![], args![1_i64, "y", 2_i64, "y"]]
        );
    }
}
