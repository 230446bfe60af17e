//! The views of the mailbox at the bottom of a narrow screen.

use em2_model::wire::domestic::ListView;
use leptos::prelude::*;

use super::icon::Icon;
use super::sidebar::Counts;
use crate::paths;

/// What a narrow screen shows, as far as the tabs tell it apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    View(ListView),
    Search,
    New,
    Conversation,
}

/// Five links; the one of the view that is shown is current.
#[component]
pub fn Tabs(tab: Signal<Tab>, counts: Signal<Counts>) -> impl IntoView {
    let link = move |this: Tab, icon: &'static str, name: &'static str, href: &'static str| {
        let current = move || (tab.get() == this).then_some("page");
        let dot = move || {
            (this == Tab::View(ListView::Inbox) && counts.get().unread > 0)
                .then(|| view! { <span class="tab-dot"></span> })
        };
        view! { <a href=href aria-current=current><span class="tab-icon"><Icon name=icon/>{dot}</span>{name}</a> }
    };
    view! {
        <nav class="tabs" aria-label="Mailbox">
            {link(Tab::View(ListView::Inbox), "inbox", "Inbox", paths::INBOX)}
            {link(Tab::View(ListView::Drafts), "draft", "Drafts", paths::DRAFTS)}
            {link(Tab::New, "new", "New", paths::NEW)}
            {link(Tab::View(ListView::Sent), "sent", "Sent", paths::SENT)}
            {link(Tab::Search, "search", "Search", paths::SEARCH)}
        </nav>
    }
}
