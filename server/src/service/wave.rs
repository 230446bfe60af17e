//! Actions that wait at the same time are done in one write: loaded, decided and stored together.
//!
//! ```text
//!  act ─┐
//!  act ─┼─► waiting ─► wave ─► one transaction ─► each is told its own outcome
//!  act ─┘      ▲                  └─ failed ─► each in a transaction of its own
//!              └── those that come meanwhile are the next wave
//! ```

use std::sync::{Arc, Mutex, PoisonError};

use em2_model::id::ConversationKey;
use em2_model::record::{Record, Verified};
use em2_model::refusal::Refusal;
use em2_model::wire::domestic::Accepted;
use futures::future::join_all;
use tokio::sync::oneshot;

use super::deed::Deed;
use super::failure::Failure;
use super::once::Once;
use super::{Me, Service};
use crate::store::StoreError;

/// How many actions share a write at most: bounds how long the first waits for the last.
const WAVE: usize = 64;

/// What somebody does in a conversation, ready to be decided.
pub(super) struct Act {
    pub(super) me: Me,
    pub(super) conv: ConversationKey,
    pub(super) deed: Deed,
    /// Absent where it follows what is newest when it is decided.
    pub(super) signed: Option<Verified<Record>>,
    pub(super) once: Once,
}

type Tell = oneshot::Sender<Result<Accepted, Failure>>;

/// The actions that wait for a write.
#[derive(Default)]
pub(super) struct Waves(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    acts: Vec<(Act, Tell)>,
    /// How many runners take waves from here.
    running: usize,
}

impl Waves {
    fn with<T>(&self, f: impl FnOnce(&mut Waiting) -> T) -> T {
        // What a panic left is whole: nothing is done here but moving.
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Takes waves as long as there are any. The last look and the end of it are one step, so that nothing is left waiting.
struct Runner(Service);

impl Iterator for Runner {
    type Item = Vec<(Act, Tell)>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.waves.with(|waiting| {
            let wave = waiting.acts.len().min(WAVE);
            if wave == 0 {
                waiting.running -= 1;
                return None;
            }
            let later = waiting.acts.split_off(wave);
            Some(std::mem::replace(&mut waiting.acts, later))
        })
    }
}

impl Service {
    /// Has an action done with the next wave. It is done though nobody waits for the answer any more.
    pub(super) async fn submit(&self, act: Act) -> Result<Accepted, Failure> {
        let (tell, told) = oneshot::channel();
        let writers = self.store.writers();
        let alone = self.waves.with(|waiting| {
            waiting.acts.push((act, tell));
            let runs = waiting.running < writers;
            waiting.running += usize::from(runs);
            runs
        });
        if alone {
            let runner = Runner(self.clone());
            tokio::spawn(async move {
                let service = runner.0.clone();
                for wave in runner {
                    service.run(wave).await;
                }
            });
        }
        told.await.unwrap_or_else(|_| Err(gone().into()))
    }

    /// A panic is the write's own, which ends it as a failure: it does not get here.
    async fn run(&self, wave: Vec<(Act, Tell)>) {
        let (acts, tells): (Vec<Act>, Vec<Tell>) = wave.into_iter().unzip();
        let acts: Arc<[Act]> = acts.into();
        let outcomes = match self.write(acts.clone(), 0..acts.len()).await {
            Ok(outcomes) => outcomes
                .into_iter()
                .map(|o| o.map_err(Failure::from))
                .collect(),
            Err(failure) if acts.len() == 1 => vec![Err(failure)],
            // One of them was done before, or the database is down: each finds out for itself.
            Err(_) => {
                let each = (0..acts.len()).map(|n| self.write_one(acts.clone(), n));
                join_all(each).await
            }
        };
        for (tell, outcome) in tells.into_iter().zip(outcomes) {
            // Nobody may be waiting any more.
            let _ = tell.send(outcome);
        }
    }

    async fn write(
        &self,
        acts: Arc<[Act]>,
        which: std::ops::Range<usize>,
    ) -> Result<Vec<Result<Accepted, Refusal>>, Failure> {
        let service = self.clone();
        self.store
            .write(move |tx| Box::pin(async move { service.perform(tx, &acts[which]).await }))
            .await
    }

    async fn write_one(&self, acts: Arc<[Act]>, n: usize) -> Result<Accepted, Failure> {
        let outcome = self.write(acts, n..n + 1).await?.pop();
        Ok(outcome.ok_or_else(gone)??)
    }
}

fn gone() -> StoreError {
    StoreError::Unavailable("the write was given up".to_owned())
}
