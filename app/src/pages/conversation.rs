//! A conversation.

use em2_model::id::ActionKey;
use em2_model::wire::domestic::Conversation;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::components::composer::Composer;
use crate::components::delivery::DeliveryLine;
use crate::components::heading::{Heading, Panel};
use crate::components::live::{Erase, live};
use crate::components::people::PeoplePanel;
use crate::components::row::subject_or;
use crate::components::since::SinceLine;
use crate::components::timeline::Timeline;
use crate::state::desk::Desk;
use crate::state::effect::effect;
use crate::state::open::Open;

/// `/c/{key}`; with `end` the stretch of it before that slot.
#[component]
pub fn ConversationPage(
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
    effect(move |_| desk.title(&subject.get()));
    view! {
        <main class="conversation" id="main" tabindex="-1" data-panel=move || (panel.get() == Panel::People).then_some("people")>
            <Heading open panel/>
            <div class="conversation-body">
                <div class="conversation-read">
                    <SinceLine open/>
                    <Timeline open end/>
                    <DeliveryLine open/>
                    <Composer open/>
                </div>
                {live(move || (panel.get() == Panel::People).then(|| view! { <PeoplePanel open from=named("from")/> }))}
            </div>
        </main>
    }
    .erase()
}
