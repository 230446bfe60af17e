//! What stands where there is nothing.

use leptos::prelude::*;

use super::icon::Icon;
use super::live::Erase;

/// A calm line, and what can be done next.
#[component]
pub fn Empty(
    icon: &'static str,
    #[prop(into)] title: String,
    #[prop(optional, into)] text: String,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="empty">
            <Icon name=icon/>
            <p class="empty-title" dir="auto">{title}</p>
            <p class="empty-text">{text}</p>
            {children.map(|children| children())}
        </div>
    }
    .erase()
}
