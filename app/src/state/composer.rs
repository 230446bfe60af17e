//! An answer that is being written: it stays when one looks at another conversation meanwhile.

use std::collections::HashMap;

use super::effect::effect;
use em2_model::id::{ActionKey, ConversationKey};
use leptos::prelude::*;

/// What was written in each conversation and not sent, and edits that were not saved.
#[derive(Clone, Copy, Default)]
pub struct Composers {
    kept: StoredValue<HashMap<ConversationKey, (String, Option<ActionKey>)>>,
    edits: StoredValue<HashMap<ActionKey, String>>,
}

/// The answer to one conversation.
#[derive(Clone, Copy)]
pub struct Composer {
    pub text: RwSignal<String>,
    /// The message that it answers in particular.
    pub parent: RwSignal<Option<ActionKey>>,
}

impl Composers {
    /// The composer of a conversation, as it was left.
    pub fn open(&self, conversation: ConversationKey) -> Composer {
        let kept = self.kept;
        let (text, parent) = kept
            .with_value(|kept| kept.get(&conversation).cloned())
            .unwrap_or_default();
        let composer = Composer {
            text: RwSignal::new(text),
            parent: RwSignal::new(parent),
        };
        effect(move |_| {
            let written = (composer.text.get(), composer.parent.get());
            kept.update_value(|kept| {
                if written.0.is_empty() {
                    kept.remove(&conversation);
                } else {
                    kept.insert(conversation, written);
                }
            });
        });
        composer
    }
}

impl Composers {
    /// The edit of a message that was not saved.
    pub fn edit(&self, message: &ActionKey) -> Option<String> {
        self.edits.with_value(|edits| edits.get(message).cloned())
    }

    pub fn keep_edit(&self, message: ActionKey, text: String) {
        self.edits.update_value(|edits| {
            edits.insert(message, text);
        });
    }

    pub fn forget_edit(&self, message: &ActionKey) {
        self.edits.update_value(|edits| {
            edits.remove(message);
        });
    }
}

impl Composer {
    /// What was written, and which message it answers; empty from now on. None where nothing was written.
    pub fn take(&self) -> Option<(String, Option<ActionKey>)> {
        let text = self.text.get_untracked();
        if text.trim().is_empty() {
            return None;
        }
        self.text.set(String::new());
        let parent = self.parent.get_untracked();
        self.parent.set(None);
        Some((text, parent))
    }

    /// Puts a text back to go on with it, in front of what was written meanwhile.
    pub fn put_back(&self, text: String, parent: Option<ActionKey>) {
        let written = self.text.get_untracked();
        self.text.set(if written.trim().is_empty() {
            text
        } else {
            format!("{text}\n\n{written}")
        });
        self.parent.set(parent);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_taken_once_and_put_back_in_front_of_what_was_written_since() {
        let owner = Owner::new();
        owner.set();
        let parent = Some(ActionKey::from_bytes([1; 32]));
        let composer = Composer {
            text: RwSignal::new("one".to_owned()),
            parent: RwSignal::new(parent),
        };
        assert_eq!(composer.take(), Some(("one".to_owned(), parent)));
        assert_eq!(composer.take(), None);
        composer.text.set("two".to_owned());
        composer.put_back("one".to_owned(), parent);
        assert_eq!(composer.take(), Some(("one\n\ntwo".to_owned(), parent)));
    }
}
