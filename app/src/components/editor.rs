//! Where a message is edited, and who else is editing it.

use em2_model::id::{ActionKey, ConversationKey};
use em2_model::wire::domestic::{Conversation, Message};
use em2_model::wire::intent::{Fields, Intent};
use leptos::prelude::*;

use super::form::{Act, PostForm};
use super::icon::Icon;
use super::names::called;
use super::problem::Problem;
use super::row::subject_or;
use super::text_area::TextArea;
use super::when::Clock;
use crate::paths;
use crate::refused::refused_by;

/// Whether the reader may go on, and who holds the lock.
fn lock_line(message: &Message, conversation: &Conversation, clock: Clock) -> (bool, String) {
    match message
        .lock
        .as_ref()
        .filter(|lock| clock.minutes_until(lock.until) > 0)
    {
        Some(lock) if lock.by.address == conversation.me => (
            true,
            format!(
                "The others see that you are editing, until {}.",
                clock.time(lock.until)
            ),
        ),
        Some(lock) => {
            let who = called(&lock.by, &conversation.me);
            (
                false,
                format!(
                    "{who} is editing this message, until {}.",
                    clock.time(lock.until)
                ),
            )
        }
        None => (
            true,
            "The others do not see that you are editing.".to_owned(),
        ),
    }
}

/// The form that changes a message.
#[component]
pub fn Editor(conversation: Conversation, message: Message, clock: Clock) -> impl IntoView {
    let (key, item) = (conversation.key, message.key);
    let back = paths::message(key, item);
    let (free, lock) = lock_line(&message, &conversation, clock);
    let mine = message
        .lock
        .as_ref()
        .is_some_and(|lock| lock.by.address == conversation.me);
    let Some(written) = message.text.clone().filter(|_| free) else {
        let why = if free {
            "You may not change this message.".to_owned()
        } else {
            lock
        };
        return view! { <Closed why back/> }.into_any();
    };
    let refused = refused_by("message", "modify");
    let entered = refused
        .as_ref()
        .and_then(|refused| refused.fields.text.clone());
    let text = RwSignal::new(entered.unwrap_or(written));
    let fields = Fields {
        model: "message".to_owned(),
        verb: "modify".to_owned(),
        item: Some(item),
        follows: Some(message.head),
        next: Some(back.clone()),
        ..Fields::default()
    };
    view! {
        <header class="conversation-head">
            <h1 class="subject">"Edit a message"</h1>
            <p class="conversation-meta" dir="auto">{subject_or(&conversation.subject)}</p>
        </header>
        <div class="editor">
            <PostForm action=paths::evt(key.into()) fields class="editor-form">
                {refused.map(|refused| view! { <Problem refusal=refused.refusal/> })}
                <TextArea name="text" id="editor" label="The message" text rows=12 required=true/>
                <p class="note"><Icon name="lock"/>{lock}</p>
                <button class="button" data-kind="primary">"Save"</button>
            </PostForm>
            <Leave key=key item mine head=message.head back/>
        </div>
    }
    .into_any()
}

/// The way out: gives the lock back, if it is held.
#[component]
fn Leave(
    key: ConversationKey,
    item: ActionKey,
    mine: bool,
    head: ActionKey,
    back: String,
) -> impl IntoView {
    if mine {
        let intent = Intent::MessageRelease {
            item,
            follows: Some(head),
        };
        view! { <Act key=key intent next=back class="editor-leave"><button class="button" data-kind="quiet">"Cancel"</button></Act> }
            .into_any()
    } else {
        view! { <p class="editor-leave"><a class="button" data-kind="quiet" href=back>"Cancel"</a></p> }.into_any()
    }
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
}
