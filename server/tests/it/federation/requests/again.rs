//! Who asks again, after a removal or too often.

use em2_model::refusal::Code;
use em2_model::wire::intent::{Intent, RequestAnswer};

use super::super::{agree, listed, newcomer, on_both, person, reads, until};
use super::{add, afterwards, answer, answers, asked, requests};

const HOUR: i64 = 60 * 60 * 1000;

on_both! {
    async fn a_request_goes_with_the_removal_and_who_comes_back_is_asked_no_second_time(platforms: Platforms) {
        let ann = person(&platforms.alpha, "ann@alpha.test").await;
        let bob = newcomer(&platforms.beta, "bob@beta.test").await;
        person(&platforms.beta, "cat@beta.test").await;
        let key = ann
            .start("bob@beta.test, cat@beta.test", "Lunch", "At noon?")
            .await;
        let remove = async || {
            let people = ann.conversation(key).await.participants;
            let mut people = people.into_iter();
            let bob = people
                .find(|it| it.address.as_str() == "bob@beta.test")
                .unwrap();
            let (item, follows) = (bob.item, None);
            ann.change(key, Intent::ParticipantRemove { item, follows })
                .await;
        };
        asked(&bob, key).await;
        remove().await;
        until(async || requests(&bob).await.rows, Vec::is_empty).await;
        answer(&bob, key, RequestAnswer::Accept)
            .await
            .refused(Code::NoConv);
        bob.get(&format!("/d/{key}/")).await.refused(Code::NoConv);

        ann.change(key, add("bob@beta.test")).await;
        asked(&bob, key).await;
        answers(&bob, key, RequestAnswer::Accept).await;
        reads(&bob, key, &["At noon?"]).await;
        remove().await;
        until(
            async || bob.conversation(key).await.present,
            |present| !present,
        )
        .await;
        ann.change(key, add("bob@beta.test")).await;
        until(
            async || bob.conversation(key).await.present,
            |present| *present,
        )
        .await;
        assert_eq!(bob.list().await.requests, 0);
        agree(&[&ann, &bob], key).await;
        platforms.stop().await;
    }

    async fn a_platform_asks_ten_times_an_hour_and_what_it_asks_beyond_comes_later(platforms: Platforms) {
        let ann = person(&platforms.alpha, "ann@alpha.test").await;
        let bob = newcomer(&platforms.beta, "bob@beta.test").await;
        let cat = person(&platforms.beta, "cat@beta.test").await;
        for n in 0..10 {
            let key = ann
                .start("bob@beta.test", &format!("Number {n}"), "Hello")
                .await;
            asked(&bob, key).await;
        }
        let late = ann.start("bob@beta.test", "Number 10", "Hello").await;
        let delivery = until(
            async || ann.conversation(late).await.delivery.unwrap(),
            |delivery| !delivery.text.starts_with("Delivered"),
        );
        assert!(delivery.await.text.contains("em2.beta.test"));
        // Others are not kept waiting, not even in the same conversation.
        afterwards(&ann, &cat, "cat@beta.test").await;
        let both = ann
            .start("cat@beta.test, bob@beta.test", "Both", "Hello")
            .await;
        listed(&cat, both).await;
        assert_eq!(requests(&bob).await.rows.len(), 10);

        for server in [&platforms.alpha, &platforms.beta] {
            server.clock.advance(HOUR);
        }
        afterwards(&ann, &cat, "cat@beta.test").await;
        asked(&bob, late).await;
        asked(&bob, both).await;
        platforms.stop().await;
    }
}
