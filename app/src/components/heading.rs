//! The head of a conversation: subject, people, labels.

use em2_model::address::Address;
use em2_model::permit;
use em2_model::wire::domestic::Participant;
use leptos::prelude::*;

use super::avatar::Avatar;
use super::icon::Icon;
use super::label::LabelView;
use super::live::{Erase, Together};
use super::names::{and, first_name, person};
use super::subject::{SubjectForm, SubjectHeading, SubjectLink};
use crate::paths;
use crate::state::open::Open;

/// The part of the page that the address asks for beside the conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Panel {
    None,
    People,
    Subject,
}

impl Panel {
    pub fn parse(name: Option<&str>) -> Panel {
        match name {
            Some("people") => Panel::People,
            Some("subject") => Panel::Subject,
            _ => Panel::None,
        }
    }
}

#[component]
pub fn Heading(open: Open, panel: Memo<Panel>) -> impl IntoView {
    let may_change = open.part(|it| it.present && permit::change_subject(it.role));
    let changing = Memo::new(move |_| panel.get() == Panel::Subject && may_change.get());
    let people = move || (panel.get() == Panel::People).then_some("true");
    view! {
        <header class="conversation-head">
            <a class="tool conversation-back" href=paths::INBOX title="Back to the list" aria-label="Back">
                <Icon name="back"/>
            </a>
            {move || if changing.get() {
                view! { <SubjectForm open/> }.erase()
            } else {
                view! { <SubjectHeading open/> }.erase()
            }}
            <div class="conversation-tools">
                <SubjectLink open/>
                <a class="tool" href=paths::people(open.key) title="People" aria-label="People" aria-current=people>
                    <Icon name="people"/>
                </a>
            </div>
            <Meta open/>
        </header>
    }
    .erase()
}

/// Everybody as a phrase: the reader first.
fn everybody(people: &[Participant], me: &Address) -> String {
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
fn Meta(open: Open) -> impl IntoView {
    let people = open.part(|it| {
        let faces: Vec<_> = it.participants.iter().take(5).map(person).collect();
        (faces, everybody(&it.participants, &it.me))
    });
    let labels = open.part(|it| it.labels.clone());
    view! {
        <div class="conversation-meta">
            <a class="faces" href=paths::people(open.key)>
                {move || {
                    let (faces, said) = people.get();
                    let faces = faces.into_iter().map(|person| view! { <Avatar person small=true/> }).together();
                    view! { <span class="avatars">{faces}</span><bdi>{said}</bdi> }.erase()
                }}
            </a>
            {move || labels.get().into_iter().map(|label| view! { <LabelView label/> }).together()}
        </div>
    }
    .erase()
}
