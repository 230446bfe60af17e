//! Beside the list, as long as nothing is open.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::place;
use crate::components::empty::Empty;
use crate::components::live::Erase;

/// `/inbox`, `/drafts`, `/sent` and `/search`.
#[component]
pub fn NothingOpen() -> impl IntoView {
    let path = use_location().pathname;
    let heading = move || path.with(|path| place::tab(path).name());
    view! {
        <main class="conversation" id="main" tabindex="-1">
            <h1 class="visually-hidden">{move || heading()}</h1>
            <Empty icon="conversation" title="Nothing is open" text="Choose a conversation from the list."/>
        </main>
    }
    .erase()
}
