//! What an action does to the row of a message, to what it is found by, and to the preview in the lists.

use em2_model::action::{Content, Kind, Missing};
use em2_model::conversation::{Change, Item};
use em2_model::id::ConversationKey;
use em2_model::participant::Format;
use em2_model::record::{Record, Verified};

use super::{Prepared, Projection};
use crate::service::failure::Failure;
use crate::service::row::name_people;
use crate::store::Tx;
use crate::store::actions::drop_bodies;
use crate::store::conversations::Face;
use crate::store::messages::{
    DoneRow, MessageRow, insert_message, list_messages_before, update_message,
};
use crate::store::participants::blank_frozen;
use crate::store::search::{Indexed, delete_words, erase_words, insert_words, update_words};
use crate::text::{RENDERER, Rendered, plain_of, preview};

/// How many messages are looked at to find the one before a preview that was removed.
const LOOK_BACK: i64 = 20;

/// A message as its add made it.
pub(in crate::service) fn message(
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
pub(in crate::service) fn message_words<'a>(row: &'a MessageRow, plain: &'a str) -> Indexed<'a> {
    Indexed {
        conv: row.conv,
        item: row.key,
        added: row.seq,
        touched: row.touched,
        text: plain,
    }
}

/// Shows a message as the newest one in the lists.
pub(in crate::service) fn set_preview(face: &mut Face, row: &MessageRow, plain: &str) {
    face.preview = preview(plain);
    face.preview_by = Some(row.author.clone());
    face.preview_seq = row.seq;
}

impl Projection {
    pub(super) async fn store_message(
        &mut self,
        tx: &mut Tx,
        prepared: &Prepared,
        change: &Change,
        item: &Item,
        record: &Verified<Record>,
    ) -> Result<(), Failure> {
        let conv = self.conversation.core.key;
        let content = match record.action().content() {
            Ok(content) => content,
            Err(missing) => return self.store_withheld(tx, change, item, missing),
        };
        let plain = prepared
            .rendered
            .as_ref()
            .map(|rendered| rendered.plain.as_str())
            .unwrap_or_default();
        if let (Content::MessageAdd(add), Some(rendered)) = (content, &prepared.rendered) {
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
        match (content, &prepared.rendered) {
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
                delete_words(tx, conv, row.seq, change.seq).await?;
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
                erase_words(tx, conv, row.seq);
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

    /// What was said is not for this platform, or is deleted: the item is there without it. // spec §16
    fn store_withheld(
        &mut self,
        tx: &mut Tx,
        change: &Change,
        item: &Item,
        missing: Missing,
    ) -> Result<(), Failure> {
        let conv = self.conversation.core.key;
        if change.kind == Kind::MessageAdd {
            let blank = Rendered {
                html: String::new(),
                plain: String::new(),
            };
            let mut row = message(conv, item, change, (Format::Plain, ""), &blank);
            row.missing = Some(missing);
            insert_message(tx, &row);
            self.message = Some(row);
        } else if let Some(mut row) = self.message.take() {
            row.head = item.head;
            row.touched = change.seq;
            row.standing = item.standing;
            row.missing = Some(missing);
            update_message(tx, &row);
            self.message = Some(row);
        }
        Ok(())
    }

    /// How many files a message has, which the rules limit.
    pub(super) fn store_attachments(&mut self, tx: &mut Tx, item: &Item) {
        if let Some(row) = &mut self.message {
            row.attachments = item.attachments;
            update_message(tx, row);
        }
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
}
