//! A conversation as a file, however long it is and whatever became of it.

use std::collections::BTreeMap;

use em2_model::action::Missing;
use server::archive::write::Export;
use server::identity::Keychain;

use super::*;
use crate::support::archive::{exported, proven};

async fn file(world: &World, conv: ConversationKey) -> (Vec<u8>, usize) {
    exported(&world.store, world.folder.path(), conv).await
}

on_both! {
    async fn a_long_conversation_is_written_in_pieces(world: World) {
        let [ann, bob] = world.people(["ann", "bob"]).await;
        let conv = ann.publish("bob@a.example", "Long", "0").await;
        for n in 1..=150 {
            [&ann, &bob][n % 2].says(conv, &n.to_string()).await;
        }
        let (file, pieces) = file(&world, conv).await;
        assert_eq!(proven(&file).actions, 153);
        assert_eq!(pieces, 5, "the keys, three times at most 64 records, the end");
    }

    async fn an_expired_conversation_still_proves_its_order(world: World) {
        let [ann, bob] = world.people(["ann", "bob"]).await;
        let conv = ann.publish("bob@a.example", "Soon gone", "the number is 4711").await;
        bob.says(conv, "noted").await;
        let at = Some(world.clock.now().plus(60_000));
        ann.does(conv, Intent::ExpiryModify { follows: None, at }).await.unwrap();
        world.clock.advance(60_001);
        assert_eq!(world.service.expire_due().await.unwrap(), 1);
        let (file, _) = file(&world, conv).await;
        let checked = proven(&file);
        assert_eq!((checked.actions, checked.participants), (6, None));
        assert_eq!(checked.missing, BTreeMap::from([(Missing::Expired, 5)]));
        assert!(!String::from_utf8(file).unwrap().contains("the number is"));
    }

    async fn what_is_not_here_is_not_written(world: World) {
        let ann = world.person("ann").await;
        ann.publish("", "x", "x").await;
        let own = Keychain::find(&world.store, world.folder.path()).await.unwrap().unwrap();
        let unknown = ConversationKey::from_bytes([7; 32]);
        let refused = Export::begin(&world.store, &own, unknown).await.err().unwrap();
        assert!(refused.to_string().starts_with("There is no conversation 0707"), "{refused}");
    }
}
