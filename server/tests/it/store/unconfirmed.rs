//! Messages of other platforms that wait for a slot, on both engines.

use em2_model::{History, Platform};
use server::store::actions::list_records_after;
use server::store::unconfirmed::{
    count_unconfirmed, delete_unconfirmed, insert_unconfirmed, list_unconfirmed, prune_unconfirmed,
};

use super::world::publish;
use super::{NOW, account, address, commit, on_both};

on_both! {
    async fn they_are_kept_in_their_order_until_they_have_a_slot_or_a_week_is_over(store: Store) {
        let (anna, bob) = (address("anna@a.example"), address("bob@a.example"));
        account(&store, anna.as_str()).await;
        account(&store, bob.as_str()).await;
        let conv = publish(&store, &anna, &[(&bob, History::All)], "Plan", "When?").await;
        let mut conn = store.reader().await.unwrap();
        let records = list_records_after(&mut conn, conv, 0, 9).await.unwrap();
        let (beta, gamma): (Platform, Platform) = ("b.example".parse().unwrap(), "c.example".parse().unwrap());
        let second = records[1].action().key();
        let (b, c) = (beta.clone(), gamma.clone());
        commit!(store, |tx| {
            insert_unconfirmed(tx, conv, &b, &records[0], 1, NOW);
            insert_unconfirmed(tx, conv, &c, &records[1], 2, NOW.plus(1));
            insert_unconfirmed(tx, conv, &b, &records[2], 3, NOW.plus(2));
            insert_unconfirmed(tx, conv, &b, &records[2], 4, NOW.plus(9))
        }).unwrap();
        assert_eq!(count_unconfirmed(&mut conn, conv, &beta).await.unwrap(), (2, 4));
        assert_eq!(count_unconfirmed(&mut conn, conv, &gamma).await.unwrap(), (1, 4));
        let numbers = async |limit| {
            let mut conn = store.reader().await.unwrap();
            let list = list_unconfirmed(&mut conn, conv, limit).await.unwrap();
            list.into_iter().map(|(_, n)| n).collect::<Vec<_>>()
        };
        assert_eq!(numbers(2).await, [1, 2]);
        commit!(store, |tx| delete_unconfirmed(tx, second)).unwrap();
        assert_eq!(numbers(9).await, [1, 3]);
        commit!(store, |tx| prune_unconfirmed(tx, NOW.plus(2))).unwrap();
        assert_eq!(numbers(9).await, [3]);
    }
}
