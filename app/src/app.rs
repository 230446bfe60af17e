//! The router, around the one frame.

use leptos::prelude::*;
use leptos_router::components::Router;

use crate::pages::load::Loaded;
use crate::pages::mailbox::MailboxPage;

/// The whole of it, for what was read for the address. The caller has provided the [`crate::backend::World`] as a
/// context.
#[component]
pub fn App(loaded: Loaded) -> impl IntoView {
    view! { <Router><MailboxPage loaded/></Router> }.into_any()
}
