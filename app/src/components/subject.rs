//! The subject of a conversation, and changing it.

use em2_model::permit;
use em2_model::wire::intent::{Fields, Intent};
use leptos::prelude::*;

use super::form::PostForm;
use super::icon::Icon;
use super::input::TextInput;
use super::live::{Erase, live};
use super::locked::Locked;
use super::problem::Problem;
use super::row::subject_or;
use crate::paths;
use crate::refused::refused_by;
use crate::state::deed::Deed;
use crate::state::desk::Desk;
use crate::state::open::Open;

/// The heading of a conversation.
#[component]
pub fn SubjectHeading(open: Open) -> impl IntoView {
    let subject = open.part(|it| subject_or(&it.subject));
    let long = move || subject.with(|subject| subject.chars().count() > 80);
    let lock = open.part(|it| it.subject_lock.clone());
    let me = open.conversation.with_untracked(|it| it.me.clone());
    view! {
        <h1 class="subject" data-long=long title=move || subject.get()><bdi>{move || subject.get()}</bdi> <Locked lock me/></h1>
    }
    .erase()
}

/// The link to changing the subject, where the reader may.
#[component]
pub fn SubjectLink(open: Open) -> impl IntoView {
    let may = open.part(|it| it.present && permit::change_subject(it.role));
    live(move || {
        may.get().then(|| {
            view! {
                <a class="tool" href=paths::subject(open.key) title="Change the subject" aria-label="Change the subject">
                    <Icon name="edit"/>
                </a>
            }
        })
    })
}

/// The form that changes the subject.
#[component]
pub fn SubjectForm(open: Open) -> impl IntoView {
    let (head, subject) = open
        .conversation
        .with_untracked(|it| (it.subject_head, it.subject.clone()));
    let refused = refused_by("subject", "modify");
    let entered = refused
        .as_ref()
        .and_then(|refused| refused.fields.subject.clone());
    let text = RwSignal::new(entered.unwrap_or(subject));
    let fields = Fields {
        model: "subject".to_owned(),
        verb: "modify".to_owned(),
        follows: Some(head),
        next: Some(paths::conversation(open.key)),
        ..Fields::default()
    };
    let (deed, desk) = (Deed::new(), Desk::here());
    let save = Callback::new(move |()| {
        let intent = Intent::SubjectModify {
            follows: Some(head),
            subject: text.get_untracked(),
        };
        open.act(deed, intent, move || {
            desk.go(&paths::conversation(open.key));
        });
    });
    let problem = move || {
        deed.refusal()
            .or_else(|| refused.as_ref().map(|refused| refused.refusal.clone()))
    };
    view! {
        <div class="subject">
            <PostForm action=paths::evt(open.key.into()) fields class="subject-form" on_submit=Some(save)>
                <TextInput name="subject" id="subject" label="Subject" text limit=255 required=true/>
                <button class="button" data-kind="primary" disabled=move || deed.doing()>"Save"</button>
                <a class="button" data-kind="quiet" href=paths::conversation(open.key)>"Cancel"</a>
            </PostForm>
            {live(move || problem().map(|refusal| view! { <Problem refusal/> }))}
        </div>
    }
    .erase()
}
