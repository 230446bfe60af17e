//! What waits for another platform in one conversation, and what its answer changes. // spec §12, §15

use em2_model::conversation::Core;
use em2_model::id::{ActionKey, Time};
use em2_model::refusal::Refusal;
use em2_model::step::{Input, Message, Output};
use em2_model::wire::foreign::{Answer, RECORDS_MAX, SeenMark, Verdict};
use em2_model::{ConversationKey, Platform};

use super::locator::shared;
use super::room::PENDING_MAX;
use super::serve::withhold;
use super::stranded::{GivesBack, given_back};
use super::unconfirmed::may_wait;
use crate::service::Service;
use crate::service::failure::Failure;
use crate::store::Conn;
use crate::store::actions::{list_commits, list_records_after};
use crate::store::conversations::find_conversation;
use crate::store::deliveries::{find_delivery, mark_delivered, mark_seen_delivered};
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
    seen_at: Time,
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

impl Parcel {
    /// How many bytes of records one request carries: what is left of the limit is for keys and marks. // spec §7
    pub const BYTES: usize = 900 * 1024;

    /// The bytes of its records.
    pub fn size(&self) -> usize {
        self.records.iter().map(|record| record.len() + 1).sum()
    }

    /// Whether it is for the platform that leads the conversation.
    pub fn is_submission(&self) -> bool {
        self.what == What::Submission
    }
}

/// What an answer left.
#[derive(Clone, Debug, PartialEq)]
pub enum Left {
    Nothing,
    /// More is to be sent at once.
    More,
    /// The peer has what this platform has lost, after this slot.
    Fetch(u64),
    /// The peer may tell words that were withheld from this platform, from this message on.
    Fill(ActionKey),
    /// The peer took none of it, and perhaps said why.
    Stuck(Option<Refusal>),
}

impl Service {
    /// What this peer lacks in a conversation; nothing where it lacks nothing.
    pub async fn parcel(
        &self,
        peer: &Platform,
        conv: ConversationKey,
        room: usize,
        bytes: usize,
    ) -> Result<Option<Parcel>, Refusal> {
        Ok(self.make_parcel(peer, conv, (room, bytes)).await?)
    }

    async fn make_parcel(
        &self,
        peer: &Platform,
        conv: ConversationKey,
        (room, bytes): (usize, usize),
    ) -> Result<Option<Parcel>, Failure> {
        let mut conn = self.store.snapshot().await?;
        let Some(row) = find_conversation(&mut conn, conv).await? else {
            return Ok(None);
        };
        let core = row.core;
        let delivery = find_delivery(&mut conn, conv, peer.as_str()).await?;
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
                let mut records = list_records_after(&mut conn, conv, acked, limit).await?;
                records.retain(|record| record.commit().is_some_and(|commit| commit.seq() <= upto));
                let last = acked + records.len() as u64;
                (
                    withhold(&mut conn, &core, peer, records).await?,
                    last == upto,
                )
            }
            (false, true) => {
                let (given, mut records) = self
                    .give_back(&mut conn, &core, delivery.as_ref(), &standing, limit)
                    .await?;
                let goes_on = given.as_ref().is_none_or(GivesBack::is_all);
                gives = given;
                let pending = match goes_on {
                    true => list_pending(&mut conn, conv, PENDING_MAX).await?,
                    false => Vec::new(),
                };
                let left = (limit as usize).saturating_sub(records.len());
                let all = goes_on && pending.len() <= left;
                let pending = pending.into_iter().take(left);
                records.extend(pending.map(|record| record.into_inner()));
                (records, all)
            }
            (false, false) if delivery.as_ref().is_some_and(|row| acked < row.head_seq) => {
                let pending = list_pending_after(&mut conn, conv, acked, limit).await?;
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
        let seen = self.marks(&mut conn, &core, peer, seen_since).await?;
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

    /// The peer has answered a parcel.
    pub async fn parcel_answered(
        &self,
        peer: &Platform,
        parcel: &Parcel,
        answer: Answer,
    ) -> Result<Left, Refusal> {
        let (service, peer) = (self.clone(), peer.clone());
        let (conv, acked, what, more) = (parcel.conv, parcel.acked, parcel.what, parcel.more);
        let (seen_at, tells) = (parcel.seen_at, !parcel.seen.is_empty());
        let (sent, gives) = (parcel.records.len(), parcel.gives);
        let taken = self.store.write::<_, Failure, _>(move |tx| {
            Box::pin(async move {
                let now = service.clock.now();
                let slots = answer
                    .have
                    .iter()
                    .filter_map(|(seq, _)| i64::try_from(*seq).ok());
                let ours = list_commits(tx, conv, slots.collect()).await?;
                let common = shared(&answer.have, &ours);
                if tells {
                    mark_seen_delivered(tx, conv, peer.as_str(), seen_at);
                }
                if let What::Unconfirmed(upto) = what {
                    mark_delivered(tx, conv, peer.as_str(), upto, now);
                    return Ok(if more { Left::More } else { Left::Nothing });
                }
                if what == What::Commits {
                    // What moves nothing forgets no trouble.
                    if common > acked || sent == 0 {
                        mark_delivered(tx, conv, peer.as_str(), common, now);
                    }
                    return Ok(match common {
                        _ if sent == 0 => Left::Nothing,
                        common if common <= acked => Left::Stuck(why(&answer)),
                        _ if more || common < acked + sent as u64 => Left::More,
                        _ => Left::Nothing,
                    });
                }
                let answered = match what {
                    What::Ask => common,
                    _ => 0,
                };
                mark_delivered(tx, conv, peer.as_str(), answered, now);
                let results = answer.results.iter();
                let results = results
                    .filter_map(|(key, verdict)| Some((key.parse().ok()?, verdict.outcome())));
                let message = Message::Answer {
                    have: answer.have.clone(),
                    epoch: answer.epoch,
                    results: results.collect(),
                };
                let input = Input::Received {
                    from: peer.clone(),
                    message,
                };
                let stepped = service.one_step(tx, conv, &answer.have, input, now);
                let (room, outputs) = stepped.await?;
                if let (Some(_), Some(core)) = (gives, room.core())
                    && room.state.standing().stranded_after().is_none()
                    && let Some(message) = service.lacks_words(tx, core).await?
                {
                    return Ok(Left::Fill(message));
                }
                if what == What::Submission
                    && let Some(left) = given_back(tx, &room, &peer, &answer, gives, now)
                {
                    return Ok(left);
                }
                let fetch = outputs.into_iter().find_map(|output| match output {
                    Output::Send {
                        message: Message::Fetch { after },
                        ..
                    } => Some(after),
                    _ => None,
                });
                Ok(match fetch {
                    Some(after) => Left::Fetch(after),
                    None if what == What::Ask || (more && room.core().is_some()) => Left::More,
                    None => Left::Nothing,
                })
            })
        });
        let left = taken.await?;
        self.tell_delivery(conv).await?;
        Ok(left)
    }
}

/// Why a peer took nothing, as far as it said.
fn why(answer: &Answer) -> Option<Refusal> {
    answer.results.values().find_map(|verdict| match verdict {
        Verdict::Rejected { code, details } => Some(Refusal {
            details: details.clone(),
            ..Refusal::from(*code)
        }),
        Verdict::Sequenced { .. } | Verdict::Pending { .. } => None,
    })
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
