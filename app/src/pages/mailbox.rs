//! The frame of every page behind sign-in: views, list, and beside it what is open.

use em2_model::refusal::Refusal;
use em2_model::wire::domestic::{ListPage, ListView, SearchPage, Session};
use leptos::prelude::*;
use leptos_router::components::Outlet;
use serde::{Deserialize, Serialize};

use super::place::{Listing, Place, use_place};
use crate::components::form::use_world;
use crate::components::icon::Icon;
use crate::components::list::{Hits, Reader, Rows, SearchField};
use crate::components::problem::PageProblem;
use crate::components::sidebar::{Account, Counts, Sidebar, SignOut, Views};
use crate::components::tabs::{Tab, Tabs};
use crate::components::when::Clock;
use crate::paths;

/// Who is signed in, read once.
pub type Who = Resource<Result<Session, Refusal>>;

/// What the list shows, as it was read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Listed {
    Rows(ListPage),
    Found(SearchPage),
}

/// The frame; what is open stands beside the list.
#[component]
pub fn Mailbox() -> impl IntoView {
    let world = use_world();
    let place = use_place();
    let asked = world.clone();
    let who: Who = Resource::new_blocking(|| (), move |()| asked.session());
    provide_context(who);
    let listed = Resource::new_blocking(
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
    let counts = RwSignal::new(Counts::default());
    let shown = Memo::new(move |_| place.listing.with(Listing::view));
    let pane = move || {
        if matches!(place.tab.get(), Tab::View(_) | Tab::Search) {
            "list"
        } else {
            "conversation"
        }
    };
    view! {
        <a class="skip" href="#main">"Skip to the conversation"</a>
        <div class="mailbox" data-pane=pane>
            <Suspense>
                {move || Suspend::new(async move {
                    let session = who.await.ok()?;
                    Some(view! { <Sidebar session shown=shown.into() counts=counts.into()/> })
                })}
            </Suspense>
            <section class="list" aria-label="Conversations">
                <ListHead who place shown=shown.into() counts=counts.into()/>
                <Transition>
                    {move || Suspend::new(async move {
                        match (who.await, listed.await) {
                            (Ok(session), Ok(listed)) => view! { <ListBody session listed place counts/> }.into_any(),
                            (Err(refusal), _) | (_, Err(refusal)) => view! { <PageProblem refusal/> }.into_any(),
                        }
                    })}
                </Transition>
            </section>
            <Outlet/>
        </div>
        <Tabs tab=place.tab.into() counts=counts.into()/>
    }
}

/// The field that searches, and the menu for screens without a sidebar.
#[component]
fn ListHead(
    who: Who,
    place: Place,
    shown: Signal<Option<ListView>>,
    counts: Signal<Counts>,
) -> impl IntoView {
    let q = place.listing.with_untracked(|listing| match listing {
        Listing::Search { q, .. } => q.clone(),
        Listing::View(_) => String::new(),
    });
    view! {
        <header class="list-head">
            <SearchField text=RwSignal::new(q)/>
            <a class="tool list-new" href=paths::NEW title="New conversation" aria-label="New conversation"><Icon name="new"/></a>
            <details class="menu">
                <summary class="tool" title="Menu" aria-label="Menu"><Icon name="more"/></summary>
                <div class="menu-sheet">
                    <Suspense>
                        {move || Suspend::new(async move { who.await.ok().map(|session| view! { <Account session/> }) })}
                    </Suspense>
                    <nav aria-label="Views"><Views shown counts/></nav>
                    <SignOut/>
                </div>
            </details>
        </header>
    }
}

#[component]
fn ListBody(
    session: Session,
    listed: Listed,
    place: Place,
    counts: RwSignal<Counts>,
) -> impl IntoView {
    let reader = Reader {
        me: session.address.clone(),
        clock: Clock::from(&session),
        open: place.open.into(),
    };
    match listed {
        Listed::Rows(page) => {
            counts.set(Counts {
                unread: page.unread,
                drafts: page.drafts,
            });
            let view = place
                .listing
                .with_untracked(Listing::view)
                .unwrap_or_default();
            view! { <Rows view page=RwSignal::new(page).into() reader/> }.into_any()
        }
        Listed::Found(page) => view! { <Hits page reader/> }.into_any(),
    }
}
