//! Providers, and the table of pages.

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::components::{ParentRoute, Redirect, Route, Router, Routes};
use leptos_router::{SsrMode, path};

use crate::components::escape::escaped;
use crate::components::form::use_world;
use crate::pages::conversation::ConversationPage;
use crate::pages::draft::{DraftPage, NewPage};
use crate::pages::edit::EditPage;
use crate::pages::error::NotFound;
use crate::pages::history::HistoryPage;
use crate::pages::mailbox::MailboxPage;
use crate::pages::nothing::NothingOpen;
use crate::paths;

/// The whole of it. The caller has provided the [`crate::backend::World`] as a context.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    // leptos_meta writes the title unescaped into the document; in a browser it is set as text.
    let rendering = use_world().device().is_none();
    let whole = move |title: String| {
        let title = format!("{title} – em2");
        if rendering { escaped(&title) } else { title }
    };
    view! {
        {view! { <Title formatter=whole/> }.into_any()}
        <Router>
            <Pages/>
        </Router>
    }
}

/// Every page that is hydrated; each is complete when the server sends it.
#[component]
fn Pages() -> impl IntoView {
    view! {
        <Routes fallback=|| view! { <NotFound/> }.into_any()>
            <Route path=path!("/") view=|| view! { <Redirect path=paths::INBOX/> }.into_any()/>
            <ParentRoute path=path!("") view=|| view! { <MailboxPage/> }.into_any() ssr=SsrMode::Async>
                <Route path=path!("inbox") view=|| view! { <NothingOpen/> }.into_any() ssr=SsrMode::Async/>
                <Route path=path!("drafts") view=|| view! { <NothingOpen/> }.into_any() ssr=SsrMode::Async/>
                <Route path=path!("sent") view=|| view! { <NothingOpen/> }.into_any() ssr=SsrMode::Async/>
                <Route path=path!("search") view=|| view! { <NothingOpen/> }.into_any() ssr=SsrMode::Async/>
                <Route path=path!("new") view=|| view! { <NewPage/> }.into_any() ssr=SsrMode::Async/>
                <Route path=path!("new/:draft") view=|| view! { <DraftPage/> }.into_any() ssr=SsrMode::Async/>
                <Route path=path!("c/:key") view=|| view! { <ConversationPage/> }.into_any() ssr=SsrMode::Async/>
                <Route path=path!("c/:key/m/:message/edit") view=|| view! { <EditPage/> }.into_any() ssr=SsrMode::Async/>
                <Route path=path!("c/:key/m/:message/history") view=|| view! { <HistoryPage/> }.into_any() ssr=SsrMode::Async/>
            </ParentRoute>
        </Routes>
    }
}
