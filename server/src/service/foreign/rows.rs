//! What is durable of deliveries to other platforms: read and written for whoever sends. // spec §15

use std::cmp::Ordering;
use std::collections::BTreeMap;

use em2_model::id::Time;
use em2_model::refusal::{Code, Refusal};
use em2_model::wire::foreign::Head;
use em2_model::{ConversationKey, Platform};

use crate::federation::engine::{Schedule, Trouble, Waits};
use crate::service::Service;
use crate::service::failure::Failure;
use crate::store::actions::list_contradicted;
use crate::store::conversations::list_not_led_by;
use crate::store::deliveries::{DeliveryState, Try, lower_delivery, mark_tried};
use crate::store::peers::{
    PeerStanding, list_backlog, list_peers, list_shared_heads, list_waiting_peers, upsert_standing,
};
use crate::store::{Conn, StoreError};

/// A try of one conversation that had no success.
#[derive(Clone, Debug)]
pub struct Trying {
    pub peer: Platform,
    pub conv: ConversationKey,
    /// It rests until then; absent: it needs a person.
    pub until: Option<Time>,
    /// Which refusal for good in a row it was; 0 where it was none.
    pub refused: u64,
    pub code: String,
    pub detail: String,
}

/// Of how many conversations a comparison looks for another history.
const DOUBTS: usize = 64;

/// What a refusal for good was answered with.
const PERMANENT: [Code; 13] = [
    Code::Format,
    Code::NotCanonical,
    Code::Hash,
    Code::Forbidden,
    Code::NotParticipant,
    Code::Removed,
    Code::Incarnation,
    Code::Blocked,
    Code::Expired,
    Code::Gone,
    Code::TooBig,
    Code::Type,
    Code::Fork,
];

/// Whether sending the same again is of no use. // spec §7
pub fn is_permanent(code: Code) -> bool {
    PERMANENT.contains(&code)
}

impl Service {
    /// Every platform that is known, how delivery to it stands, and whether something waits for it.
    pub async fn known_peers(&self) -> Result<Vec<(Platform, Schedule, bool)>, Refusal> {
        Ok(self.read_peers().await?)
    }

    async fn read_peers(&self) -> Result<Vec<(Platform, Schedule, bool)>, Failure> {
        let mut conn = self.store.snapshot().await?;
        let waiting = list_waiting_peers(&mut conn).await?;
        let mut known: BTreeMap<Platform, Schedule> = BTreeMap::new();
        for row in list_peers(&mut conn).await? {
            known.insert(row.name, schedule(row.standing));
        }
        for peer in &waiting {
            known.entry(peer.clone()).or_default();
        }
        let known = known.into_iter();
        Ok(known
            .map(|(peer, schedule)| {
                let waits = waiting.contains(&peer);
                (peer, schedule, waits)
            })
            .collect())
    }

    /// Makes durable how deliveries stand, all of it or none.
    pub async fn keep_schedules(
        &self,
        rows: Vec<(Platform, Schedule)>,
        tries: Vec<Trying>,
    ) -> Result<(), Refusal> {
        let now = self.clock.now();
        let kept = self.store.write::<_, Failure, _>(move |tx| {
            Box::pin(async move {
                for (peer, schedule) in rows {
                    upsert_standing(tx, &peer, &standing(schedule));
                }
                for trying in &tries {
                    let state = match trying.until {
                        Some(_) => DeliveryState::Active,
                        None => DeliveryState::SetAside,
                    };
                    let tried = Try {
                        code: &trying.code,
                        detail: &trying.detail,
                        state,
                        begins: trying.refused == 1,
                        at: now,
                        next_at: trying.until.unwrap_or(now),
                    };
                    mark_tried(tx, trying.conv, trying.peer.as_str(), &tried);
                }
                Ok(())
            })
        });
        Ok(kept.await?)
    }

    /// Conversations in which something waits for a platform, after this one in the order of their keys.
    pub async fn backlog(
        &self,
        peer: &Platform,
        after: Option<ConversationKey>,
        limit: usize,
    ) -> Result<Vec<Waits>, Refusal> {
        let mut conn = self.store.reader().await.map_err(Failure::Store)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let page = list_backlog(&mut conn, peer, after, limit).await;
        let page = page.map_err(Failure::Store)?.into_iter();
        Ok(page
            .map(|row| Waits {
                conv: row.conv,
                tries: row.attempts,
                refused: match row.last_code.is_some_and(is_permanent) {
                    true => row.attempts,
                    false => 0,
                },
                next_at: row.next_at,
            })
            .collect())
    }

    /// A peer says where shared conversations stand, those after `after` up to `upto`: of those that are led here, what
    /// it lacks is to be sent again; of those that it leads, it is asked what became of them. Answers the slots in which
    /// it may hold another commit than the log here, [`DOUBTS`] at most: one of each conversation. // spec §13
    pub async fn compare(
        &self,
        peer: &Platform,
        after: Option<ConversationKey>,
        upto: Option<ConversationKey>,
        theirs: Vec<Head>,
    ) -> Result<Vec<(ConversationKey, u64)>, Refusal> {
        Ok(self.compare_heads(peer, after, upto, theirs).await?)
    }

    async fn compare_heads(
        &self,
        peer: &Platform,
        after: Option<ConversationKey>,
        upto: Option<ConversationKey>,
        theirs: Vec<Head>,
    ) -> Result<Vec<(ConversationKey, u64)>, Failure> {
        let mut conn = self.store.snapshot().await?;
        let ours = list_shared_heads(&mut conn, peer, after, i64::MAX).await?;
        let doubts = doubts(&mut conn, peer, &ours, &theirs).await?;
        drop(conn);
        let theirs: BTreeMap<ConversationKey, u64> = theirs
            .into_iter()
            .map(|(key, _, seq, _)| (key, seq))
            .collect();
        let lacking: Vec<(ConversationKey, u64)> = ours
            .into_iter()
            .take_while(|(key, ..)| upto.is_none_or(|upto| *key <= upto))
            .map(|(key, _, seq, _)| (key, theirs.get(&key).copied().unwrap_or(0), seq))
            .filter(|(_, has, seq)| has < seq)
            .map(|(key, has, _)| (key, has))
            .collect();
        if lacking.is_empty() {
            return Ok(doubts);
        }
        let (service, name, convs) = (self.clone(), peer.clone(), lacking.clone());
        let lowered = self.store.write::<_, Failure, _>(move |tx| {
            Box::pin(async move {
                for (conv, has) in lacking {
                    if !service.ask_leader(tx, &name, conv).await? {
                        lower_delivery(tx, conv, name.as_str(), has);
                    }
                }
                Ok(())
            })
        });
        lowered.await?;
        convs
            .into_iter()
            .for_each(|(conv, _)| self.outbox.raise(peer, conv));
        Ok(doubts)
    }
}

/// Where a peer may hold another commit than the log here: its head, where that has a slot here, or else ours. Where it
/// leads and is ahead, what is lacking here comes by itself.
async fn doubts(
    conn: &mut Conn,
    peer: &Platform,
    ours: &[Head],
    theirs: &[Head],
) -> Result<Vec<(ConversationKey, u64)>, StoreError> {
    let ours: BTreeMap<ConversationKey, &Head> = ours.iter().map(|head| (head.0, head)).collect();
    let (mut doubts, mut behind, mut ahead) = (Vec::new(), Vec::new(), BTreeMap::new());
    for (conv, _, seq, head) in theirs {
        let Some((_, _, here, known)) = ours.get(conv) else {
            continue;
        };
        match seq.cmp(here) {
            Ordering::Less => behind.push((*conv, *seq, *head)),
            Ordering::Equal if head != known => doubts.push((*conv, *seq)),
            Ordering::Equal => {}
            Ordering::Greater => drop(ahead.insert(*conv, *here)),
        }
    }
    doubts.extend(list_contradicted(conn, &behind).await?);
    let keys: Vec<ConversationKey> = ahead.keys().copied().collect();
    let followed = list_not_led_by(conn, &keys, peer).await?.into_iter();
    doubts.extend(followed.filter_map(|conv| Some((conv, *ahead.get(&conv)?))));
    doubts.truncate(DOUBTS);
    Ok(doubts)
}

fn schedule(row: PeerStanding) -> Schedule {
    Schedule {
        attempts: row.attempts,
        next_at: row.next_at,
        first_fail_at: row.first_fail_at,
        last: row.last_code.map(|code| Trouble {
            code,
            detail: row.last_detail.unwrap_or_default(),
        }),
        clock_offset: row.clock_offset,
    }
}

fn standing(schedule: Schedule) -> PeerStanding {
    let (last_code, last_detail) = schedule.last.map(|last| (last.code, last.detail)).unzip();
    PeerStanding {
        attempts: schedule.attempts,
        next_at: schedule.next_at,
        first_fail_at: schedule.first_fail_at,
        last_code,
        last_detail,
        clock_offset: schedule.clock_offset,
    }
}
