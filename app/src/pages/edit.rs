//! Editing a message.

use em2_model::id::{ActionKey, ConversationKey};
use em2_model::refusal::Refusal;
use em2_model::wire::domestic::{Conversation, KitchenSink, Message};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::conversation::use_key;
use super::lobby::Lobby;
use crate::backend::World;
use crate::components::editor::Editor;
use crate::components::form::use_world;
use crate::components::problem::{PageProblem, no_such_page};
use crate::components::skeleton::RowsToCome;
use crate::components::title::PageTitle;
use crate::json::resource;

/// The message in the address, if it is one.
pub fn use_message() -> Memo<Option<ActionKey>> {
    let params = use_params_map();
    Memo::new(move |_| params.with(|params| params.get("message")?.parse().ok()))
}

/// `/c/{key}/m/{message}/edit`
#[component]
pub fn EditPage() -> impl IntoView {
    let world = use_world();
    let lobby = Lobby::here();
    let (key, message) = (use_key(), use_message());
    let loaded = resource(
        move || key.get().zip(message.get()),
        move |at| load(world.clone(), at),
    );
    view! {
        <PageTitle text="Edit"/>
        <main class="conversation" id="main" tabindex="-1">
            <Suspense fallback=RowsToCome>
                {move || Suspend::new(async move {
                    match (lobby.desk().await, loaded.await) {
                        (Ok(_), Ok((conversation, message))) => view! { <Editor conversation message/> }.into_any(),
                        (Err(refusal), _) | (_, Err(refusal)) => view! { <PageProblem refusal/> }.into_any(),
                    }
                })}
            </Suspense>
        </main>
    }
}

/// The message within its conversation; one that is not among the newest comes with its versions.
async fn load(
    world: World,
    at: Option<(ConversationKey, ActionKey)>,
) -> Result<(Conversation, Message), Refusal> {
    let (key, message) = at.ok_or_else(no_such_page)?;
    let KitchenSink::Conversation(it) = world.conversation(key.into()).await? else {
        return Err(no_such_page());
    };
    let message = match it.message(message) {
        Some(message) => message.clone(),
        None => world.versions(key, message).await?.message,
    };
    Ok((*it, message))
}
