//! Pages as the server sends them: what they say, what they let through, and that forms stand there whole.

#![recursion_limit = "256"]

mod support;

use app::refused::Refused;
use em2_model::participant::Role;
use em2_model::refusal::{Code, Refusal};
use em2_model::wire::domestic::Entry;
use em2_model::wire::intent::{DraftFields, Fields};
use support::{Memory, data, page};

const ATTACK: &str = "</textarea><img src=x onerror=alert(1)>";

fn budget() -> String {
    format!("/c/{}", data::conversation_key(1))
}

fn draft() -> String {
    format!("/new/{}", data::memory().draft.key)
}

/// The first form of a page that holds `needle`.
fn form_with<'a>(html: &'a str, needle: &str) -> &'a str {
    let at = html
        .find(needle)
        .unwrap_or_else(|| panic!("{needle} is not there"));
    let start = html[..at].rfind("<form").expect("a form begins before it");
    let end = at + html[at..].find("</form>").expect("the form ends");
    &html[start..end]
}

fn has(form: &str, name: &str, value: &str) -> bool {
    form.contains(&format!("name=\"{name}\" value=\"{value}\""))
}

#[test]
fn a_row_says_everything_that_it_shows() {
    let html = page(&data::memory(), "/inbox", None);
    assert!(
        html.contains("aria-label=\"Unread, Bob, Carla, Jon, Budget for 2027, Thank you, Anna.")
    );
    assert!(html.contains("label Budget, 15:24\""));
    assert!(html.contains("Kim Olsen, Receipts for October, Kim closed this. Nothing is missing., you no longer take part"));
    assert!(html.contains(">Inbox<span class=\"count\">3"));
}

#[test]
fn an_empty_inbox_says_what_comes_next() {
    let world = Memory {
        rows: vec![],
        ..data::memory()
    };
    let html = page(&world, "/inbox", None);
    assert!(html.contains("No conversations yet"));
    assert!(html.contains("href=\"/new\""));
    assert!(page(&world, "/search?q=%3Cb%3E", None).contains("Nothing found for “&lt;b&gt;”"));
}

#[test]
fn what_people_wrote_is_text() {
    let mut world = data::memory();
    world.rows[0].subject = ATTACK.to_owned();
    world.rows[0].people[0].name = ATTACK.to_owned();
    world.conversations[0].subject = ATTACK.to_owned();
    world.conversations[0].labels[0].name = ATTACK.to_owned();
    world.draft.text = ATTACK.to_owned();
    world.draft.subject = "\"><img src=x>".to_owned();
    if let Entry::Message(message) = &mut world.conversations[0].entries[3] {
        message.text = Some(ATTACK.to_owned());
    }
    let edit = format!("{}/m/{}/edit", budget(), data::key(5));
    for path in [
        "/inbox".to_owned(),
        budget(),
        format!("{}?panel=subject", budget()),
        draft(),
        edit,
        "/search?q=img".to_owned(),
    ] {
        let html = page(&world, &path, None);
        assert!(
            !html.contains("<img"),
            "{path}: {}",
            &html[html.find("<img").unwrap_or(0)..][..80]
        );
        assert!(html.contains("&lt;img"), "{path}");
    }
}

#[test]
fn a_draft_stands_in_its_fields_line_for_line() {
    let mut world = data::memory();
    world.draft.text = "\n\nafter two lines\n".to_owned();
    let html = page(&world, &draft(), None);
    assert!(html.contains(">\n\n\nafter two lines\n</textarea>"));
    let form = form_with(&html, "name=\"to\"");
    assert!(form.contains(&format!("action=\"/d/publish/{}/\"", world.draft.key)));
    assert!(
        form.contains("value=\"bob@a.example, carla@a.example\"")
            && has(form, "idempotency_key", "a-fresh-key")
    );
    let save = form
        .find("formaction=\"/d/new/\"")
        .expect("a button that saves");
    assert!(
        save < form.find("Publish").expect("a button that publishes"),
        "Enter in a field publishes nothing"
    );
}

#[test]
fn forms_carry_all_that_the_platform_needs() {
    let html = page(&data::memory(), &budget(), None);
    let answer = form_with(&html, "id=\"composer\"");
    assert!(answer.contains(&format!("action=\"/d/evt/{}/\"", data::conversation_key(1))));
    assert!(has(answer, "model", "message") && has(answer, "verb", "add"));
    let edit = form_with(&html, "data-tool=\"edit\"");
    assert!(has(edit, "verb", "lock") && has(edit, "item", &data::key(5).to_string()));
    assert!(has(edit, "follows", &data::key(5).to_string()));
    assert!(has(
        edit,
        "next",
        &format!("{}/m/{}/edit", budget(), data::key(5))
    ));
    assert!(has(
        form_with(&html, "data-tool=\"remove\""),
        "verb",
        "remove"
    ));
    assert!(has(form_with(&html, "Recover"), "verb", "recover"));
    assert!(has(form_with(&html, "Mark as read"), "seq", "13"));
    let answering = page(
        &data::memory(),
        &format!("{}?answer={}", budget(), data::key(6)),
        None,
    );
    assert!(has(
        form_with(&answering, "id=\"composer\""),
        "parent",
        &data::key(6).to_string()
    ));
}

#[test]
fn nobody_is_offered_what_their_role_does_not_allow() {
    let mut world = data::memory();
    let expected = [
        (Role::Read, false, false, false),
        (Role::Comment, false, true, false),
        (Role::Write, true, true, false),
        (Role::Edit, true, true, true),
    ];
    for (role, composer, answer, subject) in expected {
        world.conversations[0].role = role;
        let html = page(&world, &budget(), None);
        assert_eq!(html.contains("id=\"composer\""), composer, "{role}");
        assert_eq!(html.contains("data-tool=\"answer\""), answer, "{role}");
        assert_eq!(html.contains("panel=subject"), subject, "{role}");
    }
    let people = page(&world, &format!("{}?panel=people", budget()), None);
    assert!(people.contains("id=\"add-person\"") && !people.contains("title=\"Remove Bob Kern\""));
    world.conversations[0].present = false;
    let html = page(&world, &budget(), None);
    assert!(html.contains("You no longer take part") && !html.contains("data-tool=\"edit\""));
}

#[test]
fn a_lock_is_told_and_keeps_the_others_out() {
    let html = page(&data::memory(), &budget(), None);
    assert!(html.contains("<bdi>Carla</bdi> is editing · 12 min left"));
    let edit = page(
        &data::memory(),
        &format!("{}/m/{}/edit", budget(), data::key(8)),
        None,
    );
    assert!(
        edit.contains("Carla Díaz is editing this message · 12 min left")
            && !edit.contains("<textarea")
    );
}

#[test]
fn the_page_tells_what_changed_and_who_has_read() {
    let html = page(&data::memory(), &budget(), None);
    assert!(html.contains("Since you last looked") && html.contains(">2 new messages</a>"));
    assert!(html.contains("Bob edited a message you had read"));
    assert!(html.contains("Read by Bob and Carla") && html.contains("Read by Jon"));
    assert!(html.contains("<b>You</b> published this conversation to Bob Kern and Carla Díaz"));
}

#[test]
fn a_refused_form_keeps_what_was_entered() {
    let refusal = Refusal::new(Code::Locked, "Carla is editing.");
    let fields = |model: &str, verb: &str| Fields {
        model: model.to_owned(),
        verb: verb.to_owned(),
        ..Fields::default()
    };
    let answer = Refused {
        refusal: refusal.clone(),
        fields: Fields {
            text: Some(ATTACK.to_owned()),
            parent: Some(data::key(6)),
            ..fields("message", "add")
        },
    };
    let html = page(&data::memory(), &budget(), Some(answer));
    assert!(html.contains("Carla is editing.") && html.contains("&lt;/textarea&gt;&lt;img"));
    assert!(
        !html.contains("<script") && !html.contains(".wasm"),
        "a page that is not at its address is not hydrated"
    );
    let person = Refused {
        refusal: refusal.clone(),
        fields: Fields {
            address: Some("nobody".to_owned()),
            ..fields("participant", "add")
        },
    };
    let html = page(
        &data::memory(),
        &format!("{}?panel=people", budget()),
        Some(person),
    );
    assert!(html.contains("value=\"nobody\""));
    let fields = DraftFields {
        to: Some("not an address".to_owned()),
        text: Some("kept".to_owned()),
        ..DraftFields::default()
    };
    let html = page(
        &data::memory(),
        &draft(),
        Some(Refused::draft(refusal, fields)),
    );
    assert!(html.contains("value=\"not an address\"") && html.contains(">\nkept</textarea>"));
    assert!(
        html.contains("value=\"The cellar\""),
        "what was not sent stays as it was saved"
    );
}

#[test]
fn versions_show_what_changed() {
    let html = page(
        &data::memory(),
        &format!("{}/m/{}/history", budget(), data::key(6)),
        None,
    );
    assert!(html.contains("<del>38,000</del>") && html.contains("<ins>42,000</ins>"));
}

#[test]
fn two_hundred_messages_and_no_style_in_the_page() {
    let html = page(
        &data::memory(),
        &format!("/c/{}", data::conversation_key(5)),
        None,
    );
    assert_eq!(html.matches("<article").count(), 200);
    assert!(html.contains("Show earlier messages"));
    assert!(!html.contains(" style="));
}

#[test]
fn addresses_that_lead_nowhere_say_so() {
    assert!(page(&data::memory(), "/nowhere/at/all", None).contains("This address leads nowhere"));
    assert!(page(&data::memory(), "/c/nonsense", None).contains("This address leads nowhere"));
    let unknown = format!("/c/{}", data::conversation_key(77));
    assert!(page(&data::memory(), &unknown, None).contains("There is nothing here for you"));
}
