//! What a committed action changes in the rows that pages are made of.

use em2_model::action::{Content, Kind, Missing};
use em2_model::conversation::{Change, Core, Effect, Item, Person};
use em2_model::id::{ActionKey, ConversationKey, Time};
use em2_model::participant::Format;
use em2_model::record::{Record, Verified};
use em2_model::unread::notable;

use super::deed::Deed;
use super::failure::Failure;
use super::row::name_people;
use crate::store::Tx;
use crate::store::actions::drop_bodies;
use crate::store::conversations::{ConversationRow, Face, Loaded, update_conversation};
use crate::store::list::Frozen;
use crate::store::messages::{
    DoneRow, MessageRow, insert_message, list_messages_before, update_message,
};
use crate::store::participants::{
    ParticipantRow, Touch, blank_frozen, insert_participants, mark_removed, touch_lists,
    update_participant,
};
use crate::store::search::{Indexed, delete_words, erase_words, insert_words, update_words};
use crate::store::users::{User, UserId};
use crate::text::{RENDERER, Rendered, plain_of, preview};

/// How many messages are looked at to find the one before a preview that was removed.
const LOOK_BACK: i64 = 20;

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
}

/// Somebody with an account here, as of the change that added them.
pub(super) fn participant(
    conv: ConversationKey,
    person: &Person,
    user: &User,
    change: &Change,
) -> ParticipantRow {
    let by_others = change.actor.as_ref() != Some(&user.address);
    ParticipantRow {
        conv,
        item: person.item,
        address: person.address.clone(),
        name: user.name.clone(),
        role: person.role,
        platform: person.platform.clone(),
        history: person.history,
        since_seq: person.since,
        added_seq: person.added,
        removed_seq: None,
        seen_seq: 0,
        seen_at: Time(0),
        user: Some(user.id),
        read_seq: 0,
        news_seq: if by_others { change.seq } else { 0 },
        last_at: change.at,
        wrote: false,
    }
}

/// A message as its add made it.
pub(super) fn message(
    conv: ConversationKey,
    item: &Item,
    change: &Change,
    (format, text): (Format, &str),
    rendered: &Rendered,
) -> MessageRow {
    MessageRow {
        conv,
        seq: change.seq,
        key: item.key,
        head: item.head,
        touched: change.seq,
        author: item.author.clone(),
        parent: item.parent,
        at: change.at,
        standing: item.standing,
        missing: None,
        attachments: item.attachments,
        done: None,
        edited: None,
        format,
        text: text.to_owned(),
        html: rendered.html.clone(),
        renderer: RENDERER,
    }
}

/// What is found of a message.
pub(super) fn message_words<'a>(row: &'a MessageRow, plain: &'a str) -> Indexed<'a> {
    Indexed {
        conv: row.conv,
        item: row.key,
        added: row.seq,
        touched: row.touched,
        text: plain,
    }
}

/// What a conversation is found by besides its messages: its subject, and who takes part.
pub(super) fn about(core: &Core, here: &[ParticipantRow]) -> String {
    let mut words = core.subject.clone();
    for person in core.people.values() {
        let known = here
            .iter()
            .find(|row| row.item == person.item)
            .map(|row| row.name.as_str());
        for word in [
            known.or(person.name.as_deref()).unwrap_or_default(),
            person.address.as_str(),
        ] {
            words.push(' ');
            words.push_str(word);
        }
    }
    words
}

pub(super) fn about_words<'a>(core: &Core, text: &'a str) -> Indexed<'a> {
    Indexed {
        conv: core.key,
        item: core.key.into(),
        added: 0,
        touched: core.seq,
        text,
    }
}

/// Shows a message as the newest one in the lists.
pub(super) fn set_preview(face: &mut Face, row: &MessageRow, plain: &str) {
    face.preview = preview(plain);
    face.preview_by = Some(row.author.clone());
    face.preview_seq = row.seq;
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
        deed: &Deed,
        change: &Change,
        record: &Verified<Record>,
    ) -> Result<(), Failure> {
        self.conversation.face.last = change.action;
        match &change.effect {
            Effect::Message(item) => self.store_message(tx, deed, change, item, record).await?,
            Effect::Person(person) => self.store_person(tx, deed, change, person).await?,
            Effect::Subject if change.kind == Kind::SubjectModify => self.store_about(tx).await?,
            _ => {}
        }
        let touch = Touch {
            at: change.at,
            seq: change.seq,
            notable: notable(change.kind.model().as_str(), change.kind.verb()),
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

    async fn store_message(
        &mut self,
        tx: &mut Tx,
        deed: &Deed,
        change: &Change,
        item: &Item,
        record: &Verified<Record>,
    ) -> Result<(), Failure> {
        let conv = self.conversation.core.key;
        let content = record
            .action()
            .content()
            .map_err(|_| em2_model::Refusal::from(em2_model::Code::Internal))?;
        let plain = deed
            .rendered
            .as_ref()
            .map(|rendered| rendered.plain.as_str())
            .unwrap_or_default();
        if let (Content::MessageAdd(add), Some(rendered)) = (content, &deed.rendered) {
            let row = message(conv, item, change, (add.format, &add.text), rendered);
            insert_message(tx, &row);
            insert_words(tx, &message_words(&row, plain));
            self.preview(&row, plain);
            self.message = Some(row);
            return Ok(());
        }
        let Some(mut row) = self.message.take() else {
            return Ok(());
        };
        row.head = item.head;
        row.touched = change.seq;
        row.standing = item.standing;
        let done = || {
            let by = change.actor.clone().unwrap_or_else(|| row.author.clone());
            Some(DoneRow {
                by,
                at: change.at,
                seq: change.seq,
            })
        };
        match (content, &deed.rendered) {
            (Content::MessageModify(modify), Some(rendered)) => {
                row.edited = done();
                row.format = modify.format;
                row.text.clone_from(&modify.text);
                row.html.clone_from(&rendered.html);
                row.renderer = RENDERER;
                update_words(tx, &message_words(&row, plain)).await?;
                if row.seq == self.conversation.face.preview_seq {
                    self.preview(&row, plain);
                }
            }
            (Content::MessageRemove, _) => {
                row.done = done();
                delete_words(tx, conv, row.key, change.seq).await?;
            }
            (Content::MessageRecover, _) => {
                row.done = None;
                let plain = plain_of(&row.html);
                insert_words(tx, &message_words(&row, &plain));
                if row.seq >= self.conversation.face.preview_seq {
                    self.preview(&row, &plain);
                }
            }
            (Content::MessageRedact, _) => {
                row.done = done();
                row.missing = Some(Missing::Redacted);
                row.text.clear();
                row.html.clear();
                erase_words(tx, conv, row.key);
                drop_bodies(tx, conv, row.key, Missing::Redacted);
                blank_frozen(tx, conv, Some(row.seq)).await?;
            }
            _ => {}
        }
        update_message(tx, &row);
        if row.done.is_some() && row.seq == self.conversation.face.preview_seq {
            self.look_back(tx, row.seq).await?;
        }
        self.message = Some(row);
        Ok(())
    }

    fn preview(&mut self, row: &MessageRow, plain: &str) {
        let known = self.conversation.face.preview_by.as_ref() == Some(&row.author);
        set_preview(&mut self.conversation.face, row, plain);
        if !known {
            name_people(
                &mut self.conversation.face,
                &self.conversation.core,
                &self.here,
            );
        }
    }

    /// The preview was taken back: the newest message before it takes its place.
    async fn look_back(&mut self, tx: &mut Tx, before: u64) -> Result<(), Failure> {
        let messages =
            list_messages_before(tx, self.conversation.core.key, before, LOOK_BACK).await?;
        match messages
            .iter()
            .rev()
            .find(|message| message.done.is_none() && message.missing.is_none())
        {
            Some(row) => self.preview(row, &plain_of(&row.html)),
            None => {
                let face = &mut self.conversation.face;
                (face.preview, face.preview_by, face.preview_seq) = (String::new(), None, 0);
            }
        }
        Ok(())
    }

    async fn store_person(
        &mut self,
        tx: &mut Tx,
        deed: &Deed,
        change: &Change,
        person: &Person,
    ) -> Result<(), Failure> {
        let conv = self.conversation.core.key;
        match change.kind {
            Kind::ParticipantAdd => {
                if let Some(user) = &deed.added {
                    let row = participant(conv, person, user, change);
                    insert_participants(tx, std::slice::from_ref(&row));
                    self.here.retain(|other| other.user != row.user);
                    self.here.push(row);
                    self.here.sort_by_key(|person| person.user);
                    self.readers.push(user.id);
                    self.readers.sort_unstable();
                }
            }
            Kind::ParticipantModify => {
                update_participant(tx, conv, person.item, person.role, person.platform.as_ref());
                if let Some(row) = self.here.iter_mut().find(|row| row.item == person.item) {
                    row.role = person.role;
                }
            }
            _ => {
                if let Some(row) = self.here.iter_mut().find(|row| row.item == person.item) {
                    row.removed_seq = Some(change.seq);
                }
            }
        }
        name_people(
            &mut self.conversation.face,
            &self.conversation.core,
            &self.here,
        );
        if change.kind == Kind::ParticipantRemove {
            let core = &self.conversation.core;
            let frozen = Frozen {
                subject: core.subject.clone(),
                seq: change.seq,
                labels: core.labels.values().cloned().collect(),
                face: self.conversation.face.clone(),
            };
            mark_removed(tx, conv, person.item, change.seq, Some(&frozen));
        }
        if change.kind != Kind::ParticipantModify {
            self.store_about(tx).await?;
        }
        Ok(())
    }

    async fn store_about(&self, tx: &mut Tx) -> Result<(), Failure> {
        let core = &self.conversation.core;
        let words = about(core, &self.here);
        Ok(update_words(tx, &about_words(core, &words)).await?)
    }
}
