//! Beside the list, as long as nothing is open.

use em2_model::wire::domestic::ListView;
use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::place;
use super::title::lasting;
use crate::components::empty::Empty;
use crate::components::tabs::Tab;
use crate::components::title::PageTitle;

/// `/inbox`, `/drafts`, `/sent` and `/search`.
#[component]
pub fn NothingOpen() -> impl IntoView {
    let path = use_location().pathname;
    let title = lasting(move || {
        let title = match path.with(|path| place::tab(path)) {
            Tab::View(ListView::Drafts) => "Drafts",
            Tab::View(ListView::Sent) => "Sent",
            Tab::Search => "Search",
            _ => "Inbox",
        };
        title.to_owned()
    });
    let heading = title.clone();
    view! {
        <PageTitle text=title/>
        <main class="conversation" id="main" tabindex="-1">
            <h1 class="visually-hidden">{move || heading.get()}</h1>
            <Empty icon="conversation" title="Nothing is open" text="Choose a conversation from the list."/>
        </main>
    }
}
