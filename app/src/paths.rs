//! Every URL of the interface, as functions.

use em2_model::id::{ActionKey, ConversationKey, ConversationRef, DraftKey};
use em2_model::wire::domestic::ListView;

pub const INBOX: &str = "/inbox";
pub const DRAFTS: &str = "/drafts";
pub const SENT: &str = "/sent";
/// People whom one does not know, and who ask.
pub const REQUESTS: &str = "/requests";
pub const SEARCH: &str = "/search";
/// Redirects to a fresh draft.
pub const NEW: &str = "/new";
pub const SIGN_IN: &str = "/sign-in";
pub const SIGN_OUT: &str = "/sign-out";
pub const SIGN_OUT_EVERYWHERE: &str = "/sign-out/everywhere";
/// The first account, guarded by the one-time token `?token=`.
pub const FIRST_ACCOUNT: &str = "/first-account";

/// A view of the list.
pub fn list(view: ListView) -> &'static str {
    match view {
        ListView::Inbox => INBOX,
        ListView::Drafts => DRAFTS,
        ListView::Sent => SENT,
        ListView::Requests => REQUESTS,
    }
}

/// A search.
pub fn search(q: &str) -> String {
    format!("{SEARCH}?q={}", leptos_router::location::Url::escape(q))
}

/// A draft's page.
pub fn draft(key: DraftKey) -> String {
    format!("/new/{key}")
}

/// A conversation's page.
pub fn conversation(key: ConversationKey) -> String {
    format!("/c/{key}")
}

/// The page of a request: a document of its own, without scripts.
pub fn request(key: ConversationRef) -> String {
    format!("{REQUESTS}/{key}")
}

/// The page of a row of the list.
pub fn row(key: ConversationRef) -> String {
    match key {
        ConversationRef::Draft(key) => draft(key),
        ConversationRef::Published(key) => conversation(key),
    }
}

/// A message within its conversation.
pub fn message(key: ConversationKey, message: ActionKey) -> String {
    format!("/c/{key}#m-{}", message.short())
}

/// A conversation with the composer set to answer this message.
pub fn answer(key: ConversationKey, message: ActionKey) -> String {
    format!("/c/{key}?answer={message}#composer")
}

/// Where a form asks for a conversation that goes on from this one.
pub fn fork(key: ConversationKey) -> String {
    format!("/d/fork/{key}/")
}

/// Where a form asks that what waits for other platforms is tried at once.
pub fn retry(key: ConversationKey) -> String {
    format!("/d/retry/{key}/")
}

/// Entries before slot `before` of a conversation.
pub fn older(key: ConversationKey, before: u64) -> String {
    format!("/c/{key}?before={before}")
}

/// Adding people who see a conversation from this message on.
pub fn people_from(key: ConversationKey, message: ActionKey) -> String {
    format!("/c/{key}?panel=people&from={message}")
}

/// Where a message is edited without scripts.
pub fn edit(key: ConversationKey, message: ActionKey) -> String {
    format!("/c/{key}/m/{message}/edit")
}

/// All versions of a message.
pub fn history(key: ConversationKey, message: ActionKey) -> String {
    format!("/c/{key}/m/{message}/history")
}

/// Who takes part, and adding people.
pub fn people(key: ConversationKey) -> String {
    format!("/c/{key}?panel=people")
}

/// What somebody would see who is not in the conversation yet: a document of its own, without scripts.
pub fn preview(key: ConversationKey) -> String {
    format!("/c/{key}/preview")
}

/// Where the subject is changed without scripts.
pub fn subject(key: ConversationKey) -> String {
    format!("/c/{key}?panel=subject")
}

/// `POST /d/evt/{key}/`.
pub fn evt(key: ConversationRef) -> String {
    format!("/d/evt/{key}/")
}

/// `POST /d/new/`.
pub fn new() -> String {
    "/d/new/".to_owned()
}

/// `POST /d/publish/{key}/`.
pub fn publish(key: DraftKey) -> String {
    format!("/d/publish/{key}/")
}

/// `POST /d/request/{key}/`.
pub fn answer_request(key: ConversationKey) -> String {
    format!("/d/request/{key}/")
}
