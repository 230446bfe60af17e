//! The head of a conversation: subject, people, labels.

use em2_model::wire::domestic::{Conversation, Participant};
use leptos::prelude::*;

use super::avatar::Avatar;
use super::icon::Icon;
use super::label::LabelView;
use super::names::{and, first_name, person};
use super::subject::{SubjectForm, SubjectHeading, SubjectLink};
use super::when::Clock;
use crate::paths;

/// `panel` is the part of the page that the address asks for.
#[component]
pub fn Heading(
    conversation: Signal<Conversation>,
    clock: Clock,
    panel: Signal<Option<String>>,
) -> impl IntoView {
    let key = conversation.with_untracked(|it| it.key);
    let changing = Memo::new(move |_| panel.with(|panel| panel.as_deref() == Some("subject")));
    let people = move || panel.with(|panel| (panel.as_deref() == Some("people")).then_some("true"));
    view! {
        <header class="conversation-head">
            <a class="tool conversation-back" href=paths::INBOX title="Back to the list" aria-label="Back to the list">
                <Icon name="back"/>
            </a>
            {move || if changing.get() {
                view! { <SubjectForm conversation/> }.into_any()
            } else {
                view! { <SubjectHeading conversation clock/> }.into_any()
            }}
            <div class="conversation-tools">
                <SubjectLink conversation/>
                <a class="tool" href=paths::people(key) title="People" aria-label="People" aria-current=people>
                    <Icon name="people"/>
                </a>
            </div>
            <Meta conversation/>
        </header>
    }
}

/// Everybody as a phrase: the reader first.
fn everybody(people: &[Participant], me: &em2_model::address::Address) -> String {
    let mut names: Vec<String> = Vec::new();
    if people.iter().any(|who| who.address == *me) {
        names.push("You".to_owned());
    }
    let others = people.iter().filter(|who| who.address != *me);
    names.extend(others.map(|who| first_name(&who.name).to_owned()));
    if names.len() > 6 {
        format!("{} and {} others", names[..5].join(", "), names.len() - 5)
    } else {
        and(&names)
    }
}

/// Faces, names and labels.
#[component]
fn Meta(conversation: Signal<Conversation>) -> impl IntoView {
    let key = conversation.with_untracked(|it| it.key);
    let people = Memo::new(move |_| {
        conversation.with(|it| {
            let faces = it
                .participants
                .iter()
                .take(5)
                .map(person)
                .collect::<Vec<_>>();
            (faces, everybody(&it.participants, &it.me))
        })
    });
    let labels = Memo::new(move |_| conversation.with(|it| it.labels.clone()));
    view! {
        <div class="conversation-meta">
            <a class="faces" href=paths::people(key)>
                {move || {
                    let (faces, said) = people.get();
                    let faces = faces.into_iter().map(|person| view! { <Avatar person small=true/> }).collect_view();
                    view! { <span class="avatars">{faces}</span><bdi>{said}</bdi> }
                }}
            </a>
            {move || labels.get().into_iter().map(|label| view! { <LabelView label/> }).collect_view()}
        </div>
    }
}
