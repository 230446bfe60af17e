//! A message on a page of its own to be edited, for pages that are not alive.

use em2_model::address::Address;
use em2_model::id::ConversationKey;
use em2_model::wire::domestic::{Conversation, Message};
use em2_model::wire::intent::{Fields, Intent};
use leptos::prelude::*;

use super::form::PostForm;
use super::icon::Icon;
use super::late::Late;
use super::live::{Erase, maybe};
use super::locked::left;
use super::names::called;
use super::row::subject_or;
use super::text_area::TextArea;
use crate::paths;
use crate::refused::refused_by;
use crate::state::anchors;
use crate::state::deed::told;
use crate::state::desk::Desk;
use crate::state::edit::holds;

/// Whether the reader may go on, and who holds the lock.
fn lock_line(message: &Message, me: &Address) -> (bool, String) {
    let now = Desk::here().clock.now.get_untracked();
    match holds(message.lock.as_ref(), now) {
        Some(lock) if lock.by.address == *me => (
            true,
            format!(
                "The others see that you are editing · {} left",
                left(now, lock.until)
            ),
        ),
        Some(lock) => (
            false,
            format!(
                "{} is editing this message · {} left",
                called(&lock.by, me),
                left(now, lock.until)
            ),
        ),
        None => (
            true,
            "The others do not see that you are editing.".to_owned(),
        ),
    }
}

/// The form that changes a message.
#[component]
pub fn Editor(conversation: Conversation, message: Message) -> impl IntoView {
    let Conversation {
        key, me, subject, ..
    } = conversation;
    let back = paths::message(key, message.key);
    let (free, lock) = lock_line(&message, &me);
    let refused = refused_by("message", "modify");
    let entered = refused
        .as_ref()
        .and_then(|refused| refused.fields.text.clone());
    // What was entered is never lost, whoever is editing meanwhile.
    let Some(text) = entered.or(message.text.clone().filter(|_| free)) else {
        let why = if free {
            "You may not change this message.".to_owned()
        } else {
            lock
        };
        return view! { <Closed why back/> }.erase();
    };
    let text = RwSignal::new(text);
    // What is saved again follows what it was compared with.
    let seen = refused
        .as_ref()
        .and_then(|refused| told(&refused.refusal, "head"));
    let fields = Fields {
        model: "message".to_owned(),
        verb: "modify".to_owned(),
        item: Some(message.key),
        follows: seen.or(Some(message.head)),
        next: Some(back),
        ..Fields::default()
    };
    view! {
        <header class="conversation-head">
            <h1 class="subject">"Edit a message"</h1>
            <p class="conversation-meta" dir="auto">{subject_or(&subject)}</p>
        </header>
        <div class="editor">
            <PostForm action=paths::evt(key.into()) fields class="editor-form">
                {maybe(refused.map(|refused| view! { <Late refusal=refused.refusal/> }))}
                <TextArea name="text" id=anchors::EDITOR label="The message" text rows=12 required=true/>
                <p class="note"><Icon name="lock"/>{lock}</p>
                <button class="button" data-kind="primary">"Save"</button>
            </PostForm>
            <Leave conversation=key message me/>
        </div>
    }
    .erase()
}

/// The way out: gives the lock back, if it is held.
#[component]
fn Leave(conversation: ConversationKey, message: Message, me: Address) -> impl IntoView {
    let back = paths::message(conversation, message.key);
    if message.lock.is_none_or(|lock| lock.by.address != me) {
        return view! { <p class="editor-leave"><a class="button" data-kind="quiet" href=back>"Cancel"</a></p> }.erase();
    }
    let intent = Intent::MessageRelease {
        item: message.key,
        follows: Some(message.head),
    };
    let fields = Fields {
        next: Some(back),
        ..intent.into()
    };
    view! {
        <PostForm action=paths::evt(conversation.into()) fields class="editor-leave">
            <button class="button" data-kind="quiet">"Cancel"</button>
        </PostForm>
    }
    .erase()
}

#[component]
fn Closed(why: String, back: String) -> impl IntoView {
    view! {
        <div class="empty">
            <Icon name="lock"/>
            <h1 class="empty-title">"This cannot be edited now"</h1>
            <p class="empty-text">{why}</p>
            <a class="button" data-kind="plain" href=back>"Back to the conversation"</a>
        </div>
    }
    .erase()
}
