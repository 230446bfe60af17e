//! The timeline of a conversation: messages and events in the order of the log.

use em2_model::unread::Since;
use em2_model::wire::domestic::Conversation;
use leptos::prelude::*;

use super::event::EventLine;
use super::lines::{Line, events, lines};
use super::message::MessageView;
use super::since::SinceLine;
use super::when::Clock;
use crate::paths;

/// Older entries by a link, then every loaded entry; `since` is what changed before the reader came.
#[component]
pub fn Timeline(
    conversation: Signal<Conversation>,
    since: Since,
    clock: Clock,
    #[prop(optional_no_strip)] on_older: Option<Callback<()>>,
    children: Children,
) -> impl IntoView {
    let first_new = since.first;
    let all = Memo::new(move |_| conversation.with(|it| lines(it, first_new)));
    view! {
        <div class="timeline">
            <SinceLine since conversation/>
            <Earlier conversation on_older/>
            <For each=move || all.get() key=|line| *line let:line>
                <LineView line conversation clock/>
            </For>
            {children()}
        </div>
    }
}

/// The way to what lies before the loaded entries.
#[component]
fn Earlier(
    conversation: Signal<Conversation>,
    #[prop(optional_no_strip)] on_older: Option<Callback<()>>,
) -> impl IntoView {
    let before =
        Memo::new(move |_| conversation.with(|it| it.more_before.map(|before| (it.key, before))));
    move || {
        before.get().map(|(key, before)| {
            let load = move |event: leptos::ev::MouseEvent| {
                if let Some(on_older) = on_older {
                    event.prevent_default();
                    event.stop_propagation();
                    on_older.run(());
                }
            };
            view! { <a class="earlier" href=paths::older(key, before) on:click=load>"Show earlier messages"</a> }
        })
    }
}

#[component]
fn LineView(line: Line, conversation: Signal<Conversation>, clock: Clock) -> impl IntoView {
    match line {
        Line::New => view! { <p class="new-line"><span>"New"</span></p> }.into_any(),
        Line::Message { seq, under, quotes } => {
            view! { <MessageView conversation seq under quotes clock/> }.into_any()
        }
        Line::Events { first, last } => {
            let (events, me) =
                conversation.with_untracked(|it| (events(it, first, last), it.me.clone()));
            view! { <EventLine events me clock/> }.into_any()
        }
    }
}
