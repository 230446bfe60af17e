//! The frame of every page behind sign-in: views, list, and beside it what is open.

use em2_model::refusal::Refusal;
use em2_model::wire::domestic::{ListPage, ListView, SearchPage};
use leptos::prelude::*;
use leptos_router::components::Outlet;
use serde::{Deserialize, Serialize};

use super::lobby::Lobby;
use super::place::{Listing, Place, use_place};
use crate::backend::World;
use crate::components::form::{Notice, use_world};
use crate::components::help::Help;
use crate::components::icon::Icon;
use crate::components::list::{Hits, Rows, SearchField};
use crate::components::notices::Notices;
use crate::components::problem::Problem;
use crate::components::sidebar::{Account, Counts, SignOut, Views};
use crate::components::skeleton::RowsToCome;
use crate::components::tabs::{Tab, Tabs};
use crate::json::{Json, resource};
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

type Read = Resource<Result<Listed, Refusal>, Json>;

/// The frame. What it asks for is asked outside of what waits for it: that is drawn more than once on a server.
#[component]
pub fn MailboxPage() -> impl IntoView {
    let world = use_world();
    let lobby = Lobby::provide(world.clone());
    provide_context(Notice(RwSignal::new(None)));
    let place = use_place();
    let read: Read = resource(
        move || place.listing.get(),
        move |listing| load(world.clone(), listing),
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
            <Sidebar lobby read now shown/>
            <section class="list" aria-label="Conversations">
                <ListHead lobby place shown/>
                <ListBody lobby read place now/>
            </section>
            <Outlet/>
        </div>
        <Tabs tab=place.tab/>
        <Suspense>
            {move || Suspend::new(async move {
                lobby.desk().await.ok().map(|desk| view! { <Notices desk/> <Help desk/> })
            })}
        </Suspense>
    }
    .into_any()
}

async fn load(world: World, listing: Listing) -> Result<Listed, Refusal> {
    match listing {
        Listing::View(query) => world.list(query).await.map(Listed::Rows),
        Listing::Search { q, before } => world.search(q, before).await.map(Listed::Found),
    }
}

/// Who is signed in, once that is known.
#[component]
fn Me(lobby: Lobby) -> impl IntoView {
    view! {
        <Suspense>
            {move || Suspend::new(async move { lobby.desk().await.ok().map(|desk| view! { <Account desk/> }) })}
        </Suspense>
    }
    .into_any()
}

/// The column beside the list on a wide screen.
#[component]
fn Sidebar(
    lobby: Lobby,
    read: Read,
    now: RwSignal<Option<Mailbox>>,
    shown: Memo<Option<ListView>>,
) -> impl IntoView {
    let counts = move |first: Counts| {
        Signal::derive(move || {
            let live = now.get().and_then(|list| list.page.try_with(Counts::of));
            live.unwrap_or(first)
        })
    };
    view! {
        <nav class="sidebar" aria-label="Mailbox">
            <Me lobby/>
            <a class="button" data-kind="primary" href=paths::NEW aria-keyshortcuts=aria(Command::New)>
                <Icon name="new"/>"New conversation"
            </a>
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
fn ListHead(lobby: Lobby, place: Place, shown: Memo<Option<ListView>>) -> impl IntoView {
    let q = place.listing.with_untracked(|listing| match listing {
        Listing::Search { q, .. } => q.clone(),
        Listing::View(_) => String::new(),
    });
    view! {
        <header class="list-head">
            <SearchField text=RwSignal::new(q)/>
            <a class="tool list-new" href=paths::NEW title="New conversation" aria-label="New conversation">
                <Icon name="new"/>
            </a>
            <details class="menu">
                <summary class="tool" title="Menu" aria-label="Menu"><Icon name="more"/></summary>
                <div class="menu-sheet">
                    <Me lobby/>
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
fn ListBody(
    lobby: Lobby,
    read: Read,
    place: Place,
    now: RwSignal<Option<Mailbox>>,
) -> impl IntoView {
    let list = move |desk: Desk, listed| {
        let me = desk.session.with_value(|session| session.address.clone());
        let open = place.open.into();
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
                match (lobby.desk().await, read.await) {
                    (Ok(desk), Ok(listed)) => list(desk, listed),
                    (Err(refusal), _) | (_, Err(refusal)) => view! { <Problem refusal/> }.into_any(),
                }
            })}
        </Suspense>
    }
    .into_any()
}
