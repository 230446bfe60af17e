//! The form of a new conversation.

use em2_model::refusal::Refusal;
use em2_model::wire::intent::Fields;
use leptos::ev::{MouseEvent, SubmitEvent};
use leptos::prelude::*;

use super::form::use_world;
use super::icon::Icon;
use super::input::TextInput;
use super::late::Late;
use super::live::{Erase, live, maybe};
use super::problem::Problem;
use super::text_area::TextArea;
use super::when::When;
use crate::paths;
use crate::refused::refused_by;
use crate::state::anchors::DRAFT;
use crate::state::deed::Deed;
use crate::state::desk::Desk;
use crate::state::writing::{Saved, Writing};

/// People, subject and the first message. The first button of the form is the one that only saves, so that Enter in a
/// field publishes nothing.
#[component]
pub fn DraftForm(
    writing: Writing,
    /// Why the words that it was kept from were refused.
    #[prop(optional_no_strip)]
    kept: Option<Refusal>,
) -> impl IntoView {
    let refused = refused_by("draft", "");
    if let Some(Fields {
        to, subject, text, ..
    }) = refused.as_ref().map(|refused| refused.fields.clone())
    {
        let put = |field: RwSignal<String>, entered: Option<String>| {
            if let Some(entered) = entered {
                field.set(entered);
            }
        };
        put(writing.to, to);
        put(writing.subject, subject);
        put(writing.text, text);
    }
    let problem = move || {
        let before = refused.as_ref().map(|refused| refused.refusal.clone());
        writing.publishing.refusal().or(before)
    };
    let [to, subject, text] = DRAFT;
    let key = use_world().fresh_key();
    view! {
        <form method="post" action=paths::publish(writing.key) class="draft-form" on:submit=|event: SubmitEvent| event.prevent_default()>
            <input type="hidden" name="model" value="draft"/>
            <input type="hidden" name="key" value=writing.key.to_string()/>
            <input type="hidden" name="next" value=paths::draft(writing.key)/>
            <input type="hidden" name="idempotency_key" value=key/>
            {maybe(kept.map(|refusal| view! { <Late refusal/> }))}
            {live(move || problem().map(|refusal| view! { <Problem refusal/> }))}
            <label class="draft-line">
                <span>"To"</span>
                <TextInput name="to" id=to text=writing.to placeholder="Addresses, separated by commas"/>
            </label>
            <label class="draft-line">
                <span>"Subject"</span>
                <TextInput name="subject" id=subject text=writing.subject limit=255/>
            </label>
            <TextArea name="text" id=text label="The first message" text=writing.text placeholder="Write the first message" rows=12/>
            <DraftBar writing/>
        </form>
    }
    .erase()
}

#[component]
fn DraftBar(writing: Writing) -> impl IntoView {
    let publish = move |event: MouseEvent| {
        event.prevent_default();
        writing.publish();
    };
    let saved = move || match writing.saved.get() {
        Saved::Nothing => ().into_any(),
        Saved::Saving => "Saving…".into_any(),
        Saved::At(at) => view! { "Saved " <When at/> }.erase(),
        Saved::Failed(refusal) => {
            view! { <span class="note" data-kind="problem">"Not saved: " {refusal.message}</span> }
                .erase()
        }
    };
    view! {
        <div class="draft-bar">
            <button class="button plain-only" data-kind="plain" formaction=paths::new()>"Save"</button>
            <button class="button" data-kind="primary" disabled=move || writing.publishing.doing() on:click=publish>
                <Icon name="sent"/>"Publish"
            </button>
            <span class="draft-saved" role="status">{move || saved()}</span>
        </div>
    }
    .erase()
}

/// Throws the draft away.
#[component]
pub fn Discard(writing: Writing) -> impl IntoView {
    let (deed, desk) = (Deed::new(), Desk::here());
    let discard = move |event: SubmitEvent| {
        event.prevent_default();
        writing.discard(deed, move || {
            desk.go(paths::DRAFTS);
        });
    };
    let key = use_world().fresh_key();
    view! {
        <form method="post" action=paths::evt(writing.key.into()) class="draft-discard" on:submit=discard>
            <input type="hidden" name="model" value="draft"/>
            <input type="hidden" name="verb" value="remove"/>
            <input type="hidden" name="next" value=paths::DRAFTS/>
            <input type="hidden" name="idempotency_key" value=key/>
            <button class="tool" title="Discard this draft" aria-label="Discard this draft"><Icon name="trash"/></button>
            {live(move || deed.refusal().map(|refusal| view! { <Problem refusal/> }))}
        </form>
    }
    .erase()
}
