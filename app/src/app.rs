//! Providers around the one frame.

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::components::Router;

use crate::components::escape::escaped;
use crate::components::form::use_world;
use crate::pages::load::Loaded;
use crate::pages::mailbox::MailboxPage;

/// The whole of it, for what was read for the address. The caller has provided the [`crate::backend::World`] as a
/// context.
#[component]
pub fn App(loaded: Loaded) -> impl IntoView {
    provide_meta_context();
    // leptos_meta writes the title unescaped into the document; in a browser it is set as text.
    let rendering = use_world().device().is_none();
    let whole = move |title: String| {
        let title = format!("{title} – em2");
        if rendering { escaped(&title) } else { title }
    };
    view! {
        {view! { <Title formatter=whole/> }.into_any()}
        <Router><MailboxPage loaded/></Router>
    }
    .into_any()
}
