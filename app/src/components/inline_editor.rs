//! Editing a message where it stands, under its lock.

use em2_model::id::ActionKey;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use super::icon::Icon;
use super::late::Late;
use super::live::{Erase, live};
use super::locked::left;
use super::problem::Problem;
use super::text_area::TextArea;
use crate::state::anchors;
use crate::state::desk::Desk;
use crate::state::effect::effect;
use crate::state::open::Open;

/// The editor of the message that is being edited; it exists only in a page that is alive.
#[component]
pub fn InlineEditor(open: Open) -> impl IntoView {
    let editor = open.editor;
    let desk = Desk::here();
    let save = move |event: SubmitEvent| {
        event.prevent_default();
        editor.save(&open);
    };
    let time = move || {
        editor.editing.with(|editing| {
            editing
                .as_ref()
                .map(|it| left(desk.clock.now.get(), it.until))
        })
    };
    effect(move |first| {
        if first {
            desk.focus(anchors::EDITOR);
        }
    });
    view! {
        <form class="inline-editor" on:submit=save>
            <TextArea name="text" id=anchors::EDITOR label="The message" text=editor.text rows=5 required=true/>
            <Refusals open/>
            <div class="inline-editor-bar">
                <button class="button" data-kind="primary" disabled=move || editor.save.doing()>"Save"</button>
                <button class="button" data-kind="quiet" type="button" on:click=move |_| editor.discard(&open)>"Cancel"</button>
                <span class="note">
                    <Icon name="lock"/>
                    {move || time().map(|time| format!("The others see that you are editing · {time} left"))}
                </span>
            </div>
        </form>
    }
    .erase()
}

/// Why it was not saved, or why the lock will end; the text can always go on as an answer.
#[component]
fn Refusals(open: Open) -> impl IntoView {
    let editor = open.editor;
    let refusal = move || editor.save.refusal().or_else(|| editor.renewal.refusal());
    live(move || {
        refusal().map(|refusal| {
            view! {
                <Late refusal/>
                <button class="button" data-kind="small" type="button" on:click=move |_| editor.send_as_answer(&open)>
                    <Icon name="reply"/>"Use it as an answer"
                </button>
            }
        })
    })
}

/// Waiting for the lock, or why it was not granted.
#[component]
pub fn LockRefused(open: Open, message: ActionKey) -> impl IntoView {
    let editor = open.editor;
    let refused = move || {
        let refused = editor
            .refused
            .get()
            .filter(|(refused, _)| *refused == message);
        refused.map(|(_, refusal)| view! { <Problem refusal/> })
    };
    let asking = move || {
        (editor.asking.get() == Some(message))
            .then(|| view! { <p class="note" role="status">"Asking for the lock…"</p> })
    };
    view! { {live(asking)} {live(refused)} }
}
