//! What can be done with a message.

use em2_model::id::{ActionKey, Time};
use em2_model::participant::Role;
use em2_model::permit;
use em2_model::wire::domestic::{BEFORE, Conversation, Message, Standing};
use em2_model::wire::intent::{Intent, LOCK_TTL};
use leptos::ev::MouseEvent;
use leptos::prelude::*;

use super::form::Act;
use super::icon::Icon;
use super::live::{Erase, live, maybe};
use crate::paths;
use crate::state::anchors;
use crate::state::desk::Desk;
use crate::state::edit::holds;
use crate::state::open::Open;
use crate::state::timeline::may_edit;

/// What the reader may do with a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct May {
    answer: bool,
    edit: bool,
    remove: bool,
    recover: bool,
    versions: bool,
    /// Add somebody who reads from this message on.
    add: bool,
    /// Somebody else is editing it.
    locked: bool,
}

fn may(it: &Conversation, message: &Message, now: Time) -> May {
    let own = message.author.address == it.me;
    let change = it.present && permit::change_message(it.role, own);
    let present = message.standing == Standing::Present && !message.is_unconfirmed();
    if message.seq == BEFORE {
        return May::default();
    }
    May {
        answer: present && it.present && permit::add_message(it.role, true),
        edit: may_edit(it, message),
        remove: present && change,
        recover: matches!(message.standing, Standing::Removed(_)) && change,
        versions: present && message.edited.is_some(),
        add: present && it.present && permit::add_participant(it.role, Role::Read),
        locked: holds(message.lock.as_ref(), now).is_some_and(|lock| lock.by.address != it.me),
    }
}

/// Links and buttons; what the reader may not do is not there.
#[component]
pub fn MessageTools(open: Open, message: Memo<Option<Message>>) -> impl IntoView {
    let now = Desk::here().clock.now;
    let may = Memo::new(move |_| {
        let now = now.get();
        open.conversation.with(|it| {
            message.with(|message| message.as_ref().map(|message| may(it, message, now)))
        })
    });
    live(move || {
        may.get().zip(message.get()).map(|(may, message)| {
            let (key, free) = (message.key, !may.locked);
            let (edit, remove, recover) = (message.clone(), message.clone(), message);
            view! {
                <div class="message-tools">
                    {maybe(may.answer.then(|| view! { <Answer open key=key/> }))}
                    {maybe((may.edit && free).then(|| view! { <Edit open message=edit/> }))}
                    {maybe(may.versions.then(|| view! {
                        <a class="tool" data-tool="versions" href=paths::history(open.key, key) title="All versions" aria-label="All versions"><Icon name="history"/></a>
                    }))}
                    {maybe(may.add.then(|| view! {
                        <a class="tool" data-tool="add" href=paths::people_from(open.key, key) title="Add somebody who reads from here on" aria-label="Add somebody who reads from here on"><Icon name="people"/></a>
                    }))}
                    {maybe((may.remove && free).then(|| view! { <Remove open message=remove/> }))}
                    {maybe(may.recover.then(|| view! { <Recover open message=recover/> }))}
                </div>
            }
        })
    })
}

#[component]
fn Answer(open: Open, key: ActionKey) -> impl IntoView {
    let desk = Desk::here();
    let answer = move |event: MouseEvent| {
        event.prevent_default();
        open.composer.parent.set(Some(key));
        desk.focus(anchors::COMPOSER);
    };
    view! {
        <a class="tool" data-tool="answer" href=paths::answer(open.key, key) title="Answer this message" aria-label="Answer this message" on:click=answer>
            <Icon name="reply"/>
        </a>
    }
    .erase()
}

/// Takes the lock, then opens the editor: in its place, or on a page of its own.
#[component]
fn Edit(open: Open, message: Message) -> impl IntoView {
    let intent = Intent::MessageLock {
        item: message.key,
        follows: Some(message.head),
        ttl: LOCK_TTL,
    };
    let next = paths::edit(open.key, message.key);
    let begin = Callback::new(move |()| open.editor.begin(&open, &message));
    view! {
        <Act open intent next instead=begin>
            <button class="tool" data-tool="edit" title="Edit this message" aria-label="Edit this message"><Icon name="edit"/></button>
        </Act>
    }
    .erase()
}

#[component]
fn Remove(open: Open, message: Message) -> impl IntoView {
    let intent = Intent::MessageRemove {
        item: message.key,
        follows: Some(message.head),
    };
    let next = paths::message(open.key, message.key);
    view! {
        <Act open intent next focus=anchors::message(&message.key)>
            <button class="tool" data-tool="remove" title="Remove this message; it can be recovered" aria-label="Remove this message">
                <Icon name="trash"/>
            </button>
        </Act>
    }
    .erase()
}

#[component]
fn Recover(open: Open, message: Message) -> impl IntoView {
    let intent = Intent::MessageRecover {
        item: message.key,
        follows: Some(message.head),
    };
    let next = paths::message(open.key, message.key);
    view! {
        <Act open intent next class="message-recover" focus=anchors::message(&message.key)>
            <button class="button" data-kind="small"><Icon name="undo"/>"Recover"</button>
        </Act>
    }
    .erase()
}
