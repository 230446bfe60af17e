//! The timeline of a conversation: messages and events in the order of the log.

use leptos::ev::MouseEvent;
use leptos::prelude::*;

use super::event::EventLine;
use super::lines::{Line, events, lines};
use super::message::MessageRow;
use super::problem::Problem;
use crate::paths;
use crate::state::desk::Desk;
use crate::state::open::Open;

/// Every loaded line, or those before slot `end`; the browser starts at the newest.
#[component]
pub fn Timeline(open: Open, end: Option<u64>) -> impl IntoView {
    let desk = Desk::here();
    let new = open.since.with_value(|since| since.first);
    let all = Memo::new(move |_| {
        open.conversation
            .with(|it| desk.outbox.with(|outbox| lines(it, outbox, new, end)))
    });
    view! {
        <div class="timeline-scroll">
            <div class="timeline">
                <Earlier open/>
                <For each=move || all.get() key=Line::clone let:line>
                    <LineView line open/>
                </For>
                {end.map(|_| view! { <a class="earlier" href=paths::conversation(open.key)>"Show the newest messages"</a> })}
            </div>
        </div>
    }
    .into_any()
}

/// The way to what lies before the loaded entries.
#[component]
fn Earlier(open: Open) -> impl IntoView {
    let before = open.part(|it| it.more_before);
    let load = move |event: MouseEvent| {
        event.prevent_default();
        open.older();
    };
    move || {
        before.get().map(|before| {
            let says = move || {
                if open.loading.get() {
                    "Loading…"
                } else {
                    "Show earlier messages"
                }
            };
            let problem = move || {
                open.problem
                    .get()
                    .map(|refusal| view! { <Problem refusal/> })
            };
            view! {
                <a class="earlier" href=paths::older(open.key, before) on:click=load>{says}</a>
                {problem}
            }
        })
    }
}

#[component]
fn LineView(line: Line, open: Open) -> impl IntoView {
    match line {
        Line::New => view! { <p class="new-line" id="new"><span>"New"</span></p> }.into_any(),
        Line::Message(key) => view! { <MessageRow key=key open/> }.into_any(),
        Line::Events { first, last } => {
            let (events, me) = open
                .conversation
                .with_untracked(|it| (events(it, first, last), it.me.clone()));
            view! { <EventLine events me/> }.into_any()
        }
    }
}
