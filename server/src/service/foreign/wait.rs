//! People who wait for another platform to give their action its place. // spec §12

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use em2_model::ActionKey;
use em2_model::step::Outcome;
use tokio::sync::oneshot;

/// How long somebody waits before they are told that their action is on its way.
const PATIENCE: Duration = Duration::from_secs(2);

/// Who waits for which action. Cheap to clone: every clone is the same one.
#[derive(Clone, Default)]
pub(in crate::service) struct Waiting(Arc<Mutex<BTreeMap<ActionKey, oneshot::Sender<Outcome>>>>);

impl Waiting {
    /// What became of the action, if that is told soon; asked for before the action can have been sent.
    pub(in crate::service) fn expect(&self, key: ActionKey) -> Expected {
        let (tell, told) = oneshot::channel();
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key, tell);
        Expected {
            waiting: self.clone(),
            key,
            told,
        }
    }

    /// Whether somebody waits for this action now.
    pub(in crate::service) fn expects(&self, key: ActionKey) -> bool {
        let waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.contains_key(&key)
    }

    /// Tells whoever waits.
    pub(in crate::service) fn tell(&self, key: ActionKey, outcome: Outcome) {
        let waiting = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&key);
        if let Some(tell) = waiting {
            // They may have lost patience.
            let _ = tell.send(outcome);
        }
    }
}

/// One who waits.
pub(in crate::service) struct Expected {
    waiting: Waiting,
    key: ActionKey,
    told: oneshot::Receiver<Outcome>,
}

impl Expected {
    /// The outcome; `None` where it takes too long.
    pub(in crate::service) async fn outcome(mut self) -> Option<Outcome> {
        let told = tokio::time::timeout(PATIENCE, &mut self.told).await;
        told.ok()?.ok()
    }
}

impl Drop for Expected {
    fn drop(&mut self) {
        let mut waiting = self
            .waiting
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        waiting.remove(&self.key);
    }
}
