//! A browser without scripts: every write is a form, and what was entered is never lost.

use em2_model::refusal::Code;
use em2_model::wire::domestic::{Entry, Participant};
use em2_model::wire::intent::Intent;
use reqwest::Method;
use serde_json::json;

use crate::support::person::Person;
use crate::support::server::TestServer;

async fn two() -> (TestServer, Person, Person) {
    let server = TestServer::with(&["anna@a.example", "bob@b.example"]).await;
    let (anna, bob) = (
        server.sign_in("anna@a.example").await,
        server.sign_in("bob@b.example").await,
    );
    (server, anna, bob)
}

#[tokio::test]
async fn a_conversation_is_begun_held_and_read_without_scripts() {
    let (_server, anna, bob) = two().await;
    let new = anna.open("/new").await;
    let page = new.header("location").to_owned();
    assert!(
        new.status.is_redirection() && page.starts_with("/new/"),
        "{page}"
    );
    let empty = anna.open(&page).await;
    assert!(empty.page().contains("<form"), "{}", empty.text());

    let draft = page.trim_start_matches("/new/");
    let fields = [
        ("key", draft),
        ("to", "bob@b.example"),
        ("subject", "Plan"),
        ("text", "Shall we\r\nbegin?"),
    ];
    anna.form(&page, "/d/new/", &fields).await.see_other(&page);
    assert!(anna.open(&page).await.page().contains("Shall we\nbegin?"));
    let published = anna
        .form(&page, &format!("/d/publish/{draft}/"), &fields)
        .await;
    let conversation = published.header("location").to_owned();
    assert!(
        published.status == 303 && conversation.starts_with("/c/"),
        "{conversation}"
    );
    assert!(
        anna.open(&page).await.header("location").starts_with("/c/"),
        "the old address leads on"
    );

    assert!(bob.open("/inbox").await.page().contains("Plan"));
    let action = conversation.replace("/c/", "/d/evt/") + "/";
    let said = [
        ("model", "message"),
        ("verb", "add"),
        ("text", "Yes."),
        ("idempotency_key", "k-1"),
    ];
    let answered = bob.form(&conversation, &action, &said).await;
    let place = answered.header("location").to_owned();
    assert!(
        answered.status == 303 && place.starts_with(&format!("{conversation}#m-")),
        "{place}"
    );
    bob.form(&conversation, &action, &said)
        .await
        .see_other(&place);
    let page = anna.open(&conversation).await;
    assert_eq!(
        page.page().matches("Yes.").count(),
        bob.open(&conversation).await.page().matches("Yes.").count()
    );
    let key = conversation.trim_start_matches("/c/").parse().unwrap();
    let messages = anna.conversation(key).await.entries;
    assert_eq!(
        messages
            .iter()
            .filter(|entry| matches!(entry, Entry::Message(_)))
            .count(),
        2,
        "sent twice, said once"
    );
    assert!(bob.open("/search?q=begin").await.page().contains("Plan"));
}

#[tokio::test]
async fn what_was_entered_comes_back_with_a_refusal() {
    let (_server, anna, _bob) = two().await;
    let key = anna.start("bob@b.example", "Plan", "begin").await;
    let (page, action) = (format!("/c/{key}"), format!("/d/evt/{key}/"));
    let long = "long ".repeat(14_000) + "</textarea><img src=x onerror=alert(1)>";
    let refused = anna
        .form(
            &page,
            &action,
            &[("model", "message"), ("verb", "add"), ("text", &long)],
        )
        .await;
    assert_eq!(refused.status, 413, "{:.300}", refused.text());
    assert!(
        refused.text().contains("&lt;/textarea&gt;&lt;img"),
        "kept, and escaped"
    );
    assert!(!refused.text().contains("</textarea><img"));
    let hydrated = "/pkg/frontend.0123.js";
    assert!(anna.open(&page).await.page().contains(hydrated));
    assert!(
        !refused.text().contains(hydrated),
        "answered without scripts"
    );

    let people = format!("{page}?panel=people");
    let fields = [
        ("model", "participant"),
        ("verb", "add"),
        ("address", "not an address"),
    ];
    let refused = anna.form(&people, &action, &fields).await;
    assert!(
        refused.status == 400 && refused.text().contains("not an address"),
        "{}",
        refused.text()
    );
}

#[tokio::test]
async fn an_edit_that_came_too_late_comes_back_with_what_it_changes() {
    let (_server, anna, bob) = two().await;
    let key = anna.start("bob@b.example", "Plan", "begin").await;
    let action = format!("/d/evt/{key}/");
    let message = anna.say(key, "first").await;
    let modify = |text: &str| Intent::MessageModify {
        item: message,
        follows: Some(message),
        format: em2_model::Format::Markdown,
        text: text.to_owned(),
    };
    anna.change(key, modify("<b>second")).await;
    let item = message.to_string();
    let edit = format!("/c/{key}/m/{message}/edit");
    let late = [
        ("model", "message"),
        ("verb", "modify"),
        ("item", &*item),
        ("follows", &*item),
        ("text", "my third"),
    ];
    let refused = anna.form(&edit, &action, &late).await;
    let page = refused.text();
    assert!(
        refused.status == 409 && page.contains("my third</textarea>"),
        "{page}"
    );
    assert!(
        page.contains("<del>&lt;b") && page.contains("<ins>my third"),
        "{page}"
    );
    let (annas, bobs) = (anna.conversation(key).await, bob.conversation(key).await);
    assert_eq!(annas.seq, bobs.seq);

    // While somebody else is editing, the text stays all the same.
    let is_bob = |it: &&Participant| it.address.as_str() == "bob@b.example";
    let promote = Intent::ParticipantModify {
        item: annas.participants.iter().find(is_bob).unwrap().item,
        follows: None,
        role: em2_model::Role::Edit,
    };
    anna.change(key, promote).await;
    let lock = Intent::MessageLock {
        item: message,
        follows: None,
        ttl: 60_000,
    };
    bob.change(key, lock).await;
    let refused = anna.form(&edit, &action, &late).await;
    let page = refused.text();
    assert!(
        refused.status == 409 && page.contains("my third</textarea>"),
        "{page}"
    );
    let closed = anna.open(&edit).await;
    assert!(closed.page().contains("This cannot be edited now"));
}

#[tokio::test]
async fn what_was_entered_survives_the_end_of_a_session() {
    let (server, anna, _bob) = two().await;
    let key = anna.start("bob@b.example", "Plan", "begin").await;
    let fields = [
        ("model", "message"),
        ("verb", "add"),
        ("text", "an hour's work"),
    ];
    server.clock.advance(31 * 24 * 60 * 60 * 1000);
    let page = anna
        .form(&format!("/c/{key}"), &format!("/d/evt/{key}/"), &fields)
        .await;
    assert_eq!(page.status, 401);
    assert!(
        page.text().contains("an hour's work") || page.text().contains("an hour&#x27;s work"),
        "{}",
        page.text()
    );
    assert!(
        page.text().contains("/sign-in")
            && page.text().contains(&format!("action=\"/d/evt/{key}/\""))
    );
}

#[tokio::test]
async fn the_same_write_sent_twice_happens_once() {
    let (_server, anna, _bob) = two().await;
    let key = anna.start("bob@b.example", "Plan", "begin").await;
    let send = |text: &str| {
        let request = anna
            .request(Method::POST, &format!("/d/evt/{key}/"))
            .header("idempotency-key", "one");
        anna.send(request.json(&json!({"model": "message", "verb": "add", "text": text})))
    };
    let (first, again) = (send("once").await, send("once").await);
    assert_eq!((first.status.as_u16(), first.text()), (200, again.text()));
    send("other").await.refused(Code::Idempotency);
    let bad = anna
        .request(Method::POST, "/d/new/")
        .header("idempotency-key", "with blanks in it");
    anna.send(bad.json(&json!({}))).await.refused(Code::Format);
}

#[tokio::test]
async fn a_form_goes_where_it_says_and_never_to_another_site() {
    let (_server, anna, _bob) = two().await;
    let key = anna.start("bob@b.example", "Plan", "begin").await;
    let (page, action) = (format!("/c/{key}"), format!("/d/evt/{key}/"));
    let seen = |next| {
        [
            ("model", "seen"),
            ("verb", ""),
            ("seq", "1"),
            ("next", next),
        ]
    };
    anna.form(&page, &action, &seen("/inbox?before=x"))
        .await
        .see_other("/inbox?before=x");
    anna.form(&page, &action, &seen("//evil.example"))
        .await
        .see_other(&page);
}

#[tokio::test]
async fn a_stranger_finds_nothing_whether_it_exists_or_not() {
    let (server, anna, _bob) = two().await;
    server.account("eve@a.example").await;
    let eve = server.sign_in("eve@a.example").await;
    let key = anna.start("bob@b.example", "Plan", "begin").await;
    let none = "0".repeat(64);
    for path in ["/d/KEY/", "/d/KEY/events/"] {
        let (there, nowhere) = (
            eve.get(&path.replace("KEY", &key.to_string())).await,
            eve.get(&path.replace("KEY", &none)).await,
        );
        there.refused(Code::NoConv);
        assert_eq!(
            there.text().replace(&key.to_string(), &none),
            nowhere.text()
        );
    }
    assert_eq!(eve.open(&format!("/c/{key}")).await.status, 404);
    let intent = json!({"model": "message", "verb": "add", "text": "hello"});
    eve.post(&format!("/d/evt/{key}/"), &intent)
        .await
        .refused(Code::NoConv);
    assert!(eve.search("begin").await.hits.is_empty());
}
