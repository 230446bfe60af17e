//! A conversation.

use em2_model::id::{ActionKey, ConversationKey};
use em2_model::refusal::Refusal;
use em2_model::unread::since;
use em2_model::wire::domestic::{Conversation, KitchenSink};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::Redirect;
use leptos_router::hooks::{use_params_map, use_query_map};

use super::mailbox::Who;
use crate::backend::World;
use crate::components::composer::Composer;
use crate::components::form::use_world;
use crate::components::heading::Heading;
use crate::components::people::PeoplePanel;
use crate::components::problem::{PageProblem, no_such_page};
use crate::components::row::subject_or;
use crate::components::timeline::Timeline;
use crate::components::when::Clock;
use crate::paths;

/// The key in the address, if it is one.
pub fn use_key() -> Memo<Option<ConversationKey>> {
    let params = use_params_map();
    Memo::new(move |_| params.with(|params| params.get("key")?.parse().ok()))
}

/// `/c/{key}`
#[component]
pub fn ConversationPage() -> impl IntoView {
    let world = use_world();
    let who = expect_context::<Who>();
    let key = use_key();
    let query = use_query_map();
    let before = Memo::new(move |_| query.with(|query| query.get("before")?.parse::<u64>().ok()));
    let loaded = Resource::new_blocking(
        move || (key.get(), before.get()),
        move |(key, before)| load(world.clone(), key, before),
    );
    view! {
        <Transition>
            {move || Suspend::new(async move {
                match (who.await, loaded.await) {
                    (Ok(session), Ok(KitchenSink::Conversation(it))) => {
                        view! { <Shown conversation=*it clock=Clock::from(&session)/> }.into_any()
                    }
                    (Ok(_), Ok(KitchenSink::Published { key })) => {
                        view! { <Redirect path=paths::conversation(key)/> }.into_any()
                    }
                    (Ok(_), Ok(KitchenSink::Draft(draft))) => view! { <Redirect path=paths::draft(draft.key)/> }.into_any(),
                    (Err(refusal), _) | (_, Err(refusal)) => view! { <Failed refusal/> }.into_any(),
                }
            })}
        </Transition>
    }
}

/// The conversation; with `before` the stretch of it that ends there.
async fn load(
    world: World,
    key: Option<ConversationKey>,
    before: Option<u64>,
) -> Result<KitchenSink, Refusal> {
    let key = key.ok_or_else(no_such_page)?;
    let mut sink = world.conversation(key.into()).await?;
    if let (KitchenSink::Conversation(it), Some(before)) = (&mut sink, before) {
        let older = world.older(key, before).await?;
        it.more_before = None;
        it.entries.clear();
        it.prepend(older);
    }
    Ok(sink)
}

#[component]
fn Failed(refusal: Refusal) -> impl IntoView {
    view! {
        <Title text="Not shown"/>
        <main class="conversation" id="main" tabindex="-1"><PageProblem refusal/></main>
    }
}

#[component]
fn Shown(conversation: Conversation, clock: Clock) -> impl IntoView {
    let query = use_query_map();
    let panel = Memo::new(move |_| query.with(|query| query.get("panel")));
    let action = move |name: &'static str| {
        Memo::new(move |_| query.with(|query| query.get(name)?.parse::<ActionKey>().ok()))
    };
    let (answers, from) = (action("answer"), action("from"));
    let since = since(&conversation, conversation.read);
    let it: Signal<Conversation> = RwSignal::new(conversation).into();
    let text = RwSignal::new(String::new());
    let people = move || panel.with(|panel| panel.as_deref() == Some("people"));
    view! {
        <Title text=move || it.with(|it| subject_or(&it.subject))/>
        <main class="conversation" id="main" tabindex="-1" data-panel=move || panel.get()>
            <Heading conversation=it clock panel=panel.into()/>
            <div class="conversation-body">
                <div class="conversation-read">
                    <Timeline conversation=it since clock>{()}</Timeline>
                    <Composer conversation=it answers=answers.into() text/>
                </div>
                {move || people().then(|| view! { <PeoplePanel conversation=it clock from=from.get()/> })}
            </div>
        </main>
    }
}
