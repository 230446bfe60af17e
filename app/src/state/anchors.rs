//! The ids of elements that commands move the focus to.

use em2_model::id::{ActionKey, ConversationRef};

/// The field that searches.
pub const SEARCH: &str = "search";
/// The field in which an answer is written.
pub const COMPOSER: &str = "composer";
/// The field in which a message is edited.
pub const EDITOR: &str = "editor";
/// The field that names a person to add.
pub const ADD_PERSON: &str = "add-person";
/// The fields of a draft: to, subject and text.
pub const DRAFT: [&str; 3] = ["draft-to", "draft-subject", "draft-text"];
/// The dialog with the keymap.
pub const HELP: &str = "help";

/// The link of a row of the list.
pub fn row(key: &ConversationRef) -> String {
    format!("row-{key}")
}

/// A message; also the fragment of its address.
pub fn message(key: &ActionKey) -> String {
    format!("m-{}", key.short())
}
