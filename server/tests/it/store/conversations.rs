//! Conversations: the log and what is kept of it, lists, read positions, feed and deliveries.

use std::collections::BTreeMap;

use em2_model::action::{Content, MessageModify, Missing, ParticipantAdd};
use em2_model::conversation::{Conversation, Standing};
use em2_model::id::Incarnation;
use em2_model::{Format, History, Platform, Role, Time};
use server::store::StoreError;
use server::store::actions::{
    drop_bodies, find_by_nonce, find_place, find_record, list_events, list_records_after,
    list_records_before, list_records_of_item,
};
use server::store::conversations::{find_conversation, list_expiring};
use server::store::deliveries::{
    DeliveryState, Try, list_deliveries, mark_delivered, mark_tried, raise_deliveries,
};
use server::store::feed::{Missed, Told, find_counter, list_feed, prune_feed, tell};
use server::store::list::{
    Counts, ListCursor, ListFilter, count, find_cursor_at, list_conversations, list_rows,
};
use server::store::messages::{list_messages_before, list_messages_by_key};
use server::store::participants::{find_participant, list_participants, mark_read, mark_seen};
use server::store::peers::{count_waiting, list_backlog, list_waiting_peers};

use super::world::{act, act_with, draw, key, markdown, publish};
use super::{NOW, account, address, commit, on_both};

on_both! {
    async fn the_log_comes_back_byte_for_byte_and_folds_to_the_stored_core(store: Store) {
        let (anna, bob) = (address("anna@a.example"), address("bob@a.example"));
        account(&store, anna.as_str()).await;
        account(&store, bob.as_str()).await;
        let conv = publish(&store, &anna, &[(&bob, History::All)], "Lunch", "When?").await;
        let said = act(&store, conv, &bob, Content::MessageAdd(markdown("At noon")), None).await.unwrap();
        let edit = Content::MessageModify(MessageModify { format: Format::Plain, text: "At one".into() });
        act(&store, conv, &bob, edit, Some(said.key)).await.unwrap();

        let mut conn = store.snapshot().await.unwrap();
        let records = list_records_after(&mut conn, conv, 0, 100).await.unwrap();
        assert_eq!(records.len(), 5);
        let (mut folded, _) = Conversation::begin(&records[0]).unwrap();
        for record in &records[1..] {
            folded.apply(record).unwrap();
        }
        let stored = find_conversation(&mut conn, conv).await.unwrap().unwrap();
        assert_eq!(&stored.core, folded.core());
        assert_eq!(stored.core.state_hash().unwrap(), folded.core().state_hash().unwrap());

        for record in &records {
            let found = find_record(&mut conn, conv, record.action().key()).await.unwrap().unwrap();
            assert_eq!(found.to_bytes(), record.to_bytes());
            let nonce = record.action().header().nonce;
            let slot = find_by_nonce(&mut conn, conv, nonce).await.unwrap().unwrap();
            assert_eq!((slot.action, slot.st), (record.action().key(), None));
        }
        assert_eq!(find_place(&mut conn, said.key).await.unwrap(), Some((conv, 4)));
        let before = list_records_before(&mut conn, conv, 4, 2).await.unwrap();
        assert_eq!(before.iter().map(|r| r.commit().unwrap().seq()).collect::<Vec<_>>(), [2, 3]);
        let events = list_events(&mut conn, conv, 1, 5).await.unwrap();
        assert_eq!(events.iter().map(|r| r.commit().unwrap().seq()).collect::<Vec<_>>(), [1, 2]);

        let versions = list_records_of_item(&mut conn, conv, said.key).await.unwrap();
        assert_eq!(versions.len(), 2);
        let messages = list_messages_before(&mut conn, conv, u64::MAX, 1).await.unwrap();
        assert_eq!((messages[0].text.as_str(), messages[0].seq, messages[0].touched), ("At one", 4, 5));
        assert_eq!((messages[0].format, messages[0].standing), (Format::Plain, Standing::Present));
        assert_eq!(list_messages_by_key(&mut conn, conv, &[said.key]).await.unwrap(), messages);
    }

    async fn an_action_is_stored_once(store: Store) {
        let anna = address("anna@a.example");
        account(&store, anna.as_str()).await;
        let conv = publish(&store, &anna, &[], "One", "1").await;
        let same = draw();
        let once = || act_with(&store, conv, &anna, Content::MessageAdd(markdown("2")), None, NOW, same);
        let (first, second) = tokio::join!(once(), once());
        let (first, second) = (first.unwrap(), second.unwrap());
        assert_eq!((first.key, first.seq), (second.key, second.seq), "the first result is the answer");
        assert_eq!(first.told.len() + second.told.len(), 1, "told once");
        let mut conn = store.reader().await.unwrap();
        assert_eq!(find_conversation(&mut conn, conv).await.unwrap().unwrap().core.seq, 3);
    }

    async fn writers_of_one_conversation_take_turns(store: Store) {
        let (anna, bob) = (address("anna@a.example"), address("bob@a.example"));
        let users = [account(&store, anna.as_str()).await, account(&store, bob.as_str()).await];
        let first = publish(&store, &anna, &[(&bob, History::All)], "One", "1").await;
        let second = publish(&store, &bob, &[(&anna, History::All)], "Two", "2").await;
        let writes = (0..40).map(|n| {
            let (conv, by) = ([first, second][n % 2], [&anna, &bob][n / 2 % 2].clone());
            let store = store.clone();
            tokio::spawn(async move {
                let said = Content::MessageAdd(markdown(&format!("Message {n}")));
                act(&store, conv, &by, said, None).await.unwrap()
            })
        });
        let acted = futures::future::join_all(writes).await;
        let mut slots: BTreeMap<_, Vec<u64>> = BTreeMap::new();
        let mut conn = store.reader().await.unwrap();
        for acted in acted {
            let acted = acted.unwrap();
            let (conv, seq) = find_place(&mut conn, acted.key).await.unwrap().unwrap();
            assert_eq!(seq, acted.seq);
            slots.entry(conv).or_default().push(seq);
            assert!(acted.statements <= 16, "{}", acted.statements);
        }
        for taken in slots.values_mut() {
            taken.sort_unstable();
            assert_eq!(*taken, (4..24).collect::<Vec<u64>>(), "no slot twice, none left out");
        }
        for user in users {
            assert_eq!(find_counter(&mut conn, user).await.unwrap(), 45);
            let Missed::Told(told) = list_feed(&mut conn, user, 0, 1000).await.unwrap() else {
                panic!("nothing was pruned");
            };
            let numbers: Vec<u64> = told.iter().map(|(n, _)| *n).collect();
            assert_eq!(numbers, (1..=45).collect::<Vec<_>>(), "no gap and no double");
            for conv in [first, second] {
                let seqs: Vec<u64> = told.iter().filter_map(|(_, told)| match told {
                    Told::Action { conv: of, seq } if *of == conv => Some(*seq),
                    _ => None,
                }).collect();
                assert!(seqs.is_sorted(), "each conversation in its own order: {seqs:?}");
            }
        }
    }

    async fn a_list_page_is_as_each_person_may_see_it(store: Store) {
        let (anna, bob, carl) =
            (address("anna@a.example"), address("bob@a.example"), address("carl@a.example"));
        let anna_id = account(&store, anna.as_str()).await;
        let bob_id = account(&store, bob.as_str()).await;
        let carl_id = account(&store, carl.as_str()).await;
        let conv = publish(&store, &anna, &[(&bob, History::All)], "Lunch", "When?").await;
        let add = ParticipantAdd {
            address: carl.clone(),
            role: Role::Write,
            platform: Some((key().platform, Incarnation::from_bytes([1; 32]))),
            history: History::Now,
            name: None,
        };
        act_with(&store, conv, &anna, Content::ParticipantAdd(add), None, NOW.plus(1), draw()).await.unwrap();

        let mut conn = store.reader().await.unwrap();
        let only = async |conn: &mut _, user| {
            let page = list_conversations(conn, user, ListFilter::All, ListCursor::TOP, 50).await.unwrap();
            assert_eq!(page.len(), 1);
            page.into_iter().next().unwrap()
        };
        let row = only(&mut conn, bob_id).await;
        assert_eq!((row.subject.as_str(), row.preview.as_str(), row.unread), ("Lunch", "When?", true));
        assert_eq!((row.preview_by, row.seq, row.people_count, row.present), (Some(anna.clone()), 4, 3, true));
        assert_eq!(row.last_at, NOW.plus(1));
        let row = only(&mut conn, carl_id).await;
        assert_eq!((row.preview.as_str(), row.preview_by, row.unread), ("", None, true), "from before Carl");
        assert_eq!(only(&mut conn, anna_id).await.preview, "When?");

        let item = list_participants(&mut conn, conv).await.unwrap()[1].item;
        act(&store, conv, &anna, Content::ParticipantRemove, Some(item)).await.unwrap();
        act(&store, conv, &carl, Content::MessageAdd(markdown("Without Bob")), None).await.unwrap();
        let row = only(&mut conn, bob_id).await;
        assert_eq!((row.preview.as_str(), row.seq, row.present), ("When?", 5, false), "as it was");
        let row = only(&mut conn, carl_id).await;
        assert_eq!((row.preview.as_str(), row.seq, row.people_count), ("Without Bob", 6, 2));
        let bobs = find_participant(&mut conn, conv, bob_id).await.unwrap().unwrap();
        assert_eq!(bobs.removed_seq, Some(5));
        assert!(bobs.sees(3, 5) && !bobs.sees(3, 6));
        let Missed::Told(told) = list_feed(&mut conn, bob_id, 0, 10).await.unwrap() else { panic!() };
        assert_eq!(told.last().unwrap().1, Told::Action { conv, seq: 5 }, "the removal is the last");

        let again = ParticipantAdd {
            address: bob.clone(),
            role: Role::Read,
            platform: Some((key().platform, Incarnation::from_bytes([1; 32]))),
            history: History::Now,
            name: None,
        };
        act(&store, conv, &anna, Content::ParticipantAdd(again), None).await.unwrap();
        let row = only(&mut conn, bob_id).await;
        assert_eq!((row.present, row.seq, row.preview.as_str()), (true, 7, ""), "once, and present");
        assert_eq!(list_rows(&mut conn, bob_id, &[conv]).await.unwrap(), [row]);
        assert!(list_rows(&mut conn, bob_id, &[]).await.unwrap().is_empty());
    }

    async fn what_others_do_is_unread_until_it_is_read(store: Store) {
        let (anna, bob) = (address("anna@a.example"), address("bob@a.example"));
        let anna_id = account(&store, anna.as_str()).await;
        let bob_id = account(&store, bob.as_str()).await;
        let conv = publish(&store, &anna, &[(&bob, History::All)], "Lunch", "When?").await;
        let mut conn = store.reader().await.unwrap();
        assert_eq!(count(&mut conn, bob_id).await.unwrap(), Counts { unread: 1, drafts: 0, requests: 0 });
        assert_eq!(commit!(store, |tx| mark_read(tx, conv, bob_id, 3).await?), Ok(true));
        assert_eq!(commit!(store, |tx| mark_read(tx, conv, bob_id, 2).await?), Ok(false), "only rises");
        assert_eq!(count(&mut conn, bob_id).await.unwrap().unread, 0);
        assert_eq!(commit!(store, |tx| mark_read(tx, conv, anna_id, 3).await?), Ok(true));
        act(&store, conv, &bob, Content::MessageAdd(markdown("Noon")), None).await.unwrap();
        assert_eq!(count(&mut conn, bob_id).await.unwrap().unread, 0, "one's own is read");
        assert_eq!(count(&mut conn, anna_id).await.unwrap().unread, 1);

        let head = list_records_after(&mut conn, conv, 3, 1).await.unwrap()[0].commit().unwrap().key();
        let who = anna.clone();
        let see = |seq| {
            let (store, who) = (store.clone(), who.clone());
            async move { commit!(store, |tx| mark_seen(tx, conv, &who, head, seq, NOW).await?) }
        };
        assert_eq!(see(9).await, Ok(false), "a slot that is not in the log");
        assert_eq!(see(4).await, Ok(true));
        assert_eq!(see(4).await, Ok(false));
        let seen = find_participant(&mut conn, conv, anna_id).await.unwrap().unwrap();
        assert_eq!((seen.seen_seq, seen.seen_at), (4, NOW));
    }

    async fn a_long_list_is_paged_by_key_and_by_offset(store: Store) {
        let (anna, bob) = (address("anna@a.example"), address("bob@a.example"));
        let anna_id = account(&store, anna.as_str()).await;
        let bob_id = account(&store, bob.as_str()).await;
        let mut keys = Vec::new();
        for n in 0..23_i64 {
            let conv = publish(&store, &anna, &[(&bob, History::All)], &format!("No {n}"), "x").await;
            let at = NOW.plus(n / 2);
            act_with(&store, conv, &bob, Content::MessageAdd(markdown("y")), None, at, draw()).await.unwrap();
            keys.push((at, conv));
        }
        keys.sort_unstable_by(|a, b| b.cmp(a));
        let mut conn = store.reader().await.unwrap();
        let mut seen = Vec::new();
        let mut before = ListCursor::TOP;
        loop {
            let page = list_conversations(&mut conn, anna_id, ListFilter::All, before, 5).await.unwrap();
            let Some(last) = page.last() else { break };
            before = ListCursor { last_at: last.last_at, conv: last.conv };
            seen.extend(page.iter().map(|row| (row.last_at, row.conv)));
        }
        assert_eq!(seen, keys, "each once, newest first, ties by key");
        let at = find_cursor_at(&mut conn, anna_id, ListFilter::All, 20).await.unwrap().unwrap();
        let page = list_conversations(&mut conn, anna_id, ListFilter::All, at, 5).await.unwrap();
        assert_eq!(page.iter().map(|row| row.conv).collect::<Vec<_>>(),
            keys[20..].iter().map(|(_, conv)| *conv).collect::<Vec<_>>());
        assert_eq!(find_cursor_at(&mut conn, anna_id, ListFilter::All, 99).await.unwrap(), None);
        let sent = list_conversations(&mut conn, bob_id, ListFilter::Sent, ListCursor::TOP, 50).await.unwrap();
        assert_eq!(sent.len(), 23);
    }

    async fn the_feed_is_pruned_into_resync(store: Store) {
        let anna = account(&store, "anna@a.example").await;
        let bob = account(&store, "bob@a.example").await;
        let draft = em2_model::DraftKey::from_bytes([1; 16]);
        let became = Some(em2_model::ConversationKey::from_bytes([2; 32]));
        for n in 1..=10 {
            let told = if n == 10 { Told::DraftGone { draft, became } } else { Told::Draft(draft) };
            let numbers = commit!(store, |tx| tell(tx, &[bob, anna], told).await?).unwrap();
            assert_eq!(numbers, [(anna, n), (bob, n)]);
        }
        let mut conn = store.reader().await.unwrap();
        assert_eq!(list_feed(&mut conn, anna, 9, 5).await.unwrap(),
            Missed::Told(vec![(10, Told::DraftGone { draft, became })]));
        assert_eq!(list_feed(&mut conn, anna, 10, 5).await.unwrap(), Missed::Told(vec![]));
        assert_eq!(list_feed(&mut conn, anna, 11, 5).await.unwrap(), Missed::Resync, "of another life");
        assert_eq!(commit!(store, |tx| prune_feed(tx, 4).await?), Ok(12));
        assert_eq!(list_feed(&mut conn, anna, 5, 50).await.unwrap(), Missed::Resync);
        let Missed::Told(told) = list_feed(&mut conn, anna, 6, 50).await.unwrap() else { panic!() };
        assert_eq!(told.len(), 4);
        assert_eq!(commit!(store, |tx| prune_feed(tx, 4).await?), Ok(0));
        assert_eq!(commit!(store, |tx| tell(tx, &[], Told::Draft(draft)).await?), Ok(vec![]));
    }

    async fn what_waits_for_a_platform_is_found_until_it_is_delivered(store: Store) {
        let anna = address("anna@a.example");
        account(&store, anna.as_str()).await;
        let conv = publish(&store, &anna, &[], "One", "1").await;
        let (beta, gamma): (Platform, Platform) = ("em2.b.example".parse().unwrap(), "em2.c.example".parse().unwrap());
        for head in [2, 3] {
            let targets = [beta.clone(), gamma.clone()];
            commit!(store, |tx| raise_deliveries(tx, conv, &targets, head, NOW)).unwrap();
        }
        let mut conn = store.reader().await.unwrap();
        assert_eq!(list_waiting_peers(&mut conn).await.unwrap(), [beta.clone(), gamma.clone()]);
        let backlog = list_backlog(&mut conn, &beta, None, 5).await.unwrap();
        assert_eq!(backlog.iter().map(|row| (row.conv, row.attempts)).collect::<Vec<_>>(), [(conv, 0)]);
        assert_eq!(list_backlog(&mut conn, &beta, Some(conv), 5).await.unwrap(), []);
        assert_eq!(count_waiting(&mut conn, &beta).await.unwrap(), 1);
        commit!(store, |tx| {
            mark_delivered(tx, conv, "em2.b.example", 3, NOW.plus(1));
            let tried = Try {
                code: "EM2_HASH",
                detail: "refused for good",
                state: DeliveryState::SetAside,
                begins: false,
                at: NOW,
                next_at: NOW,
            };
            mark_tried(tx, conv, "em2.c.example", &tried);
        }).unwrap();
        assert_eq!(list_waiting_peers(&mut conn).await.unwrap(), [], "complete, or waiting for a person");
        let all = list_deliveries(&mut conn, conv).await.unwrap();
        assert_eq!((all[0].acked_seq, all[0].attempts), (3, 0));
        assert_eq!((all[1].attempts, all[1].last_code.as_deref(), all[1].first_fail_at),
            (1, Some("EM2_HASH"), Some(NOW)));
        for (begins, attempts) in [(false, 2), (true, 1), (false, 2)] {
            commit!(store, |tx| {
                let tried = Try {
                    code: "EM2_HASH",
                    detail: "refused for good",
                    state: DeliveryState::Active,
                    begins,
                    at: NOW.plus(1),
                    next_at: NOW.plus(2),
                };
                mark_tried(tx, conv, "em2.c.example", &tried);
            }).unwrap();
            let backlog = list_backlog(&mut conn, &gamma, None, 5).await.unwrap();
            assert_eq!(backlog.iter().map(|row| row.attempts).collect::<Vec<_>>(), [attempts]);
        }
    }

    async fn bodies_can_be_dropped_and_the_chain_still_verifies(store: Store) {
        let anna = address("anna@a.example");
        account(&store, anna.as_str()).await;
        let conv = publish(&store, &anna, &[], "One", "1").await;
        let said = act(&store, conv, &anna, Content::MessageAdd(markdown("secret")), None).await.unwrap();
        let edit = Content::MessageModify(MessageModify { format: Format::Plain, text: "secret 2".into() });
        act(&store, conv, &anna, edit, Some(said.key)).await.unwrap();
        act(&store, conv, &anna, Content::MessageRedact, Some(said.key)).await.unwrap();
        commit!(store, |tx| drop_bodies(tx, conv, said.key, Missing::Redacted)).unwrap();
        let mut conn = store.reader().await.unwrap();
        let records = list_records_after(&mut conn, conv, 0, 100).await.unwrap();
        let missing: Vec<_> = records.iter().map(|r| r.action().body().err()).collect();
        let redacted = Some(Missing::Redacted);
        assert_eq!(missing, [None, None, redacted, redacted, None]);
        assert!(!records.iter().any(|r| String::from_utf8_lossy(&r.to_bytes()).contains("secret")));
        let (mut folded, _) = Conversation::begin(&records[0]).unwrap();
        for record in &records[1..] {
            folded.apply(record).unwrap();
        }
        let stored = find_conversation(&mut conn, conv).await.unwrap().unwrap();
        assert_eq!(&stored.core, folded.core());
    }

    async fn what_is_due_to_expire_is_found(store: Store) {
        let anna = address("anna@a.example");
        account(&store, anna.as_str()).await;
        let conv = publish(&store, &anna, &[], "One", "1").await;
        let end = Content::ExpiryModify { at: Some(NOW.plus(10)) };
        act(&store, conv, &anna, end, Some(conv.into())).await.unwrap();
        let mut conn = store.reader().await.unwrap();
        assert!(list_expiring(&mut conn, NOW.plus(9), 10).await.unwrap().is_empty());
        assert_eq!(list_expiring(&mut conn, NOW.plus(10), 10).await.unwrap(), [conv]);
    }

    async fn nothing_is_stored_of_a_conversation_that_is_not_there(store: Store) {
        let anna = address("anna@a.example");
        account(&store, anna.as_str()).await;
        let conv = em2_model::ConversationKey::from_bytes([3; 32]);
        let refused = act(&store, conv, &anna, Content::MessageAdd(markdown("x")), None).await;
        assert_eq!(refused.unwrap_err(), StoreError::Missing("conversation"));
        let targets: [Platform; 1] = ["em2.b.example".parse().unwrap()];
        let refused = commit!(store, |tx| raise_deliveries(tx, conv, &targets, 1, Time(1)));
        assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
    }
}
