//! Somebody unknown adds people: they are asked first, and nobody learns what they answer. // spec §16

mod again;

use em2_model::id::ConversationRef;
use em2_model::refusal::Code;
use em2_model::wire::domestic::{Answered, ListPage, Request, Row};
use em2_model::wire::intent::{Intent, RequestAnswer, RequestFields};
use em2_model::wire::live::Live;
use em2_model::{ConversationKey, Format, History, Role};

use super::{agree, listed, newcomer, on_both, person, reads, texts, until};
use crate::support::person::{Answer, Person};

async fn requests(person: &Person) -> ListPage {
    person.get("/d/l/?view=requests").await.ok()
}

/// Waits until a conversation stands among somebody's requests.
async fn asked(person: &Person, key: ConversationKey) -> Row {
    let row = async || {
        let rows = requests(person).await.rows;
        rows.into_iter()
            .find(|row| row.key == ConversationRef::Published(key))
    };
    until(row, Option::is_some).await.unwrap()
}

async fn answer(person: &Person, key: ConversationKey, answer: RequestAnswer) -> Answer {
    let fields = RequestFields {
        answer,
        idempotency_key: None,
        next: None,
    };
    person.post(&format!("/d/request/{key}/"), &fields).await
}

async fn answers(person: &Person, key: ConversationKey, it: RequestAnswer) {
    let answered: Answered = answer(person, key, it).await.ok();
    assert_eq!((answered.key, answered.answer), (key, it));
}

fn add(address: &str) -> Intent {
    Intent::ParticipantAdd {
        address: address.parse().unwrap(),
        role: Role::Write,
        history: History::All,
        name: Some("Chosen Name".to_owned()),
    }
}

fn say(text: &str) -> Intent {
    Intent::MessageAdd {
        parent: None,
        format: Format::Markdown,
        text: text.to_owned(),
    }
}

/// The subjects of the rows.
fn subjects(page: &ListPage) -> Vec<&str> {
    page.rows.iter().map(|row| row.subject.as_str()).collect()
}

/// Has `other` hear of something that was said after whatever came before it, so that what did not come does not come.
async fn afterwards(sender: &Person, other: &Person, address: &str) {
    let key = sender.start(address, "Afterwards", "Last").await;
    listed(other, key).await;
}

on_both! {
    async fn a_stranger_waits_and_nothing_of_theirs_is_shown(platforms: Platforms) {
        let ann = person(&platforms.alpha, "ann@alpha.test").await;
        let bob = newcomer(&platforms.beta, "bob@beta.test").await;
        person(&platforms.beta, "cat@beta.test").await;
        let mut live = bob.listen(None).await;
        let key = ann
            .start(
                "Bobby <bob@beta.test>, cat@beta.test",
                "Lunch",
                "At **noon**?",
            )
            .await;
        let row = asked(&bob, key).await;
        assert_eq!((row.subject.as_str(), row.people_count), ("Lunch", 3));
        let sender = &row.people[..];
        assert!(
            sender.len() == 1 && sender[0].name == "ann@alpha.test",
            "by address alone"
        );
        assert_eq!(
            (row.preview.as_str(), row.unread),
            ("em2.alpha.test", false)
        );
        match live.next().await {
            Live::Requests { n, requests: 1 } => assert_eq!(n, live.n + 1),
            other => panic!("not how many wait: {other:?}"),
        }
        ann.say(key, "Or at one?").await;

        let page = bob.list().await;
        assert!(page.rows.is_empty() && page.unread == 0 && page.requests == 1);
        for word in ["noon", "Lunch", "ann"] {
            assert!(bob.search(word).await.hits.is_empty(), "{word} is found");
        }
        bob.get(&format!("/d/{key}/")).await.refused(Code::Request);
        bob.get(&format!("/d/{key}/events/"))
            .await
            .refused(Code::NoConv);
        for intent in [
            say("Who are you?"),
            add("cat@beta.test"),
            Intent::Seen { seq: 1 },
        ] {
            let refusal = bob.act(key, intent).await.unwrap_err();
            assert_eq!(refusal.code, Code::Request, "{refusal}");
        }
        let opened = bob.get(&format!("/d/request/{key}/")).await;
        let request: Request = opened.ok();
        assert_eq!(request.sender.as_str(), "ann@alpha.test");
        assert_eq!(request.platform.as_str(), "em2.alpha.test");
        assert_eq!(request.people, ["cat@beta.test".parse().unwrap()]);
        let list = bob.get("/d/l/?view=requests").await;
        let pages = [
            bob.open("/requests").await,
            bob.open(&format!("/requests/{key}")).await,
        ];
        for shown in [&opened, &list, &pages[0], &pages[1]] {
            let text = shown.text();
            assert!(
                text.contains("ann@alpha.test") && text.contains("Lunch"),
                "{text}"
            );
            for hidden in ["noon", "at one", "Ann", "Bobby"] {
                assert!(!text.contains(hidden), "{hidden} is shown: {text}");
            }
        }
        assert!(
            live.is_quiet().await,
            "nothing of it comes to an open window"
        );
        platforms.stop().await;
    }

    async fn what_is_accepted_is_there_with_its_history_in_every_window(platforms: Platforms) {
        let ann = person(&platforms.alpha, "ann@alpha.test").await;
        let bob = newcomer(&platforms.beta, "bob@beta.test").await;
        let key = ann.start("bob@beta.test", "Lunch", "At noon?").await;
        asked(&bob, key).await;
        let mut live = bob.listen(None).await;
        answers(&bob, key, RequestAnswer::Accept).await;
        match live.next().await {
            Live::Change { n, row, .. } => {
                assert!(
                    n == live.n + 1 && row.unread && row.preview == "At noon?",
                    "{row:?}"
                );
                assert_eq!(*row, bob.list().await.rows[0]);
            }
            other => panic!("no row: {other:?}"),
        }
        assert!(matches!(
            live.next().await,
            Live::Requests { requests: 0, .. }
        ));
        let page = bob.list().await;
        assert_eq!((page.unread, page.requests), (1, 0));
        assert!(requests(&bob).await.rows.is_empty());
        assert_eq!(bob.search("noon").await.hits.len(), 1);
        answer(&bob, key, RequestAnswer::Ignore)
            .await
            .refused(Code::NoConv);

        let seq = bob.conversation(key).await.seq;
        assert_eq!(texts(&bob.conversation(key).await), ["At noon?"]);
        bob.act(key, Intent::Seen { seq }).await.unwrap();
        assert_eq!(bob.list().await.unread, 0);
        // Once is once: Bob has not written to her yet.
        let second = ann.start("bob@beta.test", "Supper", "At eight?").await;
        asked(&bob, second).await;
        bob.say(key, "Fine with me").await;
        reads(&ann, key, &["At noon?", "Fine with me"]).await;
        agree(&[&ann, &bob], key).await;
        // Who writes with her knows her.
        let third = ann.start("bob@beta.test", "Breakfast", "At seven?").await;
        reads(&bob, third, &["At seven?"]).await;
        assert_eq!(subjects(&requests(&bob).await), ["Supper"]);
        let missed = bob.listen(Some(live.n)).await.next().await;
        assert!(
            matches!(missed, Live::Change { .. }),
            "it is told again: {missed:?}"
        );
        platforms.stop().await;
    }

    async fn an_address_or_a_platform_is_accepted_for_good(platforms: Platforms) {
        let ann = person(&platforms.alpha, "ann@alpha.test").await;
        let dan = person(&platforms.alpha, "dan@alpha.test").await;
        let bob = newcomer(&platforms.beta, "bob@beta.test").await;
        let mut keys = Vec::new();
        for subject in ["One", "Two"] {
            keys.push(ann.start("bob@beta.test", subject, "Hello").await);
        }
        let dans = dan.start("bob@beta.test", "Dan's", "Hello").await;
        for key in [keys[0], keys[1], dans] {
            asked(&bob, key).await;
        }
        answers(&bob, keys[1], RequestAnswer::Always).await;
        for key in &keys {
            reads(&bob, *key, &["Hello"]).await;
        }
        assert_eq!(subjects(&requests(&bob).await), ["Dan's"]);
        let third = ann.start("bob@beta.test", "Three", "Hello").await;
        reads(&bob, third, &["Hello"]).await;

        answers(&bob, dans, RequestAnswer::Platform).await;
        let eve = person(&platforms.alpha, "eve@alpha.test").await;
        let hers = eve.start("bob@beta.test", "Eve's", "Hello").await;
        reads(&bob, hers, &["Hello"]).await;
        assert_eq!(bob.list().await.requests, 0);
        platforms.stop().await;
    }

    async fn what_is_ignored_or_blocked_is_gone_and_nobody_is_told(platforms: Platforms) {
        let ann = person(&platforms.alpha, "ann@alpha.test").await;
        let eve = person(&platforms.alpha, "eve@alpha.test").await;
        let bob = newcomer(&platforms.beta, "bob@beta.test").await;
        let cat = person(&platforms.beta, "cat@beta.test").await;
        let key = eve
            .start("bob@beta.test, cat@beta.test", "Buy", "Cheap")
            .await;
        asked(&bob, key).await;
        let before = eve.conversation(key).await;
        answers(&bob, key, RequestAnswer::Ignore).await;
        bob.get(&format!("/d/{key}/")).await.refused(Code::NoConv);
        let again = eve.start("bob@beta.test", "Buy more", "Cheaper").await;
        let third = eve.start("bob@beta.test", "Buy all", "Cheapest").await;
        for key in [again, third] {
            asked(&bob, key).await;
        }
        answers(&bob, again, RequestAnswer::Block).await;
        assert!(requests(&bob).await.rows.is_empty(), "all of hers go");

        let mut live = bob.listen(None).await;
        let never = eve
            .start("bob@beta.test, cat@beta.test", "Buy now", "Free")
            .await;
        reads(&cat, never, &["Free"]).await;
        agree(&[&eve, &cat], never).await;
        ann.change(ann.start("", "Ours", "Us").await, add("eve@alpha.test"))
            .await;
        afterwards(&eve, &cat, "cat@beta.test").await;
        assert!(live.is_quiet().await);
        let page = bob.list().await;
        assert!(page.rows.is_empty() && page.requests == 0 && page.n == live.n);
        for key in [key, again, never] {
            bob.get(&format!("/d/{key}/")).await.refused(Code::NoConv);
            let refusal = bob.act(key, say("Stop")).await.unwrap_err();
            assert_eq!(refusal.code, Code::NoConv);
        }
        // What Eve sees is what she saw of those who read her.
        let after = eve.conversation(key).await;
        assert_eq!(
            (after.seq, &after.participants, &after.entries),
            (before.seq, &before.participants, &before.entries)
        );
        let people = eve.conversation(never).await.participants;
        assert!(
            people
                .iter()
                .any(|person| person.address.as_str() == "bob@beta.test")
        );
        let delivery = eve.conversation(never).await.delivery.unwrap();
        assert_eq!(delivery.text, "Delivered to em2.beta.test.");
        platforms.stop().await;
    }

    async fn whom_somebody_adds_is_no_stranger_to_them(platforms: Platforms) {
        let ann = newcomer(&platforms.alpha, "ann@alpha.test").await;
        let dan = newcomer(&platforms.alpha, "dan@alpha.test").await;
        let bob = newcomer(&platforms.beta, "bob@beta.test").await;
        let eve = newcomer(&platforms.beta, "eve@beta.test").await;
        let key = ann.start("bob@beta.test", "Hello", "").await;
        asked(&bob, key).await;
        let back = bob.start("ann@alpha.test", "Who is this?", "Tell me").await;
        reads(&ann, back, &["Tell me"]).await;

        ann.change(back, add("eve@beta.test")).await;
        asked(&eve, back).await;
        let hers = eve.start("ann@alpha.test", "Eve here", "Hi").await;
        reads(&ann, hers, &["Hi"]).await;

        // Also where somebody of another platform adds a person to what is led here.
        let ours = ann.start("bob@beta.test", "Ours", "Ours alone").await;
        listed(&bob, ours).await;
        bob.change(ours, add("dan@alpha.test")).await;
        let row = asked(&dan, ours).await;
        assert_eq!(row.people[0].address.as_str(), "bob@beta.test");
        assert!(dan.list().await.rows.is_empty());
        let within = ann.start("dan@alpha.test", "Within", "Here").await;
        listed(&dan, within).await;
        platforms.stop().await;
    }

    async fn a_request_is_answered_without_scripts(platforms: Platforms) {
        let ann = person(&platforms.alpha, "ann@alpha.test").await;
        let bob = newcomer(&platforms.beta, "bob@beta.test").await;
        let page = bob.open("/inbox").await;
        assert!(
            page.page().contains("<li hidden><a href=\"/requests\""),
            "{}",
            page.text()
        );
        assert!(bob.open("/requests").await.page().contains("No requests"));
        let mut keys = Vec::new();
        for subject in ["One", "Two"] {
            keys.push(ann.start("bob@beta.test", subject, "Hello").await);
            asked(&bob, keys[keys.len() - 1]).await;
        }
        assert!(
            bob.open("/inbox")
                .await
                .page()
                .contains("Requests<span class=\"count\">2")
        );
        let (one, two) = (
            format!("/requests/{}", keys[0]),
            format!("/requests/{}", keys[1]),
        );
        let list = bob.open("/requests").await;
        for row in [&one, &two] {
            assert!(
                list.page().contains(&format!("href=\"{row}\"")),
                "{}",
                list.text()
            );
        }
        bob.open(&format!("/c/{}", keys[0])).await.see_other(&one);
        let stranger = platforms.beta.browser();
        let sign_in = stranger.open(&one).await;
        assert!(sign_in.header("location").starts_with("/sign-in?next="));

        let page = bob.open(&one).await;
        let action = format!("/d/request/{}/", keys[0]);
        assert!(
            page.page().contains(&format!("action=\"{action}\"")),
            "{}",
            page.text()
        );
        assert!(!page.text().contains("<script"));
        for word in ["accept", "always", "platform", "ignore", "block"] {
            assert!(
                page.text()
                    .contains(&format!("name=\"answer\" value=\"{word}\"")),
                "{word}"
            );
        }
        let fields = [("answer", "accept"), ("idempotency_key", "k-1")];
        let conversation = format!("/c/{}", keys[0]);
        for _ in 0..2 {
            bob.form(&one, &action, &fields)
                .await
                .see_other(&conversation);
        }
        assert!(bob.open(&conversation).await.page().contains("Hello"));
        bob.open(&one).await.see_other(&conversation);
        let late = bob.form(&one, &action, &[("answer", "block")]).await;
        assert!(
            late.status == 404 && late.text().contains("<h1"),
            "{}",
            late.text()
        );

        let ignored = [("answer", "ignore"), ("idempotency_key", "k-2")];
        let action = format!("/d/request/{}/", keys[1]);
        bob.form(&two, &action, &ignored)
            .await
            .see_other("/requests");
        let unclear = bob.form(&two, &action, &[("answer", "maybe")]).await;
        assert_eq!(unclear.status, 400, "{}", unclear.text());
        assert!(bob.open("/requests").await.page().contains("No requests"));
        assert_eq!(bob.open(&format!("/c/{}", keys[1])).await.status, 404);
        platforms.stop().await;
    }
}
