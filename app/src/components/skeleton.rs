//! What stands for what is on its way: nothing for a moment, then shapes of the right height.

use leptos::prelude::*;

use super::live::{Erase, Together};

/// Rows of a list.
#[component]
pub fn RowsToCome() -> impl IntoView {
    let rows = (0..7)
        .map(|_| view! { <span class="skeleton-row"><i></i><b></b><b></b></span> })
        .together();
    view! { <div class="skeleton" aria-hidden="true">{rows}</div> }.erase()
}

/// A conversation.
#[component]
pub fn ConversationToCome() -> impl IntoView {
    view! { <main class="conversation" id="main" tabindex="-1" aria-busy="true"><RowsToCome/></main> }.erase()
}
