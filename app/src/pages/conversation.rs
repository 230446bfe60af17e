//! A conversation.

use em2_model::id::{ActionKey, ConversationKey};
use em2_model::refusal::Refusal;
use em2_model::wire::domestic::{Conversation, KitchenSink};
use leptos::prelude::*;
use leptos_router::components::Redirect;
use leptos_router::hooks::{use_params_map, use_query_map};

use super::lobby::Lobby;
use super::title::lasting;
use crate::backend::World;
use crate::components::composer::Composer;
use crate::components::form::use_world;
use crate::components::heading::{Heading, Panel};
use crate::components::people::PeoplePanel;
use crate::components::problem::{PageProblem, no_such_page};
use crate::components::row::subject_or;
use crate::components::since::SinceLine;
use crate::components::skeleton::ConversationToCome;
use crate::components::timeline::Timeline;
use crate::components::title::PageTitle;
use crate::json::resource;
use crate::paths;
use crate::state::desk::Desk;
use crate::state::open::Open;

/// The key in the address, if it is one.
pub fn use_key() -> Memo<Option<ConversationKey>> {
    let params = use_params_map();
    Memo::new(move |_| params.with(|params| params.get("key")?.parse().ok()))
}

/// `/c/{key}`; with `?before=` the stretch of it that ends there.
#[component]
pub fn ConversationPage() -> impl IntoView {
    let world = use_world();
    let lobby = Lobby::here();
    let key = use_key();
    let query = use_query_map();
    let before = Memo::new(move |_| query.with(|query| query.get("before")?.parse::<u64>().ok()));
    let loaded = resource(
        move || (key.get(), before.get()),
        move |(key, before)| load(world.clone(), key, before),
    );
    view! {
        <Suspense fallback=ConversationToCome>
            {move || Suspend::new(async move {
                match (lobby.desk().await, loaded.await) {
                    (Ok(desk), Ok((KitchenSink::Conversation(it), end))) => view! { <Shown desk conversation=*it end/> }.into_any(),
                    (Ok(_), Ok((KitchenSink::Published { key }, _))) => view! { <Redirect path=paths::conversation(key)/> }.into_any(),
                    (Ok(_), Ok((KitchenSink::Draft(draft), _))) => view! { <Redirect path=paths::draft(draft.key)/> }.into_any(),
                    (Err(refusal), _) | (_, Err(refusal)) => view! { <Failed refusal/> }.into_any(),
                }
            })}
        </Suspense>
    }
}

type Loaded = (KitchenSink, Option<u64>);

async fn load(
    world: World,
    key: Option<ConversationKey>,
    before: Option<u64>,
) -> Result<Loaded, Refusal> {
    let key = key.ok_or_else(no_such_page)?;
    let mut sink = world.conversation(key.into()).await?;
    if let (KitchenSink::Conversation(it), Some(before)) = (&mut sink, before) {
        let older = world.older(key, before).await?;
        it.more_before = None;
        it.entries.clear();
        it.prepend(older);
    }
    Ok((sink, before))
}

#[component]
fn Failed(refusal: Refusal) -> impl IntoView {
    view! {
        <PageTitle text="Not shown"/>
        <main class="conversation" id="main" tabindex="-1"><PageProblem refusal/></main>
    }
}

#[component]
fn Shown(
    desk: Desk,
    conversation: Conversation,
    #[prop(optional_no_strip)] end: Option<u64>,
) -> impl IntoView {
    let open = Open::new(desk, conversation);
    let query = use_query_map();
    let panel = Memo::new(move |_| query.with(|query| Panel::parse(query.get("panel").as_deref())));
    let named = move |name: &str| query.with(|query| query.get(name)?.parse::<ActionKey>().ok());
    if let Some(answered) = untrack(|| named("answer")) {
        open.composer.parent.set(Some(answered));
    }
    let subject = open.part(|it| subject_or(&it.subject));
    let title = lasting(move || subject.get());
    view! {
        <PageTitle text=title/>
        <main class="conversation" id="main" tabindex="-1" data-panel=move || (panel.get() == Panel::People).then_some("people")>
            <Heading open panel/>
            <div class="conversation-body">
                <div class="conversation-read">
                    <SinceLine open/>
                    <Timeline open end/>
                    <Composer open/>
                </div>
                {move || (panel.get() == Panel::People).then(|| view! { <PeoplePanel open from=named("from")/> })}
            </div>
        </main>
    }
}
