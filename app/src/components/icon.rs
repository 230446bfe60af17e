//! Outlines from the sprite `public/icons.svg`.

use leptos::prelude::*;

use super::live::Erase;

/// An icon by its name in the sprite; what it means is said by the words beside it or by the label of its link.
#[component]
pub fn Icon(name: &'static str) -> impl IntoView {
    view! {
        <svg class="icon" aria-hidden="true">
            <use href=format!("/icons.svg#{name}")></use>
        </svg>
    }
    .erase()
}
