//! A new conversation, until it is published.

use em2_model::id::DraftKey;
use em2_model::refusal::{Code, Refusal};
use em2_model::wire::domestic::{Draft, KitchenSink};
use leptos::prelude::*;
use leptos_router::components::Redirect;
use leptos_router::hooks::use_params_map;

use super::lobby::Lobby;
use crate::backend::World;
use crate::components::draft::{Discard, DraftForm};
use crate::components::empty::Empty;
use crate::components::form::use_world;
use crate::components::icon::Icon;
use crate::components::problem::{PageProblem, no_such_page};
use crate::components::skeleton::RowsToCome;
use crate::components::title::PageTitle;
use crate::components::when::When;
use crate::json::resource;
use crate::paths;
use crate::state::desk::Desk;
use crate::state::writing::Writing;

/// `/new`: goes on to a fresh draft. Nothing is kept before something is written.
#[component]
pub fn NewPage() -> impl IntoView {
    let key = use_world().fresh_draft();
    view! { <Redirect path=paths::draft(key)/> }
}

/// `/new/{draft}`
#[component]
pub fn DraftPage() -> impl IntoView {
    let world = use_world();
    let lobby = Lobby::here();
    let params = use_params_map();
    let key =
        Memo::new(move |_| params.with(|params| params.get("draft")?.parse::<DraftKey>().ok()));
    let loaded = resource(move || key.get(), move |key| load(world.clone(), key));
    view! {
        <PageTitle text="New conversation"/>
        <main class="conversation" id="main" tabindex="-1">
            <Suspense fallback=RowsToCome>
                {move || Suspend::new(async move {
                    match (lobby.desk().await, loaded.await) {
                        (Ok(desk), Ok(KitchenSink::Draft(draft))) => view! { <Shown desk draft/> }.into_any(),
                        (Ok(_), Ok(KitchenSink::Published { key })) => view! { <Redirect path=paths::conversation(key)/> }.into_any(),
                        (Ok(_), Ok(KitchenSink::Conversation(it))) => view! { <Redirect path=paths::conversation(it.key)/> }.into_any(),
                        (Err(refusal), _) | (_, Err(refusal)) => view! { <PageProblem refusal/> }.into_any(),
                    }
                })}
            </Suspense>
        </main>
    }
}

/// A key under which nothing was saved yet is an empty draft.
async fn load(world: World, key: Option<DraftKey>) -> Result<KitchenSink, Refusal> {
    let key = key.ok_or_else(no_such_page)?;
    match world.conversation(key.into()).await {
        Err(refusal) if refusal.code == Code::NoDraft => Ok(KitchenSink::Draft(Draft {
            key,
            subject: String::new(),
            to: String::new(),
            text: String::new(),
            version: 0,
            saved: None,
        })),
        loaded => loaded,
    }
}

#[component]
fn Shown(desk: Desk, draft: Draft) -> impl IntoView {
    let writing = Writing::new(desk, draft);
    Effect::new(move |_| {
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
        <header class="conversation-head">
            <a class="tool conversation-back" href=paths::DRAFTS title="Back to the drafts" aria-label="Back">
                <Icon name="back"/>
            </a>
            <h1 class="subject"><bdi>{title}</bdi></h1>
            <div class="conversation-tools"><Discard writing/></div>
        </header>
        {move || match (writing.gone.get(), writing.held.get()) {
            (true, _) => view! { <Empty icon="trash" title="This draft was discarded"/> }.into_any(),
            (false, Some(until)) => view! { <p class="note">"Goes out " <When at=until/></p> }.into_any(),
            (false, None) => view! { <DraftForm writing/> }.into_any(),
        }}
    }
}
