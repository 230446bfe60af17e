//! The one state machine: what a conversation is after so many commits. // spec §8 – §16
//!
//! ```text
//!             ┌ core: who takes part, what it is called, who leads, head and seq
//! Conversation┤ items: the messages and attachments that an action touches
//!             └ slots: what became of the nonces that it touches
//!
//! leader:    decide ─▶ perform ─▶ commit        follower:  link ─▶ decide again ─▶ perform
//! ```
//!
//! It works on a part: [`Conversation::missing`] says what an action touches, the storage layer
//! loads that, and [`Change`] says what to store. No step costs more in a longer log.

mod core;
mod decide;
mod effect;
mod follow;
mod history;
mod item;
mod lead;
mod opening;
mod state;

use std::collections::BTreeMap;

pub use self::core::{Core, Label, Lock, Person};
pub use decide::Verdict;
pub use effect::{Change, Effect};
pub use history::Span;
pub use item::{Item, Slot, Standing, Touch};
pub use lead::Sequenced;
pub use opening::{Opened, Opening, Said};
pub use state::HeadSum;

use crate::action::{Action, Content, Kind, Model};
use crate::id::{ActionKey, Nonce};
use crate::refusal::{Code, Refusal};

/// Participants present at one time. // spec §7
pub const PEOPLE_MAX: usize = 200;
/// Platforms that have participants at one time. // spec §7
pub const PLATFORMS_MAX: usize = 100;
/// Attachments of one message. // spec §7
pub const ATTACHMENTS_MAX: u32 = 50;

/// A conversation, or the part of it that is loaded.
#[derive(Clone, Debug, PartialEq)]
pub struct Conversation {
    core: Core,
    /// `None`: asked for, and not there.
    items: BTreeMap<(Model, ActionKey), Option<Item>>,
    slots: BTreeMap<Nonce, Option<Slot>>,
    /// Followed from its first commit: what is not here does not exist.
    whole: bool,
}

impl Conversation {
    /// A part, of which only the core is loaded.
    pub fn part(core: Core) -> Conversation {
        Conversation {
            core,
            items: BTreeMap::new(),
            slots: BTreeMap::new(),
            whole: false,
        }
    }

    /// What every action needs.
    pub fn core(&self) -> &Core {
        &self.core
    }

    /// What every action needs, to be stored.
    pub fn into_core(self) -> Core {
        self.core
    }

    /// A message or an attachment, if it is loaded and exists.
    pub fn item(&self, model: Model, key: ActionKey) -> Option<&Item> {
        self.items.get(&(model, key))?.as_ref()
    }

    /// Every message and attachment that is loaded.
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.items.values().flatten()
    }

    /// What became of the action with this nonce, if it is loaded and exists.
    pub fn slot(&self, nonce: &Nonce) -> Option<Slot> {
        *self.slots.get(nonce)?
    }

    /// What must be loaded before this action is decided or applied. Load all of it and ask
    /// again until nothing is missing: an attachment names its message only when it is there.
    pub fn missing(&self, action: &Action) -> Vec<Touch> {
        if self.whole {
            return Vec::new();
        }
        let mut touched = self.touched(action);
        touched.retain(|touch| match touch {
            Touch::Item(model, key) => !self.items.contains_key(&(*model, *key)),
            Touch::Nonce(nonce) => !self.slots.contains_key(nonce),
        });
        touched
    }

    /// Loads an item, or that there is none.
    pub fn load_item(&mut self, model: Model, key: ActionKey, item: Option<Item>) {
        self.items.insert((model, key), item);
    }

    /// Loads what became of a nonce, or that it was never used.
    pub fn load_slot(&mut self, nonce: Nonce, slot: Option<Slot>) {
        self.slots.insert(nonce, slot);
    }

    fn touched(&self, action: &Action) -> Vec<Touch> {
        let header = action.header();
        let message = |key: Option<ActionKey>| key.map(|key| Touch::Item(Model::Message, key));
        let mut touched = vec![Touch::Nonce(header.nonce)];
        match header.kind.model() {
            Model::Message => touched.extend(message(header.item.or(header.parent))),
            Model::Attachment => {
                touched.extend(message(header.parent));
                if let Some(key) = header.item {
                    touched.push(Touch::Item(Model::Attachment, key));
                    let attachment = self.item(Model::Attachment, key);
                    touched.extend(message(attachment.and_then(|item| item.parent)));
                }
            }
            Model::Participant => {
                if let Ok(Content::ParticipantAdd(add)) = action.content() {
                    touched.extend(message(add.history.from_message()));
                }
            }
            Model::Conversation | Model::Subject | Model::Expiry | Model::Label => {}
        }
        touched
    }

    /// A fault of the caller, told as one.
    fn check_loaded(&self, action: &Action) -> Result<(), Refusal> {
        if self.missing(action).is_empty() {
            return Ok(());
        }
        Err(Refusal::new(
            Code::Internal,
            "Something was decided without what it touches.",
        ))
    }

    /// The newest action of the item that this one acts on, if there is such an item.
    pub fn head_of(&self, model: Model, item: ActionKey) -> Option<ActionKey> {
        let core = &self.core;
        let of_conversation = ActionKey::from(core.key) == item;
        match model {
            Model::Conversation => of_conversation.then_some(core.conversation_head),
            Model::Subject => of_conversation.then_some(core.subject_head),
            Model::Expiry => of_conversation.then_some(core.expiry_head),
            Model::Label => core.labels.get(&item).map(|label| label.head),
            Model::Participant => core.people.get(&item).map(|person| person.head),
            Model::Message | Model::Attachment => self.item(model, item).map(|item| item.head),
        }
    }

    /// The message that an action answers, attaches to or changes, if there is one.
    fn message_of(&self, action: &Action) -> Option<&Item> {
        let header = action.header();
        let key = match header.kind {
            Kind::AttachmentRemove => self.item(Model::Attachment, header.item?)?.parent?,
            _ => header.item.or(header.parent)?,
        };
        self.item(Model::Message, key)
    }
}
