//! Drafts: one mutable row each, heard of by their creator alone, without a log.

use em2_model::action::{BODY_MAX, SUBJECT_MAX};
use em2_model::id::{ConversationRef, DraftKey, Time};
use em2_model::participant::Format;
use em2_model::refusal::{Code, Refusal};
use em2_model::wire::domestic::{Accepted, Draft, Person, Row};
use em2_model::wire::intent::DraftFields;
use em2_model::wire::live::Live;

use super::deed::draw;
use super::failure::Failure;
use super::once::Once;
use super::{IdempotencyKey, Me, Service, recipients};
use crate::store::Tx;
use crate::store::drafts::{
    self, DraftContent, delete_draft, find_draft, insert_draft, update_draft,
};
use crate::store::feed::Told;
use crate::text::preview;

/// How many people a draft's row names.
const NAMED: usize = 4;

/// How much of a draft's text its row looks at, in bytes.
const GLANCE: usize = 2_000;

/// What a draft says, over what it said before; absent fields stay.
pub(super) struct Edit {
    pub(super) subject: Option<String>,
    pub(super) to: Option<String>,
    pub(super) text: Option<String>,
}

impl Edit {
    fn over(self, before: DraftContent) -> Result<DraftContent, Refusal> {
        let content = DraftContent {
            subject: self.subject.unwrap_or(before.subject),
            recipients: self.to.unwrap_or(before.recipients),
            format: before.format,
            text: self.text.unwrap_or(before.text),
        };
        let too_big = |what: &str| Err(Refusal::new(Code::TooBig, what));
        if content.subject.chars().count() > SUBJECT_MAX {
            return too_big("A subject has at most 255 characters. Make it shorter.");
        }
        if content.text.len() > BODY_MAX || content.recipients.len() > BODY_MAX {
            return too_big("A draft has at most 64 kB of text. Make it shorter.");
        }
        if [&content.subject, &content.recipients, &content.text]
            .iter()
            .any(|text| text.contains('\0'))
        {
            return Err(Refusal::format(
                "The draft holds a NUL character. Remove it.",
            ));
        }
        Ok(content)
    }
}

/// What a draft says before anything was written.
pub(super) fn blank() -> DraftContent {
    let empty = String::new();
    DraftContent {
        subject: empty.clone(),
        recipients: empty.clone(),
        format: Format::Markdown,
        text: empty,
    }
}

pub(super) fn content(row: &drafts::Draft) -> DraftContent {
    DraftContent {
        subject: row.subject.clone(),
        recipients: row.recipients.clone(),
        format: row.format,
        text: row.text.clone(),
    }
}

/// A draft as its page shows it.
pub(super) fn draft(row: &drafts::Draft) -> Draft {
    Draft {
        key: row.key,
        subject: row.subject.clone(),
        to: row.recipients.clone(),
        text: row.text.clone(),
        version: u64::try_from(row.version).unwrap_or_default(),
        saved: Some(row.updated_at),
        refused: None,
    }
}

/// A draft as a row of the list.
pub(super) fn row(draft: &drafts::Draft) -> Row {
    let people = recipients::parse(&draft.recipients).unwrap_or_default();
    let count = people.len();
    let person = |who: recipients::Recipient| Person {
        name: who.name.unwrap_or_else(|| who.address.to_string()),
        address: who.address,
    };
    let mut end = draft.text.len().min(GLANCE);
    while !draft.text.is_char_boundary(end) {
        end -= 1;
    }
    let words: Vec<&str> = draft.text[..end].split_whitespace().collect();
    Row {
        key: ConversationRef::Draft(draft.key),
        subject: draft.subject.clone(),
        people: people.into_iter().take(NAMED).map(person).collect(),
        people_count: u32::try_from(count + 1).unwrap_or(u32::MAX),
        preview: preview(&words.join(" ")),
        preview_by: None,
        at: draft.updated_at,
        unread: false,
        seq: 0,
        last: None,
        labels: Vec::new(),
        present: true,
    }
}

impl Service {
    /// Starts a draft, or saves it where its key is known.
    pub async fn start_draft(
        &self,
        me: &Me,
        fields: DraftFields,
        idempotency: Option<IdempotencyKey>,
    ) -> Result<Accepted, Refusal> {
        let once = Once::new(me, idempotency, &("new", &fields))?;
        let key = match fields.key {
            Some(key) => key,
            None => new_key()?,
        };
        let edit = Edit {
            subject: fields.subject,
            to: fields.to,
            text: fields.text,
        };
        let outcome = self.save(me, key, edit, true, &once).await;
        once.settle(&self.store, outcome).await
    }

    pub(super) async fn change_draft(
        &self,
        me: &Me,
        key: DraftKey,
        subject: Option<String>,
        to: Option<String>,
        text: Option<String>,
        once: &Once,
    ) -> Result<Accepted, Failure> {
        self.save(me, key, Edit { subject, to, text }, false, once)
            .await
    }

    /// Writes what a draft says; `start`s it where there is none.
    async fn save(
        &self,
        me: &Me,
        key: DraftKey,
        edit: Edit,
        start: bool,
        once: &Once,
    ) -> Result<Accepted, Failure> {
        let (service, me, once) = (self.clone(), me.clone(), once.clone());
        self.store
            .write(move |tx| {
                Box::pin(async move {
                    let now = service.clock.now();
                    let saved = match find_draft(tx, me.user, key).await? {
                        Some(row) if row.published.is_none() => rewrite(tx, row, edit, now).await?,
                        None if start => begin(tx, &me, key, edit, now)?,
                        _ => return Err(no_draft(key).into()),
                    };
                    let told = row(&saved);
                    service
                        .tell_own(tx, me.user, Told::Draft(key), |n| Live::Draft {
                            n,
                            row: Box::new(told.clone()),
                        })
                        .await?;
                    let accepted = Accepted::Draft {
                        draft: draft(&saved),
                    };
                    once.answered(tx, &accepted, now)?;
                    Ok(accepted)
                })
            })
            .await
            .map_err(|failure| taken(failure, key))
    }

    pub(super) async fn discard_draft(
        &self,
        me: &Me,
        key: DraftKey,
        once: &Once,
    ) -> Result<Accepted, Failure> {
        let (service, me, once) = (self.clone(), me.clone(), once.clone());
        self.store
            .write(move |tx| {
                Box::pin(async move {
                    if !delete_draft(tx, me.user, key).await? {
                        return Err(no_draft(key).into());
                    }
                    let gone = Told::DraftGone {
                        draft: key,
                        became: None,
                    };
                    service
                        .tell_own(tx, me.user, gone, |n| Live::DraftGone {
                            n,
                            key,
                            became: None,
                        })
                        .await?;
                    let accepted = Accepted::Discarded { key };
                    once.answered(tx, &accepted, service.clock.now())?;
                    Ok(accepted)
                })
            })
            .await
    }
}

fn begin(
    tx: &mut Tx,
    me: &Me,
    key: DraftKey,
    edit: Edit,
    now: Time,
) -> Result<drafts::Draft, Failure> {
    let DraftContent {
        subject,
        recipients,
        format,
        text,
    } = edit.over(blank())?;
    let row = drafts::Draft {
        key,
        user: me.user,
        subject,
        recipients,
        format,
        text,
        version: 1,
        created_at: now,
        updated_at: now,
        published: None,
    };
    insert_draft(tx, key, me.user, &content(&row), now);
    Ok(row)
}

async fn rewrite(
    tx: &mut Tx,
    row: drafts::Draft,
    edit: Edit,
    now: Time,
) -> Result<drafts::Draft, Failure> {
    let content = edit.over(content(&row))?;
    let version = update_draft(tx, row.user, row.key, row.version, &content, now).await?;
    let version = version.ok_or_else(|| Refusal::from(Code::Busy))?;
    let DraftContent {
        subject,
        recipients,
        format,
        text,
    } = content;
    Ok(drafts::Draft {
        subject,
        recipients,
        format,
        text,
        version,
        updated_at: now,
        ..row
    })
}

/// A key that no draft has.
pub(super) fn new_key() -> Result<DraftKey, Refusal> {
    let uuid = uuid::Builder::from_random_bytes(draw()?).into_uuid();
    Ok(DraftKey::from_bytes(uuid.into_bytes()))
}

pub(super) fn no_draft(key: DraftKey) -> Refusal {
    Refusal::from(Code::NoDraft).with("draft", key.to_string())
}

/// A key that is somebody else's draft says no more than one that does not exist.
pub(super) fn taken(failure: Failure, key: DraftKey) -> Failure {
    match failure {
        Failure::Store(crate::store::StoreError::Conflict(what)) if what.contains("drafts") => {
            no_draft(key).into()
        }
        other => other,
    }
}
