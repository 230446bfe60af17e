//! Full-text search in each engine's way: FTS5 or tsvector, over words that Rust has folded.

use super::{Dialect, Statement};
use crate::store::batch::Many;
use crate::store::fold::Query;
use crate::store::value::Value;

static ROWS: Many = Many::insert("INSERT INTO search_rows (conv, added_seq, item)");

static WORDS: Many = Many::between(
    "INSERT INTO search_words (rowid, words) SELECT r.id, n.column3 FROM (",
    ") AS n
          CROSS JOIN search_rows r
          WHERE r.conv = n.column1 AND r.added_seq = n.column2 AND r.until_seq IS NULL",
);

static ROWS_AND_WORDS: Many = Many::between(
    "INSERT INTO search_rows (conv, added_seq, item, words)
           SELECT n.column1, n.column2, n.column3,
                  array_to_tsvector(string_to_array(n.column4, ' '))
             FROM (",
    ") AS n",
);

static SEEN: Many = Many::between(
    "INSERT INTO search_seen (user_id, id) SELECT p.user_id, r.id FROM (",
    ") AS n
          JOIN search_rows r
            ON r.conv = n.column1 AND r.added_seq = n.column2 AND r.until_seq IS NULL
          JOIN participants p ON p.conv = n.column1
         WHERE p.user_id IS NOT NULL
           AND (n.column2 = 0 OR p.since_seq <= n.column2)
           AND (p.removed_seq IS NULL OR p.removed_seq > n.column4)",
);

/// The rows that index words, for those who took part then and may see them: the subject of a
/// conversation has no scope. `place` is conversation, slot added, item, slot touched.
pub(in crate::store) fn insert_words(
    dialect: Dialect,
    place: Vec<Value>,
    words: Vec<String>,
) -> Vec<(&'static Many, Vec<Value>)> {
    let words = Value::Text(words.join(" "));
    let first = |n: usize| place[..n].iter().cloned();
    match dialect {
        Dialect::Sqlite => vec![
            (&ROWS, first(3).collect()),
            (&WORDS, first(2).chain([words]).collect()),
            (&SEEN, place),
        ],
        Dialect::Postgres => vec![
            (&ROWS_AND_WORDS, first(3).chain([words]).collect()),
            (&SEEN, place),
        ],
    }
}

/// Forgets the rows that a query names, whose words stand in a table of their own only on SQLite.
macro_rules! forget {
    ($dialect:expr, $place:expr, $rows:literal) => {{
        let seen = concat!(
            "DELETE FROM search_seen
              WHERE user_id IN (SELECT user_id FROM participants
                                 WHERE conv = $1 AND user_id IS NOT NULL)
                AND id IN (",
            $rows,
            ")"
        );
        let words = concat!("DELETE FROM search_words WHERE rowid IN (", $rows, ")");
        let rows = concat!("DELETE FROM search_rows WHERE id IN (", $rows, ")");
        let texts = match $dialect {
            Dialect::Sqlite => vec![seen, words, rows],
            Dialect::Postgres => vec![seen, rows],
        };
        let statement = |sql: &'static str| Statement::new(sql, $place.clone());
        texts.into_iter().map(statement).collect()
    }};
}

/// The statements that forget the words of an item; `place` is conversation and slot added.
pub(in crate::store) fn delete_words(dialect: Dialect, place: Vec<Value>) -> Vec<Statement> {
    forget!(
        dialect,
        place,
        "SELECT id FROM search_rows WHERE conv = $1 AND added_seq = $2"
    )
}

/// The statements that forget all words of a conversation in which nobody here takes part; `place` is the conversation.
pub(in crate::store) fn erase_unheard(dialect: Dialect, place: Vec<Value>) -> Vec<Statement> {
    forget!(
        dialect,
        place,
        "SELECT id FROM search_rows
          WHERE conv = (SELECT key FROM conversations WHERE key = $1 AND unheard_since IS NOT NULL)"
    )
}

/// The statements that forget the words of all messages; `place` is the conversation.
pub(in crate::store) fn erase_messages(dialect: Dialect, place: Vec<Value>) -> Vec<Statement> {
    forget!(
        dialect,
        place,
        "SELECT id FROM search_rows WHERE conv = $1 AND added_seq > 0"
    )
}

/// What the rows found are turned into: the newest of each conversation, and where the look ended if
/// there may be more. `$1` is the words, `$2` the person, `$3` the id to begin below, `$4` how many
/// rows are looked at, `$5` how many conversations are wanted.
macro_rules! search {
    ($found:literal, $newest:literal) => {
        concat!(
            "WITH found AS MATERIALIZED (",
            $found,
            ")
             SELECT * FROM (
                 SELECT * FROM (",
            $newest,
            ") newest ORDER BY id DESC LIMIT $5) page
             UNION ALL
             SELECT MIN(id), NULL, NULL FROM found HAVING COUNT(*) = $4"
        )
    };
}

/// One way to look for words.
#[derive(Clone, Copy)]
pub(in crate::store) struct Look {
    pub(in crate::store) sql: &'static str,
    /// How many rows are looked at the first time, and at most; in between four times more each time.
    pub(in crate::store) rows: (i64, i64),
    /// Planned anew each time, because the best way depends on the words.
    pub(in crate::store) planned: bool,
    /// Given up for the next way once a look finds fewer conversations than this.
    pub(in crate::store) least: usize,
}

/// The longest beginning of a word that FTS5 keeps a list for, in characters. For a longer one it
/// would put together the lists of all words that begin so, to their ends.
const LISTED: usize = 3;
/// How many words are looked for one by one instead.
pub(in crate::store) const ENDINGS: usize = 32;

/// The statement that answers the words that the open word of a query may become, more than
/// [`ENDINGS`] where there are; only where the engine needs to know them.
pub(in crate::store) fn endings(dialect: Dialect, query: &Query) -> Option<Statement> {
    let (words, open) = query.parts();
    let word = words.last()?;
    if dialect == Dialect::Postgres || !open || word.chars().count() <= LISTED {
        return None;
    }
    Some(Statement::new(
        "WITH RECURSIVE ending (word, n) AS (
             SELECT * FROM (SELECT term, 1 FROM search_terms WHERE term >= $1 LIMIT 1)
             UNION ALL
             SELECT (SELECT term FROM search_terms WHERE term >= word || char(1) LIMIT 1), n + 1
               FROM ending WHERE word GLOB $1 || '*' AND n <= $2)
         SELECT word FROM ending WHERE word GLOB $1 || '*'",
        vec![Value::Text(word.clone()), Value::Int(ENDINGS as i64)],
    ))
}

/// The ways to look for words, each to be gone from where the one before was given up, and the words
/// as the engine wants them. `endings` are those of the open word, none where they were not asked for
/// or are too many.
pub(in crate::store) fn search(
    dialect: Dialect,
    query: &Query,
    endings: &[String],
) -> (&'static [Look], String) {
    let (words, open) = query.parts();
    let last = words.len() - 1;
    // Words hold letters and digits only, so that quoting them needs no escapes.
    match dialect {
        Dialect::Sqlite => {
            let quoted = |word: &String| format!("\"{word}\"");
            let any = || endings.iter().map(quoted).collect::<Vec<_>>().join(" OR ");
            let term = |(i, word): (usize, &String)| match i == last && open {
                true if endings.is_empty() => format!("\"{word}\" *"),
                true => format!("({})", any()),
                false => quoted(word),
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
            (&[NEWEST, POSTGRES], terms.join(" & "))
        }
    }
}

/// By the id of the words, which FTS5 walks downwards: nothing is sorted but a page. A stretch in
/// which this person sees nothing is leapt over.
const SQLITE: Look = Look {
    sql: search!(
        "SELECT rowid AS id FROM search_words
          WHERE search_words MATCH $1
            AND rowid <= (SELECT MAX(id) FROM search_seen WHERE user_id = $2 AND id < $3)
          ORDER BY rowid DESC LIMIT $4",
        "SELECT MAX(r.id) AS id, r.conv, r.item
           FROM found f
          CROSS JOIN search_seen s ON s.user_id = $2 AND s.id = f.id
          CROSS JOIN search_rows r ON r.id = f.id
          GROUP BY r.conv"
    ),
    rows: (640, 10_240),
    planned: false,
    least: 0,
};

/// The newest rows that this person sees, whatever they say: enough for words that are common.
const NEWEST: Look = Look {
    sql: search!(
        "SELECT id FROM search_seen WHERE user_id = $2 AND id < $3 ORDER BY id DESC LIMIT $4",
        "SELECT DISTINCT ON (r.conv) r.id, r.conv, r.item
           FROM found f JOIN search_rows r ON r.id = f.id AND r.words @@ $1::TSQUERY
          ORDER BY r.conv, r.id DESC"
    ),
    rows: (1_000, 4_000),
    planned: true,
    least: 8,
};

/// By the index of words, or down the rows: the planner knows how common a word is.
const POSTGRES: Look = Look {
    sql: search!(
        "SELECT s.id FROM search_seen s JOIN search_rows r ON r.id = s.id
          WHERE s.user_id = $2 AND s.id < $3 AND r.words @@ $1::TSQUERY
          ORDER BY s.id DESC LIMIT $4",
        "SELECT DISTINCT ON (r.conv) r.id, r.conv, r.item
           FROM found f JOIN search_rows r ON r.id = f.id
          ORDER BY r.conv, r.id DESC"
    ),
    rows: (640, 10_240),
    planned: true,
    least: 0,
};
