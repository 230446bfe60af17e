//! What somebody would see, before they are added.

use em2_model::refusal::Code;
use em2_model::wire::intent::Intent;
use em2_model::{History, Role};

use crate::support::server::TestServer;

#[tokio::test]
async fn a_preview_shows_what_will_be_seen_and_nothing_else() {
    let server = TestServer::with(&["anna@a.example", "bob@b.example", "eve@a.example"]).await;
    let anna = server.sign_in("anna@a.example").await;
    let (bob, eve) = (
        server.sign_in("bob@b.example").await,
        server.sign_in("eve@a.example").await,
    );
    let key = anna.start("bob@b.example", "Plan", "Secret of old").await;
    let from = anna.say(key, "From here").await;
    anna.say(key, "And here").await;
    let page = |who: &str, rest: &str| format!("/c/{key}/preview?address={who}&history={rest}");
    let since = format!("from&from={from}");

    let seen = anna.open(&page("cat@c.example", &since)).await;
    let html = seen.page();
    assert!(html.contains("<bdi>cat@c.example<") && html.contains("From here"));
    assert!(html.contains("And here") && html.contains("they will not see it"));
    assert!(!html.contains("Secret of old"));
    let all = anna.open(&page("cat@c.example", "all")).await;
    assert!(all.page().contains("Secret of old"));
    let now = anna.open(&page("cat@c.example", "now")).await;
    assert!(!now.page().contains("here</p>"), "{}", now.text());
    assert_eq!(
        anna.conversation(key).await.participants.len(),
        2,
        "nobody was added"
    );

    let stranger = eve.open(&page("cat@c.example", "all")).await;
    assert_eq!(stranger.status, 404, "{}", stranger.text());
    let member = anna.open(&page("bob@b.example", "all")).await;
    assert_eq!(member.status, 409, "{}", member.text());
    for bad in ["", "?address=x", "?address=cat@c.example&history=some"] {
        let answer = anna.open(&format!("/c/{key}/preview{bad}")).await;
        assert!(answer.status.is_client_error(), "{bad}: {}", answer.status);
    }

    // Whoever got a part can show no more than that part.
    let add = Intent::ParticipantAdd {
        address: "eve@a.example".parse().unwrap(),
        role: Role::Admin,
        history: History::From(from),
        name: None,
    };
    anna.change(key, add).await;
    let more = eve.open(&page("cat@c.example", "all")).await;
    assert_eq!(more.status, Code::Forbidden.status(), "{}", more.text());
    assert!(!more.text().contains("Secret of old"));
    let own = eve.open(&page("cat@c.example", &since)).await;
    assert!(own.page().contains("From here") && !own.page().contains("Secret of old"));
    assert!(
        bob.open(&page("<b>@c", "all"))
            .await
            .status
            .is_client_error()
    );
}
