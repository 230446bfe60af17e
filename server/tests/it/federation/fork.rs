//! A leading platform that does not come back: the conversation goes on in another one.

use em2_model::ConversationKey;
use em2_model::refusal::Code;
use em2_model::wire::domestic::{Entry, Event, Fork, Published, What};
use em2_model::wire::intent::Intent;
use em2_model::{Format, History, Role};

use super::{agree, listed, newcomer, on_both, person, reads, texts, until};
use crate::support::person::{Answer, Person};
use crate::support::platforms::Platforms;

const DAY: i64 = 86_400_000;

async fn asks(person: &Person, key: ConversationKey) -> Answer {
    let path = format!("/d/fork/{key}/");
    person.post(&path, &serde_json::json!({})).await
}

async fn forks(person: &Person, key: ConversationKey) -> ConversationKey {
    match asks(person, key).await.ok() {
        Published::Published { key } => key,
        Published::Held { .. } => panic!("it was held"),
    }
}

/// What somebody sees of what was said before; nothing where they were not there.
async fn said_before(person: &Person, key: ConversationKey) -> Option<Vec<String>> {
    let mut seen = person.conversation(key).await;
    seen.entries.retain(|entry| entry.seq() <= 1);
    let told = seen.entries.pop();
    match told {
        Some(Entry::Event(Event {
            what: What::Forked { origin },
            ..
        })) => origin?,
        other => panic!("nothing says that it goes on: {other:?}"),
    };
    Some(texts(&seen))
}

/// Days pass everywhere, whoever is running.
fn pass(platforms: &Platforms, days: i64) {
    for server in [&platforms.alpha, &platforms.beta, &platforms.gamma] {
        server.clock.advance(days * DAY);
    }
}

on_both! {
    async fn after_seven_days_a_conversation_goes_on_without_its_leader(platforms: Platforms) {
        let ann = person(&platforms.alpha, "ann@alpha.test").await;
        let bob = person(&platforms.beta, "bob@beta.test").await;
        person(&platforms.beta, "eve@beta.test").await;
        let cat = newcomer(&platforms.gamma, "cat@gamma.test").await;
        let key = ann.start("bob@beta.test, eve@beta.test, cat@gamma.test", "Plan", "One").await;
        // Of those who take part she knows nobody; but she has accepted to be among them.
        let accepts = async || {
            let answer = serde_json::json!({ "answer": "accept" });
            cat.post(&format!("/d/request/{key}/"), &answer).await.status
        };
        until(accepts, |status| *status == 200).await;
        reads(&cat, key, &["One"]).await;
        reads(&bob, key, &["One"]).await;
        bob.say(key, "Two").await;
        reads(&cat, key, &["One", "Two"]).await;

        platforms.alpha.pause().await;
        bob.act(key, Intent::MessageAdd { parent: None, format: Format::Markdown, text: "Three".to_owned() })
            .await
            .unwrap();
        until(async || bob.conversation(key).await.delivery, |it| it.as_ref().is_some_and(|it| it.problem)).await;
        pass(&platforms, 6);
        assert_eq!(bob.conversation(key).await.fork, None);
        asks(&bob, key).await.refused(Code::Conflict);
        pass(&platforms, 1);
        let bob = platforms.beta.sign_in("bob@beta.test").await;
        let seen = bob.conversation(key).await;
        assert_eq!(seen.fork, Some(Fork::Offered));
        let told = seen.delivery.unwrap().text;
        assert!(told.starts_with("Not delivered for 7 days, waiting for em2.alpha.test"), "{told}");

        let (page, way) = (format!("/c/{key}"), format!("/d/fork/{key}/"));
        assert!(bob.open(&page).await.page().contains("Go on without it"));
        let gone_on = bob.form(&page, &way, &[]).await;
        let fork = forks(&bob, key).await;
        let there = format!("/c/{fork}");
        gone_on.see_other(&there);
        assert!(bob.open(&page).await.page().contains("Go on in the new conversation"));
        assert!(bob.open(&there).await.page().contains("went on here from an earlier conversation"));
        let eve = platforms.beta.sign_in("eve@beta.test").await;
        assert_eq!(forks(&eve, key).await, fork, "one is enough");
        assert_eq!(eve.conversation(key).await.fork, Some(Fork::Made));
        bob.say(fork, "Let us go on").await;
        let cat = platforms.gamma.sign_in("cat@gamma.test").await;
        reads(&cat, fork, &["One", "Two", "Let us go on"]).await;
        cat.say(fork, "Yes").await;
        reads(&eve, fork, &["One", "Two", "Let us go on", "Yes"]).await;
        for person in [&bob, &eve, &cat] {
            assert_eq!(said_before(person, fork).await.unwrap(), ["One", "Two"]);
        }

        // The old leader comes back: nothing of either is lost.
        platforms.alpha.resume().await;
        let ann = platforms.alpha.sign_in("ann@alpha.test").await;
        // By itself it asks within a minute of its start; Bob does not want to wait.
        let retried = bob.post(&format!("/d/retry/{key}/"), &serde_json::json!({})).await;
        assert_eq!(retried.status, 200, "{}", retried.text());
        reads(&ann, key, &["One", "Two", "Three"]).await;
        reads(&ann, fork, &["One", "Two", "Let us go on", "Yes"]).await;
        assert_eq!(said_before(&ann, fork).await.unwrap(), ["One", "Two"], "up to where it was left");
        assert_eq!(ann.conversation(key).await.fork, Some(Fork::Made));
        agree(&[&ann, &bob, &eve, &cat], fork).await;
        platforms.stop().await;
    }

    async fn whoever_was_not_there_sees_nothing_of_what_was_said_before(platforms: Platforms) {
        let ann = person(&platforms.alpha, "ann@alpha.test").await;
        let bob = person(&platforms.beta, "bob@beta.test").await;
        let eve = person(&platforms.beta, "eve@beta.test").await;
        let key = ann.start("bob@beta.test", "Plan", "One").await;
        reads(&bob, key, &["One"]).await;
        asks(&eve, key).await.refused(Code::NoConv);
        asks(&ann, key).await.refused(Code::Conflict);
        platforms.alpha.pause().await;
        bob.act(key, Intent::MessageAdd { parent: None, format: Format::Markdown, text: "Two".to_owned() })
            .await
            .unwrap();
        until(async || bob.conversation(key).await.delivery, |it| it.as_ref().is_some_and(|it| it.problem)).await;
        pass(&platforms, 8);
        let bob = platforms.beta.sign_in("bob@beta.test").await;
        let (page, way) = (format!("/c/{key}"), format!("/d/fork/{key}/"));
        assert!(bob.open(&page).await.page().contains("Go on without it"));
        let gone_on = bob.form(&page, &way, &[]).await;
        let fork = forks(&bob, key).await;
        let there = format!("/c/{fork}");
        gone_on.see_other(&there);
        assert!(bob.open(&page).await.page().contains("Go on in the new conversation"));
        assert!(bob.open(&there).await.page().contains("went on here from an earlier conversation"));
        let eve = Intent::ParticipantAdd {
            address: "eve@beta.test".parse().unwrap(),
            role: Role::Write,
            history: History::All,
            name: None,
        };
        bob.change(fork, eve).await;
        let eve = platforms.beta.sign_in("eve@beta.test").await;
        listed(&eve, fork).await;
        assert_eq!(said_before(&eve, fork).await, None);
        assert_eq!(said_before(&bob, fork).await.unwrap(), ["One"]);
        asks(&eve, key).await.refused(Code::NoConv);
        platforms.stop().await;
    }
}
