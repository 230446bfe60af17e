//! Platforms that are away for a while: nothing is lost, and nobody has to ask.

use em2_model::refusal::Code;
use em2_model::wire::domestic::{Accepted, Delivery, UNCONFIRMED};
use em2_model::wire::intent::Intent;
use em2_model::{ConversationKey, Format};

use super::{agree, listed, on_both, person, reads, texts, until};
use crate::support::person::Person;

fn add(text: &str) -> Intent {
    Intent::MessageAdd {
        parent: None,
        format: Format::Markdown,
        text: text.to_owned(),
    }
}

async fn delivery(
    person: &Person,
    key: ConversationKey,
    is_so: impl Fn(&Delivery) -> bool,
) -> Delivery {
    let seen = async || person.conversation(key).await.delivery;
    until(seen, |seen| seen.as_ref().is_some_and(&is_so))
        .await
        .unwrap()
}

on_both! {
    async fn what_is_said_while_a_platform_is_away_reaches_it_when_it_is_back(platforms: Platforms) {
        let ann = person(&platforms.alpha, "ann@alpha.test").await;
        let bob = person(&platforms.beta, "bob@beta.test").await;
        let key = ann.start("bob@beta.test", "Plan", "One").await;
        reads(&bob, key, &["One"]).await;

        platforms.beta.pause().await;
        ann.say(key, "Two").await;
        let waiting = delivery(&ann, key, |delivery| delivery.problem).await;
        assert!(
            waiting.text.contains("em2.beta.test") && waiting.next.is_some(),
            "{waiting:?}"
        );
        for text in ["Three", "Four"] {
            ann.say(key, text).await;
        }
        for server in [&platforms.alpha, &platforms.beta] {
            server.clock.advance(25 * 60 * 60 * 1000);
        }
        let waiting = delivery(&ann, key, |delivery| delivery.problem).await;
        assert!(waiting.text.contains("Not delivered for a day"), "{waiting:?}");
        platforms.beta.resume().await;
        // Nobody says anything: beta asks at its start, which shows alpha that it is there.
        let bob = platforms.beta.sign_in("bob@beta.test").await;
        reads(&bob, key, &["One", "Two", "Three", "Four"]).await;
        delivery(&ann, key, |delivery| {
            !delivery.problem && delivery.text.starts_with("Delivered")
        })
        .await;
        agree(&[&ann, &bob], key).await;
        platforms.stop().await;
    }

    async fn a_restart_of_the_sender_forgets_nothing_and_who_waits_can_try_at_once(platforms: Platforms) {
        let ann = person(&platforms.alpha, "ann@alpha.test").await;
        person(&platforms.beta, "bob@beta.test").await;
        platforms.beta.pause().await;
        // Beta was never asked for its keys: it cannot be told from one that does not exist.
        let draft = ann.draft("bob@beta.test", "Plan", "One").await;
        ann.post(&format!("/d/publish/{draft}/"), &serde_json::json!({}))
            .await
            .refused(Code::Down);
        platforms.beta.resume().await;
        let key = ann.publish(draft).await;
        platforms.beta.pause().await;
        ann.say(key, "Two").await;
        delivery(&ann, key, |delivery| delivery.problem).await;
        platforms.alpha.restart().await;
        platforms.beta.resume().await;
        // By itself alpha asks soon after its start; Ann does not want to wait.
        let retried = ann.post(&format!("/d/retry/{key}/"), &serde_json::json!({})).await;
        assert_eq!(retried.status, 200, "{}", retried.text());
        let bob = platforms.beta.sign_in("bob@beta.test").await;
        reads(&bob, key, &["One", "Two"]).await;
        platforms.stop().await;
    }

    async fn while_the_leader_is_away_messages_wait_and_changes_are_refused(platforms: Platforms) {
        let ann = person(&platforms.alpha, "ann@alpha.test").await;
        let bob = person(&platforms.beta, "bob@beta.test").await;
        let eve = person(&platforms.beta, "eve@beta.test").await;
        let key = ann
            .start("bob@beta.test, eve@beta.test", "Plan", "One")
            .await;
        reads(&bob, key, &["One"]).await;
        listed(&eve, key).await;
        let mine = bob.say(key, "Two").await;

        platforms.alpha.pause().await;
        let accepted = bob.act(key, add("Three")).await.unwrap();
        assert!(
            matches!(
                accepted,
                Accepted::Pending {
                    message: Some(_),
                    ..
                }
            ),
            "{accepted:?}"
        );
        for person in [&bob, &eve] {
            let seen = person.conversation(key).await;
            assert_eq!(texts(&seen), ["One", "Two", "Three"]);
            let last = seen.entries.last().unwrap();
            assert!(last.seq() >= UNCONFIRMED);
        }
        let waiting = delivery(&bob, key, |delivery| delivery.problem).await;
        assert!(waiting.text.contains("em2.alpha.test"), "{waiting:?}");
        let edit = Intent::MessageModify {
            item: mine,
            follows: None,
            format: Format::Markdown,
            text: "Second".to_owned(),
        };
        let refused = bob.act(key, edit).await.unwrap_err();
        assert_eq!(refused.code, Code::Down);
        assert!(refused.message.contains("em2.alpha.test"), "{refused}");

        platforms.alpha.resume().await;
        let ann = platforms.alpha.sign_in("ann@alpha.test").await;
        reads(&ann, key, &["One", "Two", "Three"]).await;
        agree(&[&ann, &bob, &eve], key).await;
        let seen = bob.conversation(key).await;
        assert!(
            seen.entries.iter().all(|entry| entry.seq() <= seen.seq),
            "it has its slot"
        );
        platforms.stop().await;
    }

    async fn while_the_leader_is_away_people_elsewhere_see_what_is_said(platforms: Platforms) {
        let ann = person(&platforms.alpha, "ann@alpha.test").await;
        let bob = person(&platforms.beta, "bob@beta.test").await;
        let cat = person(&platforms.gamma, "cat@gamma.test").await;
        let key = ann.start("bob@beta.test, cat@gamma.test", "Plan", "One").await;
        for person in [&bob, &cat] {
            reads(person, key, &["One"]).await;
        }
        platforms.alpha.pause().await;
        // Before anybody knows that alpha is away, and after.
        bob.act(key, add("Two")).await.unwrap();
        let seen = reads(&cat, key, &["One", "Two"]).await;
        assert!(seen.entries.last().unwrap().seq() >= UNCONFIRMED);
        bob.act(key, add("Three")).await.unwrap();
        reads(&cat, key, &["One", "Two", "Three"]).await;
        cat.act(key, add("Four")).await.unwrap();
        reads(&bob, key, &["One", "Two", "Three", "Four"]).await;

        platforms.alpha.resume().await;
        let ann = platforms.alpha.sign_in("ann@alpha.test").await;
        for person in [&ann, &bob, &cat] {
            until(
                async || person.conversation(key).await,
                |it| texts(it).len() == 4 && it.entries.iter().all(|entry| entry.seq() <= it.seq),
            )
            .await;
        }
        agree(&[&ann, &bob, &cat], key).await;
        platforms.stop().await;
    }

    async fn whoever_is_removed_meanwhile_keeps_what_they_wrote_as_a_draft(platforms: Platforms) {
        let ann = person(&platforms.alpha, "ann@alpha.test").await;
        let bob = person(&platforms.beta, "bob@beta.test").await;
        let key = ann.start("bob@beta.test", "Plan", "One").await;
        reads(&bob, key, &["One"]).await;
        let people = ann.conversation(key).await.participants;
        let item = people
            .iter()
            .find(|it| it.address.as_str() == "bob@beta.test")
            .unwrap()
            .item;
        platforms.beta.pause().await;
        ann.change(
            key,
            Intent::ParticipantRemove {
                item,
                follows: None,
            },
        )
        .await;
        platforms.alpha.pause().await;
        platforms.beta.resume().await;
        let bob = platforms.beta.sign_in("bob@beta.test").await;
        bob.act(key, add("I wrote this in good faith"))
            .await
            .unwrap();
        platforms.alpha.resume().await;
        let drafts = async || {
            let page: em2_model::wire::domestic::ListPage = bob.get("/d/l/?view=drafts").await.ok();
            page.rows
        };
        let drafts = until(drafts, |rows| !rows.is_empty()).await;
        assert_eq!(drafts[0].preview, "I wrote this in good faith");
        until(
            async || bob.conversation(key).await,
            |it| !it.present && texts(it) == ["One"],
        )
        .await;
        platforms.stop().await;
    }
}
