//! Titles of documents.

use leptos::prelude::*;

/// A title that can still be read when the signals of its page are gone: on the server the head of the document is
/// written after its body, and what made the body may have been cleaned up by then.
pub(super) fn lasting(title: impl Fn() -> String + Send + Sync + 'static) -> ArcMemo<String> {
    let title = ArcMemo::new(move |_| title());
    title.with_untracked(|_| ());
    title
}
