//! What somebody sees who came later: the history that they were given. // spec §16

use super::*;
use em2_model::wire::live::Effect;

on_both! {
    async fn what_was_said_before_their_history_is_withheld(world: World) {
        let [ann, bob, carl, dora] = world.people(["ann", "bob", "carl", "dora"]).await;
        let conv = ann.publish("bob@a.example", "Plan", "secret one").await;
        let first = ann.sees(conv).await.entries[2].key();
        let second = bob.says(conv, "secret two").await;
        ann.adds(conv, &carl, Role::Edit, History::From(second)).await;
        ann.adds(conv, &dora, Role::Write, History::Now).await;

        assert_eq!(
            told(&carl.sees(conv).await.entries),
            ["published", "added Bob", "withheld", "<p>secret two</p>", "added Carl", "added Dora"]
        );
        assert_eq!(told(&dora.sees(conv).await.entries)[2..4], ["withheld", "withheld"]);
        assert_eq!((carl.finds("secret").await.len(), dora.finds("secret").await.len()), (1, 0));
        assert_eq!(carl.finds("secret").await[0].1, Some(second));
        assert_eq!(carl.row(conv).await.preview, "secret two");
        let row = dora.row(conv).await;
        assert_eq!((row.preview.as_str(), row.preview_by, row.unread), ("", None, true));
        let read = carl.service().versions(&carl.me, conv, first).await.unwrap();
        assert!(read.versions.is_empty());

        let (mut doras, mut carls) = (dora.listens().await, carl.listens().await);
        bob.does(conv, modify(second, None, "secret two, changed")).await.unwrap();
        let (_, change, row) = doras.change().await;
        assert_eq!((change.effect, row.preview.as_str()), (Effect::Withheld, ""), "later changes too");
        let (_, change, _) = carls.change().await;
        assert!(matches!(change.effect, Effect::Message { message } if message.html.contains("changed")));
        assert_eq!(dora.finds("changed").await, []);
        bob.says(conv, "open").await;
        assert_eq!(dora.row(conv).await.preview, "open");
        assert_eq!(dora.finds("open").await.len(), 1);
        let text = format!("{:?}", dora.sees(conv).await);
        assert!(!text.contains("secret"), "{text}");
    }

    async fn nobody_gives_more_history_than_they_have(world: World) {
        let [ann, bob, carl] = world.people(["ann", "bob", "carl"]).await;
        let conv = ann.publish("", "Plan", "before").await;
        let before = ann.sees(conv).await.entries[1].key();
        ann.adds(conv, &bob, Role::Write, History::Now).await;
        let give = |history| Intent::ParticipantAdd {
            address: carl.address().clone(),
            role: Role::Write,
            history,
            name: None,
        };
        refused(&bob.may_not(conv, give(History::All)).await, Code::Forbidden);
        refused(&bob.may_not(conv, give(History::From(before))).await, Code::Forbidden);
        let mut carls = carl.listens().await;
        bob.does(conv, give(History::Now)).await.unwrap();
        let (n, change, row) = carls.change().await;
        assert_eq!((n, row.subject.as_str(), row.preview.as_str()), (1, "Plan", ""), "the row appears in the list");
        assert!(matches!(change.effect, Effect::People { participants, .. } if participants.len() == 3));
    }
}
