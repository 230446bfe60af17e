//! Conversations in which nobody here takes part, on both engines.

use em2_model::History;
use server::store::conversations::find_conversation;
use server::store::unheard::{delete_unheard, list_unheard, mark_unheard};

use super::world::publish;
use super::{NOW, account, address, commit, on_both};

on_both! {
    async fn they_go_with_all_their_rows_unless_somebody_joins_in_the_same_write(store: Store) {
        let (anna, bob) = (address("anna@a.example"), address("bob@a.example"));
        account(&store, anna.as_str()).await;
        account(&store, bob.as_str()).await;
        let [gone, joined, heard] = {
            let mut keys = Vec::new();
            for subject in ["Gone", "Joined", "Heard"] {
                keys.push(publish(&store, &anna, &[(&bob, History::All)], subject, "okapi").await);
            }
            keys.try_into().unwrap()
        };
        commit!(store, |tx| {
            mark_unheard(tx, gone, Some(NOW));
            mark_unheard(tx, joined, Some(NOW.plus(1)))
        }).unwrap();
        let mut conn = store.reader().await.unwrap();
        assert_eq!(list_unheard(&mut conn, NOW.plus(-1), 9).await.unwrap(), []);
        assert_eq!(list_unheard(&mut conn, NOW.plus(1), 9).await.unwrap(), [gone, joined]);
        commit!(store, |tx| {
            for conv in [gone, joined, heard] {
                delete_unheard(tx, conv);
            }
            mark_unheard(tx, joined, None)
        }).unwrap();
        let mut kept = Vec::new();
        for conv in [gone, joined, heard] {
            kept.push(find_conversation(&mut conn, conv).await.unwrap().is_some());
        }
        assert_eq!(kept, [false, true, true]);
        assert_eq!(list_unheard(&mut conn, NOW.plus(9), 9).await.unwrap(), []);
    }
}
