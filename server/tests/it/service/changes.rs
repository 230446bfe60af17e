//! Editing, locking, removing, recovering; subject, labels, roles.

use super::*;
use em2_model::wire::domestic::{Mark, Piece, Standing};
use em2_model::wire::live::Effect;

on_both! {
    async fn an_edit_keeps_every_version(world: World) {
        let [ann, bob] = world.people(["ann", "bob"]).await;
        let conv = ann.publish("bob@a.example", "Price", "The price is 100 euros.").await;
        let item = ann.sees(conv).await.entries[2].key();
        let mut bobs = bob.listens().await;
        let edit = ann.does(conv, modify(item, Some(item), "The price is 120 euros.")).await.unwrap();
        let (_, heard, row) = bobs.change().await;
        let Effect::Message { message } = heard.effect else { panic!() };
        assert_eq!((message.key, message.head, message.seq, message.touched), (item, edit.key, 3, 4));
        assert_eq!(message.edited.as_ref().map(|done| (done.seq, done.by.name.as_str())), Some((4, "Ann")));
        assert_eq!((row.preview.as_str(), row.unread), ("The price is 120 euros.", true));
        assert_eq!(message.text, None, "Bob may not change it");

        let stale = bob.may_not(conv, modify(item, Some(item), "mine")).await;
        refused(&stale, Code::Forbidden);
        let stale = ann.may_not(conv, modify(item, Some(item), "The price is 90 euros.")).await;
        refused(&stale, Code::Conflict);
        assert_eq!(stale.details["head"], edit.key.to_string());

        let read = bob.service().versions(&bob.me, conv, item).await.unwrap();
        assert_eq!(read.versions.len(), 2);
        let changes: Vec<_> = read.versions[1].changes.iter().map(|piece| (piece.mark, piece.text.as_str())).collect();
        assert_eq!(
            changes,
            [(Mark::Same, "The price is "), (Mark::Delete, "100"), (Mark::Insert, "120"), (Mark::Same, " euros.")]
        );
        assert_eq!((bob.finds("100").await.len(), bob.finds("120").await.len()), (0, 1));
    }

    async fn whoever_comes_too_late_is_told_what_their_text_changes_in_what_stands(world: World) {
        let [ann, bob] = world.people(["ann", "bob"]).await;
        let conv = ann.publish("", "Price", "The price is 100 euros.").await;
        ann.adds(conv, &bob, Role::Edit, History::All).await;
        let item = ann.sees(conv).await.entries[1].key();
        let edit = ann.does(conv, modify(item, Some(item), "The price is 120 euros.")).await.unwrap();
        let changes = |refusal: &Refusal| {
            let pieces: Vec<Piece> = serde_json::from_value(refusal.details["difference"].clone()).unwrap();
            pieces.into_iter().map(|piece| (piece.mark, piece.text)).collect::<Vec<_>>()
        };
        let late = bob.may_not(conv, modify(item, Some(item), "The price is 90 euros.")).await;
        refused(&late, Code::Conflict);
        let piece = |mark, text: &str| (mark, text.to_owned());
        let wanted = [
            piece(Mark::Same, "The price is "),
            piece(Mark::Delete, "120"),
            piece(Mark::Insert, "90"),
            piece(Mark::Same, " euros."),
        ];
        assert_eq!(changes(&late), wanted);
        assert_eq!(late.details["head"], edit.key.to_string());

        let lock = Intent::MessageLock { item, follows: None, ttl: 60_000 };
        let locked = ann.does(conv, lock.clone()).await.unwrap();
        let late = bob.may_not(conv, modify(item, None, "The price is 90 euros.")).await;
        refused(&late, Code::Locked);
        assert_eq!((changes(&late), &late.details["head"]), (wanted.to_vec(), &locked.key.to_string().into()));
        assert!(!bob.may_not(conv, lock).await.details.contains_key("difference"), "a lock has no text");

        ann.does(conv, Intent::MessageRemove { item, follows: None }).await.unwrap();
        let gone = bob.may_not(conv, modify(item, Some(item), "The price is 90 euros.")).await;
        refused(&gone, Code::Conflict);
        assert!(!gone.details.contains_key("difference"), "nothing of what was removed is told: {gone:?}");
    }

    async fn while_somebody_edits_others_wait(world: World) {
        let [ann, bob] = world.people(["ann", "bob"]).await;
        let conv = ann.publish("", "Lock", "text").await;
        ann.adds(conv, &bob, Role::Edit, History::All).await;
        let item = ann.sees(conv).await.entries[1].key();
        let order = ann.row(conv).await.at;
        world.clock.advance(5_000);
        let lock = |ttl| Intent::MessageLock { item, follows: None, ttl };
        bob.does(conv, lock(60_000)).await.unwrap();
        let held = ann.message(conv, item).await.lock.unwrap();
        assert_eq!(held.by.name, "Bob");
        let refusal = ann.may_not(conv, modify(item, None, "mine")).await;
        refused(&refusal, Code::Locked);
        assert!(refusal.message.starts_with("Bob is editing"), "{}", refusal.message);
        assert_eq!(refusal.details["until"], held.until.as_millis());
        refused(&ann.may_not(conv, lock(1_000)).await, Code::Locked);
        assert_eq!(ann.row(conv).await.at, order, "a lock is no news");
        assert!(!ann.row(conv).await.unread);

        world.clock.advance(61_000);
        assert_eq!(ann.message(conv, item).await.lock, None, "it has run out");
        ann.does(conv, lock(60_000)).await.unwrap();
        let release = Intent::MessageRelease { item, follows: None };
        refused(&bob.may_not(conv, release.clone()).await, Code::Locked);
        ann.does(conv, release).await.unwrap();
        let mut anns = ann.listens().await;
        bob.does(conv, lock(60_000)).await.unwrap();
        bob.does(conv, modify(item, None, "Bob's")).await.unwrap();
        anns.change().await;
        let (_, edited, _) = anns.change().await;
        let Effect::Message { message } = edited.effect else { panic!() };
        assert_eq!((message.lock, message.html.trim()), (None, "<p>Bob's</p>"));
        refused(&ann.may_not(conv, Intent::MessageLock { item, follows: None, ttl: 16 * 60_000 }).await, Code::Format);
    }

    async fn a_message_is_removed_recovered_and_redacted(world: World) {
        let [ann, bob] = world.people(["ann", "bob"]).await;
        let conv = ann.publish("bob@a.example", "Words", "first words").await;
        let item = bob.says(conv, "regrettable words").await;
        refused(&bob.may_not(conv, Intent::MessageRecover { item, follows: None }).await, Code::Conflict);
        bob.does(conv, Intent::MessageRemove { item, follows: None }).await.unwrap();
        let gone = ann.message(conv, item).await;
        let Standing::Removed(done) = &gone.standing else { panic!("{gone:?}") };
        assert_eq!((done.by.name.as_str(), gone.html.as_str(), gone.text), ("Bob", "", None));
        assert_eq!(ann.row(conv).await.preview, "first words", "the one before is shown");
        assert_eq!(ann.finds("regrettable").await, []);
        assert!(ann.service().versions(&ann.me, conv, item).await.unwrap().versions.is_empty());
        refused(&bob.may_not(conv, modify(item, None, "x")).await, Code::Conflict);

        bob.does(conv, Intent::MessageRecover { item, follows: None }).await.unwrap();
        assert_eq!(ann.message(conv, item).await.html.trim(), "<p>regrettable words</p>");
        assert_eq!(ann.row(conv).await.preview, "regrettable words");
        assert_eq!(ann.finds("regrettable").await.len(), 1);

        let mut anns = ann.listens().await;
        bob.does(conv, Intent::MessageRedact { item, follows: None }).await.unwrap();
        let (_, change, row) = anns.change().await;
        assert!(!format!("{change:?}{row:?}").contains("regrettable"), "{change:?}");
        assert!(matches!(ann.message(conv, item).await.standing, Standing::Redacted(_)));
        assert_eq!(ann.finds("regrettable").await, []);
        let versions = ann.service().versions(&ann.me, conv, item).await.unwrap();
        assert!(versions.versions.is_empty());
        refused(&bob.may_not(conv, Intent::MessageRecover { item, follows: None }).await, Code::Conflict);
        let mut conn = world.store.reader().await.unwrap();
        let records = server::store::actions::list_records_of_item(&mut conn, conv, item).await.unwrap();
        let bytes = records.iter().filter(|record| record.action().kind().is_said());
        assert!(bytes.clone().count() > 0 && bytes.into_iter().all(|record| record.action().body().is_err()));
    }

    async fn subject_labels_and_expiry_are_told(world: World) {
        let [ann, bob] = world.people(["ann", "bob"]).await;
        let conv = ann.publish("bob@a.example", "Old", "x").await;
        let mut bobs = bob.listens().await;
        let subject = |subject: &str| Intent::SubjectModify { follows: None, subject: subject.to_owned() };
        refused(&bob.may_not(conv, subject("mine")).await, Code::Forbidden);
        ann.does(conv, subject("New")).await.unwrap();
        let label = Intent::LabelAdd { name: "urgent".to_owned(), colour: "red".to_owned() };
        let key = ann.does(conv, label.clone()).await.unwrap().key;
        ann.does(conv, label).await.unwrap();
        ann.does(conv, Intent::LabelRemove { item: key, follows: None }).await.unwrap();
        let at = Some(world.clock.now().plus(3_600_000));
        ann.does(conv, Intent::ExpiryModify { follows: None, at }).await.unwrap();

        let (_, change, row) = bobs.change().await;
        assert!(matches!(&change.effect, Effect::Subject { subject, .. } if subject == "New"));
        assert_eq!((row.subject.as_str(), row.unread), ("New", true));
        let (_, change, row) = bobs.change().await;
        assert!(matches!(&change.effect, Effect::Labels { labels, .. } if labels.len() == 1));
        assert_eq!(row.labels[0].name, "urgent");
        let page = bob.sees(conv).await;
        assert_eq!(
            told(&page.entries)[3..],
            ["subject New", "label urgent", "label urgent", "no label urgent", "expiry true"]
        );
        assert_eq!((page.expiry, page.labels.len(), page.subject.as_str()), (at, 1, "New"));
        assert_eq!((bob.finds("old").await.len(), bob.finds("new").await.len()), (0, 1));
        world.clock.advance(3_700_000);
        refused(&ann.may_not(conv, add("too late")).await, Code::Expired);
    }

    async fn when_its_time_has_come_a_conversation_says_nothing_any_more(world: World) {
        let [ann, bob, carl] = world.people(["ann", "bob", "carl"]).await;
        let conv = ann.publish("bob@a.example, carl@a.example", "Party", "the code is 4711").await;
        let item = ann.sees(conv).await.entries[3].key();
        ann.removes(conv, &carl).await;
        let other = ann.publish("bob@a.example", "Other", "stays").await;
        let at = Some(world.clock.now().plus(60_000));
        ann.does(conv, Intent::ExpiryModify { follows: None, at }).await.unwrap();
        assert_eq!(world.service.expire_due().await.unwrap(), 0, "not yet");
        world.clock.advance(61_000);
        let mut bobs = bob.listens().await;
        assert_eq!(world.service.expire_due().await.unwrap(), 1);
        assert_eq!(world.service.expire_due().await.unwrap(), 0, "once");
        let (_, change, row) = bobs.change().await;
        assert!(matches!(change.effect, Effect::Expiry { .. }), "{change:?}");
        assert_eq!((row.preview.as_str(), row.subject.as_str()), ("", "Party"));
        assert_eq!(bob.message(conv, item).await.standing, Standing::Expired);
        for person in [&ann, &bob, &carl] {
            let page = person.sees(conv).await;
            let versions = person.service().versions(&person.me, conv, item).await.unwrap();
            let all = format!("{page:?}{:?}{versions:?}", person.list().await);
            assert!(!all.contains("the code is"), "{all}");
            assert_eq!(person.finds("4711").await, []);
        }
        refused(&ann.may_not(conv, add("more")).await, Code::Expired);
        assert_eq!(told(&bob.sees(other).await.entries)[2], "<p>stays</p>");
        world.service.sweep().await.unwrap();
    }

    async fn roles_decide_and_refusals_take_no_slot(world: World) {
        let [ann, bob, carl] = world.people(["ann", "bob", "carl"]).await;
        let conv = ann.publish("bob@a.example", "Roles", "x").await;
        let carls = ann.adds(conv, &carl, Role::Read, History::All).await;
        refused(&carl.may_not(conv, add("may I?")).await, Code::Forbidden);
        refused(&bob.may_not(conv, Intent::ParticipantRemove { item: carls, follows: None }).await, Code::Forbidden);
        let role = |item, role| Intent::ParticipantModify { item, follows: None, role };
        refused(&bob.may_not(conv, role(carls, Role::Write)).await, Code::Forbidden);
        refused(&ann.may_not(conv, role(conv.into(), Role::Read)).await, Code::Forbidden);
        let again = Intent::ParticipantAdd {
            address: carl.address().clone(),
            role: Role::Write,
            history: History::All,
            name: None,
        };
        refused(&ann.may_not(conv, again).await, Code::Conflict);
        let stranger = |text: &str| Intent::ParticipantAdd {
            address: text.parse().unwrap(),
            role: Role::Write,
            history: History::All,
            name: None,
        };
        refused(&ann.may_not(conv, stranger("nobody@a.example")).await, Code::Format);
        refused(&ann.may_not(conv, stranger("zoe@z.example")).await, Code::Format);
        ann.does(conv, role(carls, Role::Write)).await.unwrap();
        carl.says(conv, "thanks").await;
        assert_eq!(carl.sees(conv).await.role, Role::Write);
        assert_eq!(told(&carl.sees(conv).await.entries)[3..], ["added Carl", "Carl may write", "<p>thanks</p>"]);
        let unknown = ActionKey::from_bytes([9; 32]);
        refused(&ann.may_not(conv, modify(unknown, None, "x")).await, Code::Conflict);
        refused(&ann.may_not(conv, modify(unknown, Some(unknown), "x")).await, Code::Conflict);
    }
}
