//! The rows of a conversation of which only the first record is known. // spec §16

use em2_model::conversation::{Change, Core, Effect};

use crate::service::project::{Projection, about, about_words, participant};
use crate::service::publish::blank_face;
use crate::service::row::name_people;
use crate::store::Tx;
use crate::store::conversations::ConversationRow;
use crate::store::participants::insert_participants;
use crate::store::search::insert_words;

/// Its own row.
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
