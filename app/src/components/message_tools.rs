//! What can be done with a message.

use em2_model::permit;
use em2_model::wire::domestic::{Message, Standing};
use em2_model::wire::intent::{Intent, LOCK_TTL};
use leptos::prelude::*;

use super::form::Act;
use super::icon::Icon;
use super::message::Around;
use crate::paths;

/// Links and buttons; what the reader may not do is not there.
#[component]
pub fn MessageTools(message: Message, around: Around) -> impl IntoView {
    match message.standing {
        Standing::Present => view! { <PresentTools message around/> }.into_any(),
        Standing::Removed(_) if around.may_change(&message) => {
            view! { <Recover message around/> }.into_any()
        }
        _ => ().into_any(),
    }
}

#[component]
fn PresentTools(message: Message, around: Around) -> impl IntoView {
    let may_change = around.may_change(&message);
    let may_answer = around.present && permit::add_message(around.role, true);
    let locked = message.lock.as_ref().is_some_and(|lock| {
        lock.by.address != around.me && around.clock.minutes_until(lock.until) > 0
    });
    let key = around.key;
    let answer = may_answer.then(|| {
        view! {
            <a class="tool" href=paths::answer(key, message.key) data-tool="answer" title="Answer this message">
                <Icon name="reply"/><span class="tool-name">"Answer"</span>
            </a>
        }
    });
    let change = (may_change && !locked).then(|| {
        view! {
            <Edit message=message.clone() around=around.clone()/>
            <Remove message=message.clone() around=around.clone()/>
        }
    });
    let versions = message.edited.is_some().then(|| {
        view! {
            <a class="tool" href=paths::history(key, message.key) data-tool="versions" title="All versions">
                <Icon name="history"/><span class="tool-name">"Versions"</span>
            </a>
        }
    });
    view! { <div class="message-tools">{answer}{change}{versions}</div> }
}

/// Takes the lock, then opens the editor.
#[component]
fn Edit(message: Message, around: Around) -> impl IntoView {
    let intent = Intent::MessageLock {
        item: message.key,
        follows: Some(message.head),
        ttl: LOCK_TTL,
    };
    view! {
        <Act key=around.key intent next=paths::edit(around.key, message.key)>
            <button class="tool" data-tool="edit" title="Edit this message">
                <Icon name="edit"/><span class="tool-name">"Edit"</span>
            </button>
        </Act>
    }
}

#[component]
fn Remove(message: Message, around: Around) -> impl IntoView {
    let intent = Intent::MessageRemove {
        item: message.key,
        follows: Some(message.head),
    };
    view! {
        <Act key=around.key intent next=paths::message(around.key, message.key)>
            <button class="tool" data-tool="remove" title="Remove this message; it can be recovered">
                <Icon name="trash"/><span class="tool-name">"Remove"</span>
            </button>
        </Act>
    }
}

#[component]
fn Recover(message: Message, around: Around) -> impl IntoView {
    let intent = Intent::MessageRecover {
        item: message.key,
        follows: Some(message.head),
    };
    view! {
        <Act key=around.key intent next=paths::message(around.key, message.key) class="message-recover">
            <button class="button" data-kind="small"><Icon name="undo"/>"Recover"</button>
        </Act>
    }
}
