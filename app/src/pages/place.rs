//! Where the reader is, from the address alone.

use em2_model::id::{ActionKey, ConversationKey, ConversationRef, DraftKey};
use em2_model::wire::domestic::{ListQuery, ListView};
use serde::{Deserialize, Serialize};

use crate::components::tabs::Tab;
use crate::paths;

/// What the list shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Listing {
    View(ListQuery),
    Search { q: String, before: Option<String> },
}

impl Default for Listing {
    fn default() -> Self {
        Listing::View(ListQuery::default())
    }
}

impl Listing {
    /// What this address lists; none where it says nothing about the list.
    pub fn parse(path: &str, query: Query<'_>) -> Option<Listing> {
        let view = |view| {
            Some(Listing::View(ListQuery {
                view,
                before: query("before"),
                offset: None,
            }))
        };
        match path {
            paths::INBOX => view(ListView::Inbox),
            paths::DRAFTS => view(ListView::Drafts),
            paths::SENT => view(ListView::Sent),
            paths::REQUESTS => view(ListView::Requests),
            paths::SEARCH => Some(Listing::Search {
                q: query("q").unwrap_or_default(),
                before: query("before"),
            }),
            _ => None,
        }
    }

    pub fn view(&self) -> Option<ListView> {
        match self {
            Listing::View(query) => Some(query.view),
            Listing::Search { .. } => None,
        }
    }
}

/// What stands beside the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Page {
    /// `/`
    Front,
    /// The list alone.
    List,
    /// `/new`
    New,
    /// `/new/{draft}`
    Draft(DraftKey),
    /// `/c/{key}`; with `?before=` the stretch of it that ends there.
    Conversation {
        key: ConversationKey,
        before: Option<u64>,
    },
    /// `/c/{key}/m/{message}/edit`
    Edit {
        key: ConversationKey,
        message: ActionKey,
    },
    /// `/c/{key}/m/{message}/history`
    History {
        key: ConversationKey,
        message: ActionKey,
    },
    /// An address that leads nowhere.
    Nowhere,
}

impl Page {
    pub fn parse(path: &str, query: Query<'_>) -> Page {
        Page::known(path, query).unwrap_or(Page::Nowhere)
    }

    fn known(path: &str, query: Query<'_>) -> Option<Page> {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        Some(match parts.as_slice() {
            [""] => Page::Front,
            ["inbox" | "drafts" | "sent" | "requests" | "search"] => Page::List,
            ["new"] => Page::New,
            ["new", draft] => Page::Draft(draft.parse().ok()?),
            ["c", key] => Page::Conversation {
                key: key.parse().ok()?,
                before: query("before").and_then(|before| before.parse().ok()),
            },
            ["c", key, "m", message, what] => {
                let (key, message) = (key.parse().ok()?, message.parse().ok()?);
                match *what {
                    "edit" => Page::Edit { key, message },
                    "history" => Page::History { key, message },
                    _ => return None,
                }
            }
            _ => return None,
        })
    }

    /// What is open beside the list.
    pub fn open(&self) -> Option<ConversationRef> {
        match self {
            Page::Draft(key) => Some((*key).into()),
            Page::Conversation { key, .. } | Page::Edit { key, .. } | Page::History { key, .. } => {
                Some((*key).into())
            }
            Page::Front | Page::List | Page::New | Page::Nowhere => None,
        }
    }
}

/// A parameter of the query by its name.
pub type Query<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The tab that is current at this address.
pub fn tab(path: &str) -> Tab {
    match path {
        paths::INBOX => Tab::View(ListView::Inbox),
        paths::DRAFTS => Tab::View(ListView::Drafts),
        paths::SENT => Tab::View(ListView::Sent),
        paths::REQUESTS => Tab::View(ListView::Requests),
        paths::SEARCH => Tab::Search,
        _ if path.starts_with(paths::NEW) => Tab::New,
        _ => Tab::Conversation,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn none(_: &str) -> Option<String> {
        None
    }

    fn open(path: &str) -> Option<ConversationRef> {
        Page::parse(path, &none).open()
    }

    #[test]
    fn the_address_says_what_is_open() {
        let key = "ab".repeat(32);
        assert_eq!(open(&format!("/c/{key}")), key.parse().ok());
        assert_eq!(open(&format!("/c/{key}/m/{key}/edit")), key.parse().ok());
        assert_eq!(open("/inbox"), None);
        assert_eq!(tab("/new"), Tab::New);
        assert_eq!(tab(&format!("/c/{key}")), Tab::Conversation);
    }

    #[test]
    fn what_is_no_address_leads_nowhere() {
        let key = "ab".repeat(32);
        for path in [
            "/c/nonsense",
            "/c",
            "/nowhere",
            "/inbox/more",
            &format!("/requests/{key}"),
            &format!("/c/{key}/m/{key}/erase"),
        ] {
            assert_eq!(Page::parse(path, &none), Page::Nowhere, "{path}");
        }
        assert_eq!(Page::parse("/", &none), Page::Front);
    }

    #[test]
    fn a_conversation_says_nothing_about_the_list() {
        assert_eq!(Listing::parse("/c/x", &none), None);
        let searched = Listing::Search {
            q: "tea".to_owned(),
            before: None,
        };
        let query = |name: &str| (name == "q").then(|| "tea".to_owned());
        assert_eq!(Listing::parse("/search", &query), Some(searched));
    }
}
