//! What is shown of a request, and where requests stand in the frame.

#![recursion_limit = "256"]

mod support;

use app::components::when::Clock;
use app::pages::request::RequestPage;
use em2_model::Time;
use em2_model::wire::domestic::Request;
use leptos::prelude::*;
use support::{Memory, data, page};

fn request() -> Request {
    Request {
        key: data::conversation_key(9),
        sender: "eve@e.example".parse().unwrap(),
        platform: "em2.e.example".parse().unwrap(),
        subject: "<img src=x onerror=alert(1)>".to_owned(),
        at: Time(0),
        people: (0..13)
            .map(|n| format!("p{n}@a.example").parse().unwrap())
            .collect(),
    }
}

fn rendered(request: Request) -> String {
    let clock = Clock {
        now: Time(0),
        offset: 90,
    };
    let fresh_key = "a-fresh-key".to_owned();
    let view = view! { <RequestPage request clock fresh_key/> };
    Owner::new().with(|| view.to_html()).replace("<!>", "")
}

#[test]
fn a_request_says_who_asks_and_gives_five_answers() {
    let html = rendered(request());
    assert!(html.contains("<bdi>eve@e.example</bdi> wants to talk with you"));
    assert!(!html.contains("<img") && html.contains("&lt;img src=x"));
    assert!(html.contains("<bdi>p9@a.example</bdi>") && html.contains("3 others"));
    assert!(!html.contains("p10@a.example"));
    assert!(html.contains("datetime=\"1970-01-01T00:00:00Z\">01:30<"));
    let action = format!("action=\"/d/request/{}/\"", data::conversation_key(9));
    assert!(html.contains(&action) && html.contains("value=\"a-fresh-key\""));
    for (word, says) in [
        ("accept", "Accept"),
        ("always", "Always accept <bdi>eve@e.example</bdi>"),
        ("platform", "Accept everybody on <bdi>em2.e.example</bdi>"),
        ("ignore", "Ignore"),
        ("block", "Block <bdi>eve@e.example</bdi>"),
    ] {
        let button = html.split("<button").find(|button| {
            let tag = button.split('>').next().unwrap_or_default();
            tag.contains(&format!("value=\"{word}\""))
        });
        assert!(
            button.is_some_and(|button| button.contains(&format!(">{says}</button>"))),
            "{word}: {html}"
        );
    }
    let alone = Request {
        people: Vec::new(),
        ..request()
    };
    assert!(!rendered(alone).contains("Also there"));
}

#[test]
fn requests_have_a_link_while_there_are_any() {
    let without = page(&data::memory(), "/inbox", None);
    assert_eq!(
        without.matches("<li hidden><a href=\"/requests\"").count(),
        2,
        "beside the list, and in the menu"
    );
    let world = Memory {
        requests: 2,
        ..data::memory()
    };
    let with = page(&world, "/inbox", None);
    assert!(!with.contains("<li hidden>"));
    assert!(with.contains("Requests<span class=\"count\">2"));
    let here = page(&data::memory(), "/requests", None);
    assert!(
        !here.contains("<li hidden>"),
        "who looks at them sees where they are"
    );
    assert!(here.contains("<title>Requests – em2</title>"));
}

#[test]
fn a_row_of_the_requests_leads_to_a_page_of_its_own() {
    let html = page(&data::memory(), "/requests", None);
    let href = format!("href=\"/requests/{}\"", data::conversation_key(1));
    let at = html.find(&href).expect("a row leads there");
    assert!(
        html[at..at + 200].contains("rel=\"external\""),
        "{}",
        &html[at..at + 200]
    );
    let empty = Memory {
        rows: vec![],
        ..data::memory()
    };
    assert!(page(&empty, "/requests", None).contains("No requests"));
}
