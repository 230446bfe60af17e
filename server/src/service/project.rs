//! What a committed action changes in the rows that pages are made of.

mod message;
mod person;

use em2_model::action::Kind;
use em2_model::conversation::{Change, Core, Effect};
use em2_model::id::ActionKey;
use em2_model::record::{Record, Verified};
use em2_model::unread::notable;
use em2_model::{Address, Platform};

pub(super) use message::{message, message_words, set_preview};
pub(super) use person::{about, about_words, participant};

use super::failure::Failure;
use crate::store::Tx;
use crate::store::actions::drop_bodies_before;
use crate::store::conversations::{ConversationRow, Loaded, update_conversation};
use crate::store::messages::{MessageRow, expire_messages};
use crate::store::participants::{ParticipantRow, Touch, blank_frozen, touch_lists};
use crate::store::search::erase_messages;
use crate::store::users::{User, UserId};
use crate::text::Rendered;

/// What an action needs beside itself to become rows, made ready before anything is locked.
#[derive(Clone, Default)]
pub(super) struct Prepared {
    /// Of what is said, where it is known.
    pub(super) rendered: Option<Rendered>,
    /// Whom it adds, where they have an account here.
    pub(super) added: Option<User>,
    pub(super) gate: Gate,
}

/// How whom an action adds comes to hear of it. // spec §16
#[derive(Clone, Default)]
pub(super) enum Gate {
    /// At once.
    #[default]
    Open,
    /// They do not know who adds them: they are asked.
    Asks { sender: Address, platform: Platform },
    /// They have blocked who adds them: never.
    Shut,
}

/// A conversation's rows on their way from before an action to after it.
pub(super) struct Projection {
    pub(super) conversation: ConversationRow,
    /// People here, the removed too, in the order of their ids.
    pub(super) here: Vec<ParticipantRow>,
    /// Who hears of this action, in the same order: those who were or are present.
    pub(super) readers: Vec<UserId>,
    /// The message that it is about.
    pub(super) message: Option<MessageRow>,
    /// Other messages that were loaded.
    pub(super) others: Vec<MessageRow>,
    /// A label that it removed.
    pub(super) label: Option<(ActionKey, String)>,
    /// Whom it has asked: they hear that a request waits, and nothing else.
    pub(super) asked: Option<UserId>,
}

impl Projection {
    /// The rows as they were, with the core as the rules left it.
    pub(super) fn new(loaded: Loaded, core: Core, change: &Change) -> Projection {
        let readers = loaded.here.iter().filter(|person| person.is_present());
        let item = change.items().next().map(|item| item.key);
        let removed = match (&change.effect, change.kind) {
            (Effect::Label(label), Kind::LabelRemove) => Some((label.key, label.name.clone())),
            _ => None,
        };
        let readers = readers.filter_map(|person| person.user).collect();
        let mut others = loaded.messages;
        let at = others.iter().position(|message| Some(message.key) == item);
        Projection {
            readers,
            message: at.map(|at| others.swap_remove(at)),
            others,
            conversation: ConversationRow { core, ..loaded.row },
            here: loaded.here,
            label: removed,
            asked: None,
        }
    }

    /// What the next action in this conversation finds.
    pub(super) fn into_loaded(self) -> Loaded {
        let messages = self.message.into_iter().chain(self.others);
        Loaded {
            row: self.conversation,
            here: self.here,
            messages: messages.collect(),
        }
    }

    /// The row of somebody here.
    pub(super) fn reader(&self, user: UserId) -> Option<&ParticipantRow> {
        self.here.iter().find(|person| person.user == Some(user))
    }

    /// Writes all rows as they are after the action.
    pub(super) async fn store(
        &mut self,
        tx: &mut Tx,
        prepared: &Prepared,
        change: &Change,
        record: &Verified<Record>,
    ) -> Result<(), Failure> {
        self.conversation.face.last = change.action;
        match &change.effect {
            Effect::Message(item) => {
                self.store_message(tx, prepared, change, item, record)
                    .await?
            }
            Effect::Attachment { message, .. } => self.store_attachments(tx, message),
            Effect::Person(person) => self.store_person(tx, prepared, change, person).await?,
            Effect::Subject if change.kind == Kind::SubjectModify => self.store_about(tx).await?,
            Effect::Conversation if change.kind == Kind::Expire => self.expire(tx, change).await?,
            _ => {}
        }
        let touch = Touch {
            at: change.at,
            seq: change.seq,
            notable: change.refused.is_none()
                && change.dispute.is_none()
                && notable(change.kind.model().as_str(), change.kind.verb()),
            writes: change.kind == Kind::MessageAdd,
        };
        if touch.notable {
            touch_lists(tx, self.conversation.core.key, change.actor.as_ref(), touch);
            self.touch(change, touch);
        }
        update_conversation(tx, &self.conversation.core, &self.conversation.face);
        Ok(())
    }

    /// What [`touch_lists`] does, to the rows that are held here.
    fn touch(&mut self, change: &Change, touch: Touch) {
        for person in self.here.iter_mut().filter(|person| person.is_present()) {
            let own = change.actor.as_ref() == Some(&person.address);
            person.last_at = touch.at;
            person.news_seq = if own { person.news_seq } else { touch.seq };
            person.wrote |= own && touch.writes;
        }
    }

    /// The conversation has ended: what was said goes, and what it is found by. // spec §16
    async fn expire(&mut self, tx: &mut Tx, change: &Change) -> Result<(), Failure> {
        let conv = self.conversation.core.key;
        drop_bodies_before(tx, conv, change.seq);
        expire_messages(tx, conv);
        erase_messages(tx, conv);
        blank_frozen(tx, conv, None).await?;
        self.conversation.face.preview.clear();
        Ok(())
    }
}
