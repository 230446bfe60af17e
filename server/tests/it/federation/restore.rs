//! A platform whose database was put back from a backup: what it lost comes back, and nothing stands twice.

use em2_model::ConversationKey;
use em2_model::participant::{History, Role};
use em2_model::wire::domestic::{Accepted, Conversation};
use em2_model::wire::intent::Intent;

use super::{agree, listed, on_both, person, reads, texts, until};
use crate::support::database::Database;
use crate::support::person::Person;
use crate::support::platforms::Platforms;
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

/// Stops a platform, and starts it on this database, or its own, as one that was restored.
async fn restore(server: &mut TestServer, old: Option<Database>) {
    server.pause().await;
    server::marks::declare_restored(&server.data()).unwrap();
    match old {
        Some(old) => server.resume_on(old).await,
        None => server.resume().await,
    }
}

fn add(text: &str) -> Intent {
    Intent::MessageAdd {
        parent: None,
        format: em2_model::Format::Markdown,
        text: text.to_owned(),
    }
}

/// Ann's conversation, whose platform has lost that Cat was added and what followed; beta, which has none of that
/// either, is away.
struct Stranded {
    ann: Person,
    cat: Person,
    key: ConversationKey,
}

async fn strand(platforms: &mut Platforms) -> Stranded {
    let ann = person(&platforms.alpha, "ann@alpha.test").await;
    let bob = person(&platforms.beta, "bob@beta.test").await;
    let cat = person(&platforms.gamma, "cat@gamma.test").await;
    let key = ann.start("bob@beta.test", "Plan", "One").await;
    reads(&bob, key, &["One"]).await;
    let old = platforms.alpha.backup().await;
    platforms.beta.pause().await;
    ann.say(key, "Two").await;
    let cat_too = Intent::ParticipantAdd {
        address: "cat@gamma.test".parse().unwrap(),
        role: Role::Write,
        history: History::All,
        name: None,
    };
    ann.change(key, cat_too).await;
    listed(&cat, key).await;
    cat.say(key, "Three").await;
    restore(&mut platforms.alpha, Some(old)).await;
    let ann = platforms.alpha.sign_in("ann@alpha.test").await;
    platforms.alpha.clock.advance(11_000);
    reads(&ann, key, &["One"]).await;
    orders(&ann, key).await;
    ann.say(key, "Four").await;
    Stranded { ann, cat, key }
}

/// Waits until somebody's platform asks the others no more.
async fn orders(person: &Person, key: ConversationKey) {
    let delivery = async || person.conversation(key).await.delivery.unwrap();
    until(delivery, |it| !it.text.contains("restored")).await;
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
        orders(&ann, key).await;
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

        restore(&mut platforms.alpha, Some(old)).await;
        assert!(
            !server::marks::is_declared(&platforms.alpha.data()),
            "it counts once"
        );
        let ann = platforms.alpha.sign_in("ann@alpha.test").await;
        // Nothing is ordered while the others are asked; what is said waits.
        let accepted = ann.act(key, add("Four")).await.unwrap();
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

    async fn what_bob_says_while_the_others_are_asked_follows_by_itself(platforms: Platforms) {
        let ann = person(&platforms.alpha, "ann@alpha.test").await;
        let bob = person(&platforms.beta, "bob@beta.test").await;
        let cat = person(&platforms.gamma, "cat@gamma.test").await;
        let key = ann
            .start("bob@beta.test, cat@gamma.test", "Plan", "One")
            .await;
        for person in [&bob, &cat] {
            reads(person, key, &["One"]).await;
        }
        platforms.gamma.pause().await;
        restore(&mut platforms.alpha, None).await;
        bob.act(key, add("Two")).await.unwrap();
        let waits = async || bob.conversation(key).await.delivery.unwrap();
        until(waits, |it| it.text.starts_with("On the way") || it.problem).await;
        platforms.alpha.clock.advance(11_000);
        sees_all(&bob, key, &["One", "Two"]).await;
        platforms.gamma.resume().await;
        let cat = platforms.gamma.sign_in("cat@gamma.test").await;
        sees_all(&cat, key, &["One", "Two"]).await;
        platforms.stop().await;
    }

    async fn whoever_was_added_after_the_backup_gives_back_what_nobody_else_has(platforms: Platforms) {
        let stranded = strand(&mut platforms).await;
        let Stranded { ann, cat, key } = stranded;
        // What Cat says is refused by a platform that does not know her any more, and shows her that it was restored.
        cat.act(key, add("Five")).await.unwrap();
        platforms.beta.resume().await;
        let bob = platforms.beta.sign_in("bob@beta.test").await;
        for person in [&ann, &bob, &cat] {
            sees_all(person, key, &["One", "Two", "Three", "Four", "Five"]).await;
        }
        agree(&[&ann, &bob, &cat], key).await;
        let names = ann.conversation(key).await.participants;
        assert_eq!(names.len(), 3, "nobody is added twice: {names:?}");
        cat.say(key, "Six").await;
        sees_all(&bob, key, &["One", "Two", "Three", "Four", "Five", "Six"]).await;
        platforms.stop().await;
    }

    async fn a_branch_that_is_stranded_is_found_when_heads_are_compared(platforms: Platforms) {
        let stranded = strand(&mut platforms).await;
        let Stranded { ann, cat, key } = stranded;
        platforms.beta.resume().await;
        let bob = platforms.beta.sign_in("bob@beta.test").await;
        for server in [&platforms.alpha, &platforms.beta, &platforms.gamma] {
            server.clock.advance(25 * 60 * 60 * 1000);
        }
        // Of this conversation nobody on gamma says anything.
        cat.start("ann@alpha.test", "Another", "Text").await;
        for person in [&ann, &bob, &cat] {
            sees_all(person, key, &["One", "Two", "Three", "Four"]).await;
        }
        agree(&[&ann, &bob, &cat], key).await;
        platforms.stop().await;
    }
}
