//! What other platforms are to be told: woken by a commit, emptied by whoever sends.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use em2_model::{ConversationKey, Platform};
use tokio::sync::Notify;

/// How many conversations are named for one platform at most; the others are found in the database.
const NAMED: usize = 256;

/// Conversations in which something waits for other platforms. Cheap to clone: every clone is the same one.
#[derive(Clone, Default)]
pub struct Outbox(Arc<Inner>);

#[derive(Default)]
struct Inner {
    raised: Mutex<BTreeMap<Platform, Raised>>,
    woken: Notify,
}

/// What waits for one platform since it was looked at last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Raised {
    /// Each once, the first raised first.
    pub convs: Vec<ConversationKey>,
    /// Some are not named.
    pub more: bool,
    /// The platform has proved that it is there.
    pub alive: bool,
    /// It may have been told another history: what both share is to be compared.
    pub doubted: bool,
    /// What people want to be tried now, each once.
    pub hurried: Vec<ConversationKey>,
}

impl Outbox {
    /// Something in this conversation waits for this platform.
    pub fn raise(&self, peer: &Platform, conv: ConversationKey) {
        let mut raised = self.0.raised.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = raised.entry(peer.clone()).or_default();
        if waiting.convs.contains(&conv) {
        } else if waiting.convs.len() < NAMED {
            waiting.convs.push(conv);
        } else {
            waiting.more = true;
        }
        drop(raised);
        self.0.woken.notify_one();
    }

    /// The platform has proved that it is there: whatever waits for it is worth a try.
    pub fn alive(&self, peer: &Platform) {
        let mut raised = self.0.raised.lock().unwrap_or_else(PoisonError::into_inner);
        raised.entry(peer.clone()).or_default().alive = true;
        drop(raised);
        self.0.woken.notify_one();
    }

    /// The platform holds something that contradicts what is here.
    pub fn doubt(&self, peer: &Platform) {
        let mut raised = self.0.raised.lock().unwrap_or_else(PoisonError::into_inner);
        raised.entry(peer.clone()).or_default().doubted = true;
        drop(raised);
        self.0.woken.notify_one();
    }

    /// Somebody wants what waits for this platform in this conversation to be tried now.
    pub fn hurry(&self, peer: &Platform, conv: ConversationKey) {
        let mut raised = self.0.raised.lock().unwrap_or_else(PoisonError::into_inner);
        let hurried = &mut raised.entry(peer.clone()).or_default().hurried;
        if hurried.len() < NAMED && !hurried.contains(&conv) {
            hurried.push(conv);
        }
        drop(raised);
        self.0.woken.notify_one();
    }

    /// Waits until something was raised, and takes all of it.
    pub async fn raised(&self) -> BTreeMap<Platform, Raised> {
        loop {
            let taken =
                std::mem::take(&mut *self.0.raised.lock().unwrap_or_else(PoisonError::into_inner));
            if !taken.is_empty() {
                return taken;
            }
            self.0.woken.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_raised_is_taken_once_and_named_up_to_a_bound() {
        let outbox = Outbox::default();
        let peer: Platform = "em2.b.example".parse().unwrap();
        let key = |n: u64| {
            let mut bytes = [0; 32];
            bytes[..8].copy_from_slice(&n.to_be_bytes());
            ConversationKey::from_bytes(bytes)
        };
        for n in 0..300 {
            outbox.raise(&peer, key(n));
            outbox.raise(&peer, key(n));
        }
        let raised = outbox.raised().await;
        assert_eq!(raised[&peer].convs.len(), NAMED);
        assert!(raised[&peer].more);
        let next = tokio::spawn({
            let outbox = outbox.clone();
            async move { outbox.raised().await }
        });
        outbox.raise(&peer, key(7));
        assert_eq!(next.await.unwrap()[&peer].convs, [key(7)]);
    }
}
