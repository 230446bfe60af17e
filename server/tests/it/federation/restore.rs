//! A platform whose database was put back from a backup: what it lost comes back, and nothing stands twice.

use em2_model::ConversationKey;
use em2_model::wire::domestic::{Accepted, Conversation};
use em2_model::wire::intent::Intent;

use super::{agree, listed, on_both, person, reads, texts, until};
use crate::support::person::Person;
use crate::support::server::TestServer;

/// Waits until the data folder names the newest commit of this conversation.
async fn marked(server: &TestServer, seen: &Conversation) {
    let data = server.data();
    let named = async || {
        let marked = server::marks::Marked::read(&data).unwrap();
        let head = marked.heads.iter().find(|head| head.0 == seen.key);
        head.map(|head| head.1)
    };
    until(named, |seq| *seq == Some(seen.seq)).await;
}

async fn sees_all(person: &Person, key: ConversationKey, wanted: &[&str]) -> Conversation {
    let seen = until(
        async || person.conversation(key).await,
        |it| {
            let mut said = texts(it);
            said.sort();
            let mut wanted: Vec<_> = wanted.to_vec();
            wanted.sort();
            said == wanted && it.entries.iter().all(|entry| entry.seq() <= it.seq)
        },
    );
    seen.await
}

on_both! {
    async fn an_old_database_that_nobody_declared_takes_back_what_others_have(platforms: Platforms) {
        let ann = person(&platforms.alpha, "ann@alpha.test").await;
        let bob = person(&platforms.beta, "bob@beta.test").await;
        let cat = person(&platforms.gamma, "cat@gamma.test").await;
        let key = ann
            .start("bob@beta.test, cat@gamma.test", "Plan", "One")
            .await;
        for person in [&bob, &cat] {
            listed(person, key).await;
        }
        let old = platforms.alpha.backup().await;
        ann.say(key, "Two").await;
        bob.say(key, "Three").await;
        agree(&[&ann, &bob, &cat], key).await;
        let before = ann.conversation(key).await;
        marked(&platforms.alpha, &before).await;

        platforms.alpha.pause().await;
        platforms.alpha.resume_on(old).await;
        let ann = platforms.alpha.sign_in("ann@alpha.test").await;
        reads(&ann, key, &["One", "Two", "Three"]).await;
        let after = ann.conversation(key).await;
        assert_eq!(
            (after.seq, after.head),
            (before.seq, before.head),
            "the same log again"
        );
        ann.say(key, "Four").await;
        bob.say(key, "Five").await;
        for person in [&ann, &bob, &cat] {
            reads(person, key, &["One", "Two", "Three", "Four", "Five"]).await;
        }
        agree(&[&ann, &bob, &cat], key).await;
        platforms.stop().await;
    }

    async fn whoever_was_away_while_the_others_were_asked_gives_back_what_it_has_later(platforms: Platforms) {
        let ann = person(&platforms.alpha, "ann@alpha.test").await;
        let bob = person(&platforms.beta, "bob@beta.test").await;
        let key = ann.start("bob@beta.test", "Plan", "One").await;
        listed(&bob, key).await;
        let old = platforms.alpha.backup().await;
        ann.say(key, "Two").await;
        bob.say(key, "Three").await;
        agree(&[&ann, &bob], key).await;
        platforms.beta.pause().await;

        platforms.alpha.pause().await;
        let data = platforms.alpha.data();
        server::marks::declare_restored(&data).unwrap();
        platforms.alpha.resume_on(old).await;
        assert!(!server::marks::is_declared(&data), "it counts once");
        let ann = platforms.alpha.sign_in("ann@alpha.test").await;
        // Nothing is ordered while the others are asked; what is said waits.
        let add = Intent::MessageAdd {
            parent: None,
            format: em2_model::Format::Markdown,
            text: "Four".to_owned(),
        };
        let accepted = ann.act(key, add).await.unwrap();
        assert!(matches!(accepted, Accepted::Pending { .. }), "{accepted:?}");
        let waiting = ann.conversation(key).await;
        assert!(waiting.delivery.unwrap().text.contains("restored"));
        platforms.alpha.clock.advance(11_000);
        sees_all(&ann, key, &["One", "Four"]).await;

        platforms.beta.resume().await;
        let bob = platforms.beta.sign_in("bob@beta.test").await;
        for person in [&ann, &bob] {
            sees_all(person, key, &["One", "Two", "Three", "Four"]).await;
        }
        agree(&[&ann, &bob], key).await;
        bob.say(key, "Five").await;
        sees_all(&ann, key, &["One", "Two", "Three", "Four", "Five"]).await;
        let found = bob.search("three").await;
        assert_eq!(found.hits.len(), 1, "what was made again is found");
        platforms.stop().await;
    }
}
