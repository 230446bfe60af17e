//! A message on its way: plain text, and what became of it so far.

use leptos::prelude::*;

use super::icon::Icon;
use super::live::Erase;
use crate::state::open::Open;
use crate::state::outbox::{Letter, Sending};

#[component]
pub fn LetterHead(letter: Letter) -> impl IntoView {
    let state = match letter.sending {
        Sending::Now => view! { <span class="note" role="status">"Sending…"</span> }.erase(),
        Sending::Failed(_) => {
            view! { <span class="note" data-kind="problem">"Not sent"</span> }.erase()
        }
    };
    view! { <header class="message-head"><span class="message-author">"You"</span>{state}</header> }
        .erase()
}

/// The text as written; when it was not taken, why, and the ways on.
#[component]
pub fn LetterBody(letter: Letter, open: Open) -> impl IntoView {
    let Letter {
        id, text, sending, ..
    } = letter;
    let failed = match sending {
        Sending::Now => None,
        Sending::Failed(refusal) => Some(view! { <Failed id why=refusal.message open/> }),
    };
    view! {
        <div class="message-body" dir="auto" data-plain="">{text}</div>
        {failed}
    }
    .erase()
}

#[component]
fn Failed(id: String, why: String, open: Open) -> impl IntoView {
    let [retry, edit, discard] = [id.clone(), id.clone(), id];
    view! {
        <p class="problem" role="alert"><Icon name="warn"/><span>{why}</span></p>
        <div class="letter-ways">
            <button class="button" data-kind="small" type="button" on:click=move |_| open.retry(&retry)>"Retry"</button>
            <button class="button" data-kind="small" type="button" on:click=move |_| open.edit_letter(&edit)>"Edit"</button>
            <button class="button" data-kind="small" type="button" on:click=move |_| open.discard(&discard)>"Discard"</button>
        </div>
    }
    .erase()
}
