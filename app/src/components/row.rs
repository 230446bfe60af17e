//! One row of the list: the whole of it is one link.

use em2_model::address::Address;
use em2_model::id::ConversationRef;
use em2_model::wire::domestic::{Person, Piece, Row};
use leptos::prelude::*;

use super::avatar::Avatar;
use super::label::LabelView;
use super::live::{Erase, Together, live, maybe};
use super::names::first_name;
use super::pieces::Pieces;
use super::when::{Today, When};
use crate::paths;
use crate::state::anchors;

/// Who takes part, as the row says it: names, and how many more.
fn people(row: &Row) -> (String, u32) {
    let names = match row.people.as_slice() {
        [] if matches!(row.key, ConversationRef::Draft(_)) => "To nobody yet".to_owned(),
        [] => "Only you".to_owned(),
        [one] => one.name.clone(),
        several => several
            .iter()
            .map(|person| first_name(&person.name))
            .collect::<Vec<_>>()
            .join(", "),
    };
    let others = row.people_count.saturating_sub(u32::from(row.present));
    (names, others.saturating_sub(row.people.len() as u32))
}

/// The subject, or a word for its absence.
pub fn subject_or(subject: &str) -> String {
    if subject.trim().is_empty() {
        "No subject".to_owned()
    } else {
        subject.to_owned()
    }
}

/// Who wrote the preview, where the row does not say so already.
fn preview_by(row: &Row, me: &Address) -> Option<String> {
    let by = row
        .preview_by
        .as_ref()
        .filter(|_| matches!(row.key, ConversationRef::Published(_)))?;
    if by == me {
        return Some("You: ".to_owned());
    }
    let author = row.people.iter().find(|person| person.address == *by)?;
    (row.people.len() > 1).then(|| format!("{}: ", first_name(&author.name)))
}

/// Everything that the row shows, as one sentence.
fn spoken(row: &Row, when: String) -> String {
    let (names, more) = people(row);
    let mut said: Vec<String> = Vec::new();
    if row.unread {
        said.push("Unread".to_owned());
    }
    said.push(if more > 0 {
        format!("{names} and {more} more")
    } else {
        names
    });
    said.push(subject_or(&row.subject));
    if !row.preview.is_empty() {
        said.push(row.preview.clone());
    }
    said.extend(
        row.labels
            .iter()
            .map(|label| format!("label {}", label.name)),
    );
    if !row.present {
        said.push("you no longer take part".to_owned());
    }
    said.push(when);
    said.join(", ")
}

/// A conversation or a draft in a list; `found` takes the place of the preview of what a search found.
#[component]
pub fn RowLink(
    key: ConversationRef,
    #[prop(into)] row: Signal<Option<Row>>,
    me: Address,
    /// The conversation that stands open beside the list.
    open: Signal<Option<ConversationRef>>,
    #[prop(optional_no_strip)] found: Option<Vec<Piece>>,
    #[prop(optional_no_strip)] href: Option<String>,
) -> impl IntoView {
    let today = Today::here();
    let label = move || {
        row.with(|row| {
            row.as_ref()
                .map(|row| spoken(row, today.get().short(row.at)))
        })
    };
    let unread = move || row.with(|row| row.as_ref().is_some_and(|row| row.unread));
    let href = href.unwrap_or_else(|| paths::row(key));
    let rel = href.starts_with(paths::REQUESTS).then_some("external");
    view! {
        <a
            class="row"
            id=anchors::row(&key)
            href=href
            rel=rel
            data-unread=unread
            aria-current=move || (open.get() == Some(key)).then_some("page")
            aria-label=label
        >
            {live(move || row.get().map(|row| content(row, &me, found.clone())))}
        </a>
    }
    .erase()
}

fn content(row: Row, me: &Address, found: Option<Vec<Piece>>) -> AnyView {
    let (names, more) = people(&row);
    let by = preview_by(&row, me);
    let face = row.people.first().cloned();
    let face = face.unwrap_or_else(|| Person {
        name: me.to_string(),
        address: me.clone(),
    });
    let preview = match found {
        Some(found) => view! { <Pieces pieces=found/> }.erase(),
        None => view! { {by}<bdi>{row.preview}</bdi> }.erase(),
    };
    let marks = (!row.labels.is_empty() || !row.present).then(|| {
        let gone =
            (!row.present).then(|| view! { <span class="note">"You no longer take part"</span> });
        let labels = row
            .labels
            .into_iter()
            .map(|label| view! { <LabelView label/> })
            .together();
        view! { <span class="row-marks">{labels}{maybe(gone)}</span> }
    });
    view! {
        <Avatar person=face/>
        <span class="row-people">
            <bdi>{names}</bdi>
            {maybe((more > 0).then(|| view! { <span class="row-more">{format!(" +{more}")}</span> }))}
        </span>
        <When at=row.at short=true class="row-time"/>
        <span class="row-subject"><bdi>{subject_or(&row.subject)}</bdi></span>
        <span class="row-preview">{preview}</span>
        {maybe(marks)}
    }
    .erase()
}
