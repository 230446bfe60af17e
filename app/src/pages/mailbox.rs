//! The frame of every page behind sign-in: views, list, and beside it what is open.

use std::future::ready;

use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_query_map};
use leptos_router::location::{BrowserUrl, LocationProvider};

use super::conversation::ConversationPage;
use super::draft::DraftPage;
use super::edit::EditPage;
use super::error::NotShown;
use super::history::HistoryPage;
use super::load::{self, Listed, Loaded, Opened};
use super::nothing::NothingOpen;
use super::place::{self, Listing, Page};
use crate::backend::Answer;
use crate::components::form::{Notice, use_world};
use crate::components::help::Help;
use crate::components::icon::Icon;
use crate::components::list::{Hits, Rows, SearchField};
use crate::components::live::Erase;
use crate::components::notices::Notices;
use crate::components::problem::Problem;
use crate::components::sidebar::{Account, Counts, SignOut, Views};
use crate::components::skeleton::{ConversationToCome, RowsToCome};
use crate::components::tabs::{Tab, Tabs};
use crate::components::when::Today;
use crate::paths;
use crate::state::desk::Desk;
use crate::state::effect::effect;
use crate::state::keymap::{Command, aria};
use crate::state::mailbox::Mailbox;
use crate::state::reading::reading;

/// The address, as the frame follows it.
#[derive(Clone, Copy)]
struct Place {
    /// Beside an open conversation the list shows what it showed before; at first the inbox.
    listing: Memo<Listing>,
    page: Memo<Page>,
    tab: Memo<Tab>,
}

fn use_place() -> Place {
    let path = use_location().pathname;
    let query = use_query_map();
    let param = move |name: &str| query.with(|query| query.get(name));
    Place {
        listing: Memo::new(move |before: Option<&Listing>| {
            let here = path.with(|path| Listing::parse(path, &param));
            here.or_else(|| before.cloned()).unwrap_or_default()
        }),
        page: Memo::new(move |_| path.with(|path| Page::parse(path, &param))),
        tab: Memo::new(move |_| path.with(|path| place::tab(path))),
    }
}

/// The router waits for somebody to say that the new page stands before it puts its address into the browser's bar.
fn follow_address(place: Place) {
    if let Some(browser) = use_context::<BrowserUrl>() {
        let path = use_location().pathname;
        effect(move |_| {
            path.track();
            place.page.track();
            browser.ready_to_complete();
        });
    }
}

/// The frame, around what was read for this address. Inside the router, which it follows.
#[component]
pub fn MailboxPage(loaded: Loaded) -> impl IntoView {
    let Loaded {
        session,
        listed,
        opened,
    } = loaded;
    provide_context(Notice(RwSignal::new(None)));
    let desk = Desk::provide(use_world(), session);
    Today::provide(&desk);
    let place = use_place();
    follow_address(place);
    let counts = RwSignal::new(match &listed {
        Ok(Listed::Rows(page)) => Counts::of(page),
        _ => Counts::default(),
    });
    let listed = reading(place.listing, listed, move |listing| {
        Box::pin(load::list(desk.world(), listing))
    });
    let opened = reading(place.page, opened, opening(desk));
    let list = move || match listed.get() {
        None => view! { <RowsToCome/> }.erase(),
        Some(Ok(listed)) => list_view(desk, place, counts, listed),
        Some(Err(refusal)) => view! { <Problem refusal/> }.erase(),
    };
    let open = move || match opened.get() {
        None => view! { <ConversationToCome/> }.erase(),
        Some(Ok(opened)) => open_view(desk, opened),
        Some(Err(refusal)) => view! { <NotShown refusal/> }.erase(),
    };
    effect(move |_| {
        let tab = place.tab.get();
        let title = opened.with(|opened| opened.as_ref().and_then(Opened::title));
        desk.title(title.as_deref().unwrap_or_else(|| tab.name()));
    });
    let pane = move || match place.tab.get() {
        Tab::View(_) | Tab::Search => "list",
        Tab::New | Tab::Conversation => "conversation",
    };
    let alive = RwSignal::new(false);
    effect(move |_| alive.set(true));
    view! {
        <a class="skip" href="#main">"Skip to the conversation"</a>
        <div class="mailbox" data-pane=pane data-alive=move || alive.get()>
            <Sidebar desk place counts/>
            <section class="list" aria-label="Conversations">
                <ListHead desk place counts/>
                {move || list()}
            </section>
            {move || open()}
        </div>
        <Tabs tab=place.tab/>
        <Notices desk/>
        <Help desk/>
    }
    .erase()
}

/// Asks for what another address opens. What was begun a moment ago is known to be empty.
fn opening(desk: Desk) -> impl Fn(Page) -> Answer<Opened> {
    let begun = StoredValue::new(None);
    move |page| match page {
        Page::New => {
            let key = desk.world().fresh_draft();
            begun.set_value(Some(key));
            Box::pin(ready(Ok(Opened::Elsewhere(paths::draft(key)))))
        }
        Page::Draft(key) if begun.try_update_value(Option::take).flatten() == Some(key) => {
            Box::pin(ready(Ok(Opened::Draft(load::empty(key)))))
        }
        page => Box::pin(load::open(desk.world(), page)),
    }
}

/// The column beside the list on a wide screen.
#[component]
fn Sidebar(desk: Desk, place: Place, counts: RwSignal<Counts>) -> impl IntoView {
    view! {
        <nav class="sidebar" aria-label="Mailbox">
            <Account desk/>
            <a class="button" data-kind="primary" href=paths::NEW aria-keyshortcuts=aria(Command::New)>
                <Icon name="new"/>"New conversation"
            </a>
            <Views tab=place.tab counts/>
            <SignOut/>
        </nav>
    }
    .erase()
}

/// The field that searches, and the menu for screens without a sidebar.
#[component]
fn ListHead(desk: Desk, place: Place, counts: RwSignal<Counts>) -> impl IntoView {
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
                    <Account desk/>
                    <nav aria-label="Views"><Views tab=place.tab counts/></nav>
                    <SignOut/>
                </div>
            </details>
        </header>
    }
    .erase()
}

/// The rows, or what a search found.
fn list_view(desk: Desk, place: Place, counts: RwSignal<Counts>, listed: Listed) -> AnyView {
    let me = desk.session.with_value(|session| session.address.clone());
    let open = Signal::derive(move || place.page.with(Page::open));
    match listed {
        Listed::Rows(page) => {
            let view = place.listing.with_untracked(Listing::view);
            let mailbox = Mailbox::new(desk, view.unwrap_or_default(), page);
            effect(move |_| counts.set(mailbox.page.with(Counts::of)));
            view! { <Rows mailbox me open/> }.erase()
        }
        Listed::Found(page) => view! { <Hits page me open/> }.erase(),
    }
}

/// What stands beside the list.
fn open_view(desk: Desk, opened: Opened) -> AnyView {
    match opened {
        Opened::Nothing => view! { <NothingOpen/> }.erase(),
        Opened::Draft(draft) => view! { <DraftPage desk draft/> }.erase(),
        Opened::Conversation { conversation, end } => {
            view! { <ConversationPage desk conversation=*conversation end/> }.erase()
        }
        Opened::Edit {
            conversation,
            message,
        } => view! { <EditPage conversation=*conversation message=*message/> }.erase(),
        Opened::History { key, versions } => {
            view! { <HistoryPage desk conversation=key versions=*versions/> }.erase()
        }
        Opened::Elsewhere(path) => {
            effect(move |_| desk.redirect(&path));
            view! { <ConversationToCome/> }.erase()
        }
    }
}
