//! All versions of a message.

use em2_model::id::{ActionKey, ConversationKey};
use em2_model::refusal::Refusal;
use em2_model::wire::domestic::Versions;
use leptos::prelude::*;

use super::conversation::use_key;
use super::edit::use_message;
use super::lobby::Lobby;
use crate::backend::World;
use crate::components::form::use_world;
use crate::components::problem::{PageProblem, no_such_page};
use crate::components::skeleton::RowsToCome;
use crate::components::title::PageTitle;
use crate::components::versions::VersionList;
use crate::json::resource;

/// `/c/{key}/m/{message}/history`
#[component]
pub fn HistoryPage() -> impl IntoView {
    let world = use_world();
    let lobby = Lobby::here();
    let (key, message) = (use_key(), use_message());
    let loaded = resource(
        move || key.get().zip(message.get()),
        move |at| load(world.clone(), at),
    );
    view! {
        <PageTitle text="Versions"/>
        <main class="conversation" id="main" tabindex="-1">
            <Suspense fallback=RowsToCome>
                {move || Suspend::new(async move {
                    match (lobby.desk().await, loaded.await) {
                        (Ok(desk), Ok((conversation, versions))) => {
                            let me = desk.session.with_value(|session| session.address.clone());
                            view! { <VersionList conversation versions me/> }.into_any()
                        }
                        (Err(refusal), _) | (_, Err(refusal)) => view! { <PageProblem refusal/> }.into_any(),
                    }
                })}
            </Suspense>
        </main>
    }
}

async fn load(
    world: World,
    at: Option<(ConversationKey, ActionKey)>,
) -> Result<(ConversationKey, Versions), Refusal> {
    let (key, message) = at.ok_or_else(no_such_page)?;
    Ok((key, world.versions(key, message).await?))
}
