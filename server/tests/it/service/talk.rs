//! Two people hold a conversation.

use super::*;
use em2_model::wire::live::Effect;

on_both! {
    async fn a_draft_becomes_a_conversation_that_both_see(world: World) {
        let [ann, bob] = world.people(["ann", "bob"]).await;
        let mut bobs = bob.listens().await;
        let conv = ann.publish("bob@a.example", "Budget für 2027", "Shall we **meet**?").await;

        let row = bob.row(conv).await;
        assert_eq!((row.subject.as_str(), row.preview.as_str(), row.unread), ("Budget für 2027", "Shall we meet?", true));
        assert_eq!((row.people_count, row.people[0].name.as_str(), row.people.len()), (2, "Ann", 1));
        assert_eq!((row.seq, row.present), (3, true));
        let (n, change, live) = bobs.change().await;
        assert_eq!((n, live), (1, row));
        assert!(change.notable && change.seq == 3);

        let page = bob.sees(conv).await;
        assert_eq!(told(&page.entries), ["published", "added Bob", "<p>Shall we <strong>meet</strong>?</p>"]);
        assert_eq!((page.role, page.present, page.read, page.n), (Role::Write, true, 0, 1));
        let names: Vec<_> = page.participants.iter().map(|person| (person.name.as_str(), person.role)).collect();
        assert_eq!(names, [("Ann", Role::Owner), ("Bob", Role::Write)]);
        assert!(!ann.row(conv).await.unread, "one's own doing is not news");
        assert_eq!(bob.list().await.unread, 1);
    }

    async fn an_answer_is_heard_on_both_sides(world: World) {
        let [ann, bob] = world.people(["ann", "bob"]).await;
        let conv = ann.publish("bob@a.example", "Lunch", "Hungry?").await;
        let (mut anns, mut bobs) = (ann.listens().await, bob.listens().await);
        let parent = ann.sees(conv).await.entries.last().map(|entry| entry.key());
        let intent = Intent::MessageAdd { parent, format: Format::Plain, text: "1 < 2, *yes*".to_owned() };
        let mine = bob.does(conv, intent).await.unwrap();

        let (_, heard, row) = anns.change().await;
        assert_eq!((heard.key, heard.by.clone(), heard.notable), (mine.key, bob.address().clone(), true));
        let Effect::Message { message } = &heard.effect else { panic!("{heard:?}") };
        assert_eq!((message.html.as_str(), message.parent), ("<p>1 &lt; 2, *yes*</p>", parent));
        assert_eq!(message.text.as_deref(), Some("1 < 2, *yes*"), "the owner may change it");
        assert!(row.unread);
        let (_, own, row) = bobs.change().await;
        assert_eq!(own.key, mine.key, "the same row confirms it on one's other devices");
        assert_eq!(own, mine);
        assert!(row.unread, "Bob has not read what Ann wrote first");
        assert_eq!(ann.message(conv, mine.key).await, *message, "the page says what the socket said");
    }

    async fn people_outside_learn_nothing(world: World) {
        let [ann, bob, eve] = world.people(["ann", "bob", "eve"]).await;
        let mut eves = eve.listens().await;
        let conv = ann.publish("bob@a.example", "Secret", "plan").await;
        let unknown = ConversationKey::from_bytes([7; 32]);
        let refusals = |conv| {
            let eve = eve.clone();
            async move {
                let key = ActionKey::from_bytes([1; 32]);
                let mut all = vec![
                    eve.opens(ConversationRef::Published(conv)).await.unwrap_err(),
                    eve.service().older(&eve.me, conv, 9).await.unwrap_err(),
                    eve.service().versions(&eve.me, conv, key).await.unwrap_err(),
                    eve.does(conv, add("hello")).await.unwrap_err(),
                    eve.does(conv, modify(key, Some(key), "x")).await.unwrap_err(),
                ];
                let seen = Intent::Seen { seq: 1 };
                all.push(eve.service().act(&eve.me, ConversationRef::Published(conv), seen, None).await.unwrap_err());
                all.iter().map(|refusal| (refusal.code, refusal.message.clone())).collect::<Vec<_>>()
            }
        };
        assert_eq!(refusals(conv).await, refusals(unknown).await, "as of a conversation that does not exist");
        assert!(refusals(conv).await.iter().all(|(code, _)| *code == Code::NoConv));
        assert_eq!(eve.finds("secret").await, []);
        assert!(eve.list().await.rows.is_empty());
        bob.says(conv, "yes").await;
        eves.hears_nothing().await;
    }

    async fn reading_moves_forward_and_is_told(world: World) {
        let [ann, bob] = world.people(["ann", "bob"]).await;
        let conv = ann.publish("bob@a.example", "Lunch", "Hungry?").await;
        let (mut anns, mut bobs) = (ann.listens().await, bob.listens().await);
        assert_eq!(bob.reads(conv, 99).await, 3, "nobody has read what is not there");
        match bobs.hears().await {
            Live::Read { seq, conversation, .. } => assert_eq!((seq, conversation), (3, conv)),
            other => panic!("{other:?}"),
        }
        match anns.hears().await {
            Live::Seen { seen, .. } => assert_eq!((seen.seq, &seen.address), (3, bob.address())),
            other => panic!("{other:?}"),
        }
        assert!(!bob.row(conv).await.unread);
        assert_eq!(bob.reads(conv, 1).await, 3, "it never goes back");
        assert_eq!(bob.reads(conv, 3).await, 3);
        bobs.hears_nothing().await;
        anns.hears_nothing().await;
        let page = ann.sees(conv).await;
        let seen: Vec<_> = page.participants.iter().map(|person| person.seen.as_ref().map(|seen| seen.seq)).collect();
        assert_eq!(seen, [None, Some(3)]);
        assert_eq!((page.seq, bob.sees(conv).await.read), (3, 3), "it is not in the log");
    }

    async fn a_write_happens_once_for_each_key(world: World) {
        let [ann, bob] = world.people(["ann", "bob"]).await;
        let conv = ConversationRef::Published(ann.publish("bob@a.example", "Once", "first").await);
        let act = |person: &Person<'_>, key: &str, text: &str| {
            let (service, me, once) = (world.service.clone(), person.me.clone(), once(key));
            let intent = add(text);
            async move { service.act(&me, conv, intent, once).await }
        };
        let first = act(&ann, "k1", "second").await.unwrap();
        assert_eq!(act(&ann, "k1", "second").await.unwrap(), first, "the stored answer is repeated");
        refused(&act(&ann, "k1", "third").await.unwrap_err(), Code::Idempotency);
        assert_ne!(act(&bob, "k1", "second").await.unwrap(), first, "another person's key is another key");
        let (one, two) = tokio::join!(act(&ann, "k2", "fourth"), act(&ann, "k2", "fourth"));
        assert_eq!(one.unwrap(), two.unwrap(), "also at the same time");
        let ConversationRef::Published(key) = conv else { unreachable!() };
        assert_eq!(
            told(&ann.sees(key).await.entries)[2..],
            ["first", "second", "second", "fourth"].map(|text| format!("<p>{text}</p>"))
        );
    }

    async fn what_was_done_once_is_answered_so_even_when_it_could_not_be_done_again(world: World) {
        let [ann, bob] = world.people(["ann", "bob"]).await;
        let conv = ann.publish("bob@a.example", "Once", "first").await;
        let item = ann.says(conv, "to be removed").await;
        let remove = || {
            let intent = Intent::MessageRemove { item, follows: Some(item) };
            world.service.act(&ann.me, ConversationRef::Published(conv), intent, once("r"))
        };
        let first = remove().await.unwrap();
        assert_eq!(remove().await.unwrap(), first);
        let reads = || world.service.act(&bob.me, ConversationRef::Published(conv), Intent::Seen { seq: 2 }, once("s"));
        assert_eq!(reads().await.unwrap(), reads().await.unwrap());
    }

    async fn nothing_is_said_with_nothing_and_nothing_too_big(world: World) {
        let [ann, bob] = world.people(["ann", "bob"]).await;
        let conv = ann.publish("bob@a.example", "Limits", "x").await;
        refused(&ann.may_not(conv, add(" \n ")).await, Code::Format);
        refused(&ann.may_not(conv, add("a\0b")).await, Code::Format);
        refused(&ann.may_not(conv, add(&"x".repeat(65 * 1024))).await, Code::TooBig);
        refused(&ann.may_not(conv, add(&"\"".repeat(40 * 1024))).await, Code::TooBig);
        let subject = Intent::SubjectModify { follows: None, subject: "x".repeat(256) };
        refused(&ann.may_not(conv, subject).await, Code::TooBig);
        let html = Intent::MessageAdd { parent: None, format: Format::Html, text: "<b>x</b>".to_owned() };
        refused(&bob.may_not(conv, html).await, Code::Format);
        bob.says(conv, &"ü".repeat(30 * 1024)).await;
    }
}
