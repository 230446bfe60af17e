//! Unread, and what happened since you last looked: pure functions of the log and a read position, the same on the
//! server and in the browser.

use crate::address::Address;
use crate::id::ActionKey;
use crate::wire::domestic::{Conversation, Done, Entry, Message, Person, Standing, What};

/// Whether an action of this model and verb makes a conversation unread for those who did not do it. Locks, releases,
/// labels and read marks do not.
pub fn notable(model: &str, verb: &str) -> bool {
    matches!(
        (model, verb),
        ("message", "add" | "modify" | "recover")
            | ("participant", "add")
            | ("subject", "modify")
            | ("attachment", "add")
    )
}

/// Whether a conversation is unread: its newest notable action by somebody else is newer than the read position.
pub fn unread(newest_notable: u64, read: u64) -> bool {
    newest_notable > read
}

/// What happened since the reader last looked. Empty when nothing did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Since {
    /// New messages of others.
    pub messages: Vec<ActionKey>,
    /// Messages that the reader had read and that somebody else edited since, with who did it last.
    pub edited: Vec<(ActionKey, Person)>,
    pub added: Vec<Person>,
    pub removed: Vec<Person>,
    /// The present subject, where somebody else changed it.
    pub subject: Option<String>,
    /// The first entry that is new: where reading goes on.
    pub first: Option<ActionKey>,
}

impl Since {
    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        *self == Since::default()
    }
}

/// What happened in the loaded part of a conversation after slot `read`, leaving out what the reader did. Somebody who
/// never looked (`read` 0) is told nothing: all of it is new.
pub fn since(conversation: &Conversation, read: u64) -> Since {
    let mut since = Since::default();
    if read == 0 {
        return since;
    }
    let me = &conversation.me;
    for entry in &conversation.entries {
        match entry {
            Entry::Message(message) => since.message(message, me, read),
            Entry::Event(event) if event.seq > read && event.by.address != *me => {
                match &event.what {
                    What::PersonAdded { person, .. } => since.added.push(person.clone()),
                    What::PersonRemoved { person } => since.removed.push(person.clone()),
                    What::SubjectChanged { subject } => since.subject = Some(subject.clone()),
                    _ => continue,
                }
                since.first.get_or_insert(event.key);
            }
            Entry::Event(_) => {}
        }
    }
    since
}

impl Since {
    fn message(&mut self, message: &Message, me: &Address, read: u64) {
        let by_others = |done: &&Done| done.seq > read && done.by.address != *me;
        if message.standing != Standing::Present {
            return;
        }
        if message.seq > read {
            if message.author.address != *me {
                self.messages.push(message.key);
                self.first.get_or_insert(message.key);
            }
        } else if let Some(edit) = message.edited.as_ref().filter(by_others) {
            self.edited.push((message.key, edit.by.clone()));
        }
    }
}
