//! Lists, pages of the timeline, and search.

use super::*;
use em2_model::wire::domestic::{ListView, Mark};

on_both! {
    async fn the_list_is_walked_by_cursor_and_by_offset(world: World) {
        let [ann, bob] = world.people(["ann", "bob"]).await;
        let mut keys = Vec::new();
        for n in 0..120 {
            world.clock.advance(10);
            keys.push(ConversationRef::Published(ann.publish("bob@a.example", &format!("no {n}"), "x").await));
        }
        keys.reverse();
        let mut seen = Vec::new();
        let mut query = ListQuery::default();
        loop {
            let page = bob.service().list(&bob.me, query.clone()).await.unwrap();
            assert_eq!((page.unread, page.n), (120, 120));
            seen.extend(page.rows.iter().map(|row| row.key));
            match page.next {
                Some(next) => query.before = Some(next),
                None => break,
            }
        }
        assert_eq!(seen, keys);
        let down = |offset| ListQuery { offset: Some(offset), ..ListQuery::default() };
        let page = bob.service().list(&bob.me, down(100)).await.unwrap();
        assert_eq!(page.rows.iter().map(|row| row.key).collect::<Vec<_>>(), keys[100..]);
        assert!(bob.service().list(&bob.me, down(500)).await.unwrap().rows.is_empty());
        refused(&bob.service().list(&bob.me, down(1_000_000)).await.unwrap_err(), Code::Format);
        let wrong = ListQuery { before: Some("x".to_owned()), ..ListQuery::default() };
        refused(&bob.service().list(&bob.me, wrong).await.unwrap_err(), Code::Format);
        let sent = ListQuery { view: ListView::Sent, ..ListQuery::default() };
        assert!(bob.service().list(&bob.me, sent.clone()).await.unwrap().rows.is_empty());
        assert_eq!(ann.service().list(&ann.me, sent).await.unwrap().rows.len(), 50);
    }

    async fn a_row_names_four_others_and_the_writer_first(world: World) {
        let people = world.people(["ann", "bob", "carl", "dora", "eve", "finn", "gus", "hal"]).await;
        let [ann, .., hal] = &people;
        let to: Vec<_> = people[1..].iter().map(|person| person.address().as_str()).collect();
        let conv = ann.publish(&to.join(","), "Many", "hello").await;
        hal.says(conv, "hello all").await;
        let row = people[1].row(conv).await;
        let names: Vec<_> = row.people.iter().map(|person| person.name.as_str()).collect();
        assert_eq!((names, row.people_count), (vec!["Hal", "Ann", "Carl", "Dora"], 8));
        assert_eq!(row.preview_by.as_ref(), Some(hal.address()));
        let names: Vec<_> = hal.row(conv).await.people.into_iter().map(|person| person.name).collect();
        assert_eq!(names, ["Ann", "Bob", "Carl", "Dora"], "oneself is not among them");
    }

    async fn a_long_timeline_comes_in_pages(world: World) {
        let [ann, bob] = world.people(["ann", "bob"]).await;
        let conv = ann.publish("bob@a.example", "Long", "0").await;
        for n in 1..=110 {
            if n == 60 {
                ann.does(conv, Intent::SubjectModify { follows: None, subject: "Longer".to_owned() }).await.unwrap();
            }
            ann.says(conv, &n.to_string()).await;
        }
        let page = bob.sees(conv).await;
        let mut all = page.entries.clone();
        let mut more = page.more_before;
        assert_eq!((all.len(), more), (50, Some(all[0].seq())));
        let mut pages = 1;
        while let Some(before) = more {
            let older = bob.service().older(&bob.me, conv, before).await.unwrap();
            assert!(older.entries.len() <= 53);
            all.splice(0..0, older.entries);
            more = older.more_before;
            pages += 1;
        }
        assert_eq!(pages, 3);
        let seqs: Vec<_> = all.iter().map(Entry::seq).collect();
        assert_eq!(seqs, (1..=page.seq).collect::<Vec<_>>(), "each once, in order");
    }

    async fn search_finds_words_wherever_they_stand(world: World) {
        let [ann, bob] = world.people(["ann", "bob"]).await;
        let conv = ann.publish("bob@a.example", "Château visit", "The *naïve* plan, in full: see below").await;
        let hit = |q: &str| {
            let (service, me, q) = (world.service.clone(), bob.me.clone(), q.to_owned());
            async move { service.search(&me, &q, None).await.unwrap() }
        };
        let page = hit("NAIVE pla").await;
        assert_eq!(page.hits.len(), 1);
        assert_eq!(page.hits[0].row, bob.row(conv).await);
        let marked: Vec<_> = page.hits[0].snippet.iter().filter(|piece| piece.mark == Mark::Hit).collect();
        assert_eq!(marked.iter().map(|piece| piece.text.as_str()).collect::<Vec<_>>(), ["naïve", "plan"]);
        for q in ["chateau", "ann@a.example", "visit bob"] {
            assert_eq!(hit(q).await.hits.len(), 1, "{q}");
        }
        assert_eq!(hit("chateau naive").await.hits.len(), 0, "all words in one place");
        let long = "x".repeat(10_000);
        for q in ["", "\"", "'; DROP TABLE", "(((", "* OR ^", "\0", "NEAR(a b)", "-", "%", long.as_str()] {
            assert_eq!(hit(q).await.hits.len(), 0, "{q}");
        }
        refused(&bob.service().search(&bob.me, "x", Some("y")).await.unwrap_err(), Code::Format);
    }

    async fn search_goes_on_from_page_to_page(world: World) {
        let [ann, bob] = world.people(["ann", "bob"]).await;
        let mut keys = Vec::new();
        for n in 0..60 {
            keys.push(ConversationRef::Published(ann.publish("bob@a.example", &format!("no {n}"), "needle").await));
        }
        keys.reverse();
        let first = bob.service().search(&bob.me, "needle", None).await.unwrap();
        assert_eq!(first.hits.len(), 50);
        let second = bob.service().search(&bob.me, "needle", first.next.as_deref()).await.unwrap();
        assert_eq!((second.hits.len(), second.next), (10, None));
        let found: Vec<_> = first.hits.iter().chain(&second.hits).map(|hit| hit.row.key).collect();
        assert_eq!(found, keys, "newest first, each once");
    }
}
