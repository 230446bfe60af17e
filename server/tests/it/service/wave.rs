//! Actions that wait together: each gets what it would have got alone.

use super::*;
use futures::future::BoxFuture;
use futures::stream::{FuturesOrdered, StreamExt as _};
use server::store::conversations::{Wanted as Needed, load_for_write};
use tokio::sync::oneshot;

/// Has all these acts wait for the conversation, which is held, and for one another in their order.
async fn together(
    world: &World,
    conv: ConversationKey,
    acts: Vec<BoxFuture<'_, Result<Change, Refusal>>>,
) -> Vec<Result<Change, Refusal>> {
    let (open, held) = oneshot::channel::<()>();
    let (begun, begins) = oneshot::channel::<()>();
    let store = world.store.clone();
    let holder = tokio::spawn(async move {
        let hold = store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let needed = Needed {
                    conv,
                    messages: &[],
                    added: None,
                };
                load_for_write(tx, &[needed]).await?;
                begun.send(()).unwrap();
                held.await.unwrap();
                Ok(())
            })
        });
        hold.await.unwrap();
    });
    begins.await.unwrap();
    let mut outcomes = FuturesOrdered::new();
    for act in acts {
        outcomes.push_back(act);
        while world.service.acting() < outcomes.len() {
            let done = tokio::time::timeout(Duration::from_millis(1), outcomes.next()).await;
            assert!(done.is_err(), "{done:?}");
        }
    }
    open.send(()).unwrap();
    let outcomes = outcomes.collect().await;
    holder.await.unwrap();
    outcomes
}

on_both! {
    async fn each_gets_its_own_outcome_in_one_order(world: World) {
        let [ann, bob, carl, dora, eve] = world.people(["ann", "bob", "carl", "dora", "eve"]).await;
        let conv = ann.publish("bob@a.example", "Zoo", "gate").await;
        let mine = ann.says(conv, "panther").await;
        let join = |who: &Person<'_>, history| Intent::ParticipantAdd {
            address: who.address().clone(), role: Role::Write, history, name: None,
        };
        let acts: Vec<BoxFuture<'_, _>> = vec![
            Box::pin(ann.does(conv, add("first"))),
            Box::pin(bob.does(conv, add("second"))),
            Box::pin(ann.does(conv, add("elephant"))),
            Box::pin(eve.does(conv, add("I am not here"))),
            Box::pin(ann.does(conv, join(&carl, History::All))),
            Box::pin(ann.does(conv, join(&dora, History::Now))),
            Box::pin(bob.does(conv, modify(mine, None, "not his to change"))),
            Box::pin(ann.does(conv, modify(mine, Some(mine), "leopard"))),
            Box::pin(ann.does(conv, modify(mine, Some(mine), "tiger"))),
            Box::pin(carl.does(conv, add("giraffe"))),
        ];
        let ear = &mut bob.listens().await;
        let outcomes = together(&world, conv, acts).await;
        let refusals: Vec<_> = outcomes.iter().map(|o| o.as_ref().err().map(|r| r.code)).collect();
        assert_eq!(refusals[3], Some(Code::NoConv));
        assert_eq!(refusals[6], Some(Code::Forbidden));
        assert_eq!(refusals[8], Some(Code::Conflict), "the one before was first");
        let stored: Vec<_> = outcomes.iter().filter_map(|o| o.as_ref().ok()).collect();
        assert_eq!(stored.len(), 7, "{refusals:?}");

        let mut keys = Vec::new();
        for _ in &stored {
            keys.push(ear.change().await.1.key);
        }
        ear.hears_nothing().await;
        let mut expected: Vec<_> = stored.iter().map(|change| change.key).collect();
        // The first two may have been waves of their own.
        expected[..2].sort_unstable();
        keys[..2].sort_unstable();
        assert_eq!(keys, expected, "each once, in the order of the log");

        let found = |hits: Vec<(ConversationRef, Option<ActionKey>)>| hits.len();
        for (word, [a, b, c, d]) in [
            ("zoo", [1, 1, 1, 1]),
            ("panther", [0, 0, 0, 0]),
            ("leopard", [1, 1, 1, 0]),
            ("elephant", [1, 1, 1, 0]),
            ("giraffe", [1, 1, 1, 1]),
        ] {
            for (person, hits) in [(&ann, a), (&bob, b), (&carl, c), (&dora, d)] {
                assert_eq!(found(person.finds(word).await), hits, "{word} by {}", person.me.name);
            }
        }
        assert!(dora.row(conv).await.unread);
    }

    async fn what_the_database_refuses_spoils_nothing_else(world: World) {
        let [ann, bob] = world.people(["ann", "bob"]).await;
        let conv = ann.publish("bob@a.example", "Once", "gate").await;
        let act = |person: &Person<'_>, key: &str, text: &str| {
            let (service, me, key) = (world.service.clone(), person.me.clone(), once(key));
            let intent = add(text);
            let act = async move {
                let conv = ConversationRef::Published(conv);
                match service.act(&me, conv, intent, key).await? {
                    Accepted::Action { change, .. } => Ok(*change),
                    other => panic!("{other:?}"),
                }
            };
            Box::pin(act) as BoxFuture<'_, Result<Change, Refusal>>
        };
        let acts = vec![
            act(&ann, "k1", "one"),
            act(&bob, "k1", "two"),
            act(&ann, "k2", "three"),
            act(&bob, "k3", "four"),
            act(&ann, "k2", "three"),
            act(&ann, "k3", "five"),
        ];
        let outcomes = together(&world, conv, acts).await;
        let keys: Vec<_> = outcomes.into_iter().map(|outcome| outcome.unwrap().key).collect();
        assert_eq!(keys[2], keys[4], "said twice, done once");
        let mut said = told(&bob.sees(conv).await.entries).split_off(3);
        said.sort();
        assert_eq!(said, ["five", "four", "one", "three", "two"].map(|text| format!("<p>{text}</p>")));
    }
}
