//! Sessions that were looked up a moment ago: who types sends many requests in a second.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use em2_model::Time;

use super::SignedIn;
use crate::store::sessions::TokenHash;

/// Milliseconds that a look counts. What this process ends counts no longer at once, what another one ends after this
/// time. // security.md 48
const COUNTS: i64 = 400;
/// How many are remembered.
const MOST: usize = 4096;

/// Sessions that were good when they were looked up, by their tokens.
#[derive(Default)]
pub(super) struct Lately(Mutex<Known>);

#[derive(Default)]
struct Known {
    sessions: HashMap<TokenHash, (SignedIn, Time)>,
    /// Rises when sessions end: what was looked up before may be one of them.
    ends: u64,
}

/// When a look began.
#[derive(Clone, Copy)]
pub(super) struct Began(u64);

impl Lately {
    /// The session, if it was looked up just now and has not ended since.
    pub(super) fn find(&self, token: TokenHash, now: Time) -> Option<SignedIn> {
        self.with(|known| {
            let (session, at) = known.sessions.get(&token)?;
            let counts = (0..COUNTS).contains(&(now.0 - at.0)) && session.expires_at > now;
            counts.then(|| session.clone())
        })
    }

    /// To be asked before a look.
    pub(super) fn begin(&self) -> Began {
        self.with(|known| Began(known.ends))
    }

    /// Remembers what a look found, unless a session has ended since it began.
    pub(super) fn keep(&self, began: Began, session: &SignedIn, now: Time) {
        self.with(|known| {
            if known.ends != began.0 {
                return;
            }
            if known.sessions.len() >= MOST {
                known.sessions.clear();
            }
            let token = session.session;
            known.sessions.insert(token, (session.clone(), now));
        });
    }

    /// These have ended, or are not what they were.
    pub(super) fn forget(&self, sessions: &[TokenHash]) {
        if sessions.is_empty() {
            return;
        }
        self.with(|known| {
            known.ends += 1;
            for session in sessions {
                known.sessions.remove(session);
            }
        });
    }

    fn with<T>(&self, f: impl FnOnce(&mut Known) -> T) -> T {
        // What a panic left is whole: an entry is put in or taken out.
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{House, PASSWORD};
    use super::*;

    /// A session that lasts until 10,000.
    async fn session() -> SignedIn {
        let house = House::with(&["anna@a.example"]).await;
        let fresh = house.sign_in("anna@a.example", PASSWORD).await.unwrap();
        SignedIn {
            expires_at: Time(10_000),
            ..fresh.signed_in
        }
    }

    #[tokio::test]
    async fn a_look_counts_for_a_moment_and_not_past_the_end_of_the_session() {
        let (lately, session) = (Lately::default(), session().await);
        let found = |now| lately.find(session.session, Time(now)).is_some();
        lately.keep(lately.begin(), &session, Time(9_800));
        assert_eq!(
            [9_799, 9_800, 9_999, 10_000].map(found),
            [false, true, true, false]
        );
        lately.keep(lately.begin(), &session, Time(1_000));
        assert_eq!([1_399, 1_400].map(found), [true, false]);
        assert!(lately.find(TokenHash([2; 32]), Time(1_000)).is_none());
    }

    #[tokio::test]
    async fn what_has_ended_is_not_remembered_though_the_look_began_before() {
        let (lately, session, now) = (Lately::default(), session().await, Time(0));
        let found = || lately.find(session.session, now).is_some();
        lately.keep(lately.begin(), &session, now);
        let began = lately.begin();
        lately.forget(&[session.session]);
        assert!(!found());
        lately.keep(began, &session, now);
        assert!(!found());
        lately.keep(lately.begin(), &session, now);
        assert!(found());
    }
}
