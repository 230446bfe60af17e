//! Publishing a draft: everything is read, rendered, minted and signed first; then one transaction stores it all.

use em2_model::id::{DraftKey, Time};
use em2_model::participant::{Format, History, Role};
use em2_model::refusal::{Code, Refusal};
use em2_model::wire::domestic::Published;
use em2_model::wire::intent::DraftFields;
use em2_model::wire::live::Live;

use super::deed::said;
use super::drafts::{blank, no_draft, taken};
use super::failure::Failure;
use super::once::Once;
use super::opening::{Beginning, Ready};
use super::recipients;
use super::{IdempotencyKey, Me, Service};
use crate::store::Tx;
use crate::store::drafts::{Draft, find_draft, insert_draft, mark_draft_published};
use crate::store::feed::Told;

/// How often a draft that is saved at the same time is read again.
const TRIES: usize = 5;

/// The version of a draft that was never saved.
const UNSAVED: i64 = 0;

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
            let version = draft.version;
            let ready = self.make_ready(me, &draft, fields).await?;
            let (service, creator, once) = (self.clone(), me.clone(), once.clone());
            let stored = self.store.write(move |tx| {
                Box::pin(async move {
                    service
                        .store_published(tx, &creator, (key, version), ready, &once)
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
        let people = others
            .iter()
            .map(|invited| self.addition(invited, Role::Write, History::All))
            .collect();
        let accounts = others.iter().filter_map(|invited| invited.user().cloned());
        let beginning = Beginning {
            subject,
            fork: None,
            people,
            accounts: accounts.collect(),
            said,
        };
        Ok(self.open(me, beginning)?)
    }

    async fn store_published(
        &self,
        tx: &mut Tx,
        me: &Me,
        (draft, version): (DraftKey, i64),
        ready: Ready,
        once: &Once,
    ) -> Result<Outcome, Failure> {
        let now = self.clock.now();
        let key = ready.core.key;
        match find_draft(tx, me.user, draft).await? {
            None if version == UNSAVED => insert_draft(tx, draft, me.user, &blank(), now),
            None => return Err(no_draft(draft).into()),
            Some(Draft {
                published: Some(key),
                ..
            }) => return Ok(Outcome::Published(Published::Published { key })),
            Some(row) if row.version != version => return Ok(Outcome::Stale),
            Some(_) => {}
        }
        if !mark_draft_published(tx, me.user, draft, key, now).await? {
            return Ok(Outcome::Stale);
        }
        self.store_opened(tx, me, ready).await?;
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
