//! When to say something to another platform again.

use crate::id::Time;

/// How long the first answer is waited for before the same is sent again, in milliseconds.
const RETRY: i64 = 5_000;
/// The longest wait between two tries, in milliseconds.
const RETRY_MAX: i64 = 60_000;

/// What this platform knows of another.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Peer {
    /// The newest slot that it is known to have.
    pub(super) acked: u64,
    /// When to send again, unless it answers before.
    pub(super) next_at: Option<Time>,
    /// Tries since it last answered.
    pub(super) attempts: u32,
}

impl Peer {
    pub(super) fn may_send(&self, now: Time) -> bool {
        self.next_at.is_none_or(|at| at <= now)
    }

    pub(super) fn sent(&mut self, now: Time) {
        let wait = RETRY
            .saturating_mul(1 << self.attempts.min(8))
            .min(RETRY_MAX);
        self.next_at = Some(now.plus(wait));
        self.attempts += 1;
    }

    pub(super) fn answered(&mut self) {
        self.next_at = None;
        self.attempts = 0;
    }
}
