//! The timeline of a conversation: messages and events in the order of the log.

use em2_model::wire::domestic::Conversation;
use leptos::ev::MouseEvent;
use leptos::prelude::*;

use super::event::EventLine;
use super::lines::{Line, events, lines};
use super::live::{Erase, live, maybe};
use super::message::MessageRow;
use super::problem::Problem;
use super::rows::{Item, rows};
use crate::paths;
use crate::state::desk::Desk;
use crate::state::open::Open;
use crate::state::timeline::{LineKey, messages};

/// Every loaded line, or those before slot `end`; the browser starts at the newest.
#[component]
pub fn Timeline(open: Open, end: Option<u64>) -> impl IntoView {
    let desk = Desk::here();
    let new = open.since.with_value(|since| since.first);
    let all = Memo::new(move |_| {
        open.conversation
            .with(|it| desk.outbox.with(|outbox| lines(it, outbox, new, end)))
    });
    let from = open.conversation.with_untracked(|it| it.seq);
    let heard = open.part(move |it| news(it, from));
    view! {
        <div class="timeline-scroll" role="region" aria-label="Messages" tabindex="0">
            <div class="timeline">
                <Earlier open/>
                {rows(move || all.get().into_iter().map(|line| drawn(line, open)).collect())}
                {maybe(end.map(|_| view! { <a class="earlier" href=paths::conversation(open.key)>"Show the newest messages"</a> }))}
            </div>
        </div>
        <p class="visually-hidden" role="status">{move || heard.get()}</p>
    }
    .erase()
}

fn drawn(line: Line, open: Open) -> Item {
    let name = match &line {
        Line::New => "new".to_owned(),
        Line::Message(LineKey::Entry(key)) => key.to_string(),
        Line::Message(LineKey::Letter(id)) => format!("letter {id}"),
        Line::Events { first, last } => format!("{first} {last}"),
    };
    Item::new(name, move || {
        view! { <LineView line=line.clone() open/> }.erase()
    })
}

/// What a screen reader is told of messages that came after slot `from`.
fn news(conversation: &Conversation, from: u64) -> Option<String> {
    let others = messages(conversation)
        .rev()
        .take_while(|message| message.seq > from)
        .filter(|message| message.author.address != conversation.me);
    let others: Vec<_> = others.collect();
    let newest = others.first()?;
    Some(match others.len() {
        1 => format!("New message from {}", newest.author.name),
        n => format!("{n} new messages, the last from {}", newest.author.name),
    })
}

/// The way to what lies before the loaded entries.
#[component]
fn Earlier(open: Open) -> impl IntoView {
    let before = open.part(|it| it.more_before);
    let load = move |event: MouseEvent| {
        event.prevent_default();
        open.older();
    };
    live(move || {
        before.get().map(|before| {
            let says = move || {
                if open.loading.get() {
                    "Loading…"
                } else {
                    "Show earlier messages"
                }
            };
            view! {
                <a class="earlier" href=paths::older(open.key, before) on:click=load>{move || says()}</a>
                {live(move || open.problem.get().map(|refusal| view! { <Problem refusal/> }))}
            }
        })
    })
}

#[component]
fn LineView(line: Line, open: Open) -> impl IntoView {
    match line {
        Line::New => view! { <p class="new-line" id="new"><span>"New"</span></p> }.erase(),
        Line::Message(key) => view! { <MessageRow key=key open/> }.erase(),
        Line::Events { first, last } => {
            let (events, me) = open
                .conversation
                .with_untracked(|it| (events(it, first, last), it.me.clone()));
            view! { <EventLine events me/> }.erase()
        }
    }
}
