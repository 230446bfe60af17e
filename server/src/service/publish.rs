//! Publishing a draft: everything is read, rendered, minted and signed first; then one transaction stores it all.

use em2_model::action::{Content, LeaderKey, MessageAdd};
use em2_model::conversation::{Conversation, Core, Effect, Opened, Opening, Person, Said};
use em2_model::id::{ActionKey, ConversationKey, DraftKey, Nonce, Salt, Time};
use em2_model::participant::{Format, History, Role};
use em2_model::refusal::{Code, Refusal};
use em2_model::sign::PlatformKey;
use em2_model::wire::domestic::Published;
use em2_model::wire::intent::DraftFields;
use em2_model::wire::live::Live;

use super::deed::{draw, said};
use super::drafts::{blank, no_draft, taken};
use super::failure::Failure;
use super::once::Once;
use super::project::{
    Projection, about, about_words, message, message_words, participant, set_preview,
};
use super::recipients::{self, Invited};
use super::row::name_people;
use super::{IdempotencyKey, Me, Service};
use crate::store::Tx;
use crate::store::actions::insert_action;
use crate::store::contacts::{Regard, Who, upsert_contact};
use crate::store::conversations::{ConversationRow, Face, insert_conversation};
use crate::store::drafts::{Draft, find_draft, insert_draft, mark_draft_published};
use crate::store::feed::Told;
use crate::store::messages::{MessageRow, insert_message};
use crate::store::participants::{ParticipantRow, insert_participants};
use crate::store::search::insert_words;
use crate::store::users::User;
use crate::text::Rendered;

/// How often a draft that is saved at the same time is read again.
const TRIES: usize = 5;

/// The version of a draft that was never saved.
const UNSAVED: i64 = 0;

/// What a draft becomes, complete but not stored.
struct Ready {
    core: Core,
    records: Vec<Opened>,
    /// Those with an account here, the creator first.
    people: Vec<User>,
    said: Option<(String, Rendered)>,
    /// The draft was at this version.
    version: i64,
}

/// Whether a publication was stored.
enum Outcome {
    Published(Published),
    /// The draft was saved meanwhile: it has to be read again.
    Stale,
}

impl Service {
    /// Publishes a draft as `fields` leave it; absent fields stay. Publishing it again answers the same conversation.
    pub async fn publish(
        &self,
        me: &Me,
        key: DraftKey,
        fields: DraftFields,
        idempotency: Option<IdempotencyKey>,
    ) -> Result<Published, Refusal> {
        let once = Once::new(me, idempotency, &("publish", key, &fields))?;
        let outcome = self.publish_draft(me, key, &fields, &once).await;
        once.settle(&self.store, outcome).await
    }

    async fn publish_draft(
        &self,
        me: &Me,
        key: DraftKey,
        fields: &DraftFields,
        once: &Once,
    ) -> Result<Published, Failure> {
        for _ in 0..TRIES {
            let found = find_draft(&mut self.store.reader().await?, me.user, key).await?;
            let draft = found.or_else(|| unsaved(me, key, fields));
            let draft = draft.ok_or_else(|| no_draft(key))?;
            if let Some(key) = draft.published {
                return Ok(Published::Published { key });
            }
            let ready = self.make_ready(me, &draft, fields).await?;
            let (service, creator, once) = (self.clone(), me.clone(), once.clone());
            let stored = self.store.write(move |tx| {
                Box::pin(async move {
                    service
                        .store_published(tx, &creator, key, ready, &once)
                        .await
                })
            });
            match stored.await.map_err(|failure| taken(failure, key)) {
                Ok(Outcome::Published(published)) => return Ok(published),
                Ok(Outcome::Stale) => {}
                // Somebody else's draft; or ours, sent twice at the same time: then it is there now.
                Err(Failure::Refused(refusal)) if refusal.code == Code::NoDraft => {
                    let found = find_draft(&mut self.store.reader().await?, me.user, key).await?;
                    found.ok_or(refusal)?;
                }
                Err(failure) => return Err(failure),
            }
        }
        Err(Refusal::from(Code::Busy).into())
    }

    /// Reads the draft as an opening, and signs it.
    async fn make_ready(
        &self,
        me: &Me,
        draft: &Draft,
        fields: &DraftFields,
    ) -> Result<Ready, Failure> {
        let subject = fields
            .subject
            .as_ref()
            .unwrap_or(&draft.subject)
            .trim()
            .to_owned();
        let text = fields.text.as_ref().unwrap_or(&draft.text);
        let mut to = recipients::parse(fields.to.as_ref().unwrap_or(&draft.recipients))?;
        to.retain(|who| who.address != me.address);
        let others = self.invite(to).await?;
        let said = match text.trim().is_empty() {
            true => None,
            false => Some((text.clone(), said(Format::Markdown, text)?)),
        };
        if others.is_empty() && said.is_none() {
            return Err(Refusal::format(
                "The draft is empty. Add people or write something, then send it.",
            )
            .into());
        }
        let now = self.clock.now();
        // One key binds the conversation and signs it, though another one may come meanwhile.
        let signing = self.identity.key();
        let opening = self.opening(
            me,
            subject,
            &others,
            said.as_ref().map(|(text, _)| text.clone()),
            &signing,
        )?;
        let mut drawn = Ok(());
        let actions = opening.mint(now, || match (draw(), draw()) {
            (Ok(nonce), Ok(salt)) => (Nonce::from_bytes(nonce), Salt::from_bytes(salt)),
            (Err(refusal), _) | (_, Err(refusal)) => {
                drawn = Err(refusal);
                (Nonce::from_bytes([0; 16]), Salt::from_bytes([0; 16]))
            }
        })?;
        drawn?;
        let (conversation, records) = Conversation::open(actions, now, &signing)?;
        let creator = User {
            id: me.user,
            address: me.address.clone(),
            name: me.name.clone(),
            created_at: now,
        };
        let here = others.iter().filter_map(|invited| invited.user().cloned());
        let people = [creator].into_iter().chain(here).collect();
        Ok(Ready {
            core: conversation.into_core(),
            records,
            people,
            said,
            version: draft.version,
        })
    }

    fn opening(
        &self,
        me: &Me,
        subject: String,
        others: &[Invited],
        text: Option<String>,
        key: &PlatformKey,
    ) -> Result<Opening, Refusal> {
        let (platform, inc) = (
            self.identity.platform().clone(),
            self.identity.incarnation(),
        );
        let message = |text| Said {
            message: MessageAdd {
                format: Format::Markdown,
                text,
                mail: None,
            },
            attachments: Vec::new(),
        };
        Ok(Opening {
            creator: me.address.clone(),
            subject,
            keys: vec![LeaderKey {
                platform: platform.clone(),
                inc,
                kid: key.kid.clone(),
                public: key.public(),
            }],
            fork: None,
            people: others
                .iter()
                .map(|invited| self.addition(invited, Role::Write, History::All))
                .collect(),
            messages: text.into_iter().map(message).collect(),
            platform,
        })
    }

    async fn store_published(
        &self,
        tx: &mut Tx,
        me: &Me,
        draft: DraftKey,
        ready: Ready,
        once: &Once,
    ) -> Result<Outcome, Failure> {
        let now = self.clock.now();
        let key = ready.core.key;
        match find_draft(tx, me.user, draft).await? {
            None if ready.version == UNSAVED => insert_draft(tx, draft, me.user, &blank(), now),
            None => return Err(no_draft(draft).into()),
            Some(Draft {
                published: Some(key),
                ..
            }) => return Ok(Outcome::Published(Published::Published { key })),
            Some(row) if row.version != ready.version => return Ok(Outcome::Stale),
            Some(_) => {}
        }
        if !mark_draft_published(tx, me.user, draft, key, now).await? {
            return Ok(Outcome::Stale);
        }
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
        let gone = Told::DraftGone {
            draft,
            became: Some(key),
        };
        self.tell_own(tx, me.user, gone, |n| Live::DraftGone {
            n,
            key: draft,
            became: Some(key),
        })
        .await?;
        let published = Published::Published { key };
        once.answered(tx, &published, now)?;
        Ok(Outcome::Published(published))
    }
}

/// A draft that is sent before it was ever saved: everything that it says is in the fields.
fn unsaved(me: &Me, key: DraftKey, fields: &DraftFields) -> Option<Draft> {
    let says = [&fields.subject, &fields.to, &fields.text];
    if says.iter().all(|field| field.is_none()) {
        return None;
    }
    let content = blank();
    Some(Draft {
        key,
        user: me.user,
        subject: content.subject,
        recipients: content.recipients,
        format: content.format,
        text: content.text,
        version: UNSAVED,
        created_at: Time(0),
        updated_at: Time(0),
        published: None,
    })
}

/// Stores a conversation as its opening left it; answers with its newest record.
fn store_rows(tx: &mut Tx, ready: Ready) -> Result<(Projection, Opened), Failure> {
    let Ready {
        core,
        mut records,
        people,
        said,
        ..
    } = ready;
    let empty = || Refusal::from(Code::Internal);
    let created_at = records.first().ok_or_else(empty)?.1.at;
    let mut here = participants(&core, &records, &people);
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
fn participants(core: &Core, records: &[Opened], people: &[User]) -> Vec<ParticipantRow> {
    let row = |person: &Person| {
        let added = |opened: &&Opened| opened.1.action == person.item;
        let (_, change) = records.iter().find(added)?;
        let user = people.iter().find(|user| user.address == person.address);
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
