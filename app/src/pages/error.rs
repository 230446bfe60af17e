//! What stands where no page can.

use em2_model::refusal::Refusal;
use leptos::prelude::*;

use crate::components::live::Erase;
use crate::components::problem::PageProblem;

/// Beside the list, where what was asked for cannot be shown.
#[component]
pub fn NotShown(refusal: Refusal) -> impl IntoView {
    view! {
        <main class="conversation" id="main" tabindex="-1"><PageProblem refusal/></main>
    }
    .erase()
}

/// A refusal as a page of its own.
#[component]
pub fn ErrorPage(refusal: Refusal) -> impl IntoView {
    view! { <main class="plain"><PageProblem refusal/></main> }
}
