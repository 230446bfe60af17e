//! The form of a new conversation.

use em2_model::id::DraftKey;
use em2_model::wire::domestic::Draft;
use em2_model::wire::intent::Fields;
use leptos::prelude::*;

use super::form::PostForm;
use super::icon::Icon;
use super::input::TextInput;
use super::problem::Problem;
use super::text_area::TextArea;
use super::when::Clock;
use crate::paths;
use crate::refused::refused_by;

/// People, subject and the first message. One form with two buttons: the second one only saves.
#[component]
pub fn DraftForm(draft: Draft, clock: Clock) -> impl IntoView {
    let key = draft.key;
    let refused = refused_by("draft", "");
    let entered = refused
        .as_ref()
        .map(|refused| refused.fields.clone())
        .unwrap_or_default();
    let to = RwSignal::new(entered.to.unwrap_or(draft.to));
    let subject = RwSignal::new(entered.subject.unwrap_or(draft.subject));
    let text = RwSignal::new(entered.text.unwrap_or(draft.text));
    let saved = draft.saved.map(|at| format!("Saved {}", clock.long(at)));
    let evt = paths::evt(key.into());
    let fields = Fields {
        model: "draft".to_owned(),
        next: Some(paths::draft(key)),
        ..Fields::default()
    };
    view! {
        <header class="conversation-head">
            <a class="tool conversation-back" href=paths::DRAFTS title="Back to the drafts" aria-label="Back to the drafts">
                <Icon name="back"/>
            </a>
            <h1 class="subject">"New conversation"</h1>
        </header>
        <div class="draft">
            <PostForm action=paths::publish(key) fields class="draft-form">
                {refused.map(|refused| view! { <Problem refusal=refused.refusal/> })}
                <label class="draft-line">
                    <span>"To"</span>
                    <TextInput name="to" id="to" text=to placeholder="Addresses, separated by commas"/>
                </label>
                <label class="draft-line">
                    <span>"Subject"</span>
                    <TextInput name="subject" id="subject" text=subject limit=255/>
                </label>
                <TextArea name="text" id="composer" label="The first message" text placeholder="Write the first message" rows=12/>
                <div class="draft-bar">
                    <button class="button" data-kind="primary">"Publish"</button>
                    <button class="button" data-kind="plain" name="verb" value="modify" formaction=evt>"Save"</button>
                    <span class="draft-saved" role="status">{saved}</span>
                </div>
            </PostForm>
            <Discard key=key/>
        </div>
    }
}

#[component]
fn Discard(key: DraftKey) -> impl IntoView {
    let fields = Fields {
        model: "draft".to_owned(),
        verb: "remove".to_owned(),
        next: Some(paths::DRAFTS.to_owned()),
        ..Fields::default()
    };
    view! {
        <PostForm action=paths::evt(key.into()) fields class="draft-discard">
            <button class="button" data-kind="quiet"><Icon name="trash"/>"Discard"</button>
        </PostForm>
    }
}
