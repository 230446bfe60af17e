//! A new conversation, until it is published.

use em2_model::id::DraftKey;
use em2_model::refusal::Refusal;
use em2_model::wire::domestic::KitchenSink;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::Redirect;
use leptos_router::hooks::use_params_map;

use super::mailbox::Who;
use crate::backend::World;
use crate::components::draft::DraftForm;
use crate::components::form::use_world;
use crate::components::problem::{PageProblem, no_such_page};
use crate::components::when::Clock;
use crate::paths;

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
    let who = expect_context::<Who>();
    let params = use_params_map();
    let key =
        Memo::new(move |_| params.with(|params| params.get("draft")?.parse::<DraftKey>().ok()));
    let loaded = Resource::new_blocking(move || key.get(), move |key| load(world.clone(), key));
    view! {
        <Title text="New conversation"/>
        <main class="conversation" id="main" tabindex="-1">
            <Transition>
                {move || Suspend::new(async move {
                    match (who.await, loaded.await) {
                        (Ok(session), Ok(KitchenSink::Draft(draft))) => {
                            view! { <DraftForm draft clock=Clock::from(&session)/> }.into_any()
                        }
                        (Ok(_), Ok(KitchenSink::Published { key })) => {
                            view! { <Redirect path=paths::conversation(key)/> }.into_any()
                        }
                        (Ok(_), Ok(KitchenSink::Conversation(it))) => {
                            view! { <Redirect path=paths::conversation(it.key)/> }.into_any()
                        }
                        (Err(refusal), _) | (_, Err(refusal)) => view! { <PageProblem refusal/> }.into_any(),
                    }
                })}
            </Transition>
        </main>
    }
}

async fn load(world: World, key: Option<DraftKey>) -> Result<KitchenSink, Refusal> {
    world
        .conversation(key.ok_or_else(no_such_page)?.into())
        .await
}
