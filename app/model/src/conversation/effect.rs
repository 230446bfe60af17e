//! What an accepted action does to the conversation.

use super::decide::needed;
use super::{Conversation, Core, Item, Label, Lock, Person, Slot, Standing};
use crate::action::{Action, Content, Kind, Model};
use crate::address::Address;
use crate::id::{ActionKey, CommitKey, Nonce, Time};
use crate::refusal::{Code, Refusal};

/// What one commit changed: what to store and what to tell. A refusal is a change too.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    pub seq: u64,
    pub commit: CommitKey,
    pub action: ActionKey,
    pub kind: Kind,
    /// Who did it; `None` where the leader itself acted.
    pub actor: Option<Address>,
    /// The leader's time.
    pub at: Time,
    /// Why it was refused, if it was.
    pub refused: Option<Code>,
    /// The present form of what it touched.
    pub effect: Effect,
    /// To be stored, so that a repetition is recognised.
    pub nonce: Nonce,
    /// Why this platform does not agree with the leader, if it does not: an alarm. // spec §8
    pub dispute: Option<Refusal>,
}

impl Change {
    /// What became of the nonce.
    pub fn slot(&self) -> Slot {
        Slot {
            action: self.action,
            seq: self.seq,
            st: self.refused,
        }
    }

    /// The items to be stored.
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        let (message, attachment) = match &self.effect {
            Effect::Message(message) => (Some(message), None),
            Effect::Attachment {
                attachment,
                message,
            } => (Some(message), Some(attachment)),
            _ => (None, None),
        };
        message.into_iter().chain(attachment)
    }
}

/// The present form of what an action touched; what was done to it is the action's kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Refused or disputed: nothing changed.
    None,
    /// The conversation itself: published, transferred or expired.
    Conversation,
    Subject,
    Expiry,
    /// Of a removed label the last form.
    Label(Label),
    /// Of somebody removed the last form; they hear of this commit and of none after it.
    Person(Person),
    Message(Item),
    Attachment {
        attachment: Item,
        message: Item,
    },
}

impl Conversation {
    /// Does what was decided. An error, which only a body that is gone can cause, leaves
    /// everything as it was.
    pub(super) fn perform(
        &mut self,
        action: &Action,
        seq: u64,
        at: Time,
    ) -> Result<Effect, Refusal> {
        let (model, item) = (action.kind().model(), action.item());
        let before = self.head_of(model, item);
        let effect = match model {
            Model::Conversation => self.core.perform_on_conversation(action)?,
            Model::Subject => self.core.perform_on_subject(action, at)?,
            Model::Expiry => self.core.perform_on_expiry(action)?,
            Model::Label => self.core.perform_on_label(action)?,
            Model::Participant => self.perform_on_participant(action, seq)?,
            Model::Message => self.perform_on_message(action, seq, at)?,
            Model::Attachment => self.perform_on_attachment(action, seq)?,
        };
        self.core.move_head(model, item, before, action.key());
        Ok(effect)
    }

    fn perform_on_participant(&mut self, action: &Action, seq: u64) -> Result<Effect, Refusal> {
        let (key, item) = (action.key(), action.item());
        match needed(action)? {
            Content::ParticipantAdd(add) => {
                let (platform, inc) = add.platform.clone().unzip();
                let person = Person {
                    item: key,
                    head: key,
                    address: add.address.clone(),
                    name: add.name.clone(),
                    role: add.role,
                    platform,
                    inc,
                    history: add.history,
                    since: Core::since(&add.history, self.scope_start(&add.history), seq),
                    added: seq,
                };
                self.core.people.insert(key, person.clone());
                Ok(Effect::Person(person))
            }
            Content::ParticipantModify(modify) => {
                let person = self.core.people.get_mut(&item).ok_or(Code::Conflict)?;
                person.head = key;
                person.role = modify.role.unwrap_or(person.role);
                if let Some((platform, inc)) = modify.platform.clone() {
                    person.platform = Some(platform);
                    person.inc = Some(inc);
                }
                Ok(Effect::Person(person.clone()))
            }
            _ => {
                let person = self.core.remove_person(item, seq).ok_or(Code::Conflict)?;
                Ok(Effect::Person(person))
            }
        }
    }

    fn perform_on_message(
        &mut self,
        action: &Action,
        seq: u64,
        at: Time,
    ) -> Result<Effect, Refusal> {
        let (key, item) = (action.key(), action.item());
        let actor = action.header().actor.clone().ok_or(Code::Format)?;
        if action.kind() == Kind::MessageAdd {
            let parent = action.header().parent;
            let message = Item::new(Model::Message, key, actor, seq, parent);
            self.put(message.clone());
            return Ok(Effect::Message(message));
        }
        let lock = match action.kind() {
            Kind::MessageLock => Some(Lock::new(Model::Message, action, at)?),
            _ => None,
        };
        let slot = self.items.get_mut(&(Model::Message, item));
        let message = slot.and_then(Option::as_mut).ok_or(Code::Conflict)?;
        message.head = key;
        message.standing = match action.kind() {
            Kind::MessageRemove => Standing::Removed,
            Kind::MessageRedact => Standing::Redacted,
            _ => Standing::Present,
        };
        let message = message.clone();
        self.core.set_lock(Model::Message, item, lock);
        Ok(Effect::Message(message))
    }

    fn perform_on_attachment(&mut self, action: &Action, seq: u64) -> Result<Effect, Refusal> {
        let mut message = self.message_of(action).cloned().ok_or(Code::Conflict)?;
        let attachment = if action.kind() == Kind::AttachmentAdd {
            let author = message.author.clone();
            message.attachments += 1;
            Item::new(
                Model::Attachment,
                action.key(),
                author,
                seq,
                Some(message.key),
            )
        } else {
            let attachment = self.item(Model::Attachment, action.item());
            let mut attachment = attachment.cloned().ok_or(Code::Conflict)?;
            attachment.head = action.key();
            attachment.standing = Standing::Removed;
            message.attachments = message.attachments.saturating_sub(1);
            attachment
        };
        self.put(message.clone());
        self.put(attachment.clone());
        Ok(Effect::Attachment {
            attachment,
            message,
        })
    }

    fn put(&mut self, item: Item) {
        self.items.insert((item.model, item.key), Some(item));
    }
}

impl Core {
    fn perform_on_conversation(&mut self, action: &Action) -> Result<Effect, Refusal> {
        match action.kind() {
            Kind::Transfer => {
                let Content::Transfer(transfer) = needed(action)? else {
                    return Err(Refusal::from(Code::Format));
                };
                self.leader = transfer.to.clone();
                self.epoch = transfer.epoch;
            }
            Kind::Expire => {
                self.expired = true;
                self.locks.clear();
            }
            _ => {}
        }
        self.conversation_head = action.key();
        Ok(Effect::Conversation)
    }

    fn perform_on_subject(&mut self, action: &Action, at: Time) -> Result<Effect, Refusal> {
        let lock = match needed(action)? {
            Content::SubjectModify { subject } => {
                self.subject.clone_from(subject);
                None
            }
            Content::SubjectLock { .. } => Some(Lock::new(Model::Subject, action, at)?),
            _ => None,
        };
        self.set_lock(Model::Subject, action.item(), lock);
        self.subject_head = action.key();
        Ok(Effect::Subject)
    }

    fn perform_on_expiry(&mut self, action: &Action) -> Result<Effect, Refusal> {
        if let Content::ExpiryModify { at } = needed(action)? {
            self.expiry = *at;
        }
        self.expiry_head = action.key();
        Ok(Effect::Expiry)
    }

    fn perform_on_label(&mut self, action: &Action) -> Result<Effect, Refusal> {
        if let Content::LabelAdd(add) = needed(action)? {
            let key = action.key();
            let label = Label {
                key,
                head: key,
                name: add.name.clone(),
                colour: add.colour.clone(),
            };
            self.labels.insert(key, label.clone());
            return Ok(Effect::Label(label));
        }
        let label = self.labels.remove(&action.item()).ok_or(Code::Conflict)?;
        Ok(Effect::Label(label))
    }

    /// Whatever is done to an item ends its lock, unless it is a new one. // spec §11
    fn set_lock(&mut self, model: Model, item: ActionKey, lock: Option<Lock>) {
        self.locks
            .retain(|held| held.model != model || held.item != item);
        self.locks.extend(lock);
    }

    /// Keeps the sum of heads. The conversation key is no head that counts, and the creator's
    /// participation, which no add made, no item that does. // spec §5
    fn move_head(
        &mut self,
        model: Model,
        item: ActionKey,
        before: Option<ActionKey>,
        head: ActionKey,
    ) {
        let of_conversation = ActionKey::from(self.key);
        if model == Model::Participant && item == of_conversation {
            return;
        }
        if let Some(before) = before.filter(|before| *before != of_conversation) {
            self.heads.remove(model, item, before);
        }
        self.heads.add(model, item, head);
    }
}

impl Lock {
    /// The lock that an action takes, ending by leader time.
    fn new(model: Model, action: &Action, at: Time) -> Result<Lock, Refusal> {
        let (Content::SubjectLock { ttl } | Content::MessageLock { ttl }) = needed(action)? else {
            return Err(Refusal::from(Code::Format));
        };
        let actor = action.header().actor.clone().ok_or(Code::Format)?;
        Ok(Lock {
            model,
            item: action.item(),
            actor,
            until: at.plus(*ttl),
        })
    }
}

impl Item {
    fn new(
        model: Model,
        key: ActionKey,
        author: Address,
        seq: u64,
        parent: Option<ActionKey>,
    ) -> Item {
        let (head, standing) = (key, Standing::Present);
        Item {
            model,
            key,
            head,
            author,
            seq,
            standing,
            parent,
            attachments: 0,
        }
    }
}
