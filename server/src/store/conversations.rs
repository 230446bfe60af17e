//! The row of a conversation: what its next action needs, and what a row of the list shows.

use em2_model::conversation::{Core, Slot};
use em2_model::{ActionKey, Address, ConversationKey, Nonce, Time};
use serde::{Deserialize, Serialize};

use crate::store::actions;
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

/// Writes the row as it is after an action.
pub fn update_conversation(tx: &mut Tx, core: &Core, face: &Face) {
    tx.push(
        "UPDATE conversations
            SET leader = $2, epoch = $3, seq = $4, head = $5, at = $6, subject = $7, expiry = $8,
                expired = $9, labels = $10, core = $11, people = $12, people_count = $13,
                preview = $14, preview_by = $15, preview_seq = $16, last = $17
          WHERE key = $1",
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

/// What an action needs: the conversation, the people here who hear of it, and what it touches.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    pub row: ConversationRow,
    /// Those with an account here, the removed included, in the order of their ids.
    pub here: Vec<ParticipantRow>,
    /// The messages asked for that exist.
    pub messages: Vec<MessageRow>,
    /// What became of the nonce asked for.
    pub slot: Option<Slot>,
    /// The feed counters of those present, and of whom the action adds.
    pub heads: Heads,
}

/// What an action is about, as far as it is stored.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    pub messages: &'a [ActionKey],
    pub nonce: Nonce,
    /// The account that it adds.
    pub added: Option<UserId>,
}

/// Loads what an action in this conversation needs, and keeps other writers of it, and others who
/// tell its people something, waiting until this write has ended. `None` if there is no such
/// conversation.
pub async fn load_for_write(
    tx: &mut Tx,
    key: ConversationKey,
    wanted: Wanted<'_>,
) -> Result<Option<Loaded>, StoreError> {
    let mut asked = vec![
        (select!("WHERE key = $1 LOCKING"), args![key]),
        (actions::FIND_BY_NONCE, args![key, wanted.nonce]),
    ];
    match wanted.added {
        None => asked.push((participants::LIST_HERE_HELD, args![key])),
        Some(added) => asked.extend([
            (feed::HEADS_WITH, args![key, added]),
            (participants::LIST_HERE, args![key]),
        ]),
    }
    if !wanted.messages.is_empty() {
        asked.push((messages::LIST_BY_KEY, args![key, wanted.messages]));
    }
    let mut answers = tx.fetch_list(asked).await?.into_iter();
    let mut rows = || answers.next().unwrap_or_default();
    let Some(found) = rows().pop() else {
        return Ok(None);
    };
    let slot = rows().first().map(actions::slot).transpose()?;
    let (here, heads) = match wanted.added {
        None => participants::held(&rows())?,
        Some(_) => {
            let heads = feed::heads(&rows())?;
            let people = rows();
            let here = people.iter().map(participants::participant);
            (here.collect::<Result<_, _>>()?, heads)
        }
    };
    let touched = rows();
    let messages = touched.iter().map(messages::message);
    Ok(Some(Loaded {
        row: conversation(&found)?,
        here,
        messages: messages.collect::<Result<_, _>>()?,
        slot,
        heads,
    }))
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
