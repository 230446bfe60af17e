//! What waits for another platform in a conversation, ready to be sent. // spec §12, §15

use std::collections::BTreeMap;
use std::sync::Arc;

use em2_model::conversation::Core;
use em2_model::id::Time;
use em2_model::refusal::Refusal;
use em2_model::wire::foreign::{RECORDS_MAX, SeenMark};
use em2_model::{ConversationKey, Platform};

use super::room::PENDING_MAX;
use super::serve::withhold;
use super::stranded::GivesBack;
use super::unconfirmed::may_wait;
use crate::service::Service;
use crate::service::failure::Failure;
use crate::store::Conn;
use crate::store::actions::list_records_after;
use crate::store::conversations::list_conversations;
use crate::store::deliveries::{DeliveryRow, list_deliveries_to};
use crate::store::participants::list_marks;
use crate::store::pending::{list_pending, list_pending_after};

/// What one conversation has for another platform, ready to be sent.
#[derive(Debug)]
pub struct Parcel {
    pub conv: ConversationKey,
    /// The epoch in which this platform commits; 1 where it says nothing of it.
    pub epoch: u64,
    /// Records in their exact bytes, in their order.
    pub records: Vec<Vec<u8>>,
    pub seen: Vec<SeenMark>,
    /// There is more than fits.
    pub more: bool,
    /// The newest of the marks.
    pub(super) seen_at: Time,
    /// It shows that this platform was in the conversation, and gives back what stranded here.
    pub(super) gives: Option<GivesBack>,
    /// The peer had this much before.
    pub(super) acked: u64,
    pub(super) what: What,
}

/// What a parcel carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// Commits of a conversation that is led here.
    Commits,
    /// What wants a slot, for the platform that leads.
    Submission,
    /// What waits for one, for the others, up to this number.
    Unconfirmed(u64),
    /// Nothing: it asks what the peer has, because this platform was restored.
    Ask,
}

/// What one request carries.
#[derive(Debug, Default)]
pub struct Load {
    pub parcels: Vec<Arc<Parcel>>,
    /// In these conversations the peer lacks nothing.
    pub empty: Vec<ConversationKey>,
    /// For these there is no room.
    pub left: Vec<ConversationKey>,
}

impl Parcel {
    /// How many bytes of records one request carries: what is left of the limit is for keys and marks. // spec §7
    pub const BYTES: usize = 900 * 1024;

    /// The bytes of its records.
    pub fn size(&self) -> usize {
        self.records.iter().map(|record| record.len() + 1).sum()
    }

    /// Whether what is answered to it makes no step: commits of a conversation that is led here, or what waits.
    pub(super) fn is_noted(&self) -> bool {
        matches!(self.what, What::Commits | What::Unconfirmed(_))
    }

    /// Whether it is for the platform that leads the conversation.
    pub fn is_submission(&self) -> bool {
        self.what == What::Submission
    }
}

impl Service {
    /// What this peer lacks in these conversations, as far as it fits into one request.
    pub async fn load(&self, peer: &Platform, convs: &[ConversationKey]) -> Result<Load, Refusal> {
        Ok(self.make_load(peer, convs).await?)
    }

    async fn make_load(&self, peer: &Platform, convs: &[ConversationKey]) -> Result<Load, Failure> {
        let mut conn = self.store.snapshot().await?;
        let rows = list_conversations(&mut conn, convs).await?.into_iter();
        let mut cores: BTreeMap<_, _> = rows.map(|row| (row.core.key, row.core)).collect();
        let rows = list_deliveries_to(&mut conn, peer.as_str(), convs).await?;
        let mut rows: BTreeMap<_, _> = rows.into_iter().map(|row| (row.conv, row)).collect();
        let (mut load, mut room, mut bytes) = (Load::default(), RECORDS_MAX, Parcel::BYTES);
        for conv in convs {
            if room == 0 {
                load.left.push(*conv);
                continue;
            }
            let found = (cores.remove(conv), rows.remove(conv));
            let parcel = match found {
                (Some(core), delivery) => {
                    let most = (room, bytes);
                    let made = self.make_parcel(&mut conn, peer, core, delivery, most);
                    made.await?
                }
                (None, _) => None,
            };
            match parcel {
                None => load.empty.push(*conv),
                Some(parcel) => {
                    room -= parcel.records.len().max(1).min(room);
                    bytes = bytes.saturating_sub(parcel.size());
                    load.parcels.push(Arc::new(parcel));
                }
            }
        }
        Ok(load)
    }

    /// What this peer lacks in a conversation; nothing where it lacks nothing.
    async fn make_parcel(
        &self,
        conn: &mut Conn,
        peer: &Platform,
        core: Core,
        delivery: Option<DeliveryRow>,
        (room, bytes): (usize, usize),
    ) -> Result<Option<Parcel>, Failure> {
        let conv = core.key;
        let (acked, seen_since) = delivery
            .as_ref()
            .map_or((0, Time(0)), |row| (row.acked_seq, row.seen_at));
        let leads = core.leader == *self.identity.platform();
        let standing = self.standings.find(conv).unwrap_or_default();
        if leads && standing.silent().contains(peer) {
            return Ok(Some(Parcel {
                conv,
                epoch: core.epoch,
                records: Vec::new(),
                more: false,
                seen: Vec::new(),
                seen_at: seen_since,
                acked,
                gives: None,
                what: What::Ask,
            }));
        }
        if leads && standing.asking_until().is_some() {
            return Ok(None);
        }
        let limit = room.min(RECORDS_MAX) as i64;
        let (mut numbers, mut gives) = (Vec::new(), None);
        let upto = core.platform_upto(peer).unwrap_or(core.seq);
        let (records, all) = match (leads, core.leader == *peer) {
            (true, _) if delivery.is_some() && acked < upto => {
                let mut records = list_records_after(conn, conv, acked, limit).await?;
                records.retain(|record| record.commit().is_some_and(|commit| commit.seq() <= upto));
                let last = acked + records.len() as u64;
                (withhold(conn, &core, peer, records).await?, last == upto)
            }
            (false, true) => {
                let (given, mut records) = self
                    .give_back(conn, &core, delivery.as_ref(), &standing, limit)
                    .await?;
                let goes_on = given.as_ref().is_none_or(GivesBack::is_all);
                gives = given;
                let pending = match goes_on {
                    true => list_pending(conn, conv, PENDING_MAX).await?,
                    false => Vec::new(),
                };
                let left = (limit as usize).saturating_sub(records.len());
                let all = goes_on && pending.len() <= left;
                let pending = pending.into_iter().take(left);
                records.extend(pending.map(|record| record.into_inner()));
                (records, all)
            }
            (false, false) if delivery.as_ref().is_some_and(|row| acked < row.head_seq) => {
                let pending = list_pending_after(conn, conv, acked, limit).await?;
                let all = pending.len() < limit as usize;
                let waiting = pending.into_iter().filter(|(record, _)| may_wait(record));
                let waiting = waiting.map(|(record, n)| (record.into_inner(), n));
                let (records, of_each): (_, Vec<u64>) = waiting.unzip();
                numbers = of_each;
                (records, all)
            }
            _ => (Vec::new(), true),
        };
        let (records, fits) = within(bytes, records.iter().map(|record| record.to_bytes()));
        let seen = self.marks(conn, &core, peer, seen_since).await?;
        if records.is_empty() && seen.is_empty() && fits {
            return Ok(None);
        }
        let seen_at = seen.iter().map(|mark| mark.at).max().unwrap_or(seen_since);
        let last = records.len().checked_sub(1);
        let what = match (leads, core.leader == *peer) {
            (true, _) => What::Commits,
            (false, true) => What::Submission,
            (false, false) => {
                What::Unconfirmed(last.and_then(|n| numbers.get(n)).copied().unwrap_or(acked))
            }
        };
        Ok(Some(Parcel {
            conv,
            epoch: if leads { core.epoch } else { 1 },
            records,
            more: !(all && fits),
            seen,
            seen_at,
            acked,
            gives,
            what,
        }))
    }

    /// Read marks that the peer has not been told: the leader relays those of everybody else, others tell their own.
    async fn marks(
        &self,
        conn: &mut Conn,
        core: &Core,
        peer: &Platform,
        since: Time,
    ) -> Result<Vec<SeenMark>, Failure> {
        let own = self.identity.platform();
        let tells = core.leader == *own || core.leader == *peer;
        if !tells || core.platform_since(peer).is_none() {
            return Ok(Vec::new());
        }
        let marks = list_marks(conn, core.key, since, RECORDS_MAX as i64).await?;
        let theirs = |mark: &SeenMark| {
            let person = core.person(&mark.actor);
            let platform = person.and_then(|person| person.platform.as_ref());
            match core.leader == *own {
                true => platform.is_some_and(|platform| platform != peer),
                false => platform == Some(own),
            }
        };
        Ok(marks.into_iter().filter(theirs).collect())
    }
}

/// As many records as fit into a request, and whether all do.
fn within(most: usize, records: impl Iterator<Item = Vec<u8>>) -> (Vec<Vec<u8>>, bool) {
    let (mut bytes, mut fitting) = (0, Vec::new());
    for record in records {
        bytes += record.len() + 1;
        if bytes > most {
            return (fitting, false);
        }
        fitting.push(record);
    }
    (fitting, true)
}
