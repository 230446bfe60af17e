//! What an action costs the database: a bound on statements, whatever the length of the log.

use super::*;

/// What SQLite's one writer has done so far.
async fn spent(world: &World) -> u64 {
    let cost = world
        .store
        .write::<_, StoreError, _>(|tx| Box::pin(async move { Ok(tx.statements()) }));
    cost.await.unwrap()
}

/// Statements of what `$body` does, without those of the looking itself.
macro_rules! cost_of {
    ($world:expr, $body:expr) => {{
        let idle = {
            let (a, b) = (spent(&$world).await, spent(&$world).await);
            b - a
        };
        let before = spent(&$world).await;
        $body;
        spent(&$world).await - before - idle
    }};
}

#[tokio::test]
async fn an_action_takes_a_few_statements() {
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
    for (what, statements) in table {
        assert!(statements <= 20, "{what}: {statements} statements");
    }
    database.remove().await;
}
