//! What changed since the reader last looked.

use em2_model::unread::Since;
use em2_model::wire::domestic::{Conversation, Person};
use leptos::prelude::*;

use super::live::{Erase, Together, maybe};
use super::names::{and, count, first_name};
use super::row::subject_or;
use crate::paths;
use crate::state::open::Open;

/// Each change as a phrase, with the address where it stands, if it has one.
fn told(since: &Since, conversation: &Conversation) -> Vec<(String, Option<String>)> {
    let mut told = Vec::new();
    let key = conversation.key;
    if let Some(first) = since.messages.first() {
        let new = count(since.messages.len(), "new message", "new messages");
        told.push((new, Some(paths::message(key, *first))));
    }
    for (message, by) in &since.edited {
        let said = format!("{} edited a message you had read", first_name(&by.name));
        told.push((said, Some(paths::history(key, *message))));
    }
    let names = |people: &[Person]| {
        and(&people
            .iter()
            .map(|person| person.name.clone())
            .collect::<Vec<_>>())
    };
    let verb = |n: usize| if n == 1 { "was" } else { "were" };
    if !since.added.is_empty() {
        told.push((
            format!("{} {} added", names(&since.added), verb(since.added.len())),
            None,
        ));
    }
    if !since.removed.is_empty() {
        told.push((
            format!(
                "{} left or {} removed",
                names(&since.removed),
                verb(since.removed.len())
            ),
            None,
        ));
    }
    if let Some(subject) = &since.subject {
        told.push((
            format!("the subject is now “{}”", subject_or(subject)),
            None,
        ));
    }
    told
}

/// A line that says it, above the timeline; nothing where nothing changed.
#[component]
pub fn SinceLine(open: Open) -> impl IntoView {
    let told = open
        .since
        .with_value(|since| open.conversation.with_untracked(|it| told(since, it)));
    maybe((!told.is_empty()).then(|| {
        let phrases = told
            .into_iter()
            .map(|(said, href)| match href {
                Some(href) => view! { <li dir="auto"><a href=href>{said}</a></li> }.erase(),
                None => view! { <li dir="auto">{said}</li> }.erase(),
            })
            .together();
        view! {
            <section class="since" aria-label="Since you last looked">
                <b>"Since you last looked"</b>
                <ul>{phrases}</ul>
            </section>
        }
    }))
}
