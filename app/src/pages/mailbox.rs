//! The frame of every page behind sign-in: views, list, and beside it what is open.

use em2_model::refusal::Refusal;
use em2_model::wire::domestic::{ListPage, ListView, SearchPage, Session};
use leptos::prelude::*;
use leptos_router::components::Outlet;
use serde::{Deserialize, Serialize};

use super::error::ErrorPage;
use super::place::{Listing, Place, use_place};
use crate::components::form::{Notice, use_world};
use crate::components::help::Help;
use crate::components::icon::Icon;
use crate::components::list::{Hits, Rows, SearchField};
use crate::components::notices::Notices;
use crate::components::problem::Problem;
use crate::components::sidebar::{Account, Counts, SignOut, Views};
use crate::components::skeleton::RowsToCome;
use crate::components::tabs::{Tab, Tabs};
use crate::components::when::Today;
use crate::paths;
use crate::state::desk::Desk;
use crate::state::keymap::{Command, aria};
use crate::state::mailbox::Mailbox;

/// What the list shows, as it was read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Listed {
    Rows(ListPage),
    Found(SearchPage),
}

impl Listed {
    fn counts(&self) -> Counts {
        match self {
            Listed::Rows(page) => Counts::of(page),
            Listed::Found(_) => Counts::default(),
        }
    }
}

type Read = Resource<Result<Listed, Refusal>>;

/// Who is signed in, and then the frame.
#[component]
pub fn MailboxPage() -> impl IntoView {
    let world = use_world();
    let who = Resource::new_blocking(|| (), move |()| world.session());
    view! {
        <Suspense>
            {move || Suspend::new(async move {
                match who.await {
                    Ok(session) => view! { <Frame session/> }.into_any(),
                    Err(refusal) => view! { <ErrorPage refusal/> }.into_any(),
                }
            })}
        </Suspense>
    }
}

#[component]
fn Frame(session: Session) -> impl IntoView {
    let world = use_world();
    let desk = Desk::provide(world.clone(), session);
    Today::provide(&desk);
    let notice = Notice(RwSignal::new(None));
    provide_context(notice);
    let place = use_place();
    let read: Read = Resource::new_blocking(
        move || place.listing.get(),
        move |listing| {
            let world = world.clone();
            async move {
                match listing {
                    Listing::View(query) => world.list(query).await.map(Listed::Rows),
                    Listing::Search { q, before } => {
                        world.search(q, before).await.map(Listed::Found)
                    }
                }
            }
        },
    );
    // The list that is shown now, whose counts live on.
    let now: RwSignal<Option<Mailbox>> = RwSignal::new(None);
    let shown = Memo::new(move |_| place.listing.with(Listing::view));
    let pane = move || {
        if matches!(place.tab.get(), Tab::View(_) | Tab::Search) {
            "list"
        } else {
            "conversation"
        }
    };
    let alive = RwSignal::new(false);
    Effect::new(move |_| alive.set(true));
    view! {
        <a class="skip" href="#main">"Skip to the conversation"</a>
        <div class="mailbox" data-pane=pane data-alive=move || alive.get()>
            <Sidebar desk read now shown/>
            <section class="list" aria-label="Conversations">
                <ListHead desk place shown/>
                <ListBody desk read place now/>
            </section>
            <Outlet/>
        </div>
        <Tabs tab=place.tab/>
        <Notices notice desk/>
        <Help desk/>
    }
    .into_any()
}

/// The column beside the list on a wide screen.
#[component]
fn Sidebar(
    desk: Desk,
    read: Read,
    now: RwSignal<Option<Mailbox>>,
    shown: Memo<Option<ListView>>,
) -> impl IntoView {
    let counts = move |first: Counts| {
        Signal::derive(move || {
            now.get()
                .and_then(|list| list.page.try_with(Counts::of))
                .unwrap_or(first)
        })
    };
    view! {
        <nav class="sidebar" aria-label="Mailbox">
            <Account desk/>
            <a class="button" data-kind="primary" href=paths::NEW aria-keyshortcuts=aria(Command::New)><Icon name="new"/>"New conversation"</a>
            <Suspense>
                {move || Suspend::new(async move {
                    let first = read.await.map(|listed| listed.counts()).unwrap_or_default();
                    view! { <Views shown counts=counts(first)/> }
                })}
            </Suspense>
            <SignOut/>
        </nav>
    }
    .into_any()
}

/// The field that searches, and the menu for screens without a sidebar.
#[component]
fn ListHead(desk: Desk, place: Place, shown: Memo<Option<ListView>>) -> impl IntoView {
    let q = place.listing.with_untracked(|listing| match listing {
        Listing::Search { q, .. } => q.clone(),
        Listing::View(_) => String::new(),
    });
    view! {
        <header class="list-head">
            <SearchField text=RwSignal::new(q) desk/>
            <a class="tool list-new" href=paths::NEW title="New conversation" aria-label="New conversation"><Icon name="new"/></a>
            <details class="menu">
                <summary class="tool" title="Menu" aria-label="Menu"><Icon name="more"/></summary>
                <div class="menu-sheet">
                    <Account desk/>
                    <nav aria-label="Views"><Views shown counts=Signal::stored(Counts::default())/></nav>
                    <SignOut/>
                </div>
            </details>
        </header>
    }
    .into_any()
}

/// The rows, or what a search found.
#[component]
fn ListBody(desk: Desk, read: Read, place: Place, now: RwSignal<Option<Mailbox>>) -> impl IntoView {
    let me = StoredValue::new(desk.session.with_value(|session| session.address.clone()));
    let list = move |listed| {
        let (me, open) = (me.get_value(), place.open.into());
        match listed {
            Listed::Rows(page) => {
                let view = place
                    .listing
                    .with_untracked(Listing::view)
                    .unwrap_or_default();
                let mailbox = Mailbox::new(desk, view, page);
                now.set(Some(mailbox));
                view! { <Rows mailbox me open/> }.into_any()
            }
            Listed::Found(page) => view! { <Hits page me open/> }.into_any(),
        }
    };
    view! {
        <Suspense fallback=RowsToCome>
            {move || Suspend::new(async move {
                match read.await {
                    Ok(listed) => list(listed),
                    Err(refusal) => view! { <Problem refusal/> }.into_any(),
                }
            })}
        </Suspense>
    }
    .into_any()
}
