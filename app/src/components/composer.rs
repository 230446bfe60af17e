//! Where an answer is written.

use em2_model::id::ActionKey;
use em2_model::permit;
use em2_model::wire::domestic::Conversation;
use em2_model::wire::intent::Fields;
use leptos::ev::MouseEvent;
use leptos::prelude::*;

use super::form::PostForm;
use super::icon::Icon;
use super::live::{Erase, live, maybe};
use super::message::said;
use super::names::{and, first_name};
use super::problem::Problem;
use super::text_area::TextArea;
use crate::paths;
use crate::refused::refused_by;
use crate::state::anchors;
use crate::state::desk::Desk;
use crate::state::open::Open;

/// Who will read it: up to four names.
fn audience(conversation: &Conversation) -> String {
    let others = conversation
        .participants
        .iter()
        .filter(|person| person.address != conversation.me);
    let names: Vec<String> = others
        .map(|person| first_name(&person.name).to_owned())
        .collect();
    match names.len() {
        0 => "Only you are here".to_owned(),
        1..=4 => format!("To {}", and(&names)),
        many => format!("To {} and {} others", names[..3].join(", "), many - 3),
    }
}

/// Why the reader cannot write here; none where they can.
fn closed(conversation: &Conversation, answering: bool) -> Option<&'static str> {
    if !conversation.present {
        Some("You no longer take part. You keep what was said while you did.")
    } else if permit::add_message(conversation.role, answering) {
        None
    } else if permit::add_message(conversation.role, true) {
        Some("You can answer here: choose the message that you want to answer.")
    } else {
        Some("You can read here. Somebody who manages people can let you write.")
    }
}

/// The form of a new message, or a line that says why there is none.
#[component]
pub fn Composer(open: Open) -> impl IntoView {
    let parent = open.composer.parent;
    let closed = Memo::new(move |_| {
        open.conversation
            .with(|it| closed(it, parent.get().is_some()))
    });
    live(move || {
        Some(match closed.get() {
            Some(why) => view! {
                <footer class="composer-closed"><p>{why}</p><MarkRead open/></footer>
            }
            .erase(),
            None => view! { <Writing open/> }.erase(),
        })
    })
}

#[component]
fn Writing(open: Open) -> impl IntoView {
    let desk = Desk::here();
    let refused = refused_by("message", "add");
    if let Some(fields) = refused.as_ref().map(|refused| &refused.fields) {
        open.composer
            .text
            .set(fields.text.clone().unwrap_or_default());
        open.composer.parent.set(fields.parent);
    }
    let fields = Fields {
        model: "message".to_owned(),
        verb: "add".to_owned(),
        next: Some(format!(
            "{}#{}",
            paths::conversation(open.key),
            anchors::COMPOSER
        )),
        ..Fields::default()
    };
    let send = Callback::new(move |()| {
        open.send();
        desk.focus(anchors::COMPOSER);
    });
    let audience = open.part(audience);
    view! {
        <footer class="composer-place">
            <PostForm action=paths::evt(open.key.into()) fields class="composer" on_submit=Some(send)>
                {maybe(refused.map(|refused| view! { <Problem refusal=refused.refusal/> }))}
                <p class="composer-audience"><Icon name="people"/><span dir="auto">{move || audience.get()}</span></p>
                {live(move || open.composer.parent.get().map(|message| view! { <Answering open message/> }))}
                <TextArea
                    name="text"
                    id=anchors::COMPOSER
                    label="Your message"
                    text=open.composer.text
                    placeholder="Answer"
                    required=true
                />
                <div class="composer-bar">
                    <kbd aria-hidden="true">"Ctrl ↵"</kbd>
                    <button class="button" data-kind="primary">"Send"</button>
                </div>
            </PostForm>
            <MarkRead open/>
        </footer>
    }
    .erase()
}

/// The message that is being answered, and the way out of it.
#[component]
fn Answering(open: Open, message: ActionKey) -> impl IntoView {
    let (who, text) = open.conversation.with_untracked(|it| said(it, message));
    let leave = move |event: MouseEvent| {
        event.prevent_default();
        open.composer.parent.set(None);
    };
    view! {
        <p class="composer-answering">
            <input type="hidden" name="parent" value=message.to_string()/>
            <Icon name="reply"/>
            <span dir="auto"><b>{who}</b> {format!(" {text}")}</span>
            <a class="tool" href=paths::conversation(open.key) aria-label="Answer no particular message" on:click=leave>
                <Icon name="close"/>
            </a>
        </p>
    }
    .erase()
}

/// A page that is alive tells by itself what was read; one without scripts has a button.
#[component]
fn MarkRead(open: Open) -> impl IntoView {
    let (seq, read, present) = open
        .conversation
        .with_untracked(|it| (it.seq, it.read, it.present));
    let fields = Fields {
        model: "seen".to_owned(),
        seq: Some(seq),
        next: Some(paths::conversation(open.key)),
        ..Fields::default()
    };
    maybe((present && seq > read).then(|| {
        view! {
            <PostForm action=paths::evt(open.key.into()) fields class="mark-read plain-only">
                <button class="button" data-kind="quiet"><Icon name="check"/>"Mark as read"</button>
            </PostForm>
        }
    }))
}
