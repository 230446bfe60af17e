//! Whom somebody has accepted or blocked, and what waits until they have answered.

use em2_model::action::Content;
use em2_model::{ConversationKey, History, Platform, Time};
use server::store::Store;
use server::store::contacts::{Regard, Who, find_regard, upsert_contact};
use server::store::fold::Query;
use server::store::list::{Counts, ListCursor, ListFilter, count, list_conversations};
use server::store::participants::{find_participant, list_participants};
use server::store::requests::{
    RequestRow, admit, count_requests, delete_request, delete_requests_of, find_request,
    list_requests, list_requests_of, upsert_request,
};
use server::store::search::search;
use server::store::users::UserId;

use super::world::{act, key, markdown, publish};
use super::{NOW, account, address, commit, on_both};

fn platform(name: &str) -> Platform {
    Platform::parse(name).unwrap()
}

async fn regard(store: &Store, user: UserId, who: &str, of: &str) -> Option<Regard> {
    let mut conn = store.reader().await.unwrap();
    find_regard(&mut conn, user, &address(who), &platform(of))
        .await
        .unwrap()
}

/// Keeps what a person makes of an address, or of everybody where there is none.
async fn regards(store: &Store, user: UserId, who: Option<&str>, of: &str, regard: Regard) {
    let (who, of) = (who.map(address), platform(of));
    let kept = commit!(store, |tx| {
        let who = match &who {
            Some(address) => Who::Person(address, &of),
            None => Who::Everybody(&of),
        };
        upsert_contact(tx, user, who, regard, NOW)
    });
    kept.unwrap();
}

/// A conversation to which bob was added, and the request to the account `bob`: as long as it waits, his row names no
/// account.
async fn request(store: &Store, bob: UserId, subject: &str, sender: &str, at: i64) -> RequestRow {
    let anna = address("anna@a.example");
    let conv = publish(
        store,
        &anna,
        &[(&address("bob@a.example"), History::All)],
        subject,
        "words",
    )
    .await;
    let mut conn = store.reader().await.unwrap();
    let people = list_participants(&mut conn, conv).await.unwrap();
    let added = people
        .iter()
        .find(|row| row.address.local() == "bob")
        .unwrap();
    let item = added.item;
    let row = RequestRow {
        conv,
        item,
        user: bob,
        sender: address(sender),
        platform: platform("em2.e.example"),
        at: Time(NOW.0 + at),
    };
    let stored = row.clone();
    commit!(store, |tx| upsert_request(tx, &stored)).unwrap();
    row
}

async fn waiting(
    store: &Store,
    user: UserId,
    before: ListCursor,
    offset: i64,
    limit: i64,
) -> Vec<String> {
    let mut conn = store.reader().await.unwrap();
    let rows = list_requests(&mut conn, user, before, offset, limit)
        .await
        .unwrap();
    rows.into_iter().map(|row| row.subject).collect()
}

on_both! {
    async fn an_address_is_accepted_with_its_platform_and_blocked_with_any(store: Store) {
        let anna = account(&store, "anna@a.example").await;
        let bob = account(&store, "bob@a.example").await;
        let (home, away) = ("em2.e.example", "em2.f.example");
        assert_eq!(regard(&store, anna, "eve@e.example", home).await, None);
        regards(&store, anna, Some("eve@e.example"), home, Regard::Accepted).await;
        assert_eq!(regard(&store, anna, "eve@e.example", home).await, Some(Regard::Accepted));
        assert_eq!(regard(&store, anna, "eve@e.example", away).await, None, "somebody else speaks for her");
        assert_eq!(regard(&store, anna, "eva@e.example", home).await, None);
        assert_eq!(regard(&store, bob, "eve@e.example", home).await, None);

        regards(&store, anna, None, away, Regard::Accepted).await;
        assert_eq!(regard(&store, anna, "fay@f.example", away).await, Some(Regard::Accepted));
        assert_eq!(regard(&store, anna, "eve@e.example", away).await, Some(Regard::Accepted));
        regards(&store, anna, Some("eve@e.example"), home, Regard::Blocked).await;
        for of in [home, away] {
            assert_eq!(regard(&store, anna, "eve@e.example", of).await, Some(Regard::Blocked));
        }
        regards(&store, anna, None, home, Regard::Blocked).await;
        assert_eq!(regard(&store, anna, "eva@e.example", home).await, Some(Regard::Blocked));
        regards(&store, anna, Some("eva@e.example"), home, Regard::Accepted).await;
        assert_eq!(regard(&store, anna, "eva@e.example", home).await, Some(Regard::Accepted));
    }

    async fn who_has_written_with_somebody_knows_them(store: Store) {
        let (anna, bob) = (address("anna@a.example"), address("bob@a.example"));
        let annas = account(&store, anna.as_str()).await;
        let bobs = account(&store, bob.as_str()).await;
        let eve = address("eve@e.example");
        let people = [(&bob, History::All), (&eve, History::All)];
        let conv = publish(&store, &anna, &people, "Lunch", "When?").await;
        let here = key().platform;
        assert_eq!(regard(&store, annas, "eve@e.example", here.as_str()).await, Some(Regard::Accepted));
        assert_eq!(regard(&store, annas, "eve@e.example", "em2.f.example").await, None);
        assert_eq!(regard(&store, bobs, "eve@e.example", here.as_str()).await, None, "he only reads");
        act(&store, conv, &bob, Content::MessageAdd(markdown("At noon")), None).await.unwrap();
        assert_eq!(regard(&store, bobs, "eve@e.example", here.as_str()).await, Some(Regard::Accepted));
        regards(&store, bobs, Some("eve@e.example"), here.as_str(), Regard::Blocked).await;
        assert_eq!(regard(&store, bobs, "eve@e.example", here.as_str()).await, Some(Regard::Blocked));
    }

    async fn requests_wait_newest_first_and_are_counted(store: Store) {
        account(&store, "anna@a.example").await;
        let mut rows = Vec::new();
        let bob = account(&store, "robert@a.example").await;
        for (n, sender) in ["eve@e.example", "fay@e.example", "eve@e.example"].into_iter().enumerate() {
            rows.push(request(&store, bob, &format!("Number {n}"), sender, n as i64).await);
        }
        assert_eq!(waiting(&store, bob, ListCursor::TOP, 0, 9).await, ["Number 2", "Number 1", "Number 0"]);
        assert_eq!(waiting(&store, bob, ListCursor::TOP, 1, 1).await, ["Number 1"]);
        let after = ListCursor { last_at: rows[1].at, conv: rows[1].conv };
        assert_eq!(waiting(&store, bob, after, 0, 9).await, ["Number 0"]);
        let mut conn = store.reader().await.unwrap();
        assert_eq!(count_requests(&mut conn, bob).await.unwrap(), 3);
        assert_eq!(count(&mut conn, bob).await.unwrap(), Counts { requests: 3, ..Counts::default() });
        let found = find_request(&mut conn, bob, rows[0].conv).await.unwrap();
        assert_eq!(found.as_ref(), Some(&rows[0]));
        let nowhere = ConversationKey::from_bytes([9; 32]);
        assert_eq!(find_request(&mut conn, bob, nowhere).await.unwrap(), None);

        let (of, eve) = (platform("em2.e.example"), address("eve@e.example"));
        let all = list_requests_of(&mut conn, bob, &of, None, 2).await.unwrap();
        assert_eq!(all, [rows[2].clone(), rows[1].clone()]);
        let hers = list_requests_of(&mut conn, bob, &of, Some(&eve), 9).await.unwrap();
        assert_eq!(hers, [rows[2].clone(), rows[0].clone()]);
        let none = list_requests_of(&mut conn, bob, &platform("em2.f.example"), None, 9).await.unwrap();
        assert!(none.is_empty());

        let again = RequestRow { sender: address("zoe@e.example"), ..rows[0].clone() };
        commit!(store, |tx| upsert_request(tx, &again)).unwrap();
        commit!(store, |tx| delete_requests_of(tx, bob, &eve)).unwrap();
        assert_eq!(waiting(&store, bob, ListCursor::TOP, 0, 9).await, ["Number 1"]);
        let (conv, item) = (rows[1].conv, rows[1].item);
        commit!(store, |tx| delete_request(tx, conv, item)).unwrap();
        assert_eq!(count_requests(&mut conn, bob).await.unwrap(), 0);
    }

    async fn what_is_admitted_is_listed_unread_counted_and_found(store: Store) {
        account(&store, "anna@a.example").await;
        let bob = account(&store, "robert@a.example").await;
        let row = request(&store, bob, "Lunch", "eve@e.example", 1).await;
        let found = async |word: &str| {
            let mut conn = store.reader().await.unwrap();
            let query = Query::parse(word).unwrap();
            search(&mut conn, bob, &query, None, 9).await.unwrap().len()
        };
        let listed = async || {
            let mut conn = store.reader().await.unwrap();
            list_conversations(&mut conn, bob, ListFilter::All, ListCursor::TOP, 9).await.unwrap()
        };
        assert_eq!((found("words").await, found("lunch").await, listed().await.len()), (0, 0, 0));

        let (admitted, at) = (row.clone(), Time(NOW.0 + 7));
        commit!(store, |tx| admit(tx, &admitted, 3, at)).unwrap();
        let rows = listed().await;
        assert!(rows.len() == 1 && rows[0].unread && rows[0].last_at == at, "{rows:?}");
        assert_eq!((found("words").await, found("lunch").await), (1, 1));
        let mut conn = store.reader().await.unwrap();
        assert_eq!(count(&mut conn, bob).await.unwrap(), Counts { unread: 1, ..Counts::default() });
        let participant = find_participant(&mut conn, row.conv, bob).await.unwrap().unwrap();
        assert_eq!((participant.item, participant.news_seq, participant.read_seq), (row.item, 3, 0));
        act(&store, row.conv, &address("anna@a.example"), Content::MessageAdd(markdown("more")), None).await.unwrap();
        assert_eq!(found("more").await, 1, "what comes later too");
    }
}
