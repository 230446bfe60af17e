//! All versions of a message.

use em2_model::id::{ActionKey, ConversationKey};
use em2_model::refusal::Refusal;
use em2_model::wire::domestic::Versions;
use leptos::prelude::*;
use leptos_meta::Title;

use super::conversation::use_key;
use super::edit::use_message;
use super::mailbox::Who;
use crate::backend::World;
use crate::components::form::use_world;
use crate::components::problem::{PageProblem, no_such_page};
use crate::components::versions::VersionList;
use crate::components::when::Clock;

/// `/c/{key}/m/{message}/history`
#[component]
pub fn HistoryPage() -> impl IntoView {
    let world = use_world();
    let who = expect_context::<Who>();
    let (key, message) = (use_key(), use_message());
    let loaded = Resource::new_blocking(
        move || key.get().zip(message.get()),
        move |at| load(world.clone(), at),
    );
    view! {
        <Title text="Versions"/>
        <main class="conversation" id="main" tabindex="-1">
            <Transition>
                {move || Suspend::new(async move {
                    match (who.await, loaded.await) {
                        (Ok(session), Ok((conversation, versions))) => {
                            let clock = Clock::from(&session);
                            view! { <VersionList conversation versions me=session.address clock/> }.into_any()
                        }
                        (Err(refusal), _) | (_, Err(refusal)) => view! { <PageProblem refusal/> }.into_any(),
                    }
                })}
            </Transition>
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
