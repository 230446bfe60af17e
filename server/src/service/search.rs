//! Search: conversations by their words, as far as this person may see them.

use std::collections::HashMap;

use em2_model::id::ActionKey;
use em2_model::refusal::Refusal;
use em2_model::wire::domestic::{Hit, Mark, Piece, SearchPage};

use super::failure::Failure;
use super::pages::read;
use super::{Me, Service, row};
use crate::store::Conn;
use crate::store::fold::{Query, words};
use crate::store::list::ListRow;
use crate::store::messages::list_messages;
use crate::store::search::{search, show};
use crate::text::plain_of;

/// How many conversations a page has.
const PAGE: usize = 50;

/// How many characters a snippet has, and how many of them before the first word that was found.
const SNIPPET: usize = 160;
const BEFORE: usize = 40;

impl Service {
    /// Conversations in which all words of `q` stand, newest first. A query without any word finds nothing.
    pub async fn search(
        &self,
        me: &Me,
        q: &str,
        before: Option<&str>,
    ) -> Result<SearchPage, Refusal> {
        Ok(self.find(me, q, before).await?)
    }

    async fn find(&self, me: &Me, q: &str, before: Option<&str>) -> Result<SearchPage, Failure> {
        let q: String = q
            .chars()
            .filter(|sign| !sign.is_control())
            .take(1_000)
            .collect();
        let no_cursor =
            |_| Refusal::format("This is not a cursor of the search. Begin with its first page.");
        let before = before
            .map(str::parse::<i64>)
            .transpose()
            .map_err(no_cursor)?;
        let Some(query) = Query::parse(&q) else {
            return Ok(SearchPage {
                q,
                hits: Vec::new(),
                next: None,
            });
        };
        let mut conn = self.store.snapshot().await?;
        let mut found = search(&mut conn, me.user, &query, before, PAGE + 1).await?;
        let more = found.len() > PAGE;
        found.truncate(PAGE);
        let next = found
            .last()
            .filter(|_| more)
            .map(|last| last.cursor.to_string());
        let (rows, texts) = show(&mut conn, me.user, &found).await?;
        let mut rows: HashMap<_, _> = rows.into_iter().map(|row| (row.conv, row)).collect();
        let texts: HashMap<_, _> = texts.into_iter().collect();
        let mut hits = Vec::with_capacity(found.len());
        for hit in found {
            let Some(row) = rows.remove(&hit.conv) else {
                continue;
            };
            let snippet = match hit.message.and_then(|key| texts.get_key_value(&key)) {
                None => Vec::new(),
                Some((_, html)) if row.present => snippet(&plain_of(html), &query),
                Some((key, _)) => {
                    let html = self.as_of(&mut conn, me, &row, *key).await?;
                    snippet(&plain_of(&html), &query)
                }
            };
            hits.push(Hit {
                row: row::row(row, &me.address),
                message: hit.message,
                snippet,
            });
        }
        Ok(SearchPage { q, hits, next })
    }

    /// What a message said when this person, who was removed, saw it last.
    async fn as_of(
        &self,
        conn: &mut Conn,
        me: &Me,
        row: &ListRow,
        key: ActionKey,
    ) -> Result<String, Failure> {
        let Some(now) = list_messages(conn, &[key]).await?.pop() else {
            return Ok(String::new());
        };
        let reading = read(conn, me, row.conv).await?;
        let then = reading.as_of(conn, now).await?;
        let scene = reading.scene(self.clock.now());
        Ok(scene.message(&then, &reading.reader).html)
    }
}

/// A stretch of `text` around the first hit, with every hit in it marked.
fn snippet(text: &str, query: &Query) -> Vec<Piece> {
    let is_hit = |word: &str| words(word).iter().any(|folded| query.matches(folded));
    let tokens: Vec<&str> = text
        .split_inclusive(|sign: char| !sign.is_alphanumeric())
        .collect();
    let first = tokens.iter().position(|token| is_hit(token)).unwrap_or(0);
    let mut start = first;
    let mut lead = 0;
    while start > 0 && lead + tokens[start - 1].chars().count() <= BEFORE {
        start -= 1;
        lead += tokens[start].chars().count();
    }
    let mut pieces: Vec<Piece> = Vec::new();
    let mut put = |mark: Mark, text: &str| match pieces.last_mut() {
        Some(last) if last.mark == mark => last.text.push_str(text),
        _ if text.is_empty() => {}
        _ => pieces.push(Piece {
            mark,
            text: text.to_owned(),
        }),
    };
    if start > 0 {
        put(Mark::Same, "… ");
    }
    let mut length = 0;
    for token in &tokens[start..] {
        length += token.chars().count();
        if length > SNIPPET && length > token.chars().count() {
            put(Mark::Same, "…");
            break;
        }
        if is_hit(token) {
            let word = token.trim_end_matches(|sign: char| !sign.is_alphanumeric());
            put(Mark::Hit, word);
            put(Mark::Same, &token[word.len()..]);
        } else {
            put(Mark::Same, token);
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(text: &str, q: &str) -> String {
        let pieces = snippet(text, &Query::parse(q).unwrap());
        let mark = |piece: Piece| match piece.mark {
            Mark::Hit => format!("[{}]", piece.text),
            _ => piece.text,
        };
        pieces.into_iter().map(mark).collect()
    }

    #[test]
    fn what_was_found_is_marked() {
        assert_eq!(
            marked("The Büdget, the budget-plan.", "budget"),
            "The [Büdget], the [budget]-plan."
        );
        assert_eq!(marked("planning the plan", "plan"), "[planning] the [plan]");
        assert_eq!(marked("", "plan"), "");
    }

    #[test]
    fn a_snippet_of_a_long_text_begins_shortly_before_it() {
        let text = format!("{}needle {}", "hay ".repeat(100), "straw ".repeat(100));
        let found = marked(&text, "needle");
        assert!(
            found.starts_with("… hay") && found.contains("[needle]") && found.ends_with('…'),
            "{found}"
        );
        assert!(found.chars().count() < SNIPPET + 20);
        assert!(marked(&"x".repeat(5_000), "x").chars().count() <= 5_002);
    }
}
