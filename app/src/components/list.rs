//! The list: a field that searches, and rows.

use em2_model::address::Address;
use em2_model::id::ConversationRef;
use em2_model::wire::domestic::{Hit, ListView, SearchPage};
use leptos::ev::{MouseEvent, SubmitEvent};
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

use super::empty::Empty;
use super::icon::Icon;
use super::input::TextInput;
use super::live::{Erase, Together, live, maybe};
use super::problem::Problem;
use super::row::RowLink;
use super::rows::{Item, rows};
use crate::paths;
use crate::state::anchors;
use crate::state::mailbox::Mailbox;

/// The field that searches, in a form of its own.
#[component]
pub fn SearchField(text: RwSignal<String>) -> impl IntoView {
    let navigate = use_navigate();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        navigate(
            &paths::search(&text.get_untracked()),
            NavigateOptions::default(),
        );
    };
    view! {
        <form class="search-field" role="search" method="get" action=paths::SEARCH on:submit=submit>
            <Icon name="search"/>
            <TextInput name="q" id=anchors::SEARCH kind="search" label="Search" placeholder="Search" text/>
            <kbd aria-hidden="true">"/"</kbd>
        </form>
    }
    .erase()
}

/// What a view says when it has no rows.
fn nothing(view: ListView) -> (&'static str, &'static str, &'static str) {
    match view {
        ListView::Inbox => (
            "inbox",
            "No conversations yet",
            "Start one, and the people you add see it at once.",
        ),
        ListView::Drafts => (
            "draft",
            "No drafts",
            "What you begin and do not publish waits here.",
        ),
        ListView::Sent => (
            "sent",
            "Nothing sent yet",
            "Conversations in which you have written stand here.",
        ),
        ListView::Requests => (
            "people",
            "No requests",
            "Somebody you do not know who adds you waits here until you accept, and nothing they wrote is shown before.",
        ),
    }
}

/// The rows of a view.
#[component]
pub fn Rows(mailbox: Mailbox, me: Address, open: Signal<Option<ConversationRef>>) -> impl IntoView {
    let keys = mailbox.rows();
    let empty = Memo::new(move |_| keys.with(Vec::is_empty));
    let (icon, title, text) = nothing(mailbox.view);
    view! {
        <ul class="list-rows">
            {rows(move || keys.get().into_iter().map(|key| drawn(mailbox, key, &me, open)).collect())}
        </ul>
        {live(move || empty.get().then(|| view! {
            <Empty icon title text><a class="button" data-kind="plain" href=paths::NEW>"New conversation"</a></Empty>
        }))}
        {live(move || mailbox.problem.get().map(|refusal| view! { <Problem refusal/> }))}
        <More mailbox/>
    }
    .erase()
}

fn drawn(
    mailbox: Mailbox,
    key: ConversationRef,
    me: &Address,
    open: Signal<Option<ConversationRef>>,
) -> Item {
    let me = me.clone();
    Item::new(key.to_string(), move || {
        let href = (mailbox.view == ListView::Requests).then(|| paths::request(key));
        view! { <li><RowLink key=key row=mailbox.row(key) me=me.clone() open href/></li> }.erase()
    })
}

/// The way to older rows.
#[component]
fn More(mailbox: Mailbox) -> impl IntoView {
    let next = Memo::new(move |_| mailbox.page.with(|page| page.next.clone()));
    let load = move |event: MouseEvent| {
        event.prevent_default();
        mailbox.more();
    };
    live(move || {
        next.get().map(|next| {
            let href = format!("{}?before={next}", paths::list(mailbox.view));
            let says = move || {
                if mailbox.loading.get() {
                    "Loading…"
                } else {
                    "Show more"
                }
            };
            view! { <a class="more" href=href on:click=load>{move || says()}</a> }
        })
    })
}

/// What a search found.
#[component]
pub fn Hits(page: SearchPage, me: Address, open: Signal<Option<ConversationRef>>) -> impl IntoView {
    let SearchPage { q, hits, next } = page;
    if q.trim().is_empty() {
        let text = "Subjects, messages and addresses. The last word may be the beginning of one.";
        return view! { <Empty icon="search" title="Search" text/> }.erase();
    }
    if hits.is_empty() {
        let title = format!("Nothing found for “{}”", q.trim());
        return view! { <Empty icon="search" title text="Fewer or shorter words find more."/> }
            .erase();
    }
    let next = next.map(|next| view! { <a class="more" href=format!("{}&before={next}", paths::search(&q))>"Show more"</a> });
    let hits = hits.into_iter().map(|Hit { row, message, snippet }| {
        let href = match (row.key, message) {
            (ConversationRef::Published(key), Some(message)) => Some(paths::message(key, message)),
            _ => None,
        };
        let found = (!snippet.is_empty()).then_some(snippet);
        let key = row.key;
        view! { <li><RowLink key=key row=Signal::stored(Some(row)) me=me.clone() open found href/></li> }
    });
    view! { <ul class="list-rows">{hits.together()}</ul> {maybe(next)} }.erase()
}
