//! A row of the list: what a conversation's row holds for all, and what one reader makes of it.

use em2_model::Address;
use em2_model::conversation::{self, Core};
use em2_model::id::ConversationRef;
use em2_model::wire::domestic::{Label, Person, Row};

use crate::store::conversations::{Face, PersonRow};
use crate::store::list::ListRow;
use crate::store::participants::ParticipantRow;

/// How many people a row of the list names.
const NAMED: usize = 4;

/// How many people a conversation's row holds, so that each reader's row can name four others.
const FACES: usize = 6;

/// A row of the list as `me` reads it.
pub(super) fn row(stored: ListRow, me: &Address) -> Row {
    let others = stored
        .people
        .into_iter()
        .filter(|person| person.address != *me);
    let mut people: Vec<Person> = others
        .map(|person| Person {
            address: person.address,
            name: person.name,
        })
        .collect();
    people.sort_by_key(|person| Some(&person.address) != stored.preview_by.as_ref());
    people.truncate(NAMED);
    Row {
        key: ConversationRef::Published(stored.conv),
        subject: stored.subject,
        people,
        people_count: u32::try_from(stored.people_count).unwrap_or(u32::MAX),
        preview: stored.preview,
        preview_by: stored.preview_by,
        at: stored.last_at,
        unread: stored.unread,
        seq: stored.seq,
        last: Some(stored.last),
        labels: stored.labels.into_iter().map(label).collect(),
        present: stored.present,
    }
}

pub(super) fn label(label: conversation::Label) -> Label {
    Label {
        key: label.key,
        head: label.head,
        name: label.name,
        colour: label.colour,
    }
}

/// Names the first people present, and whoever wrote the preview, in a conversation's row.
pub(super) fn name_people(face: &mut Face, core: &Core, participants: &[ParticipantRow]) {
    let mut present: Vec<_> = core.people.values().collect();
    present.sort_by_key(|person| person.added);
    let wrote_preview =
        |person: &&conversation::Person| Some(&person.address) == face.preview_by.as_ref();
    let author = present.iter().skip(FACES - 1).copied().find(wrote_preview);
    face.people_count = present.len() as u64;
    face.people = present
        .into_iter()
        .take(FACES - 1)
        .chain(author)
        .map(|person| PersonRow {
            address: person.address.clone(),
            name: name(participants, person),
        })
        .collect();
}

/// The name that somebody present has here.
pub(super) fn name(participants: &[ParticipantRow], person: &conversation::Person) -> String {
    let known = participants.iter().find(|row| row.item == person.item);
    let given = || {
        person
            .name
            .clone()
            .unwrap_or_else(|| person.address.to_string())
    };
    known.map_or_else(given, |row| row.name.clone())
}
