//! The row of a conversation: what its next action needs, and what a row of the list shows.

use std::collections::BTreeMap;

use em2_model::conversation::Core;
use em2_model::{ActionKey, Address, ConversationKey, Platform, Time};
use serde::{Deserialize, Serialize};

use crate::store::batch::{Again, Many};
use crate::store::conn::{Conn, Tx};
use crate::store::dialect::Row;
use crate::store::error::StoreError;
use crate::store::feed::{self, Heads};
use crate::store::messages::{self, MessageRow};
use crate::store::participants::{self, ParticipantRow};
use crate::store::users::UserId;
use crate::store::value::{args, from_json, json};

/// A published conversation without its messages and its log.
#[derive(Debug, Clone, PartialEq)]
pub struct ConversationRow {
    /// What the model needs to take the next action.
    pub core: Core,
    pub created_at: Time,
    pub face: Face,
}

/// Somebody as a row of the list names them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonRow {
    pub address: Address,
    pub name: String,
}

/// What a row of the list shows besides subject and labels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Face {
    /// The first few people present, in the order in which they were added.
    pub people: Vec<PersonRow>,
    pub people_count: u64,
    /// The beginning of the newest message; empty until there is one.
    pub preview: String,
    pub preview_by: Option<Address>,
    /// The slot in which that message was added: who may not see it gets no preview.
    pub preview_seq: u64,
    /// The newest action.
    pub last: ActionKey,
}

macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT core, created_at, people, people_count, preview, preview_by, preview_seq, last
               FROM conversations ",
            $tail
        )
    };
}

fn conversation(row: &Row) -> Result<ConversationRow, StoreError> {
    Ok(ConversationRow {
        core: from_json(&row.get::<String>(0)?)?,
        created_at: row.get(1)?,
        face: face(row, 2)?,
    })
}

/// The six columns of a face, from `first` on.
pub(in crate::store) fn face(row: &Row, first: usize) -> Result<Face, StoreError> {
    Ok(Face {
        people: from_json(&row.get::<String>(first)?)?,
        people_count: row.get(first + 1)?,
        preview: row.get(first + 2)?,
        preview_by: row.get_option(first + 3)?,
        preview_seq: row.get(first + 4)?,
        last: row.get(first + 5)?,
    })
}

/// Adds a conversation that was published here, or heard of. `Conflict` if it is known.
pub fn insert_conversation(tx: &mut Tx, row: &ConversationRow) {
    let ConversationRow {
        core,
        created_at,
        face,
    } = row;
    tx.push(
        "INSERT INTO conversations
             (key, creator, created_at, leader, epoch, seq, head, at, subject, expiry, expired,
              labels, core, people, people_count, preview, preview_by, preview_seq, last)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
                 $19)",
        args![
            core.key,
            core.creator,
            created_at,
            core.leader,
            core.epoch,
            core.seq,
            core.head,
            core.at,
            core.subject,
            core.expiry,
            core.expired,
            json(&core.labels.values().collect::<Vec<_>>()),
            json(core),
            json(&face.people),
            face.people_count,
            face.preview,
            face.preview_by,
            face.preview_seq,
            face.last,
        ],
    );
}

static UPDATE: Many = Many {
    head: "UPDATE conversations
              SET leader = n.column2, epoch = n.column3, seq = n.column4, head = n.column5,
                  at = n.column6, subject = n.column7, expiry = n.column8, expired = n.column9,
                  labels = n.column10, core = n.column11, people = n.column12,
                  people_count = n.column13, preview = n.column14, preview_by = n.column15,
                  preview_seq = n.column16, last = n.column17
             FROM (",
    tail: ") AS n WHERE conversations.key = n.column1",
    key: 1,
    again: Again::Replaces,
};

/// Writes the row as it is after an action.
pub fn update_conversation(tx: &mut Tx, core: &Core, face: &Face) {
    tx.push_row(
        &UPDATE,
        args![
            core.key,
            core.leader,
            core.epoch,
            core.seq,
            core.head,
            core.at,
            core.subject,
            core.expiry,
            core.expired,
            json(&core.labels.values().collect::<Vec<_>>()),
            json(core),
            json(&face.people),
            face.people_count,
            face.preview,
            face.preview_by,
            face.preview_seq,
            face.last,
        ],
    );
}

/// The conversation with this key.
pub async fn find_conversation(
    conn: &mut Conn,
    key: ConversationKey,
) -> Result<Option<ConversationRow>, StoreError> {
    conn.fetch_optional(select!("WHERE key = $1"), args![key])
        .await?
        .as_ref()
        .map(conversation)
        .transpose()
}

/// Those of these conversations that exist, in no order.
pub async fn list_conversations(
    conn: &mut Conn,
    keys: &[ConversationKey],
) -> Result<Vec<ConversationRow>, StoreError> {
    let rows = conn.fetch_all(select!("WHERE key IN EACH_KEY($1)"), args![keys]);
    rows.await?.iter().map(conversation).collect()
}

/// The conversation with this key, and everybody who takes or took part in the order in which they
/// were added.
pub async fn find_with_people(
    conn: &mut Conn,
    key: ConversationKey,
) -> Result<Option<(ConversationRow, Vec<ParticipantRow>)>, StoreError> {
    let [found, people] = conn
        .fetch_each([
            (select!("WHERE key = $1"), args![key]),
            (participants::LIST, args![key]),
        ])
        .await?;
    let Some(found) = found.first() else {
        return Ok(None);
    };
    let people = people.iter().map(participants::participant);
    Ok(Some((
        conversation(found)?,
        people.collect::<Result<_, _>>()?,
    )))
}

/// One of the conversations that actions need: the people here who hear of them, and what they touch.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    pub row: ConversationRow,
    /// Those with an account here, the removed included, in the order of their ids.
    pub here: Vec<ParticipantRow>,
    /// The messages asked for that exist.
    pub messages: Vec<MessageRow>,
}

/// What actions need, held for the write that does them.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Held {
    /// Those asked for that exist.
    pub conversations: BTreeMap<ConversationKey, Loaded>,
    /// The feed counters of those present in any of them, and of whom the actions add.
    pub heads: Heads,
}

/// What an action is about, as far as it is stored.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    pub conv: ConversationKey,
    pub messages: &'a [ActionKey],
    /// The account that it adds.
    pub added: Option<UserId>,
}

/// Loads what actions need, and keeps other writers of these conversations, and others who tell their people
/// something, waiting until this write has ended. Rows are held in the order of their keys, so that no two writes wait
/// for each other in a circle.
pub async fn load_for_write(tx: &mut Tx, wanted: &[Wanted<'_>]) -> Result<Held, StoreError> {
    let mut convs: Vec<ConversationKey> = wanted.iter().map(|wanted| wanted.conv).collect();
    convs.sort_unstable();
    convs.dedup();
    let added = wanted.iter().filter_map(|wanted| wanted.added);
    let added: Vec<i64> = added.map(UserId::as_i64).collect();
    let messages: Vec<ActionKey> = wanted.iter().flat_map(|w| w.messages).copied().collect();
    let mut asked = vec![(
        select!("WHERE key IN EACH_KEY($1) ORDER BY key LOCKING"),
        args![convs[..]],
    )];
    if added.is_empty() {
        asked.push((participants::LIST_HERE_HELD, args![convs[..]]));
    } else {
        asked.extend([
            (feed::HEADS_WITH, args![convs[..], added]),
            (participants::LIST_HERE, args![convs[..]]),
        ]);
    }
    if !messages.is_empty() {
        asked.push((messages::LIST_BY_KEY, args![convs[..], messages[..]]));
    }
    let mut answers = tx.fetch_list(asked).await?.into_iter();
    let mut rows = || answers.next().unwrap_or_default();
    let mut held = Held::default();
    for row in rows().iter().map(conversation) {
        let loaded = Loaded {
            row: row?,
            here: Vec::new(),
            messages: Vec::new(),
        };
        held.conversations.insert(loaded.row.core.key, loaded);
    }
    let here = if added.is_empty() {
        let (here, heads) = participants::held(&rows())?;
        held.heads = heads;
        here
    } else {
        held.heads = feed::heads(&rows())?;
        let here = rows();
        let here = here.iter().map(participants::participant);
        here.collect::<Result<_, _>>()?
    };
    for person in here {
        if let Some(loaded) = held.conversations.get_mut(&person.conv) {
            loaded.here.push(person);
        }
    }
    for message in rows().iter().map(messages::message) {
        let message = message?;
        if let Some(loaded) = held.conversations.get_mut(&message.conv) {
            loaded.messages.push(message);
        }
    }
    Ok(held)
}

/// Conversations that this platform leads and in which others take part, after this one in the order of their keys.
pub async fn list_led(
    conn: &mut Conn,
    leader: &Platform,
    after: Option<ConversationKey>,
    limit: i64,
) -> Result<Vec<ConversationKey>, StoreError> {
    let after = after.map_or_else(Vec::new, |key| key.as_bytes().to_vec());
    conn.fetch_all(
        "SELECT key FROM conversations
          WHERE leader = $1 AND key > $2
            AND EXISTS (SELECT 1 FROM participants p WHERE p.conv = key AND p.platform <> $1)
          ORDER BY key LIMIT $3",
        args![leader, after, limit],
    )
    .await?
    .iter()
    .map(|row| row.get(0))
    .collect()
}

/// Those of these conversations that another platform leads than this one.
pub async fn list_not_led_by(
    conn: &mut Conn,
    keys: &[ConversationKey],
    leader: &Platform,
) -> Result<Vec<ConversationKey>, StoreError> {
    conn.fetch_all(
        "SELECT key FROM conversations WHERE key IN EACH_KEY($1) AND leader <> $2",
        args![keys, leader],
    )
    .await?
    .iter()
    .map(|row| row.get(0))
    .collect()
}

/// Conversations whose `conversation.expire` is due, at most `limit`.
pub async fn list_expiring(
    conn: &mut Conn,
    now: Time,
    limit: i64,
) -> Result<Vec<ConversationKey>, StoreError> {
    conn.fetch_all(
        "SELECT key FROM conversations
          WHERE expiry IS NOT NULL AND NOT expired AND expiry <= $1
          ORDER BY expiry LIMIT $2",
        args![now, limit],
    )
    .await?
    .iter()
    .map(|row| row.get(0))
    .collect()
}
