//! What an action costs the database: a bound on statements and on waits, whatever the length of the log.

use super::*;
use server::store::Cost;

/// What SQLite's one writer has done so far.
async fn spent(world: &World) -> Cost {
    let cost = world
        .store
        .write::<_, StoreError, _>(|tx| Box::pin(async move { Ok(tx.cost()) }));
    cost.await.unwrap()
}

/// Statements and trips of what `$body` does, without those of the looking itself.
macro_rules! cost_of {
    ($world:expr, $body:expr) => {{
        let idle = {
            let (a, b) = (spent(&$world).await, spent(&$world).await);
            (b.statements - a.statements, b.trips - a.trips)
        };
        let before = spent(&$world).await;
        $body;
        let after = spent(&$world).await;
        (
            after.statements - before.statements - idle.0,
            after.trips - before.trips - idle.1,
        )
    }};
}

#[tokio::test]
async fn an_action_takes_a_few_statements_and_waits() {
    let database = crate::support::database::Database::sqlite();
    let world = World::on(database.open().await).await;
    let [ann, bob] = world.people(["ann", "bob"]).await;
    let conv = ann.publish("bob@a.example", "Cost", "x").await;
    let draft = ann
        .draft(DraftFields {
            to: Some("bob@a.example".to_owned()),
            ..DraftFields::default()
        })
        .await
        .unwrap();
    let item;
    let mut table = Vec::new();
    table.push((
        "message.add",
        cost_of!(world, item = ann.says(conv, "hello").await),
    ));
    table.push((
        "message.modify",
        cost_of!(
            world,
            ann.does(conv, modify(item, None, "again")).await.unwrap()
        ),
    ));
    let lock = Intent::MessageLock {
        item,
        follows: None,
        ttl: 1_000,
    };
    table.push((
        "message.lock",
        cost_of!(world, ann.does(conv, lock).await.unwrap()),
    ));
    table.push(("seen", cost_of!(world, bob.reads(conv, 5).await)));
    let publish = ann.service().publish(
        &ann.me,
        draft,
        DraftFields {
            text: Some("y".to_owned()),
            ..DraftFields::default()
        },
        None,
    );
    table.push(("publish", cost_of!(world, publish.await.unwrap())));
    for _ in 0..200 {
        ann.says(conv, "longer").await;
    }
    let late = cost_of!(world, ann.says(conv, "hello").await);
    assert_eq!(late, table[0].1, "a longer log costs no more");
    for (what, (statements, trips)) in table {
        println!("{what}: {statements} statements, {trips} waits");
        assert!(
            statements <= 24 && trips <= 5,
            "{what}: {statements} statements, {trips} waits"
        );
    }
    database.remove().await;
}
