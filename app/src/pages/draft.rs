//! A new conversation, until it is published.

use em2_model::wire::domestic::Draft;
use leptos::prelude::*;

use crate::components::draft::{Discard, DraftForm};
use crate::components::empty::Empty;
use crate::components::icon::Icon;
use crate::components::live::Erase;
use crate::components::when::When;
use crate::paths;
use crate::state::desk::Desk;
use crate::state::effect::effect;
use crate::state::writing::Writing;

/// `/new/{draft}`
#[component]
pub fn DraftPage(desk: Desk, draft: Draft) -> impl IntoView {
    let kept = draft.refused.clone();
    let writing = Writing::new(desk, draft);
    effect(move |_| {
        if let Some(key) = writing.became.get() {
            desk.go(&paths::conversation(key));
        }
    });
    let subject = move || writing.subject.with(|subject| subject.trim().to_owned());
    let title = move || {
        Some(subject())
            .filter(|it| !it.is_empty())
            .unwrap_or_else(|| "New conversation".to_owned())
    };
    view! {
        <main class="conversation" id="main" tabindex="-1">
        <header class="conversation-head">
            <a class="tool conversation-back" href=paths::DRAFTS title="Back to the drafts" aria-label="Back">
                <Icon name="back"/>
            </a>
            <h1 class="subject"><bdi>{move || title()}</bdi></h1>
            <div class="conversation-tools"><Discard writing/></div>
        </header>
        {move || match (writing.gone.get(), writing.held.get()) {
            (true, _) => view! { <Empty icon="trash" title="This draft was discarded"/> }.erase(),
            (false, Some(until)) => view! { <p class="note">"Goes out " <When at=until/></p> }.erase(),
            (false, None) => view! { <DraftForm writing kept=kept.clone()/> }.erase(),
        }}
        </main>
    }
    .erase()
}
