//! What the window is called.

use leptos::prelude::*;
use leptos_meta::Title;

/// The title of a page. It has no place in the page, and is erased on both sides for that: the browser's views are
/// erased types, which keep a place for what the server's others would leave out.
#[component]
pub fn PageTitle(#[prop(into)] text: Signal<String>) -> impl IntoView {
    view! { <Title text=move || text.get()/> }.into_any()
}
