//! Who is added later sees the part of the history that was granted, wherever their platform had stopped being told.
//! // spec §16

use em2_model::wire::intent::Intent;
use em2_model::{Format, History, Role};

use super::{on_both, person, reads};

on_both! {
    async fn a_second_person_of_a_platform_may_see_more_than_the_first(platforms: Platforms) {
        let ann = person(&platforms.alpha, "ann@alpha.test").await;
        let bob = person(&platforms.beta, "bob@beta.test").await;
        let eve = person(&platforms.beta, "eve@beta.test").await;
        let adds = |address: &str, history| Intent::ParticipantAdd {
            address: address.parse().unwrap(),
            role: Role::Write,
            history,
            name: None,
        };
        let key = ann.start("", "Plan", "The gazelle is first").await;
        let second = ann.say(key, "The okapi is second").await;
        let edit = Intent::MessageModify {
            item: second,
            follows: Some(second),
            format: Format::Markdown,
            text: "The okapi is last".to_owned(),
        };
        ann.act(key, edit).await.unwrap();
        ann.act(key, adds("bob@beta.test", History::Now)).await.unwrap();
        ann.say(key, "Hello Bob").await;
        reads(&bob, key, &["", "", "Hello Bob"]).await;

        // Beta has to ask for what it was not told before.
        ann.act(key, adds("eve@beta.test", History::From(second))).await.unwrap();
        reads(&eve, key, &["", "The okapi is last", "Hello Bob"]).await;
        assert_eq!(eve.search("okapi").await.hits.len(), 1, "she finds it, too");
        assert!(eve.search("gazelle").await.hits.is_empty());
        assert!(bob.search("okapi").await.hits.is_empty(), "nothing changes for Bob");
        reads(&bob, key, &["", "", "Hello Bob"]).await;

        let max = person(&platforms.beta, "max@beta.test").await;
        ann.act(key, adds("max@beta.test", History::All)).await.unwrap();
        bob.say(key, "And we go on").await;
        let all = ["The gazelle is first", "The okapi is last", "Hello Bob", "And we go on"];
        reads(&max, key, &all).await;
        reads(&eve, key, &["", all[1], all[2], all[3]]).await;
        reads(&bob, key, &["", "", all[2], all[3]]).await;
        platforms.stop().await;
    }
}
