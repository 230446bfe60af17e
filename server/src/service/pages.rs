//! What one conversation is read from: its state, its timeline, the versions of a message.

use em2_model::action::{Content, Kind, Missing};
use em2_model::id::{ActionKey, ConversationKey, ConversationRef};
use em2_model::record::{Record, Verified};
use em2_model::refusal::{Code, Refusal};
use em2_model::wire::domestic::{
    Conversation, Draft, Entry, KitchenSink, Older, Standing, Version, Versions,
};

use super::actions::no_conversation;
use super::drafts::{draft, no_draft};
use super::failure::Failure;
use super::past::Past;
use super::scene::{LabelNames, Scene};
use super::{Me, Service};
use crate::store::Conn;
use crate::store::actions::{find_record, list_events, list_records_of_item};
use crate::store::conversations::{ConversationRow, find_with_people};
use crate::store::drafts::find_draft;
use crate::store::feed::find_counter;
use crate::store::messages::{MessageRow, list_messages_before, list_messages_by_key};
use crate::store::participants::ParticipantRow;
use crate::text::difference;

/// How many messages a page of the timeline has.
const PAGE: usize = 50;

/// A conversation as this reader may see it, read at one moment.
pub(super) struct Reading {
    pub(super) conversation: ConversationRow,
    /// Everybody who takes or took part.
    pub(super) participants: Vec<ParticipantRow>,
    pub(super) reader: ParticipantRow,
}

impl Service {
    /// A draft, or a conversation with its newest entries: the kitchen sink.
    pub async fn kitchen_sink(
        &self,
        me: &Me,
        key: ConversationRef,
    ) -> Result<KitchenSink, Refusal> {
        Ok(match key {
            ConversationRef::Draft(key) => {
                let mut conn = self.store.reader().await.map_err(Failure::Store)?;
                let found = find_draft(&mut conn, me.user, key)
                    .await
                    .map_err(Failure::Store)?;
                match found.ok_or_else(|| no_draft(key))? {
                    row if row.published.is_none() => KitchenSink::Draft(Draft {
                        refused: self.why_kept(&mut conn, me, &row).await?,
                        ..draft(&row)
                    }),
                    row => KitchenSink::Published {
                        key: row.published.ok_or_else(|| no_draft(row.key))?,
                    },
                }
            }
            ConversationRef::Published(conv) => {
                let sink = self.sink(me, conv).await;
                KitchenSink::Conversation(Box::new(self.or_request(me, conv, sink).await?))
            }
        })
    }

    async fn sink(&self, me: &Me, conv: ConversationKey) -> Result<Conversation, Failure> {
        let mut conn = self.store.snapshot().await?;
        let n = find_counter(&mut conn, me.user).await?;
        let reading = read(&mut conn, me, conv).await?;
        let (mut entries, more_before) = self.timeline(&mut conn, &reading, u64::MAX).await?;
        if more_before.is_none() {
            self.put_before(&mut conn, me, conv, &mut entries).await?;
        }
        let waiting = match reading.reader.is_present() {
            true => self.waiting(&mut conn, &reading).await?,
            false => Vec::new(),
        };
        entries.extend(waiting.into_iter().map(Entry::Message));
        let delivery = match reading.reader.is_present() {
            true => self.delivery(&mut conn, &reading.conversation.core).await?,
            false => None,
        };
        let fork = self.fork_of(&mut conn, &reading).await?;
        let Reading {
            conversation,
            participants,
            reader,
        } = &reading;
        let core = &conversation.core;
        let scene = Scene {
            conversation,
            participants,
            now: self.clock.now(),
        };
        let now = Conversation {
            key: conv,
            subject: core.subject.clone(),
            subject_head: core.subject_head,
            subject_lock: scene.subject_lock(),
            creator: core.creator.clone(),
            created: conversation.created_at,
            expiry: core.expiry,
            labels: scene.labels(),
            participants: scene.people(),
            entries,
            more_before,
            seq: core.seq,
            head: core.head,
            me: me.address.clone(),
            role: core
                .person(&me.address)
                .map_or(reader.role, |person| person.role),
            present: reader.is_present(),
            read: reader.read_seq,
            delivery,
            fork,
            n,
        };
        match reader.removed_seq {
            None => Ok(now),
            Some(upto) => Past { upto }.show(&mut conn, &reading, now).await,
        }
    }

    /// Entries before slot `before`, ascending.
    pub async fn older(
        &self,
        me: &Me,
        key: ConversationKey,
        before: u64,
    ) -> Result<Older, Refusal> {
        let mut conn = self.store.snapshot().await.map_err(Failure::Store)?;
        let reading = read(&mut conn, me, key).await?;
        let (mut entries, more_before) = self.timeline(&mut conn, &reading, before).await?;
        if more_before.is_none() {
            self.put_before(&mut conn, me, key, &mut entries).await?;
        }
        Ok(Older {
            entries,
            more_before,
        })
    }

    /// Every version of a message that this reader can read, oldest first, with what it changed.
    pub async fn versions(
        &self,
        me: &Me,
        key: ConversationKey,
        message: ActionKey,
    ) -> Result<Versions, Refusal> {
        Ok(self.read_versions(me, key, message).await?)
    }

    async fn read_versions(
        &self,
        me: &Me,
        conv: ConversationKey,
        key: ActionKey,
    ) -> Result<Versions, Failure> {
        let mut conn = self.store.snapshot().await?;
        let reading = read(&mut conn, me, conv).await?;
        let rows = list_messages_by_key(&mut conn, conv, &[key]).await?;
        let gone = || {
            Refusal::new(
                Code::NotFound,
                "There is no such message in this conversation. Look again.",
            )
        };
        let row = rows
            .into_iter()
            .next()
            .filter(|row| reading.hears(row.seq))
            .ok_or_else(gone)?;
        let (seq, row) = (row.seq, reading.as_of(&mut conn, row).await?);
        let records = list_records_of_item(&mut conn, conv, key).await?;
        let scene = reading.scene(self.clock.now());
        let message = scene.message(&row, &reading.reader);
        let mut versions: Vec<Version> = Vec::new();
        for record in records
            .iter()
            .filter(|_| message.standing == Standing::Present)
        {
            let Some(commit) = record.commit().filter(|commit| reading.hears(commit.seq())) else {
                continue;
            };
            let Some(text) = text_of(record).filter(|_| commit.seq() >= seq) else {
                continue;
            };
            let before = versions.last().map(|version| version.text.as_str());
            let by = record
                .action()
                .header()
                .actor
                .as_ref()
                .unwrap_or(&row.author);
            versions.push(Version {
                key: record.action().key(),
                seq: commit.seq(),
                at: commit.at(),
                by: scene.person(by),
                changes: difference(before.unwrap_or(text), text),
                text: text.to_owned(),
            });
        }
        Ok(Versions { message, versions })
    }

    /// The newest messages before slot `before`, and the events between them.
    pub(super) async fn timeline(
        &self,
        conn: &mut Conn,
        reading: &Reading,
        before: u64,
    ) -> Result<(Vec<Entry>, Option<u64>), Failure> {
        let conv = reading.conversation.core.key;
        let before = before.min(reading.upto().saturating_add(1));
        let mut rows = list_messages_before(conn, conv, before, PAGE as i64 + 1).await?;
        let more = rows.len() > PAGE;
        if more {
            rows.remove(0);
        }
        let from = if more {
            rows.first().map_or(1, |row| row.seq)
        } else {
            1
        };
        let records = list_events(conn, conv, from, before.saturating_sub(1)).await?;
        let names = label_names(conn, conv, &records).await?;
        let mut messages = Vec::with_capacity(rows.len());
        for row in rows {
            messages.push(reading.as_of(conn, row).await?);
        }
        let scene = reading.scene(self.clock.now());
        let events = records
            .iter()
            .filter_map(|record| scene.event(record, &names))
            .map(Entry::Event);
        let messages = messages
            .iter()
            .map(|row| Entry::Message(scene.message(row, &reading.reader)));
        let mut entries: Vec<Entry> = messages.chain(events).collect();
        entries.sort_by_key(Entry::seq);
        Ok((entries, more.then_some(from)))
    }
}

/// Reads what every page of a conversation needs. Whoever never took part learns as much as of one that does not
/// exist. // security.md 38
pub(super) async fn read(
    conn: &mut Conn,
    me: &Me,
    conv: ConversationKey,
) -> Result<Reading, Failure> {
    let found = find_with_people(conn, conv).await?;
    let reading = found.and_then(|(conversation, participants)| {
        let reader = participants
            .iter()
            .find(|person| person.user == Some(me.user))?
            .clone();
        Some(Reading {
            conversation,
            participants,
            reader,
        })
    });
    Ok(reading.ok_or_else(|| no_conversation(conv))?)
}

impl Reading {
    pub(super) fn scene(&self, now: em2_model::Time) -> Scene<'_> {
        Scene {
            conversation: &self.conversation,
            participants: &self.participants,
            now,
        }
    }

    /// The last slot that this reader may know of.
    pub(super) fn upto(&self) -> u64 {
        self.reader
            .removed_seq
            .unwrap_or(self.conversation.core.seq)
    }

    fn hears(&self, seq: u64) -> bool {
        seq <= self.upto()
    }

    /// A message as it was when the reader was removed; for others as it is. // spec §16
    pub(super) async fn as_of(
        &self,
        conn: &mut Conn,
        row: MessageRow,
    ) -> Result<MessageRow, Failure> {
        match self.reader.removed_seq {
            Some(upto) if row.touched > upto => Past { upto }.message(conn, row).await,
            _ => Ok(row),
        }
    }
}

/// What an add or a modify says, unless it was deleted.
pub(super) fn text_of(record: &Verified<Record>) -> Option<&str> {
    match record.action().content() {
        Ok(Content::MessageAdd(add)) => Some(&add.text),
        Ok(Content::MessageModify(modify)) => Some(&modify.text),
        Ok(_) | Err(Missing::History | Missing::Redacted | Missing::Expired) => None,
    }
}

/// The names of the labels that these records remove.
pub(super) async fn label_names(
    conn: &mut Conn,
    conv: ConversationKey,
    records: &[Verified<Record>],
) -> Result<LabelNames, Failure> {
    let mut names = LabelNames::new();
    for record in records
        .iter()
        .filter(|record| record.action().kind() == Kind::LabelRemove)
    {
        let added = find_record(conn, conv, record.action().item()).await?;
        if let Some(Ok(Content::LabelAdd(add))) =
            added.as_ref().map(|added| added.action().content())
        {
            names.insert(record.action().item(), add.name.clone());
        }
    }
    Ok(names)
}
