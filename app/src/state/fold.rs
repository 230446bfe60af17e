//! What is heard, folded into a view of the list, which shows some conversations and counts all of them.

use em2_model::address::Address;
use em2_model::id::ConversationRef;
use em2_model::wire::domestic::{ListPage, ListView, Row};
use em2_model::wire::live::Live;

/// Takes the counts of a page that was read a moment ago. Frames that were heard since, or that are in it already and
/// are yet to be heard, stand in the rows of the one or the other: what the rows say is counted there, and only what
/// lies beyond them is taken over.
pub(super) fn recount(page: &mut ListPage, view: ListView, fresh: &ListPage) {
    let unread = |rows: &[Row]| rows.iter().filter(|row| row.unread).count();
    let last = fresh.rows.last().filter(|_| fresh.next.is_some());
    let beyond = |row: &&Row| last.is_some_and(|last| row.at < last.at);
    let known_beyond = page.rows.iter().filter(beyond).filter(|row| row.unread);
    let elsewhere = (fresh.unread as usize)
        .saturating_sub(unread(&fresh.rows))
        .saturating_sub(known_beyond.count());
    page.unread = (elsewhere + unread(&page.rows)) as u32;
    if fresh.n >= page.n {
        page.requests = fresh.requests;
    }
    page.drafts = match (view, &fresh.next) {
        (ListView::Drafts, None) => page.rows.len() as u32,
        _ => fresh.drafts,
    };
}

/// Whether the counts of the page are still right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counted {
    Yes,
    No,
}

/// Folds a frame into a view of the list, which shows some conversations and counts all of them.
pub(super) fn fold(page: &mut ListPage, view: ListView, me: &Address, live: &Live) -> Counted {
    if live.n().is_none_or(|n| n <= page.n) {
        return Counted::Yes;
    }
    let held = |page: &ListPage, key: ConversationRef| page.rows.iter().any(|row| row.key == key);
    let (belongs, known) = match live {
        Live::Change { change, row, .. } => {
            // What has been accepted stands in the other views.
            let known = view != ListView::Requests && held(page, row.key);
            let mine = view == ListView::Sent && change.by == *me;
            (
                known || mine || view == ListView::Inbox,
                known || (view == ListView::Inbox && page.next.is_none()),
            )
        }
        Live::Draft { row, .. } => (
            view == ListView::Drafts,
            held(page, row.key) || page.next.is_none(),
        ),
        Live::DraftGone { key, .. } => (
            view == ListView::Drafts,
            held(page, ConversationRef::Draft(*key)),
        ),
        Live::Read { conversation, .. } => {
            (true, held(page, ConversationRef::Published(*conversation)))
        }
        Live::Requests { .. } => (true, true),
        Live::Hello { .. }
        | Live::Seen { .. }
        | Live::Waiting { .. }
        | Live::Delivery { .. }
        | Live::Resync => return Counted::Yes,
    };
    if belongs {
        page.apply(live);
    } else {
        page.n = live.n().unwrap_or(page.n);
    }
    if belongs && known {
        Counted::Yes
    } else {
        Counted::No
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use em2_model::id::{ActionKey, CommitKey, ConversationKey, DraftKey, Time};
    use em2_model::refusal::Code;
    use em2_model::wire::live::{Change, Effect};

    fn me() -> Address {
        Address::parse("ann@a.example").unwrap()
    }

    fn bob() -> Address {
        Address::parse("bob@a.example").unwrap()
    }

    fn row(key: ConversationRef, at: i64, unread: bool) -> Row {
        Row {
            key,
            subject: "Budget".to_owned(),
            people: vec![],
            people_count: 2,
            preview: String::new(),
            preview_by: None,
            at: Time(at),
            unread,
            seq: 1,
            last: None,
            labels: vec![],
            present: true,
        }
    }

    fn published(byte: u8) -> ConversationRef {
        ConversationRef::Published(ConversationKey::from_bytes([byte; 32]))
    }

    fn change(n: u64, by: Address, row: Row) -> Live {
        let ConversationRef::Published(conversation) = row.key else {
            panic!("a change is of a conversation")
        };
        let change = Change {
            key: ActionKey::from_bytes([9; 32]),
            seq: row.seq,
            head: CommitKey::from_bytes([9; 32]),
            at: row.at,
            by,
            notable: true,
            effect: Effect::Refused {
                code: Code::Conflict,
            },
        };
        Live::Change {
            n,
            conversation,
            change: Box::new(change),
            row: Box::new(row),
        }
    }

    fn page(rows: Vec<Row>, next: Option<&str>) -> ListPage {
        ListPage {
            rows,
            next: next.map(str::to_owned),
            unread: 0,
            drafts: 0,
            requests: 0,
            n: 10,
        }
    }

    fn keys(page: &ListPage) -> Vec<ConversationRef> {
        page.rows.iter().map(|row| row.key).collect()
    }

    #[test]
    fn a_person_who_was_added_sees_the_row_appear_on_top() {
        let mut page = page(vec![row(published(1), 100, false)], None);
        let live = change(11, bob(), row(published(2), 200, true));
        assert_eq!(fold(&mut page, ListView::Inbox, &me(), &live), Counted::Yes);
        assert_eq!(keys(&page), [published(2), published(1)]);
        assert_eq!((page.unread, page.n), (1, 11));
        fold(&mut page, ListView::Inbox, &me(), &live);
        assert_eq!(page.unread, 1, "the same frame again");
    }

    #[test]
    fn a_row_beyond_what_is_loaded_makes_the_counts_uncertain() {
        let mut page = page(vec![row(published(1), 100, false)], Some("cursor"));
        let live = change(11, bob(), row(published(2), 200, true));
        assert_eq!(fold(&mut page, ListView::Inbox, &me(), &live), Counted::No);
    }

    #[test]
    fn counts_that_were_read_do_not_count_twice_what_is_heard_later() {
        let mut held = page(
            vec![row(published(2), 200, true), row(published(1), 100, true)],
            None,
        );
        held.unread = 2;
        let mut fresh = page(
            vec![row(published(2), 200, false), row(published(1), 100, true)],
            None,
        );
        (fresh.unread, fresh.drafts, fresh.n) = (1, 3, 12);
        recount(&mut held, ListView::Inbox, &fresh);
        assert_eq!((held.unread, held.drafts), (2, 3));
        let read = Live::Read {
            n: 12,
            conversation: ConversationKey::from_bytes([2; 32]),
            seq: 9,
        };
        fold(&mut held, ListView::Inbox, &me(), &read);
        assert_eq!(held.unread, 1, "as it was read already");
    }

    #[test]
    fn what_lies_beyond_the_rows_is_taken_over() {
        let mut held = page(
            vec![row(published(3), 300, true), row(published(2), 200, true)],
            Some("cursor"),
        );
        let mut fresh = page(vec![row(published(3), 300, true)], Some("cursor"));
        fresh.unread = 7;
        recount(&mut held, ListView::Inbox, &fresh);
        assert_eq!(held.unread, 7);
    }

    #[test]
    fn what_was_sent_holds_what_one_wrote() {
        let mut page = page(vec![row(published(1), 100, false)], None);
        let theirs = change(11, bob(), row(published(2), 200, true));
        assert_eq!(fold(&mut page, ListView::Sent, &me(), &theirs), Counted::No);
        assert_eq!(keys(&page), [published(1)]);
        let mine = change(12, me(), row(published(3), 300, false));
        fold(&mut page, ListView::Sent, &me(), &mine);
        assert_eq!(keys(&page), [published(3), published(1)]);
        assert_eq!(page.n, 12);
    }

    #[test]
    fn drafts_stay_among_the_drafts() {
        let draft = ConversationRef::Draft(DraftKey::from_bytes([1; 16]));
        let saved = |n| Live::Draft {
            n,
            row: Box::new(row(draft, 200, false)),
        };
        let mut inbox = page(vec![], None);
        assert_eq!(
            fold(&mut inbox, ListView::Inbox, &me(), &saved(11)),
            Counted::No
        );
        assert!(inbox.rows.is_empty());
        let mut drafts = page(vec![], None);
        fold(&mut drafts, ListView::Drafts, &me(), &saved(11));
        fold(&mut drafts, ListView::Drafts, &me(), &saved(12));
        assert_eq!((drafts.rows.len(), drafts.drafts), (1, 1));
        let conversation = change(13, bob(), row(published(2), 300, true));
        fold(&mut drafts, ListView::Drafts, &me(), &conversation);
        assert_eq!(keys(&drafts), [draft]);
    }
}
