//! Conversations in which platforms restore, or have: what the write path has to know of them. // spec §14

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use em2_model::ConversationKey;
use em2_model::id::Time;
use em2_model::step::Standing;

/// The standings that are not as at first. Cheap to clone: every clone is the same one.
#[derive(Clone, Default)]
pub(in crate::service) struct Standings(Arc<RwLock<BTreeMap<ConversationKey, Standing>>>);

impl Standings {
    /// How this conversation stands, where something was restored.
    pub(in crate::service) fn find(&self, conv: ConversationKey) -> Option<Standing> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&conv).cloned()
    }

    /// What is durable now.
    pub(in crate::service) fn keep(&self, conv: ConversationKey, standing: Standing) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(conv, standing);
    }

    /// Where the wait for the others is over at this time.
    pub(super) fn due(&self, now: Time) -> Vec<ConversationKey> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let due = known.iter().filter(|(_, standing)| {
            let until = standing.asking_until();
            until.is_some_and(|until| until <= now)
        });
        due.map(|(conv, _)| *conv).collect()
    }
}
