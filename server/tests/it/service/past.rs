//! The removed keep what they had, and nothing newer, in every view. // spec §16, security.md 39

use super::*;
use em2_model::wire::live::Effect;
use server::service::FeedPage;

on_both! {
    async fn the_removed_keep_what_they_had_and_nothing_newer(world: World) {
        let [ann, bob, carl] = world.people(["ann", "bob", "carl"]).await;
        let conv = ann.publish("bob@a.example, carl@a.example", "Before", "one").await;
        let one = ann.sees(conv).await.entries[3].key();
        let two = ann.says(conv, "two").await;
        ann.does(conv, modify(two, None, "two again")).await.unwrap();
        let since = carl.list().await.n;
        let mut carls = carl.listens().await;
        let removal = ann.removes(conv, &carl).await;
        let (_, change, row) = carls.change().await;
        assert_eq!(change.key, removal.key, "the removal is the last that they hear");
        assert!(matches!(&change.effect, Effect::People { participants, .. } if participants.len() == 2));
        assert!(!row.present);
        let (kept, listed) = (carl.sees(conv).await, carl.row(conv).await);
        assert_eq!((kept.present, kept.seq, listed.clone()), (false, removal.seq, row));

        bob.says(conv, "newer").await;
        ann.does(conv, modify(two, None, "newer text")).await.unwrap();
        ann.does(conv, Intent::MessageRemove { item: one, follows: None }).await.unwrap();
        ann.does(conv, Intent::SubjectModify { follows: None, subject: "newer subject".to_owned() }).await.unwrap();
        ann.does(conv, Intent::LabelAdd { name: "newer label".to_owned(), colour: "red".to_owned() }).await.unwrap();
        let dora = world.person("dora").await;
        ann.adds(conv, &dora, Role::Write, History::All).await;
        let bobs = ann.sees(conv).await.participants[1].item;
        ann.does(conv, Intent::ParticipantModify { item: bobs, follows: None, role: Role::Admin }).await.unwrap();
        ann.does(conv, Intent::ExpiryModify { follows: None, at: Some(Time(i64::from(u32::MAX) * 1000)) }).await.unwrap();
        bob.reads(conv, 99).await;

        assert_eq!(carl.sees(conv).await, kept, "the page is the one of that time");
        assert_eq!(carl.row(conv).await, listed);
        let wanted = ["<p>one</p>", "<p>two again</p>", "removed Carl"];
        assert_eq!(told(&kept.entries)[3..], wanted);
        for word in ["newer", "dora", "label"] {
            assert_eq!(carl.finds(word).await, [], "{word}");
        }
        assert_eq!((carl.finds("again").await.len(), carl.finds("before").await.len()), (1, 1), "what they had");
        assert_eq!((bob.finds("again").await.len(), bob.finds("before").await.len()), (0, 0));
        let versions = carl.service().versions(&carl.me, conv, two).await.unwrap();
        let texts: Vec<_> = versions.versions.iter().map(|version| version.text.as_str()).collect();
        assert_eq!(texts, ["two", "two again"]);
        carls.hears_nothing().await;
        let FeedPage::Frames { frames, .. } = carl.service().feed_since(&carl.me, since).await.unwrap() else { panic!() };
        assert_eq!(frames.len(), 1);
        let Live::Change { change: replayed, .. } = frames[0].to_live() else { panic!() };
        assert_eq!(*replayed, change, "what is replayed is what was told");
        assert!(!format!("{:?}", carl.service().older(&carl.me, conv, 99).await.unwrap()).contains("newer"));

        let refusal = carl.may_not(conv, add("let me back")).await;
        refused(&refusal, Code::Removed);
        assert_eq!(refusal.details["upto"], removal.seq);
        assert_eq!(carl.reads(conv, 99).await, removal.seq, "they may still have read it");
    }

    async fn what_is_redacted_is_gone_for_the_removed_too(world: World) {
        let [ann, bob] = world.people(["ann", "bob"]).await;
        let conv = ann.publish("bob@a.example", "x", "the number is 4711").await;
        let item = ann.sees(conv).await.entries[2].key();
        ann.removes(conv, &bob).await;
        ann.does(conv, Intent::MessageRedact { item, follows: None }).await.unwrap();
        let page = bob.sees(conv).await;
        assert_eq!(told(&page.entries)[2], "withheld", "and who redacted it is not theirs to know");
        assert!(!format!("{page:?}{:?}", bob.list().await).contains("the number is"));
        assert_eq!(bob.finds("4711").await, []);
        assert!(bob.service().versions(&bob.me, conv, item).await.unwrap().versions.is_empty());
    }

    async fn somebody_who_leaves_can_be_added_again(world: World) {
        let [ann, bob] = world.people(["ann", "bob"]).await;
        let conv = ann.publish("bob@a.example", "x", "before").await;
        bob.removes(conv, &bob).await;
        let between = ann.says(conv, "between").await;
        assert!(!bob.row(conv).await.present);
        ann.adds(conv, &bob, Role::Comment, History::Now).await;
        ann.says(conv, "after").await;
        let page = bob.sees(conv).await;
        assert_eq!(
            told(&page.entries)[2..],
            ["<p>before</p>", "removed Bob", "withheld", "added Bob", "<p>after</p>"],
            "what was between is not theirs"
        );
        assert_eq!((page.present, page.role), (true, Role::Comment));
        assert_eq!((bob.list().await.rows.len(), bob.row(conv).await.present), (1, true));
        let answer = Intent::MessageAdd { parent: Some(between), format: Format::Plain, text: "hm".to_owned() };
        bob.does(conv, answer).await.unwrap();
        refused(&bob.may_not(conv, add("a new one")).await, Code::Forbidden);
    }
}
