//! The list of conversations, from rows that each action keeps up to date.

use em2_model::id::{ConversationKey, Time};
use em2_model::refusal::Refusal;
use em2_model::wire::domestic::{ListPage, ListQuery, ListView, Row};

use super::failure::Failure;
use super::{Me, Service, drafts, requests, row};
use crate::store::Conn;
use crate::store::drafts::list_drafts;
use crate::store::feed::find_counter;
use crate::store::list::{Counts, ListCursor, ListFilter, count, find_cursor_at, list_with_counts};
use crate::store::requests::list_requests;

/// How many rows a page has.
const PAGE: usize = 50;

/// How many drafts are listed; they have one page.
const DRAFTS: i64 = 200;

/// How far down `?offset=` reaches: its cost grows with it. `?before=` has no bound.
const DEEPEST: u32 = 10_000;

impl Service {
    /// A page of this person's list, newest first, all of one moment.
    pub async fn list(&self, me: &Me, query: ListQuery) -> Result<ListPage, Refusal> {
        Ok(self.read_list(me, query).await?)
    }

    async fn read_list(&self, me: &Me, query: ListQuery) -> Result<ListPage, Failure> {
        let mut conn = self.store.snapshot().await?;
        let filter = match query.view {
            ListView::Drafts => return drafts_page(&mut conn, me).await,
            ListView::Inbox => ListFilter::All,
            ListView::Sent => ListFilter::Sent,
            ListView::Requests => return requests_page(&mut conn, me, &query).await,
        };
        let before = begin(&mut conn, me, filter, &query).await?;
        let limit = if before.is_some() { PAGE as i64 + 1 } else { 0 };
        let before = before.unwrap_or(ListCursor::TOP);
        let (mut rows, counts, n) =
            list_with_counts(&mut conn, me.user, filter, before, limit).await?;
        let next = cut(&mut rows, |row| (row.last_at, row.conv));
        let rows = rows.into_iter().map(|row| row::row(row, &me.address));
        Ok(answer(rows.collect(), next, counts, n))
    }
}

/// Cuts what is more than a page; answers where the next one begins.
fn cut<T>(rows: &mut Vec<T>, place: impl Fn(&T) -> (Time, ConversationKey)) -> Option<String> {
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    let (at, conv) = rows.last().filter(|_| more).map(place)?;
    Some(format!("{}.{conv}", at.as_millis()))
}

fn answer(rows: Vec<Row>, next: Option<String>, counts: Counts, n: u64) -> ListPage {
    let few = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
    ListPage {
        rows,
        next,
        unread: few(counts.unread),
        drafts: few(counts.drafts),
        requests: few(counts.requests),
        n,
    }
}

async fn drafts_page(conn: &mut Conn, me: &Me) -> Result<ListPage, Failure> {
    let n = find_counter(conn, me.user).await?;
    let counts = count(conn, me.user).await?;
    let drafts = list_drafts(conn, me.user, DRAFTS).await?;
    let rows = drafts.iter().map(drafts::row).collect();
    Ok(answer(rows, None, counts, n))
}

async fn requests_page(conn: &mut Conn, me: &Me, query: &ListQuery) -> Result<ListPage, Failure> {
    let before = query.before.as_deref().map(parse).transpose()?;
    let offset = deep_enough(query.offset.filter(|_| before.is_none()))?;
    let n = find_counter(conn, me.user).await?;
    let counts = count(conn, me.user).await?;
    let before = before.unwrap_or(ListCursor::TOP);
    let limit = PAGE as i64 + 1;
    let mut waiting = list_requests(conn, me.user, before, offset.into(), limit).await?;
    let next = cut(&mut waiting, |it| (it.request.at, it.request.conv));
    let rows = waiting.into_iter().map(requests::row).collect();
    Ok(answer(rows, next, counts, n))
}

/// How many rows to pass over.
fn deep_enough(offset: Option<u32>) -> Result<u32, Refusal> {
    match offset.unwrap_or(0) {
        offset if offset > DEEPEST => Err(Refusal::format(
            "That is too far down. Go on with ?before= from page to page.",
        )),
        offset => Ok(offset),
    }
}

/// Where the page begins; nothing where the list is shorter.
async fn begin(
    conn: &mut Conn,
    me: &Me,
    filter: ListFilter,
    query: &ListQuery,
) -> Result<Option<ListCursor>, Failure> {
    if let Some(cursor) = &query.before {
        return Ok(Some(parse(cursor)?));
    }
    Ok(match deep_enough(query.offset)? {
        0 => Some(ListCursor::TOP),
        offset => find_cursor_at(conn, me.user, filter, offset.into()).await?,
    })
}

/// A cursor is the time and the key of the last row that was shown.
fn parse(cursor: &str) -> Result<ListCursor, Refusal> {
    let parts = cursor.split_once('.').and_then(|(at, conv)| {
        Some(ListCursor {
            last_at: Time(at.parse().ok()?),
            conv: conv.parse::<ConversationKey>().ok()?,
        })
    });
    parts.ok_or_else(|| {
        Refusal::format("This is not a cursor of the list. Begin with its first page.")
    })
}
