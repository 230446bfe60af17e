//! A conversation as it was when its reader was removed or left: they keep what they had, and nothing newer gets into
//! any field. // spec §16, security.md 39

use em2_model::action::{Content, Kind, Missing};
use em2_model::conversation::Standing;
use em2_model::wire::domestic::{Conversation, Participant, Row, What};
use em2_model::wire::live::Effect;

use super::failure::Failure;
use super::pages::Reading;
use crate::store::actions::{find_commit, find_place, list_records_of_item};
use crate::store::list::list_rows;
use crate::store::messages::{DoneRow, MessageRow};
use crate::store::{Conn, StoreError};
use crate::text::Rendered;

/// The slot of the removal: what was so then is shown.
#[derive(Clone, Copy)]
pub(super) struct Past {
    pub(super) upto: u64,
}

impl Past {
    /// The state of that time in the place of the present one; the timeline was read for it already.
    pub(super) async fn show(
        self,
        conn: &mut Conn,
        reading: &Reading,
        now: Conversation,
    ) -> Result<Conversation, Failure> {
        let conv = now.key;
        let user = reading.reader.user.ok_or(StoreError::Missing("user"))?;
        let rows = list_rows(conn, user, &[conv]).await?;
        let kept = rows
            .into_iter()
            .next()
            .ok_or(StoreError::Missing("row of the list"))?;
        let head = find_commit(conn, conv, self.upto).await?;
        let head = head.ok_or(StoreError::Missing("commit"))?;
        let expiry_head = reading.conversation.core.expiry_head;
        let expiry_at = find_place(conn, expiry_head)
            .await?
            .map_or(0, |(_, seq)| seq);
        Ok(Conversation {
            subject: kept.subject,
            subject_head: kept.last,
            subject_lock: None,
            expiry: now.expiry.filter(|_| expiry_at <= self.upto),
            labels: kept.labels.into_iter().map(super::row::label).collect(),
            participants: self.people(conn, reading).await?,
            seq: self.upto,
            head,
            role: reading.reader.role,
            ..now
        })
    }

    /// What an action before the removal changed, without what others changed since. The row of the list holds the
    /// subject and the labels of that time.
    pub(super) async fn effect(
        self,
        conn: &mut Conn,
        reading: &Reading,
        row: &Row,
        now: Effect,
    ) -> Result<Effect, Failure> {
        Ok(match now {
            Effect::People { event, .. } => Effect::People {
                participants: self.people(conn, reading).await?,
                event,
            },
            Effect::Subject { event, .. } => {
                let head = row.last.ok_or(StoreError::Missing("action"))?;
                Effect::Subject {
                    subject: row.subject.clone(),
                    head,
                    lock: None,
                    event,
                }
            }
            Effect::Labels { event, .. } => Effect::Labels {
                labels: row.labels.clone(),
                event,
            },
            Effect::Expiry { event, .. } => {
                let expiry = match &event.what {
                    What::ExpiryChanged { expiry } => *expiry,
                    _ => None,
                };
                Effect::Expiry { expiry, event }
            }
            other => other,
        })
    }

    /// Who took part then, in the roles that they had. How far they have read since is not told.
    async fn people(self, conn: &mut Conn, reading: &Reading) -> Result<Vec<Participant>, Failure> {
        let mut people = Vec::new();
        for row in &reading.participants {
            if row.added_seq > self.upto
                || row.removed_seq.is_some_and(|removed| removed <= self.upto)
            {
                continue;
            }
            let (mut role, mut head) = (row.role, row.item);
            let records = list_records_of_item(conn, row.conv, row.item).await?;
            for record in records
                .iter()
                .filter(|record| record.action().kind().model().as_str() == "participant")
            {
                if record
                    .commit()
                    .is_none_or(|commit| commit.seq() > self.upto)
                {
                    continue;
                }
                match record.action().content() {
                    Ok(Content::ParticipantAdd(add)) => role = add.role,
                    Ok(Content::ParticipantModify(modify)) => role = modify.role.unwrap_or(role),
                    _ => {}
                }
                head = record.action().key();
            }
            people.push(Participant {
                item: row.item,
                head,
                address: row.address.clone(),
                name: row.name.clone(),
                role,
                platform: row.platform.clone(),
                history: row.history,
                seen: None,
            });
        }
        Ok(people)
    }

    /// A message that was touched since, as it was. What was redacted since cannot be shown to anybody: the bytes are
    /// gone.
    pub(super) async fn message(
        self,
        conn: &mut Conn,
        row: MessageRow,
    ) -> Result<MessageRow, Failure> {
        let records = list_records_of_item(conn, row.conv, row.key).await?;
        let mut then = MessageRow {
            standing: Standing::Present,
            missing: None,
            done: None,
            edited: None,
            text: String::new(),
            html: String::new(),
            ..row
        };
        for record in &records {
            let Some(commit) = record.commit().filter(|commit| commit.seq() <= self.upto) else {
                continue;
            };
            let action = record.action();
            let by = action
                .header()
                .actor
                .clone()
                .unwrap_or_else(|| then.author.clone());
            let done = DoneRow {
                by,
                at: commit.at(),
                seq: commit.seq(),
            };
            then.head = action.key();
            then.touched = commit.seq();
            match (action.kind(), action.content()) {
                (Kind::MessageAdd, Ok(Content::MessageAdd(add))) => {
                    (then.format, then.text) = (add.format, add.text.clone());
                }
                (Kind::MessageModify, Ok(Content::MessageModify(modify))) => {
                    (then.format, then.text) = (modify.format, modify.text.clone());
                    then.edited = Some(done);
                }
                (Kind::MessageRemove, _) => {
                    (then.standing, then.done) = (Standing::Removed, Some(done));
                }
                (Kind::MessageRecover, _) => (then.standing, then.done) = (Standing::Present, None),
                (_, Err(_)) => then.missing = Some(Missing::History),
                _ => {}
            }
        }
        then.html = Rendered::of(then.format, &then.text).html;
        Ok(then)
    }
}
