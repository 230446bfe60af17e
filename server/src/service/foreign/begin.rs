//! The rows of a conversation of which only the first record is known. // spec §16

use em2_model::action::Content;
use em2_model::conversation::{Change, Core, Effect};
use em2_model::record::Record;

use crate::service::opening::blank_face;
use crate::service::project::{Projection, about, about_words, participant};
use crate::service::row::name_people;
use crate::store::Tx;
use crate::store::conversations::{ConversationRow, insert_conversation};
use crate::store::forks::insert_fork;
use crate::store::participants::insert_participants;
use crate::store::search::insert_words;

/// Its own row, as its first record makes it.
pub(super) fn begin(core: Core, change: &Change) -> ConversationRow {
    debug_assert_eq!(change.effect, Effect::Conversation);
    let mut conversation = ConversationRow {
        face: blank_face(change.action),
        created_at: change.at,
        core,
    };
    name_people(&mut conversation.face, &conversation.core, &[]);
    conversation
}

/// Stores its own row, and what it goes on from.
pub(super) fn begin_row(tx: &mut Tx, conversation: &ConversationRow, record: &Record) {
    insert_conversation(tx, conversation);
    if let Ok(Content::Publish(publish)) = record.action().content()
        && let Some(fork) = &publish.fork
    {
        insert_fork(tx, conversation.core.key, fork);
    }
}

/// Those of its people, once its own is there.
pub(super) fn begin_people(
    tx: &mut Tx,
    conversation: ConversationRow,
    change: &Change,
) -> Projection {
    let core = &conversation.core;
    let people: Vec<_> = core
        .people
        .values()
        .map(|person| participant(core.key, person, None, change))
        .collect();
    insert_participants(tx, &people);
    let words = about(core, &[]);
    insert_words(tx, &about_words(core, &words));
    Projection {
        conversation,
        here: Vec::new(),
        readers: Vec::new(),
        message: None,
        others: Vec::new(),
        label: None,
        asked: None,
    }
}
