//! Search: what is found, by whom, and that nothing typed makes it fail.

use em2_model::action::{Content, MessageModify, ParticipantAdd};
use em2_model::id::Incarnation;
use em2_model::{ActionKey, ConversationKey, Format, History, Role};
use server::store::fold::Query;
use server::store::idempotency::{StoredAnswer, insert_answer};
use server::store::participants::list_participants;
use server::store::search::{Indexed, SearchHit, erase_words, insert_words, search};
use server::store::users::{UserId, any_user};
use server::store::{Store, StoreError};
use tokio::sync::oneshot;

use super::world::{act, key, markdown, publish};
use super::{NOW, account, address, commit, on_both};

async fn hits(store: &Store, user: UserId, text: &str) -> Vec<SearchHit> {
    let Some(query) = Query::parse(text) else {
        return Vec::new();
    };
    let mut conn = store.reader().await.unwrap();
    search(&mut conn, user, &query, None, 50).await.unwrap()
}

async fn found(store: &Store, user: UserId, text: &str) -> Vec<ConversationKey> {
    hits(store, user, text)
        .await
        .into_iter()
        .map(|hit| hit.conv)
        .collect()
}

fn answer() -> StoredAnswer {
    StoredAnswer {
        request_hash: [0; 32],
        status: 200,
        answer: Vec::new(),
    }
}

on_both! {
    async fn words_are_found_without_accents_case_and_ends(store: Store) {
        let anna = address("anna@a.example");
        let anna_id = account(&store, anna.as_str()).await;
        let eve_id = account(&store, "eve@a.example").await;
        let old = publish(&store, &anna, &[], "Déjeuner d’été", "Où mange-t-on le CRÊPE ?").await;
        let new = publish(&store, &anna, &[], "Budget 2027", "The crepe costs 3 € — 会議").await;

        assert_eq!(found(&store, anna_id, "crepe").await, [new, old], "newest first");
        for text in ["Crêpe où", "CREPE OU", "mange crep"] {
            assert_eq!(found(&store, anna_id, text).await, [old], "{text}");
        }
        assert_eq!(found(&store, anna_id, "budget").await, [new], "subjects too");
        assert_eq!(found(&store, anna_id, "bud").await, [new]);
        assert!(found(&store, anna_id, "bud ").await.is_empty(), "only the last word is open");
        assert!(found(&store, anna_id, "crepe nowhere").await.is_empty());
        assert_eq!(found(&store, anna_id, "会議").await, [new]);
        assert!(found(&store, eve_id, "crepe").await.is_empty(), "not hers to see");

        let hit = &hits(&store, anna_id, "costs").await[0];
        assert!(hit.message.is_some());
        assert_eq!(hits(&store, anna_id, "2027").await[0].message, None, "the subject");
    }

    async fn words_are_kept_though_another_write_of_their_group_fails_at_the_very_end(store: Store) {
        let anna = address("anna@a.example");
        let anna_id = account(&store, anna.as_str()).await;
        let conv = publish(&store, &anna, &[], "Zoo", "monkey").await;
        let item = |n| ActionKey::from_bytes([n; 32]);
        let (open, held) = oneshot::channel::<()>();
        let first = async { commit!(store, |tx| {
            held.await.unwrap();
            insert_words(tx, &Indexed { conv, item: item(1), added: 9, touched: 9, text: "giraffe" });
        }) };
        let last = async { commit!(store, |tx| {
            any_user(tx).await?;
            let orphan = ConversationKey::from_bytes([9; 32]);
            insert_words(tx, &Indexed { conv: orphan, item: item(2), added: 2, touched: 2, text: "okapi" });
            insert_answer(tx, anna_id, "same", &answer(), NOW);
            insert_answer(tx, anna_id, "same", &answer(), NOW);
        }) };
        let (first, last, ()) = tokio::join!(first, last, async { open.send(()).unwrap(); });
        assert_eq!(first, Ok(()));
        assert!(matches!(last, Err(StoreError::Conflict(_))), "{last:?}");
        assert_eq!(found(&store, anna_id, "giraffe").await, [conv]);
        assert!(found(&store, anna_id, "okapi").await.is_empty());
    }

    async fn the_beginning_of_many_words_finds_them_all(store: Store) {
        let anna = address("anna@a.example");
        let anna_id = account(&store, anna.as_str()).await;
        let mut all = Vec::new();
        for n in 10..50 {
            all.insert(0, publish(&store, &anna, &[], "Needles", &format!("needle{n} hay")).await);
        }
        let conv = all[36];
        assert_eq!(found(&store, anna_id, "need").await, all, "more than are looked for one by one");
        assert_eq!(found(&store, anna_id, "needle1").await, all[30..], "few enough");
        assert_eq!(found(&store, anna_id, "hay needle13").await, [conv]);
        assert_eq!(found(&store, anna_id, "needle13 ha").await, [conv]);
        assert!(found(&store, anna_id, "needle5").await.is_empty());
        assert!(found(&store, anna_id, "needle13x").await.is_empty());
    }

    async fn a_query_never_fails(store: Store) {
        let anna = address("anna@a.example");
        let anna_id = account(&store, anna.as_str()).await;
        publish(&store, &anna, &[], "One", "and or not near").await;
        let long = "x ".repeat(5_000);
        let one = "y".repeat(10_000);
        for text in [
            "", " ", "\0", "a\0b", "'", "\"", "\"\"", "*", "(", "((", ")", "a AND", "OR", "NOT a",
            "NEAR(a b)", "-x", "a:b", "^a", "{x}", "a & | ! b", "<->", ":*", "'a':*b", "\\", "%_",
            "\u{202e}\u{feff}", "🙂", "é".repeat(3).as_str(), &long, &one, "a'; DROP TABLE users; --",
        ] {
            found(&store, anna_id, text).await;
        }
        assert_eq!(found(&store, anna_id, "\"and\" OR (not*)").await.len(), 1, "words, not operators");
    }

    async fn what_was_changed_is_found_by_its_new_words_alone(store: Store) {
        let anna = address("anna@a.example");
        let anna_id = account(&store, anna.as_str()).await;
        let conv = publish(&store, &anna, &[], "Trip", "Monday").await;
        let said = act(&store, conv, &anna, Content::MessageAdd(markdown("tuesday")), None).await.unwrap();
        let edit = Content::MessageModify(MessageModify { format: Format::Plain, text: "wednesday".into() });
        act(&store, conv, &anna, edit, Some(said.key)).await.unwrap();
        assert!(found(&store, anna_id, "tuesday").await.is_empty());
        assert_eq!(hits(&store, anna_id, "wednesday").await[0].message, Some(said.key));
        let subject = Content::SubjectModify { subject: "Voyage".into() };
        act(&store, conv, &anna, subject, Some(conv.into())).await.unwrap();
        assert!(found(&store, anna_id, "trip").await.is_empty());
        assert_eq!(found(&store, anna_id, "voyage").await, [conv]);
        commit!(store, |tx| erase_words(tx, conv, said.seq)).unwrap();
        assert!(found(&store, anna_id, "wednesday").await.is_empty());
    }

    async fn nobody_finds_what_they_may_not_see_and_the_removed_keep_what_they_had(store: Store) {
        let (anna, bob, carl) =
            (address("anna@a.example"), address("bob@a.example"), address("carl@a.example"));
        let anna_id = account(&store, anna.as_str()).await;
        let bob_id = account(&store, bob.as_str()).await;
        let carl_id = account(&store, carl.as_str()).await;
        let conv = publish(&store, &anna, &[(&bob, History::All)], "Offer", "elephant").await;
        let said = act(&store, conv, &anna, Content::MessageAdd(markdown("giraffe")), None).await.unwrap();
        let add = ParticipantAdd {
            address: carl.clone(),
            role: Role::Write,
            platform: Some((key().platform, Incarnation::from_bytes([1; 32]))),
            history: History::Now,
            name: None,
        };
        act(&store, conv, &anna, Content::ParticipantAdd(add), None).await.unwrap();
        assert!(found(&store, carl_id, "elephant").await.is_empty(), "from before Carl");
        assert_eq!(found(&store, carl_id, "offer").await, [conv], "the subject is everybody's");

        let mut conn = store.reader().await.unwrap();
        let bobs = list_participants(&mut conn, conv).await.unwrap()[1].item;
        act(&store, conv, &anna, Content::ParticipantRemove, Some(bobs)).await.unwrap();
        let edit = Content::MessageModify(MessageModify { format: Format::Plain, text: "zebra".into() });
        act(&store, conv, &anna, edit, Some(said.key)).await.unwrap();
        act(&store, conv, &anna, Content::MessageAdd(markdown("okapi")), None).await.unwrap();
        for (word, anna_finds, bob_finds, carl_finds) in [
            ("elephant", true, true, false),
            ("giraffe", false, true, false),
            ("zebra", true, false, false),
            ("okapi", true, false, true),
        ] {
            for (user, finds) in [(anna_id, anna_finds), (bob_id, bob_finds), (carl_id, carl_finds)] {
                assert_eq!(found(&store, user, word).await.len(), usize::from(finds), "{word} {user:?}");
            }
        }
    }

    async fn many_hits_come_in_pages_each_conversation_once(store: Store) {
        let anna = address("anna@a.example");
        let anna_id = account(&store, anna.as_str()).await;
        let mut all = Vec::new();
        for n in 0..12 {
            let conv = publish(&store, &anna, &[], &format!("No {n}"), "needle").await;
            for _ in 0..3 {
                act(&store, conv, &anna, Content::MessageAdd(markdown("needle again")), None).await.unwrap();
            }
            all.insert(0, conv);
        }
        let query = Query::parse("needle").unwrap();
        let mut conn = store.reader().await.unwrap();
        let mut seen = Vec::new();
        let mut before = None;
        for _ in 0..3 {
            let page = search(&mut conn, anna_id, &query, before, 5).await.unwrap();
            before = page.last().map(|hit| hit.cursor);
            seen.extend(page.into_iter().map(|hit| hit.conv));
        }
        assert_eq!(seen, all);
    }

    async fn somebody_added_finds_what_their_history_shows_each_time_anew(store: Store) {
        let (anna, bob) = (address("anna@a.example"), address("bob@a.example"));
        let anna_id = account(&store, anna.as_str()).await;
        let bob_id = account(&store, bob.as_str()).await;
        let conv = publish(&store, &anna, &[], "Offer", "elephant").await;
        act(&store, conv, &anna, Content::MessageAdd(markdown("giraffe")), None).await.unwrap();
        let add = |history| {
            let platform = Some((key().platform, Incarnation::from_bytes([1; 32])));
            let address = address("bob@a.example");
            Content::ParticipantAdd(ParticipantAdd { address, role: Role::Write, platform, history, name: None })
        };
        assert!(found(&store, bob_id, "elephant").await.is_empty());
        act(&store, conv, &anna, add(History::All), None).await.unwrap();
        for word in ["offer", "elephant", "giraffe"] {
            assert_eq!(found(&store, bob_id, word).await, [conv], "{word}");
        }
        let mut conn = store.reader().await.unwrap();
        let bobs = list_participants(&mut conn, conv).await.unwrap()[1].item;
        drop(conn);
        act(&store, conv, &anna, Content::ParticipantRemove, Some(bobs)).await.unwrap();
        act(&store, conv, &anna, Content::MessageAdd(markdown("zebra")), None).await.unwrap();
        assert_eq!(found(&store, bob_id, "elephant").await, [conv], "kept");
        assert!(found(&store, bob_id, "zebra").await.is_empty());

        act(&store, conv, &anna, add(History::Now), None).await.unwrap();
        act(&store, conv, &anna, Content::MessageAdd(markdown("okapi")), None).await.unwrap();
        for (word, bob_finds) in [
            ("offer", true), ("elephant", false), ("giraffe", false), ("zebra", false), ("okapi", true),
        ] {
            assert_eq!(found(&store, bob_id, word).await.len(), usize::from(bob_finds), "{word}");
            assert_eq!(found(&store, anna_id, word).await, [conv], "{word}");
        }
    }

    async fn who_sees_little_finds_it_below_all_that_others_say(store: Store) {
        let (anna, bob) = (address("anna@a.example"), address("bob@a.example"));
        let anna_id = account(&store, anna.as_str()).await;
        let bob_id = account(&store, bob.as_str()).await;
        let mut bobs = Vec::new();
        for n in 0..3 {
            bobs.insert(0, publish(&store, &bob, &[], &format!("Bob {n}"), "needle").await);
            let annas = publish(&store, &anna, &[], "Hay", "needle").await;
            commit!(store, |tx| for row in 0_u16..900 {
                let mut item = [n as u8; 32];
                item[..2].copy_from_slice(&row.to_be_bytes());
                let item = ActionKey::from_bytes(item);
                let added = 9 + u64::from(row);
                insert_words(tx, &Indexed { conv: annas, item, added, touched: added, text: "needle" });
            }).unwrap();
        }
        for text in ["needle", "need", "needle "] {
            assert_eq!(found(&store, bob_id, text).await, bobs, "{text}");
            assert_eq!(found(&store, anna_id, text).await.len(), 3, "{text}");
        }
        let query = Query::parse("needle").unwrap();
        let mut conn = store.reader().await.unwrap();
        let mut before = None;
        for conv in bobs {
            let page = search(&mut conn, bob_id, &query, before, 1).await.unwrap();
            assert_eq!(page[0].conv, conv);
            before = Some(page[0].cursor);
        }
        assert!(search(&mut conn, bob_id, &query, before, 1).await.unwrap().is_empty());
    }
}
