//! Drafts, repeated requests and jobs.

use em2_model::{ConversationKey, DraftKey, Format};
use server::store::StoreError;
use server::store::drafts::{
    DraftContent, delete_draft, find_draft, insert_draft, list_drafts, mark_draft_published,
    update_draft,
};
use server::store::idempotency::{StoredAnswer, find_answer, insert_answer, prune_answers};
use server::store::jobs::{claim_jobs, delete_job, insert_job, mark_job_failed, next_job_at};

use super::{NOW, account, commit, on_both};

fn content(subject: &str) -> DraftContent {
    DraftContent {
        subject: subject.to_owned(),
        recipients: "bob@b.example, car".to_owned(),
        format: Format::Markdown,
        text: "Hello".to_owned(),
    }
}

fn key(n: u8) -> DraftKey {
    DraftKey::from_bytes([n; 16])
}

on_both! {
    async fn a_draft_is_one_row_that_changes(store: Store) {
        let anna = account(&store, "anna@a.example").await;
        let bob = account(&store, "bob@a.example").await;
        commit!(store, |tx| insert_draft(tx, key(1), anna, &content("One"), NOW)).unwrap();
        commit!(store, |tx| insert_draft(tx, key(2), anna, &content("Two"), NOW.plus(1))).unwrap();

        let mut conn = store.reader().await.unwrap();
        let draft = find_draft(&mut conn, anna, key(1)).await.unwrap().unwrap();
        assert_eq!((draft.version, draft.recipients.as_str()), (1, "bob@b.example, car"));
        assert_eq!(find_draft(&mut conn, bob, key(1)).await.unwrap(), None, "it is Anna's alone");

        let now = NOW.plus(5);
        let wrote = commit!(store, |tx| update_draft(tx, anna, key(1), 1, &content("1b"), now).await?);
        assert_eq!(wrote, Ok(Some(2)));
        let stale = commit!(store, |tx| update_draft(tx, anna, key(1), 1, &content("1c"), now).await?);
        assert_eq!(stale, Ok(None), "another tab was faster");
        let draft = find_draft(&mut conn, anna, key(1)).await.unwrap().unwrap();
        assert_eq!((draft.subject.as_str(), draft.updated_at), ("1b", now));
        let listed = list_drafts(&mut conn, anna, 10).await.unwrap();
        assert_eq!(listed.iter().map(|d| d.key).collect::<Vec<_>>(), [key(1), key(2)]);

        assert_eq!(commit!(store, |tx| delete_draft(tx, bob, key(2)).await?), Ok(false));
        assert_eq!(commit!(store, |tx| delete_draft(tx, anna, key(2)).await?), Ok(true));
        assert_eq!(list_drafts(&mut conn, anna, 10).await.unwrap().len(), 1);
    }

    async fn a_published_draft_says_what_it_became(store: Store) {
        let anna = account(&store, "anna@a.example").await;
        commit!(store, |tx| insert_draft(tx, key(1), anna, &content("One"), NOW)).unwrap();
        let conv = ConversationKey::from_bytes([5; 32]);
        let publish = || async {
            commit!(store, |tx| mark_draft_published(tx, anna, key(1), conv, NOW).await?)
        };
        assert_eq!(publish().await, Ok(true));
        assert_eq!(publish().await, Ok(false));
        let mut conn = store.reader().await.unwrap();
        let draft = find_draft(&mut conn, anna, key(1)).await.unwrap().unwrap();
        assert_eq!((draft.published, draft.text.as_str()), (Some(conv), ""));
        assert!(list_drafts(&mut conn, anna, 10).await.unwrap().is_empty());
        let late = commit!(store, |tx| update_draft(tx, anna, key(1), 1, &content("x"), NOW).await?);
        assert_eq!(late, Ok(None));
    }

    async fn a_repeated_request_is_answered_once(store: Store) {
        let anna = account(&store, "anna@a.example").await;
        let stored = StoredAnswer { request_hash: [1; 32], status: 201, answer: b"{}".to_vec() };
        let (first, second) = (stored.clone(), stored.clone());
        commit!(store, |tx| insert_answer(tx, anna, "k", &first, NOW)).unwrap();
        let again = commit!(store, |tx| {
            insert_draft(tx, key(1), anna, &content("never"), NOW);
            insert_answer(tx, anna, "k", &second, NOW);
        });
        assert!(matches!(again, Err(StoreError::Conflict(_))), "{again:?}");
        let mut conn = store.reader().await.unwrap();
        assert_eq!(find_answer(&mut conn, anna, "k").await.unwrap(), Some(stored));
        assert_eq!(find_answer(&mut conn, anna, "other").await.unwrap(), None);
        assert!(list_drafts(&mut conn, anna, 10).await.unwrap().is_empty(), "all or nothing");
        assert_eq!(commit!(store, |tx| prune_answers(tx, NOW).await?), Ok(0));
        assert_eq!(commit!(store, |tx| prune_answers(tx, NOW.plus(1)).await?), Ok(1));
    }

    async fn a_job_is_claimed_by_one_worker_at_a_time(store: Store) {
        commit!(store, |tx| {
            insert_job(tx, "prune", r#"{"a":1}"#, NOW);
            insert_job(tx, "prune", r#"{"a":2}"#, NOW);
            insert_job(tx, "later", "{}", NOW.plus(1000));
        }).unwrap();
        let claim = |now, limit| {
            let store = store.clone();
            async move {
                commit!(store, |tx| claim_jobs(tx, now, NOW.plus(500), limit).await?).unwrap()
            }
        };
        let (a, b) = tokio::join!(claim(NOW, 1), claim(NOW, 1));
        assert_eq!((a.len(), b.len()), (1, 1));
        assert_ne!(a[0].id, b[0].id);
        assert!(claim(NOW, 10).await.is_empty());
        let (done, failed) = (a[0].id, b[0].id);
        commit!(store, |tx| {
            delete_job(tx, done);
            mark_job_failed(tx, failed, "no luck", NOW.plus(100));
        }).unwrap();
        let mut conn = store.reader().await.unwrap();
        assert_eq!(next_job_at(&mut conn).await.unwrap(), Some(NOW.plus(100)));
        let again = claim(NOW.plus(100), 10).await;
        assert_eq!(again.iter().map(|job| (job.id, job.attempts)).collect::<Vec<_>>(), [(failed, 2)]);
    }
}
