//! The feed: every change once, in order, live or replayed.

use super::*;
use server::service::FeedPage;

async fn since(person: &Person<'_>, n: u64) -> (u64, Vec<Live>) {
    match person.service().feed_since(&person.me, n).await.unwrap() {
        FeedPage::Frames { n, frames } => (n, frames.iter().map(|frame| frame.to_live()).collect()),
        FeedPage::Resync { n } => (n, vec![Live::Resync]),
    }
}

on_both! {
    async fn what_was_missed_is_replayed_as_it_was_told(world: World) {
        let [ann, bob] = world.people(["ann", "bob"]).await;
        let mut bobs = bob.listens().await;
        let conv = ann.publish("bob@a.example", "Feed", "one").await;
        let item = ann.says(conv, "two").await;
        ann.does(conv, Intent::MessageLock { item, follows: None, ttl: 60_000 }).await.unwrap();
        let label = ann.does(conv, Intent::LabelAdd { name: "l".to_owned(), colour: "c".to_owned() }).await.unwrap();
        ann.does(conv, Intent::LabelRemove { item: label.key, follows: None }).await.unwrap();
        bob.reads(conv, 4).await;
        let draft = bob.draft(DraftFields::default()).await.unwrap();
        let mut told = Vec::new();
        for _ in 0..7 {
            told.push(bobs.hears().await);
        }
        bobs.hears_nothing().await;
        assert_eq!(told.iter().filter_map(Live::n).collect::<Vec<_>>(), (1..=7).collect::<Vec<_>>());
        let (n, replayed) = since(&bob, 0).await;
        assert_eq!((n, replayed.len()), (7, 7));
        for (live, again) in told.iter().zip(&replayed) {
            match (live, again) {
                (Live::Change { change: a, .. }, Live::Change { change: b, row, .. }) => {
                    assert_eq!((a.key, a.seq, a.notable), (b.key, b.seq, b.notable));
                    assert_eq!(**row, bob.row(conv).await, "the present form");
                }
                _ => assert_eq!(live, again),
            }
        }
        assert_eq!(told.last(), replayed.last());
        assert_eq!(since(&bob, 5).await.1.len(), 2);
        assert_eq!(since(&bob, u64::MAX).await, (7, vec![]));
        assert_eq!(since(&bob, 8).await, (7, vec![Live::Resync]), "a cursor from another life");
        bob.service().act(&bob.me, ConversationRef::Draft(draft), Intent::DraftRemove, None).await.unwrap();
        let after: Vec<_> = since(&bob, 6).await.1.iter().filter_map(Live::n).collect();
        assert_eq!(after, [8], "a draft that is gone is not shown any more");
    }

    async fn who_missed_too_much_loads_the_pages_again(world: World) {
        let [ann, bob] = world.people(["ann", "bob"]).await;
        let conv = ann.publish("bob@a.example", "Feed", "x").await;
        for n in 0..205 {
            ann.says(conv, &n.to_string()).await;
        }
        assert_eq!(since(&bob, 0).await, (206, vec![Live::Resync]));
        assert_eq!(since(&bob, 10).await.1.len(), 196);
    }

    async fn many_write_at_once_and_everybody_hears_each_once_and_in_order(world: World) {
        const EACH: usize = 25;
        let people = world.people(["ann", "bob", "carl", "dora"]).await;
        let to = "bob@a.example, carl@a.example, dora@a.example";
        let rooms = [people[0].publish(to, "One", "x").await, people[0].publish(to, "Two", "x").await];
        let mut ears = Vec::new();
        for person in &people {
            ears.push((person.list().await.n, person.listens().await));
        }
        let writers = people.iter().enumerate().map(|(who, person)| {
            let (service, me) = (world.service.clone(), person.me.clone());
            tokio::spawn(async move {
                for n in 0..EACH {
                    let conv = ConversationRef::Published(rooms[(n + who) % 2]);
                    service.act(&me, conv, add(&format!("{who} {n}")), None).await.unwrap();
                }
            })
        });
        for writer in writers.collect::<Vec<_>>() {
            writer.await.unwrap();
        }
        for (start, mut ear) in ears {
            let mut last = [3 + 2; 2];
            for n in 1..=people.len() * EACH {
                let Live::Change { n: number, conversation, change, .. } = ear.hears().await else { panic!() };
                assert_eq!(number, start + n as u64);
                let room = usize::from(conversation == rooms[1]);
                assert_eq!(change.seq, last[room] + 1, "no slot is missed");
                last[room] = change.seq;
            }
            ear.hears_nothing().await;
        }
        let mut conn = world.store.reader().await.unwrap();
        for room in rooms {
            let records = server::store::actions::list_records_after(&mut conn, room, 0, 1_000).await.unwrap();
            assert_eq!(records.len(), 5 + people.len() * EACH / 2);
            let (mut conversation, _) = em2_model::conversation::Conversation::begin(&records[0]).unwrap();
            for record in &records[1..] {
                assert_eq!(conversation.apply(record).unwrap().dispute, None);
            }
            let stored = server::store::conversations::find_conversation(&mut conn, room).await.unwrap().unwrap();
            assert_eq!(*conversation.core(), stored.core, "the log folds into what is stored");
        }
    }
}
