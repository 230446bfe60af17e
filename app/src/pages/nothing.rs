//! Beside the list, as long as nothing is open.

use em2_model::wire::domestic::ListView;
use leptos::prelude::*;
use leptos_meta::Title;

use super::place::use_place;
use crate::components::empty::Empty;
use crate::components::tabs::Tab;

/// `/inbox`, `/drafts`, `/sent` and `/search`.
#[component]
pub fn NothingOpen() -> impl IntoView {
    let place = use_place();
    let title = move || match place.tab.get() {
        Tab::View(ListView::Drafts) => "Drafts",
        Tab::View(ListView::Sent) => "Sent",
        Tab::Search => "Search",
        _ => "Inbox",
    };
    view! {
        <Title text=title/>
        <main class="conversation" id="main" tabindex="-1">
            <h1 class="visually-hidden">{title}</h1>
            <Empty icon="conversation" title="Nothing is open" text="Choose a conversation from the list."/>
        </main>
    }
}
