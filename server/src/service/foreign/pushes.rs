//! Taking what one request says about several conversations, in waves.
//!
//! ```text
//!  request ─► checked ─► waves ─► one transaction each: entered, stepped through, answered
//!                          └─ failed ─► each conversation in a transaction of its own
//! ```

use std::ops::Range;
use std::sync::Arc;

use em2_model::keys::KeyLog;
use em2_model::refusal::{Code, Refusal};
use em2_model::step::Locator;
use em2_model::wire::foreign::{Answer, Push, Verdict};
use em2_model::{ConversationKey, Platform};
use futures::future::join_all;
use serde_json::json;

use super::locator::locator_slots;
use super::ready::Checked;
use super::receive::Received;
use super::room::Visit;
use crate::federation::bindings::Bindings;
use crate::federation::keyring::Keyring;
use crate::service::Service;
use crate::service::failure::Failure;
use crate::store::beside::list_commits_of_each;
use crate::store::{StoreError, Tx};

/// How many records share a write at most, unless those of one conversation are more: bounds how long what is written
/// beside them waits.
const WAVE: usize = 24;

impl Service {
    /// Takes what `from` says, each conversation of it for itself. Its request was authenticated by `log`; the keys are
    /// those of all who signed the records, the bindings say where those are reached who are to be added. A refusal is
    /// of all that was said about a conversation; what became of each record stands in the answer.
    pub async fn receive(
        &self,
        from: &Platform,
        log: &KeyLog,
        pushes: Vec<Push>,
        known: (Keyring, Bindings),
    ) -> Vec<(ConversationKey, Result<Answer, Refusal>)> {
        let convs: Vec<ConversationKey> = pushes.iter().map(|push| push.conv).collect();
        let mut answers = Vec::with_capacity(convs.len());
        match self.check_pushes(from, log, pushes, known).await {
            Ok(received) => {
                let received: Arc<[Received]> = received.into();
                for wave in waves(&received) {
                    answers.extend(self.take_wave(&received, wave).await);
                }
            }
            Err(failure) => {
                let refusal = Refusal::from(failure);
                answers.resize_with(convs.len(), || Err(refusal.clone()));
            }
        }
        convs.into_iter().zip(answers).collect()
    }

    async fn check_pushes(
        &self,
        from: &Platform,
        log: &KeyLog,
        mut pushes: Vec<Push>,
        (keys, bindings): (Keyring, Bindings),
    ) -> Result<Vec<Received>, Failure> {
        let records = pushes
            .iter_mut()
            .map(|push| std::mem::take(&mut push.records));
        let records: Vec<Vec<_>> = records.collect();
        let counts: Vec<usize> = records.iter().map(Vec::len).collect();
        let records = records.into_iter().flatten().collect();
        let mut checked = self.check_records(records, keys).await?;
        for record in checked.iter_mut().flatten() {
            bind(record, &bindings);
        }
        let mut checked = checked.into_iter();
        let pushes = pushes.into_iter().zip(counts);
        let received = pushes.map(|(push, count)| Received {
            from: from.clone(),
            incarnation: log.incarnation(),
            conv: push.conv,
            checked: checked.by_ref().take(count).collect(),
            seen: push.seen,
            epoch: push.epoch,
        });
        Ok(received.collect())
    }

    async fn take_wave(
        &self,
        received: &Arc<[Received]>,
        wave: Range<usize>,
    ) -> Vec<Result<Answer, Refusal>> {
        match self.write_wave(received.clone(), wave.clone()).await {
            Ok(answers) => answers,
            Err(failure) if wave.len() == 1 => vec![Err(failure.into())],
            // One of them cannot be stored, or the database is down: each finds out for itself.
            Err(_) => {
                let each = wave.map(|n| async move {
                    let answer = self.write_wave(received.clone(), n..n + 1).await;
                    let answer = answer.map_err(Refusal::from)?.pop();
                    answer.unwrap_or_else(|| Err(Failure::from(StoreError::given_up()).into()))
                });
                join_all(each).await
            }
        }
    }

    async fn write_wave(
        &self,
        received: Arc<[Received]>,
        wave: Range<usize>,
    ) -> Result<Vec<Result<Answer, Refusal>>, Failure> {
        let (service, written, which) = (self.clone(), received.clone(), wave.clone());
        let taken = self.store.write::<_, Failure, _>(move |tx| {
            Box::pin(async move { service.take_each(tx, &written[which]).await })
        });
        let answers = taken.await?;
        let is_fork =
            |it: &Verdict| matches!(it, Verdict::Rejected { code, .. } if *code == Code::Fork);
        for (received, answer) in received[wave].iter().zip(&answers) {
            if let Ok(answer) = answer
                && answer.results.values().any(is_fork)
            {
                self.tell_delivery(received.conv).await?;
            }
        }
        Ok(answers)
    }

    async fn take_each(
        &self,
        tx: &mut Tx,
        wave: &[Received],
    ) -> Result<Vec<Result<Answer, Refusal>>, Failure> {
        let (now, nothing) = (self.clock.now(), Locator::new());
        let visits: Vec<Visit<'_>> = wave
            .iter()
            .map(|received| Visit {
                conv: received.conv,
                ready: received.ready(),
                have: &nothing,
            })
            .collect();
        let (rooms, mut heads) = self.enter_each(tx, &visits).await?;
        let mut taken = Vec::with_capacity(wave.len());
        for (received, mut room) in wave.iter().zip(rooms) {
            if let Err(refusal) = received.admit(&room) {
                taken.push(Err(refusal));
                continue;
            }
            room.exchange(&mut heads);
            let answer = self.take(tx, &mut room, received, now).await?;
            room.exchange(&mut heads);
            taken.push(Ok((room, answer)));
        }
        let asked = taken.iter().flatten();
        let asked = asked.map(|(room, _)| (room.conv(), locator_slots(room.head())));
        let asked = asked.collect();
        let mut here = list_commits_of_each(tx, asked).await?.into_iter();
        let mut answers = Vec::with_capacity(wave.len());
        for (received, taken) in wave.iter().zip(taken) {
            let (room, mut answer) = match taken {
                Ok(taken) => taken,
                Err(refusal) => {
                    answers.push(Err(refusal));
                    continue;
                }
            };
            answer.have = here.next().unwrap_or_default();
            answer.have.reverse();
            for mark in &received.seen {
                self.take_seen(tx, &received.from, &room, mark, now).await?;
            }
            let says_nothing = answer.results.is_empty() && !received.checked.is_empty();
            answers.push(match says_nothing {
                true => Err(Refusal::from(Code::Gap).with("have", json!(answer.have))),
                false => Ok(answer),
            });
        }
        Ok(answers)
    }
}

/// Which conversations share a write, one after the other. One of which nothing is said but marks counts as a record.
fn waves(received: &[Received]) -> Vec<Range<usize>> {
    let (mut waves, mut begin, mut room) = (Vec::new(), 0, WAVE);
    for (n, received) in received.iter().enumerate() {
        let records = received.checked.len().max(1);
        if records > room && begin < n {
            waves.push(begin..n);
            (begin, room) = (n, WAVE);
        }
        room = room.saturating_sub(records);
    }
    waves.push(begin..received.len());
    waves.retain(|wave| !wave.is_empty());
    waves
}

/// Refuses an action that wants a slot where it binds somebody to a platform at which they are not reached.
fn bind(checked: &mut Checked, bindings: &Bindings) {
    if let Ok(ready) = checked
        && ready.record.commit().is_none()
        && let Err(refusal) = bindings.check(ready.record.action())
    {
        *checked = Err((ready.record.action().key(), refusal));
    }
}
