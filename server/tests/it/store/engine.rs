//! The write path itself: groups, failures inside them, and what is told when.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use em2_model::{ActionKey, ConversationKey, Time};
use server::store::search::{Indexed, insert_words};
use server::store::sessions::{Session, TokenHash, find_session, insert_session};
use server::store::users::{UserId, any_user, find_user_by_address, insert_user, list_users};
use server::store::{Store, StoreError};
use tokio::sync::oneshot;

use super::{NOW, address, commit, on_both};

async fn insert(store: Store, n: usize) -> Result<(), StoreError> {
    let address = address(&format!("u{n}@a.example"));
    commit!(store, |tx| insert_user(tx, &address, "U", "x", NOW).await?).map(|_| ())
}

fn session(user: UserId, n: u8) -> Session {
    Session {
        token: TokenHash([n; 32]),
        user,
        device: String::new(),
        address: String::new(),
        created_at: NOW,
        last_seen_at: NOW,
        expires_at: Time(NOW.0 + 1),
    }
}

/// Words of a conversation that does not exist.
fn orphan(n: u8) -> Indexed<'static> {
    Indexed {
        conv: ConversationKey::from_bytes([n; 32]),
        item: ActionKey::from_bytes([n; 32]),
        added: 1,
        touched: 1,
        text: "lost",
    }
}

on_both! {
    async fn a_hundred_writers_at_once_all_get_their_own_answer(store: Store) {
        let writers = (0..100).map(|n| tokio::spawn(insert(store.clone(), n / 2)));
        let answers = futures::future::join_all(writers).await;
        let stored = answers.iter().filter(|answer| answer.as_ref().unwrap().is_ok()).count();
        assert_eq!(stored, 50, "each address once, its double refused");
        let mut conn = store.reader().await.unwrap();
        assert_eq!(list_users(&mut conn).await.unwrap().len(), 50);
    }

    async fn one_failure_spoils_no_other_write_of_the_group(store: Store) {
        let fails = |n: usize| {
            let store = store.clone();
            async move {
                let address = address(&format!("gone{n}@a.example"));
                store.write(move |tx| Box::pin(async move {
                    insert_user(tx, &address, "U", "x", NOW).await?;
                    match n % 3 {
                        0 => Err(StoreError::Missing("sense")),
                        1 => panic!("a write that panics"),
                        _ => insert_user(tx, &address, "U", "x", NOW).await.map(|_| ()),
                    }
                })).await
            }
        };
        let all = (0..30).map(|n| {
            let (good, bad) = (insert(store.clone(), n), fails(n));
            async move { tokio::join!(good, bad) }
        });
        for (good, bad) in futures::future::join_all(all).await {
            assert_eq!(good, Ok(()));
            assert!(bad.is_err());
        }
        let mut conn = store.reader().await.unwrap();
        assert_eq!(list_users(&mut conn).await.unwrap().len(), 30);
    }

    async fn a_write_that_fails_with_what_it_left_to_send_fails_alone(store: Store) {
        let user = commit!(store, |tx| insert_user(tx, &address("u@a.example"), "U", "x", NOW).await?).unwrap();
        commit!(store, |tx| insert_session(tx, &session(user, 255))).unwrap();
        let writes = (0..60_u8).map(|n| {
            let store = store.clone();
            async move {
                let stored = commit!(store, |tx| {
                    if n % 3 > 0 {
                        any_user(tx).await?;
                    }
                    if n % 3 == 2 {
                        // Refused at the end of the group, if it is not forgotten with its write.
                        insert_words(tx, &orphan(n));
                        insert_session(tx, &session(user, 255));
                    } else {
                        insert_session(tx, &session(user, n));
                    }
                });
                (n, stored)
            }
        });
        for (n, stored) in futures::future::join_all(writes).await {
            match n % 3 {
                2 => assert!(matches!(stored, Err(StoreError::Conflict(_))), "{n}: {stored:?}"),
                _ => assert_eq!(stored, Ok(()), "{n}"),
            }
        }
        let mut conn = store.reader().await.unwrap();
        for n in (0..60).filter(|n| n % 3 < 2) {
            let found = find_session(&mut conn, TokenHash([n; 32]), NOW).await.unwrap();
            assert!(found.is_some(), "{n}");
        }
    }

    async fn a_write_learns_that_it_failed_though_the_one_after_it_failed_at_once(store: Store) {
        let user = commit!(store, |tx| insert_user(tx, &address("u@a.example"), "U", "x", NOW).await?).unwrap();
        commit!(store, |tx| insert_session(tx, &session(user, 255))).unwrap();
        let (open, held) = oneshot::channel::<()>();
        let first = async { commit!(store, |tx| { held.await.unwrap(); insert_session(tx, &session(user, 1)); }) };
        let second = async { commit!(store, |tx| {
            any_user(tx).await?;
            insert_words(tx, &orphan(2));
            insert_session(tx, &session(user, 255));
        }) };
        let last = store.write(|_| Box::pin(async { Err::<(), _>(StoreError::Missing("reason")) }));
        let (first, second, last, ()) =
            tokio::join!(first, second, last, async { open.send(()).unwrap(); });
        assert_eq!(first, Ok(()));
        assert!(matches!(second, Err(StoreError::Conflict(_))), "{second:?}");
        assert_eq!(last, Err(StoreError::Missing("reason")));

        let third = commit!(store, |tx| { any_user(tx).await?; insert_session(tx, &session(user, 3)); });
        assert_eq!(third, Ok(()), "what failed was told to whom it failed");
        let mut conn = store.reader().await.unwrap();
        for (n, stored) in [(1, true), (2, false), (3, true)] {
            let found = find_session(&mut conn, TokenHash([n; 32]), NOW).await.unwrap();
            assert_eq!(found.is_some(), stored, "{n}");
        }
    }

    async fn a_write_that_fails_before_it_touches_anything_is_told_so(store: Store) {
        let refused: Result<(), _> =
            store.write(|_| Box::pin(async { Err(StoreError::Missing("reason")) })).await;
        assert_eq!(refused, Err(StoreError::Missing("reason")));
        insert(store, 1).await.unwrap();
    }

    async fn what_follows_a_commit_sees_it_stored_and_a_failed_write_has_none(store: Store) {
        let ran = Arc::new(AtomicUsize::new(0));
        let seen = Arc::new(Mutex::new(Vec::new()));
        for n in 0..3 {
            let (ran, seen) = (ran.clone(), seen.clone());
            let outcome = commit!(store, |tx| {
                let count = ran.clone();
                tx.on_commit(move || { count.fetch_add(1, Ordering::SeqCst); });
                insert_user(tx, &address("same@a.example"), "U", "x", NOW).await?;
                seen.lock().unwrap().push(n);
            });
            assert_eq!(outcome.is_ok(), n == 0);
        }
        assert_eq!(ran.load(Ordering::SeqCst), 1);
        assert_eq!(*seen.lock().unwrap(), [0]);
    }

    async fn a_write_goes_on_when_its_caller_stops_waiting(store: Store) {
        let writer = store.clone();
        let (began, begun) = tokio::sync::oneshot::channel::<()>();
        let (go_on, told) = tokio::sync::oneshot::channel::<()>();
        let waiting = tokio::spawn(async move {
            let slow = address("slow@a.example");
            commit!(writer, |tx| {
                insert_user(tx, &slow, "U", "x", NOW).await?;
                began.send(()).unwrap();
                told.await.unwrap();
            })
        });
        begun.await.unwrap();
        waiting.abort();
        assert!(waiting.await.unwrap_err().is_cancelled());
        go_on.send(()).unwrap();
        let mut conn = store.reader().await.unwrap();
        let slow = address("slow@a.example");
        while find_user_by_address(&mut conn, &slow).await.unwrap().is_none() {
            tokio::task::yield_now().await;
        }
    }

    async fn a_snapshot_sees_one_state(store: Store) {
        insert(store.clone(), 1).await.unwrap();
        let mut snapshot = store.snapshot().await.unwrap();
        assert_eq!(list_users(&mut snapshot).await.unwrap().len(), 1);
        insert(store.clone(), 2).await.unwrap();
        assert_eq!(list_users(&mut snapshot).await.unwrap().len(), 1);
        drop(snapshot);
        let mut conn = store.reader().await.unwrap();
        assert_eq!(list_users(&mut conn).await.unwrap().len(), 2);
    }

    async fn a_write_reads_what_it_wrote(store: Store) {
        let found = commit!(store, |tx| {
            let address = address("x@a.example");
            insert_user(tx, &address, "U", "x", NOW).await?;
            find_user_by_address(tx, &address).await?
        }).unwrap();
        assert!(found.is_some());
    }
}
