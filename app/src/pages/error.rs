//! What stands where no page can.

use em2_model::refusal::Refusal;
use leptos::prelude::*;

use crate::components::problem::{PageProblem, no_such_page};
use crate::components::title::PageTitle;

/// Any address that no page has.
#[component]
pub fn NotFound() -> impl IntoView {
    view! {
        <PageTitle text="Not found"/>
        <ErrorPage refusal=no_such_page()/>
    }
}

/// A refusal as a page of its own.
#[component]
pub fn ErrorPage(refusal: Refusal) -> impl IntoView {
    view! { <main class="plain"><PageProblem refusal/></main> }
}
