//! Actions that wait at the same time are done in one write: loaded, decided and stored together.
//!
//! ```text
//!  act ─┐
//!  act ─┼─► wave ─► one transaction ─► each is told its own outcome
//!  act ─┘              └─ failed ─► each in a transaction of its own
//! ```

use std::ops::Range;
use std::sync::Arc;

use em2_model::id::{ConversationKey, Time};
use em2_model::record::{Record, Verified};
use em2_model::refusal::Refusal;
use em2_model::wire::domestic::Accepted;
use futures::future::join_all;

use super::deed::Deed;
use super::failure::Failure;
use super::once::Once;
use super::{Me, Service};
use crate::store::contacts::{Regard, Who, upsert_contact};
use crate::store::{Store, StoreError, Tx};
use crate::together::Together;

/// How many actions share a write at most: bounds how long the first waits for the last.
const WAVE: usize = 64;

/// What somebody does in a conversation, ready to be decided.
pub(super) struct Act {
    pub(super) me: Me,
    pub(super) conv: ConversationKey,
    pub(super) deed: Deed,
    /// Absent where it follows what is newest when it is decided; not used where another platform leads.
    pub(super) signed: Option<Verified<Record>>,
    pub(super) once: Once,
}

impl Act {
    /// Whom somebody adds on another platform is not unknown to them from then on.
    pub(super) fn acquaint(&self, tx: &mut Tx, now: Time) {
        if let Some((address, platform)) = self.deed.adds_abroad() {
            let who = Who::Person(address, platform);
            upsert_contact(tx, self.me.user, who, Regard::Accepted, now);
        }
    }
}

/// The actions that wait for a write.
pub(super) type Waves = Together<Act, Result<Accepted, Failure>>;

/// The actions that wait for a write to this store.
pub(super) fn waves(store: &Store) -> Waves {
    Together::new(store.writers(), WAVE)
}

impl Service {
    /// How many actions are not answered yet.
    pub fn acting(&self) -> usize {
        self.waves.open()
    }

    /// Has an action done with the next wave. It is done though nobody waits for the answer any more.
    pub(super) async fn submit(&self, act: Act) -> Result<Accepted, Failure> {
        let service = self.clone();
        let run = move |acts| {
            let service = service.clone();
            async move { service.run(acts).await }
        };
        let outcome = self.waves.call(act, run).await;
        outcome.unwrap_or_else(|| Err(StoreError::given_up().into()))
    }

    async fn run(&self, acts: Vec<Act>) -> Vec<Result<Accepted, Failure>> {
        let acts: Arc<[Act]> = acts.into();
        match self.write(acts.clone(), 0..acts.len()).await {
            Ok(outcomes) => {
                let outcomes = outcomes.into_iter();
                outcomes.map(|o| o.map_err(Failure::from)).collect()
            }
            Err(failure) if acts.len() == 1 => vec![Err(failure)],
            // One of them was done before, or the database is down: each finds out for itself.
            Err(_) => {
                let each = (0..acts.len()).map(|n| self.write_one(acts.clone(), n));
                join_all(each).await
            }
        }
    }

    async fn write(
        &self,
        acts: Arc<[Act]>,
        which: Range<usize>,
    ) -> Result<Vec<Result<Accepted, Refusal>>, Failure> {
        let service = self.clone();
        self.store
            .write(move |tx| Box::pin(async move { service.perform(tx, &acts[which]).await }))
            .await
    }

    async fn write_one(&self, acts: Arc<[Act]>, n: usize) -> Result<Accepted, Failure> {
        let outcome = self.write(acts, n..n + 1).await?.pop();
        Ok(outcome.ok_or_else(StoreError::given_up)??)
    }
}
