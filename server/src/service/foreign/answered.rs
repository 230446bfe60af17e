//! What the answer of another platform changes here. // spec §12, §15

use std::sync::Arc;

use em2_model::Platform;
use em2_model::id::{ActionKey, CommitKey, ConversationKey, Time};
use em2_model::refusal::Refusal;
use em2_model::step::{Input, Message, Output};
use em2_model::wire::foreign::{Answer, Verdict};
use futures::stream::{self, StreamExt as _};

use super::locator::shared;
use super::parcel::{Parcel, What};
use super::stranded::given_back;
use crate::service::Service;
use crate::service::failure::Failure;
use crate::store::Tx;
use crate::store::beside::{hold, list_commits_of_each};
use crate::store::deliveries::{mark_delivered, mark_seen_delivered};

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

/// How many writes of one answer wait for the database at once: there are others.
const AT_ONCE: usize = 8;

/// A parcel, and what was answered to it.
type Answered = (Arc<Parcel>, Answer);

impl Service {
    /// The peer has answered these parcels: what each left, in their order.
    pub async fn parcels_answered(
        &self,
        peer: &Platform,
        answered: Vec<Answered>,
    ) -> Result<Vec<Left>, Refusal> {
        if answered.is_empty() {
            return Ok(Vec::new());
        }
        let convs: Vec<ConversationKey> = answered.iter().map(|(it, _)| it.conv).collect();
        // Steps hold people besides their conversation: each of those is a write of its own.
        let together = answered.iter().all(|(parcel, _)| parcel.is_noted());
        let left = match together {
            true => self.keep_answers(peer, answered).await?,
            false => {
                let each = stream::iter(answered).map(|it| self.keep_answers(peer, vec![it]));
                let left: Vec<_> = each.buffered(AT_ONCE).collect().await;
                left.into_iter().collect::<Result<Vec<_>, _>>()?.concat()
            }
        };
        self.tell_deliveries(&convs).await;
        Ok(left)
    }

    async fn keep_answers(
        &self,
        peer: &Platform,
        answered: Vec<Answered>,
    ) -> Result<Vec<Left>, Failure> {
        let (service, peer) = (self.clone(), peer.clone());
        let kept = self.store.write::<_, Failure, _>(move |tx| {
            Box::pin(async move {
                let now = service.clock.now();
                let convs: Vec<ConversationKey> = answered.iter().map(|(it, _)| it.conv).collect();
                hold(tx, &convs).await?;
                let slots = |answer: &Answer| {
                    let slots = answer.have.iter();
                    let slots = slots.filter_map(|(seq, _)| i64::try_from(*seq).ok());
                    slots.collect()
                };
                let asked = answered.iter();
                let asked = asked.map(|(parcel, answer)| (parcel.conv, slots(answer)));
                let ours = list_commits_of_each(tx, asked.collect()).await?;
                let mut left = Vec::with_capacity(answered.len());
                for ((parcel, answer), ours) in answered.iter().zip(ours) {
                    let kept = service.keep_answer(tx, &peer, parcel, (answer, &ours), now);
                    left.push(kept.await?);
                }
                Ok(left)
            })
        });
        kept.await
    }

    async fn keep_answer(
        &self,
        tx: &mut Tx,
        peer: &Platform,
        parcel: &Parcel,
        (answer, ours): (&Answer, &[(u64, CommitKey)]),
        now: Time,
    ) -> Result<Left, Failure> {
        let (conv, acked, what, more) = (parcel.conv, parcel.acked, parcel.what, parcel.more);
        let sent = parcel.records.len();
        let common = shared(&answer.have, ours);
        if !parcel.seen.is_empty() {
            mark_seen_delivered(tx, conv, peer.as_str(), parcel.seen_at);
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
                common if common <= acked => Left::Stuck(why(answer)),
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
        let results =
            results.filter_map(|(key, verdict)| Some((key.parse().ok()?, verdict.outcome())));
        let message = Message::Answer {
            have: answer.have.clone(),
            epoch: answer.epoch,
            results: results.collect(),
        };
        let input = Input::Received {
            from: peer.clone(),
            message,
        };
        let stepped = self.one_step(tx, conv, &answer.have, input, now);
        let (room, outputs) = stepped.await?;
        if let (Some(_), Some(core)) = (parcel.gives, room.core())
            && room.state.standing().stranded_after().is_none()
            && let Some(message) = self.lacks_words(tx, core).await?
        {
            return Ok(Left::Fill(message));
        }
        if what == What::Submission
            && let Some(left) = given_back(tx, &room, peer, answer, parcel.gives, now)
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
