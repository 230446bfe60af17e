//! The views of the mailbox at the bottom of a narrow screen.

use em2_model::wire::domestic::ListView;
use leptos::prelude::*;

use super::icon::Icon;
use super::live::{Erase, Together};
use crate::paths;

/// What the page shows, as far as the tabs tell it apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    View(ListView),
    Search,
    New,
    Conversation,
}

impl Tab {
    /// What the page is called where nothing stands beside the list.
    pub fn name(self) -> &'static str {
        if self == Tab::View(ListView::Requests) {
            return "Requests";
        }
        let known = TABS.iter().find(|(tab, ..)| *tab == self);
        known.map_or("Inbox", |(_, _, name, _)| name)
    }
}

const TABS: [(Tab, &str, &str, &str); 5] = [
    (Tab::View(ListView::Inbox), "inbox", "Inbox", paths::INBOX),
    (
        Tab::View(ListView::Drafts),
        "draft",
        "Drafts",
        paths::DRAFTS,
    ),
    (Tab::New, "new", "New", paths::NEW),
    (Tab::View(ListView::Sent), "sent", "Sent", paths::SENT),
    (Tab::Search, "search", "Search", paths::SEARCH),
];

/// Five links; the one of the view that is shown is current.
#[component]
pub fn Tabs(tab: Memo<Tab>) -> impl IntoView {
    let links = TABS.map(|(this, icon, name, href)| {
        let current = move || (tab.get() == this).then_some("page");
        view! { <a href=href aria-current=current><Icon name=icon/>{name}</a> }
    });
    view! { <nav class="tabs" aria-label="Views">{links.into_iter().together()}</nav> }.erase()
}
