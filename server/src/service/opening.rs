//! A conversation that begins here: minted, signed and put in order as a whole, then stored by one transaction.

use em2_model::action::{Content, Fork, LeaderKey, MessageAdd, ParticipantAdd};
use em2_model::conversation::{Conversation, Core, Effect, Opened, Opening, Person, Said};
use em2_model::id::{ActionKey, ConversationKey, Nonce, Salt};
use em2_model::participant::Format;
use em2_model::refusal::{Code, Refusal};

use super::deed::draw;
use super::failure::Failure;
use super::project::{
    Projection, about, about_words, message, message_words, participant, set_preview,
};
use super::row::name_people;
use super::{Me, Service};
use crate::store::Tx;
use crate::store::actions::insert_action;
use crate::store::contacts::{Regard, Who, upsert_contact};
use crate::store::conversations::{ConversationRow, Face, insert_conversation};
use crate::store::forks::insert_fork;
use crate::store::messages::{MessageRow, insert_message};
use crate::store::participants::{ParticipantRow, insert_participants};
use crate::store::search::insert_words;
use crate::store::users::User;
use crate::text::Rendered;

/// What a conversation begins with.
pub(super) struct Beginning {
    pub(super) subject: String,
    /// The point of another conversation that it goes on from.
    pub(super) fork: Option<Fork>,
    /// Everybody but who begins it.
    pub(super) people: Vec<ParticipantAdd>,
    /// Those of them with an account here.
    pub(super) accounts: Vec<User>,
    /// The first message, as written and as shown.
    pub(super) said: Option<(String, Rendered)>,
}

/// A conversation that is complete but not stored.
pub(super) struct Ready {
    pub(super) core: Core,
    records: Vec<Opened>,
    fork: Option<Fork>,
    /// Those with an account here, the creator first.
    accounts: Vec<User>,
    said: Option<(String, Rendered)>,
}

impl Service {
    /// Signs the actions that a conversation begins with, and puts them in order.
    pub(super) fn open(&self, me: &Me, beginning: Beginning) -> Result<Ready, Refusal> {
        let Beginning {
            subject,
            fork,
            people,
            accounts,
            said,
        } = beginning;
        let now = self.clock.now();
        // One key binds the conversation and signs it, though another one may come meanwhile.
        let key = self.identity.key();
        let platform = self.identity.platform().clone();
        let message = |(text, _): &(String, Rendered)| Said {
            message: MessageAdd {
                format: Format::Markdown,
                text: text.clone(),
                mail: None,
            },
            attachments: Vec::new(),
        };
        let opening = Opening {
            creator: me.address.clone(),
            subject,
            keys: vec![LeaderKey {
                platform: platform.clone(),
                inc: self.identity.incarnation(),
                kid: key.kid.clone(),
                public: key.public(),
            }],
            fork: fork.clone(),
            people,
            messages: said.iter().map(message).collect(),
            platform,
        };
        let mut drawn = Ok(());
        let actions = opening.mint(now, || match (draw(), draw()) {
            (Ok(nonce), Ok(salt)) => (Nonce::from_bytes(nonce), Salt::from_bytes(salt)),
            (Err(refusal), _) | (_, Err(refusal)) => {
                drawn = Err(refusal);
                (Nonce::from_bytes([0; 16]), Salt::from_bytes([0; 16]))
            }
        })?;
        drawn?;
        let (conversation, records) = Conversation::open(actions, now, &key)?;
        let creator = User {
            id: me.user,
            address: me.address.clone(),
            name: me.name.clone(),
            created_at: now,
        };
        Ok(Ready {
            core: conversation.into_core(),
            records,
            fork,
            accounts: [creator].into_iter().chain(accounts).collect(),
            said,
        })
    }

    /// Stores it and tells those who are here.
    pub(super) async fn store_opened(
        &self,
        tx: &mut Tx,
        me: &Me,
        ready: Ready,
    ) -> Result<(), Failure> {
        let now = self.clock.now();
        let own = self.identity.platform();
        for person in ready.core.people.values() {
            if let Some(platform) = person.platform.as_ref().filter(|platform| *platform != own) {
                let who = Who::Person(&person.address, platform);
                upsert_contact(tx, me.user, who, Regard::Accepted, now);
            }
        }
        let (projection, last) = store_rows(tx, ready)?;
        self.tell_change(tx, None, &projection, &last.0, now)
            .await?;
        Ok(())
    }
}

/// Stores a conversation as its opening left it; answers with its newest record.
fn store_rows(tx: &mut Tx, ready: Ready) -> Result<(Projection, Opened), Failure> {
    let Ready {
        core,
        mut records,
        fork,
        accounts,
        said,
    } = ready;
    let empty = || Refusal::from(Code::Internal);
    let created_at = records.first().ok_or_else(empty)?.1.at;
    let mut here = participants(&core, &records, &accounts);
    let message = said
        .as_ref()
        .and_then(|(text, rendered)| first_message(core.key, &records, text, rendered));
    let last = records.last().ok_or_else(empty)?.1.action;
    let mut conversation = ConversationRow {
        face: blank_face(last),
        core,
        created_at,
    };
    if let (Some(row), Some((_, rendered))) = (&message, &said) {
        set_preview(&mut conversation.face, row, &rendered.plain);
        for person in &mut here {
            let own = person.address == row.author;
            person.news_seq = if own { 0 } else { row.seq };
            person.wrote = own;
        }
    }
    name_people(&mut conversation.face, &conversation.core, &here);
    insert_conversation(tx, &conversation);
    if let Some(fork) = &fork {
        insert_fork(tx, conversation.core.key, fork);
    }
    for (record, _) in &records {
        insert_action(tx, record)?;
    }
    insert_participants(tx, &here);
    let words = about(&conversation.core, &here);
    insert_words(tx, &about_words(&conversation.core, &words));
    if let (Some(row), Some((_, rendered))) = (&message, &said) {
        insert_message(tx, row);
        insert_words(tx, &message_words(row, &rendered.plain));
    }
    here.retain(|person| person.user.is_some());
    here.sort_by_key(|person| person.user);
    let readers = here.iter().filter_map(|person| person.user).collect();
    let newest = records.pop().ok_or_else(empty)?;
    Ok((
        Projection {
            conversation,
            here,
            readers,
            message,
            others: Vec::new(),
            label: None,
            asked: None,
        },
        newest,
    ))
}

/// Everybody by what added them: the creator by publishing.
fn participants(core: &Core, records: &[Opened], accounts: &[User]) -> Vec<ParticipantRow> {
    let row = |person: &Person| {
        let added = |opened: &&Opened| opened.1.action == person.item;
        let (_, change) = records.iter().find(added)?;
        let user = accounts.iter().find(|user| user.address == person.address);
        Some(participant(core.key, person, user, change))
    };
    core.people.values().filter_map(row).collect()
}

fn first_message(
    conv: ConversationKey,
    records: &[Opened],
    text: &str,
    rendered: &Rendered,
) -> Option<MessageRow> {
    records.iter().find_map(
        |(record, change)| match (&change.effect, record.action().content()) {
            (Effect::Message(item), Ok(Content::MessageAdd(add))) => {
                Some(message(conv, item, change, (add.format, text), rendered))
            }
            _ => None,
        },
    )
}

pub(super) fn blank_face(last: ActionKey) -> Face {
    Face {
        people: Vec::new(),
        people_count: 0,
        preview: String::new(),
        preview_by: None,
        preview_seq: 0,
        last,
    }
}
