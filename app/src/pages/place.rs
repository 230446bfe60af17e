//! Where the reader is, from the address alone.

use em2_model::id::ConversationRef;
use em2_model::wire::domestic::{ListQuery, ListView};
use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_query_map};
use serde::{Deserialize, Serialize};

use crate::components::tabs::Tab;
use crate::paths;

/// What the list shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Listing {
    View(ListQuery),
    Search { q: String, before: Option<String> },
}

impl Listing {
    pub fn view(&self) -> Option<ListView> {
        match self {
            Listing::View(query) => Some(query.view),
            Listing::Search { .. } => None,
        }
    }
}

/// The address, as the layout reads it.
#[derive(Clone, Copy)]
pub struct Place {
    /// Beside an open conversation the list shows what it showed before; at first the inbox.
    pub listing: Memo<Listing>,
    pub open: Memo<Option<ConversationRef>>,
    pub tab: Memo<Tab>,
}

fn listing(path: &str, q: Option<String>, before: Option<String>) -> Option<Listing> {
    let view = |view, before| {
        Some(Listing::View(ListQuery {
            view,
            before,
            offset: None,
        }))
    };
    match path {
        paths::INBOX => view(ListView::Inbox, before),
        paths::DRAFTS => view(ListView::Drafts, before),
        paths::SENT => view(ListView::Sent, before),
        paths::SEARCH => Some(Listing::Search {
            q: q.unwrap_or_default(),
            before,
        }),
        _ => None,
    }
}

/// `/c/{key}…` or `/new/{key}`.
fn open(path: &str) -> Option<ConversationRef> {
    let mut parts = path.trim_start_matches('/').split('/');
    match (parts.next(), parts.next()) {
        (Some("c" | "new"), Some(key)) => key.parse().ok(),
        _ => None,
    }
}

fn tab(path: &str) -> Tab {
    match path {
        paths::INBOX => Tab::View(ListView::Inbox),
        paths::DRAFTS => Tab::View(ListView::Drafts),
        paths::SENT => Tab::View(ListView::Sent),
        paths::SEARCH => Tab::Search,
        _ if path.starts_with(paths::NEW) => Tab::New,
        _ => Tab::Conversation,
    }
}

/// Follows the address.
pub fn use_place() -> Place {
    let path = use_location().pathname;
    let query = use_query_map();
    let inbox = || Listing::View(ListQuery::default());
    let listing = Memo::new(move |before: Option<&Listing>| {
        let param = |name: &str| query.with(|query| query.get(name));
        let here = path.with(|path| listing(path, param("q"), param("before")));
        here.or_else(|| before.cloned()).unwrap_or_else(inbox)
    });
    Place {
        listing,
        open: Memo::new(move |_| path.with(|path| open(path))),
        tab: Memo::new(move |_| path.with(|path| tab(path))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_says_what_is_open() {
        let key = "ab".repeat(32);
        assert_eq!(open(&format!("/c/{key}")), key.parse().ok());
        assert_eq!(open(&format!("/c/{key}/m/{key}/edit")), key.parse().ok());
        assert_eq!(open("/inbox"), None);
        assert_eq!(open("/c/nonsense"), None);
        assert_eq!(tab("/new"), Tab::New);
        assert_eq!(tab(&format!("/c/{key}")), Tab::Conversation);
    }

    #[test]
    fn a_conversation_says_nothing_about_the_list() {
        assert_eq!(listing("/c/x", None, None), None);
        let searched = Listing::Search {
            q: "tea".to_owned(),
            before: None,
        };
        assert_eq!(
            listing("/search", Some("tea".to_owned()), None),
            Some(searched)
        );
    }
}
