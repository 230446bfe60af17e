//! Full-text search in each engine's way: FTS5 or tsvector, over words that Rust has folded.

use super::{Dialect, Statement};
use crate::store::fold::Query;
use crate::store::value::Value;

/// The statements that index words; `place` is conversation, item, slot added, slot touched.
pub(in crate::store) fn insert_words(
    dialect: Dialect,
    place: Vec<Value>,
    words: Vec<String>,
) -> Vec<Statement> {
    let words = Value::Text(words.join(" "));
    match dialect {
        Dialect::Sqlite => vec![
            Statement::new(
                "INSERT INTO search_rows (conv, item, added_seq, touched_seq)
                      VALUES ($1, $2, $3, $4)",
                place,
            ),
            Statement::new(
                "INSERT INTO search_words (rowid, words) VALUES (last_insert_rowid(), $1)",
                vec![words],
            ),
        ],
        Dialect::Postgres => vec![Statement::new(
            "INSERT INTO search_rows (conv, item, added_seq, touched_seq, words)
                  VALUES ($1, $2, $3, $4, array_to_tsvector(string_to_array($5, ' ')))",
            place.into_iter().chain([words]).collect(),
        )],
    }
}

/// The statements that forget the words of an item; `place` is conversation and item.
pub(in crate::store) fn delete_words(dialect: Dialect, place: Vec<Value>) -> Vec<Statement> {
    forget(
        dialect,
        "DELETE FROM search_rows WHERE conv = $1 AND item = $2",
        "DELETE FROM search_words WHERE rowid IN (
             SELECT id FROM search_rows WHERE conv = $1 AND item = $2)",
        place,
    )
}

/// The statements that forget the words of all messages; `place` is the conversation, twice.
pub(in crate::store) fn erase_messages(dialect: Dialect, place: Vec<Value>) -> Vec<Statement> {
    forget(
        dialect,
        "DELETE FROM search_rows WHERE conv = $1 AND item <> $2",
        "DELETE FROM search_words WHERE rowid IN (
             SELECT id FROM search_rows WHERE conv = $1 AND item <> $2)",
        place,
    )
}

/// The words stand in a table of their own only on SQLite.
fn forget(
    dialect: Dialect,
    rows: &'static str,
    words: &'static str,
    place: Vec<Value>,
) -> Vec<Statement> {
    let rows = Statement::new(rows, place.clone());
    match dialect {
        Dialect::Sqlite => vec![Statement::new(words, place), rows],
        Dialect::Postgres => vec![rows],
    }
}

/// What every row found must fulfil: this person may see it. The subject of a conversation has no
/// scope; what somebody removed has seen ends with their removal.
macro_rules! search {
    ($id:literal, $from:literal, $matches:literal) => {
        concat!(
            "SELECT ",
            $id,
            ", r.conv, r.item FROM ",
            $from,
            " JOIN participants p ON p.conv = r.conv AND p.user_id = $2
              WHERE ",
            $matches,
            " AND (r.item = r.conv OR r.added_seq >= p.since_seq)
              AND CASE WHEN p.removed_seq IS NULL THEN r.until_seq IS NULL
                       ELSE r.touched_seq <= p.removed_seq
                            AND (r.until_seq IS NULL OR r.until_seq > p.removed_seq) END
              ORDER BY ",
            $id,
            " DESC LIMIT $4"
        )
    };
}

/// The search statements, to be tried in turn until one fills a page, and their first value, the
/// words as the engine wants them. `$2` is the person, `$3` the id to begin below, `$4` the number
/// of rows.
pub(in crate::store) fn search(
    dialect: Dialect,
    query: &Query,
) -> (&'static [&'static str], String) {
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
            (&[SQLITE], terms.join(" AND "))
        }
        Dialect::Postgres => {
            let term = |(i, word): (usize, &String)| match i == last && open {
                true => format!("'{word}':*"),
                false => format!("'{word}'"),
            };
            let terms: Vec<String> = words.iter().enumerate().map(term).collect();
            let statements: &[&str] = if open {
                &[NEWEST, POSTGRES]
            } else {
                &[POSTGRES]
            };
            (statements, terms.join(" & "))
        }
    }
}

/// By the id of the words, which FTS5 walks downwards: nothing is sorted.
const SQLITE: &str = search!(
    "w.rowid",
    "search_words w JOIN search_rows r ON r.id = w.rowid",
    "w.search_words MATCH $1 AND w.rowid < $3"
);

/// The planner knows how common a word is: it walks by time or uses the index.
const POSTGRES: &str = search!(
    "r.id",
    "search_rows r",
    "r.words @@ $1::tsquery AND r.id < $3"
);

/// How common a beginning is it does not know: a look at the newest rows first.
const NEWEST: &str = search!(
    "r.id",
    "(SELECT * FROM search_rows WHERE id < $3 ORDER BY id DESC LIMIT 2000) r",
    "r.words @@ $1::tsquery"
);
