//! What proves that a leader wrote two histories, on both engines.

use em2_model::History;
use server::store::actions::list_records_after;
use server::store::evidence::{Evidence, Signed, find_liar, insert_evidence, list_evidence};

use super::world::publish;
use super::{NOW, account, address, commit, on_both};

on_both! {
    async fn of_each_slot_the_first_evidence_is_kept(store: Store) {
        let (anna, bob) = (address("anna@a.example"), address("bob@a.example"));
        account(&store, anna.as_str()).await;
        account(&store, bob.as_str()).await;
        let conv = publish(&store, &anna, &[(&bob, History::All)], "Plan", "When?").await;
        let mut conn = store.reader().await.unwrap();
        let records = list_records_after(&mut conn, conv, 0, 9).await.unwrap();
        let signed: Vec<Signed> = records.iter().map(|record| Signed::of(record).unwrap()).collect();
        let against = |held: usize, other: usize| Evidence {
            held: signed[held].clone(),
            other: signed[other].clone(),
        };
        let (later, first, more) = (against(1, 2), against(0, 1), against(0, 2));
        let kept = [first.clone(), later.clone()];
        assert_eq!(find_liar(&mut conn, conv).await.unwrap(), None);
        commit!(store, |tx| {
            insert_evidence(tx, &later, NOW);
            insert_evidence(tx, &first, NOW);
            insert_evidence(tx, &more, NOW)
        }).unwrap();
        assert_eq!(list_evidence(&mut conn, conv).await.unwrap(), kept);
        let liar = find_liar(&mut conn, conv).await.unwrap();
        assert_eq!(liar.as_ref(), Some(kept[0].held.commit.leader()));
    }
}
