//! Drafts, and what becomes of them.

use super::*;
use em2_model::wire::domestic::ListView;

fn fields(to: &str, subject: &str, text: &str) -> DraftFields {
    DraftFields {
        to: Some(to.to_owned()),
        subject: Some(subject.to_owned()),
        text: Some(text.to_owned()),
        ..DraftFields::default()
    }
}

on_both! {
    async fn a_draft_is_saved_as_it_is_typed(world: World) {
        let [ann, bob] = world.people(["ann", "bob"]).await;
        let (mut anns, mut bobs) = (ann.listens().await, bob.listens().await);
        let key = ann.draft(fields("Bob <bob@a.example>, half a name", "Plan", "First **idea**")).await.unwrap();
        let save = Intent::DraftModify { subject: None, to: Some("Bob <bob@a.example>".to_owned()), text: None };
        ann.service().act(&ann.me, ConversationRef::Draft(key), save, None).await.unwrap();
        let KitchenSink::Draft(draft) = ann.opens(ConversationRef::Draft(key)).await.unwrap() else { panic!() };
        assert_eq!((draft.subject.as_str(), draft.to.as_str(), draft.version), ("Plan", "Bob <bob@a.example>", 2));
        assert_eq!(draft.text, "First **idea**", "absent fields stay");

        let drafts = ListQuery { view: ListView::Drafts, ..ListQuery::default() };
        let page = ann.service().list(&ann.me, drafts).await.unwrap();
        assert_eq!((page.rows.len(), page.drafts, page.unread), (1, 1, 0));
        assert_eq!(page.rows[0].people[0].name, "Bob");
        assert!(ann.list().await.rows.is_empty(), "the inbox has no drafts");
        for wanted in [1, 2] {
            match anns.hears().await {
                Live::Draft { n, row } => assert_eq!((n, row.key), (wanted, ConversationRef::Draft(key))),
                other => panic!("{other:?}"),
            }
        }
        bobs.hears_nothing().await;
        refused(&bob.opens(ConversationRef::Draft(key)).await.unwrap_err(), Code::NoDraft);
        let theirs = DraftFields { key: Some(key), ..fields("", "", "mine now") };
        refused(&bob.draft(theirs).await.unwrap_err(), Code::NoDraft);
    }

    async fn a_draft_that_is_sent_twice_is_one_draft(world: World) {
        let ann = world.person("ann").await;
        let key: DraftKey = "0199f3a1-0000-7000-8000-00000000000a".parse().unwrap();
        let with = |text: &str| DraftFields { key: Some(key), ..fields("", "", text) };
        assert_eq!(ann.draft(with("one")).await.unwrap(), key);
        assert_eq!(ann.draft(with("two")).await.unwrap(), key);
        let KitchenSink::Draft(draft) = ann.opens(ConversationRef::Draft(key)).await.unwrap() else { panic!() };
        assert_eq!((draft.text.as_str(), draft.version), ("two", 2));
        let start = || ann.service().start_draft(&ann.me, fields("", "", "three"), once("d"));
        assert_eq!(start().await.unwrap(), start().await.unwrap());
        assert_eq!(ann.list().await.drafts, 2);
    }

    async fn a_draft_can_be_thrown_away(world: World) {
        let ann = world.person("ann").await;
        let key = ann.draft(fields("", "", "never mind")).await.unwrap();
        let mut anns = ann.listens().await;
        let discard = || ann.service().act(&ann.me, ConversationRef::Draft(key), Intent::DraftRemove, None);
        assert_eq!(discard().await.unwrap(), Accepted::Discarded { key });
        assert!(matches!(anns.hears().await, Live::DraftGone { became: None, .. }));
        refused(&discard().await.unwrap_err(), Code::NoDraft);
        refused(&ann.opens(ConversationRef::Draft(key)).await.unwrap_err(), Code::NoDraft);
    }

    async fn publishing_again_answers_the_same_conversation(world: World) {
        let [ann, bob] = world.people(["ann", "bob"]).await;
        let key = ann.draft(fields("bob@a.example", "Plan", "old text")).await.unwrap();
        let mut anns = ann.listens().await;
        let last = DraftFields { text: Some("new text".to_owned()), ..DraftFields::default() };
        let publish = || ann.service().publish(&ann.me, key, last.clone(), None);
        let (one, two) = tokio::join!(publish(), publish());
        let Published::Published { key: conv } = one.unwrap() else { panic!() };
        assert_eq!(two.unwrap(), Published::Published { key: conv });
        assert_eq!(publish().await.unwrap(), Published::Published { key: conv });
        assert_eq!(ann.opens(ConversationRef::Draft(key)).await.unwrap(), KitchenSink::Published { key: conv });
        assert_eq!(told(&bob.sees(conv).await.entries), ["published", "added Bob", "<p>new text</p>"]);
        assert_eq!((bob.list().await.rows.len(), ann.list().await.drafts), (1, 0));
        anns.change().await;
        match anns.hears().await {
            Live::DraftGone { became, .. } => assert_eq!(became, Some(conv)),
            other => panic!("{other:?}"),
        }
        anns.hears_nothing().await;
        let save = Intent::DraftModify { subject: None, to: None, text: Some("too late".to_owned()) };
        let late = ann.service().act(&ann.me, ConversationRef::Draft(key), save, None).await.unwrap_err();
        refused(&late, Code::NoDraft);
        assert_eq!(ann.finds("old").await, [], "what the draft said before is nowhere");
    }

    async fn who_cannot_be_reached_is_named(world: World) {
        let [ann, _bob] = world.people(["ann", "bob"]).await;
        let key = ann.draft(fields("", "", "")).await.unwrap();
        let publish = |to: &str, text: &str| {
            let fields = fields(to, "x", text);
            let (service, me) = (world.service.clone(), ann.me.clone());
            async move { service.publish(&me, key, fields, None).await }
        };
        let sentence = |refusal: Refusal| {
            refused(&refusal, Code::Format);
            refusal.message
        };
        assert!(sentence(publish("bob@a.example, bob", "x").await.unwrap_err()).contains("“bob”"));
        assert!(sentence(publish("nobody@a.example", "x").await.unwrap_err()).contains("nobody@a.example"));
        let abroad = sentence(publish("carl@b.example", "x").await.unwrap_err());
        assert!(abroad.contains("carl@b.example") && abroad.contains("other platforms"), "{abroad}");
        assert!(sentence(publish("", "  ").await.unwrap_err()).contains("empty"));
        assert!(sentence(publish("ann@a.example", "").await.unwrap_err()).contains("empty"), "only oneself");
        assert_eq!(ann.list().await.rows.len(), 0, "nothing was published");
        assert!(matches!(publish("bob@a.example; BOB@A.EXAMPLE", "").await.unwrap(), Published::Published { .. }));
        let row = ann.list().await.rows.remove(0);
        assert_eq!((row.people_count, row.preview.as_str()), (2, ""));
    }

    async fn a_draft_can_be_sent_before_it_was_ever_saved(world: World) {
        let [ann, bob] = world.people(["ann", "bob"]).await;
        let key: DraftKey = "0199f3a1-0000-7000-8000-00000000000b".parse().unwrap();
        let publish = |person: &Person<'_>, fields: DraftFields| {
            let (service, me) = (world.service.clone(), person.me.clone());
            async move { service.publish(&me, key, fields, None).await }
        };
        let empty = publish(&ann, DraftFields::default()).await.unwrap_err();
        refused(&empty, Code::NoDraft);
        let full = || fields("bob@a.example", "At once", "hello");
        let (one, two) = tokio::join!(publish(&ann, full()), publish(&ann, full()));
        let Published::Published { key: conv } = one.unwrap() else { panic!() };
        assert_eq!(two.unwrap(), Published::Published { key: conv });
        assert_eq!(ann.opens(ConversationRef::Draft(key)).await.unwrap(), KitchenSink::Published { key: conv });
        assert_eq!((bob.list().await.rows.len(), ann.list().await.drafts), (1, 0));
        refused(&publish(&bob, fields("ann@a.example", "x", "mine")).await.unwrap_err(), Code::NoDraft);
        assert_eq!(bob.list().await.rows.len(), 1);
    }

    async fn a_draft_has_bounds(world: World) {
        let ann = world.person("ann").await;
        let big = fields("", "", &"x".repeat(70_000));
        refused(&ann.draft(big).await.unwrap_err(), Code::TooBig);
        refused(&ann.draft(fields("", &"x".repeat(256), "")).await.unwrap_err(), Code::TooBig);
        refused(&ann.draft(fields("", "a\0b", "")).await.unwrap_err(), Code::Format);
        let key = ann.draft(fields("", "", "x")).await.unwrap();
        let say = ann.service().act(&ann.me, ConversationRef::Draft(key), add("x"), None).await.unwrap_err();
        refused(&say, Code::Format);
    }
}
