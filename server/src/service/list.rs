//! The list of conversations, from rows that each action keeps up to date.

use em2_model::id::{ConversationKey, Time};
use em2_model::refusal::Refusal;
use em2_model::wire::domestic::{ListPage, ListQuery, ListView};

use super::failure::Failure;
use super::{Me, Service, drafts, scene};
use crate::store::Conn;
use crate::store::drafts::list_drafts;
use crate::store::feed::find_counter;
use crate::store::list::{ListCursor, ListFilter, count, find_cursor_at, list_conversations};

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
        let n = find_counter(&mut conn, me.user).await?;
        let counts = count(&mut conn, me.user).await?;
        let (rows, next) = match query.view {
            ListView::Drafts => {
                let drafts = list_drafts(&mut conn, me.user, DRAFTS).await?;
                (drafts.iter().map(drafts::row).collect(), None)
            }
            ListView::Inbox => page(&mut conn, me, ListFilter::All, &query).await?,
            ListView::Sent => page(&mut conn, me, ListFilter::Sent, &query).await?,
        };
        let few = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        Ok(ListPage {
            rows,
            next,
            unread: few(counts.unread),
            drafts: few(counts.drafts),
            n,
        })
    }
}

type Page = (Vec<em2_model::wire::domestic::Row>, Option<String>);

async fn page(
    conn: &mut Conn,
    me: &Me,
    filter: ListFilter,
    query: &ListQuery,
) -> Result<Page, Failure> {
    let before = match (&query.before, query.offset) {
        (Some(cursor), _) => Some(parse(cursor)?),
        (None, None | Some(0)) => Some(ListCursor::TOP),
        (None, Some(offset)) if offset > DEEPEST => {
            return Err(Refusal::format(
                "That is too far down. Go on with ?before= from page to page.",
            )
            .into());
        }
        (None, Some(offset)) => find_cursor_at(conn, me.user, filter, offset.into()).await?,
    };
    let Some(before) = before else {
        return Ok((Vec::new(), None));
    };
    let mut rows = list_conversations(conn, me.user, filter, before, PAGE as i64 + 1).await?;
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    let next = rows
        .last()
        .filter(|_| more)
        .map(|last| format!("{}.{}", last.last_at.as_millis(), last.conv));
    Ok((
        rows.into_iter()
            .map(|row| scene::row(row, &me.address))
            .collect(),
        next,
    ))
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
