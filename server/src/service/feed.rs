//! What a person missed while they were not connected: the feed, in the present form of what it tells of.

use std::collections::BTreeMap;

use em2_model::action::Model;
use em2_model::id::ConversationKey;
use em2_model::record::{Record, Verified};
use em2_model::refusal::Refusal;
use em2_model::wire::live::{Change, Live};

use super::failure::Failure;
use super::pages::{Reading, label_names, read};
use super::past::Past;
use super::{Me, Service, drafts, row};
use crate::propagate::{Frame, SharedChange};
use crate::store::Conn;
use crate::store::actions::find_record_at;
use crate::store::drafts::find_draft;
use crate::store::feed::{Missed, Told, find_counter, list_feed};
use crate::store::list::list_rows;
use crate::store::messages::list_messages_by_key;
use crate::store::requests::count_requests;

/// How many frames are replayed; who missed more loads the pages again.
const REPLAY: usize = 200;

/// What a connection is sent before it hears live frames.
#[derive(Debug)]
pub enum FeedPage {
    /// Everything after the cursor, in order; live frames go on with number `n + 1`.
    Frames { n: u64, frames: Vec<Frame> },
    /// Too much was missed: load the pages again, and go on with number `n + 1`.
    Resync { n: u64 },
}

impl Service {
    /// What this person was told after number `since`; with `u64::MAX` nothing, only the number they are at.
    pub async fn feed_since(&self, me: &Me, since: u64) -> Result<FeedPage, Refusal> {
        Ok(self.read_feed(me, since).await?)
    }

    async fn read_feed(&self, me: &Me, since: u64) -> Result<FeedPage, Failure> {
        let mut conn = self.store.snapshot().await?;
        let n = find_counter(&mut conn, me.user).await?;
        if since == u64::MAX {
            return Ok(FeedPage::Frames {
                n,
                frames: Vec::new(),
            });
        }
        let told = match list_feed(&mut conn, me.user, since, REPLAY as i64 + 1).await? {
            Missed::Told(told) if told.len() <= REPLAY => told,
            Missed::Told(_) | Missed::Resync => return Ok(FeedPage::Resync { n }),
        };
        let mut replay = Replay {
            service: self,
            me,
            conn,
            read: BTreeMap::new(),
        };
        let mut frames = Vec::with_capacity(told.len());
        for (n, told) in told {
            frames.extend(replay.frame(n, told).await?);
        }
        Ok(FeedPage::Frames { n, frames })
    }
}

impl Service {
    /// What a record changed, as a person sees it now.
    pub(super) async fn change_of(
        &self,
        conn: &mut Conn,
        me: &Me,
        conv: ConversationKey,
        record: &Verified<Record>,
    ) -> Result<Change, Failure> {
        let reading = read(conn, me, conv).await?;
        self.read_change(conn, &reading, record).await
    }

    async fn read_change(
        &self,
        conn: &mut Conn,
        reading: &Reading,
        record: &Verified<Record>,
    ) -> Result<Change, Failure> {
        let conv = reading.conversation.core.key;
        let message = match record.action().kind().model() {
            Model::Message => {
                let rows = list_messages_by_key(conn, conv, &[record.action().item()]).await?;
                match rows.into_iter().next() {
                    Some(row) => Some(reading.as_of(conn, row).await?),
                    None => None,
                }
            }
            _ => None,
        };
        let names = label_names(conn, conv, std::slice::from_ref(record)).await?;
        let scene = reading.scene(self.clock.now());
        Ok(scene.change(record, message.as_ref(), &names, &reading.reader)?)
    }
}

struct Replay<'a> {
    service: &'a Service,
    me: &'a Me,
    conn: Conn,
    /// Each conversation is read once.
    read: BTreeMap<ConversationKey, (Reading, em2_model::wire::domestic::Row)>,
}

impl Replay<'_> {
    /// One thing that was told; nothing where it is not there any more.
    async fn frame(&mut self, n: u64, told: Told) -> Result<Option<Frame>, Failure> {
        Ok(match told {
            Told::Action { conv, seq } => self.change(n, conv, seq).await?,
            Told::Read { conv, seq } => Some(Frame::live(Live::Read {
                n,
                conversation: conv,
                seq,
            })),
            Told::Draft(key) => find_draft(&mut self.conn, self.me.user, key)
                .await?
                .filter(|draft| draft.published.is_none())
                .map(|draft| {
                    Frame::live(Live::Draft {
                        n,
                        row: Box::new(drafts::row(&draft)),
                    })
                }),
            Told::Requests => {
                let requests = count_requests(&mut self.conn, self.me.user).await?;
                let requests = u32::try_from(requests).unwrap_or(u32::MAX);
                Some(Frame::live(Live::Requests { n, requests }))
            }
            Told::DraftGone { draft, became } => Some(Frame::live(Live::DraftGone {
                n,
                key: draft,
                became,
            })),
        })
    }

    async fn change(
        &mut self,
        n: u64,
        conv: ConversationKey,
        seq: u64,
    ) -> Result<Option<Frame>, Failure> {
        let Some(record) = find_record_at(&mut self.conn, conv, seq).await? else {
            return Ok(None);
        };
        if !self.read.contains_key(&conv) {
            let rows = list_rows(&mut self.conn, self.me.user, &[conv]).await?;
            let Some(row) = rows.into_iter().next() else {
                return Ok(None);
            };
            let row = row::row(row, &self.me.address);
            self.read
                .insert(conv, (read(&mut self.conn, self.me, conv).await?, row));
        }
        let Some((reading, row)) = self.read.get(&conv) else {
            return Ok(None);
        };
        if seq > reading.upto() {
            return Ok(None);
        }
        let mut change = self
            .service
            .read_change(&mut self.conn, reading, &record)
            .await?;
        if let Some(upto) = reading.reader.removed_seq {
            change.effect = Past { upto }
                .effect(&mut self.conn, reading, row, change.effect)
                .await?;
        }
        Ok(Some(Frame::change(
            n,
            conv,
            SharedChange::new(change),
            row.clone(),
        )))
    }
}
