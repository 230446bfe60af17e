//! Whose request this is, signing out, and telling sockets that their session ended.

use std::time::Duration;

use em2_model::Time;
use em2_model::refusal::Refusal;
use tokio::sync::broadcast;

use super::token::Token;
use super::{Auth, Ended, Found, SignedIn, down};
use crate::service::Me;
use crate::store::devices::prune_devices;
use crate::store::ended::{insert_ended, list_ended, prune_ended};
use crate::store::sessions::{
    TokenHash, delete_session, delete_sessions_of, find_session, list_signed_in, mark_session_seen,
    prune_sessions,
};
use crate::store::users::UserId;
use crate::store::{Store, StoreError};

/// Milliseconds that a session lasts at most, and unused.
pub(super) const LONGEST: i64 = 90 * DAY;
const UNUSED: i64 = 30 * DAY;
const DAY: i64 = 24 * 60 * 60 * 1000;
/// Milliseconds after which the use of a session is noted again.
const NOTE_AFTER: i64 = 60 * 60 * 1000;
/// How often other processes' ends of sessions are looked for while a socket is open.
const LOOK: Duration = Duration::from_millis(400);
/// How many looks pass between two sweeps: an hour.
const SWEEP: u32 = 9_000;
/// Milliseconds that an end is looked back upon: longer than any transaction takes.
const LOOK_BACK: i64 = 15_000;

/// When a session ends that was opened at `created` and used at `used`.
pub(super) fn expiry(created: Time, used: Time) -> Time {
    Time((created.0 + LONGEST).min(used.0 + UNUSED))
}

/// The sessions of these tokens, in their order.
async fn look_up(store: Store, now: Time, tokens: Vec<TokenHash>) -> Vec<Found> {
    let found = async {
        let mut conn = store.reader().await?;
        list_signed_in(&mut conn, &tokens, now).await
    };
    let found = found.await;
    let one = |token: &TokenHash| {
        let sessions = found.as_ref().map_err(Clone::clone)?;
        let known = sessions.iter().find(|known| known.0.token == *token);
        Ok(known.cloned().map(|(session, address, name)| SignedIn {
            me: Me {
                user: session.user,
                address,
                name,
            },
            session: session.token,
            expires_at: session.expires_at,
            last_seen_at: session.last_seen_at,
        }))
    };
    tokens.iter().map(one).collect()
}

impl Auth {
    /// Whose session a token opens, if it is good. Requests that come at the same time are looked up together.
    pub async fn who(&self, token: &Token) -> Result<Option<SignedIn>, Refusal> {
        let (lately, now) = (&self.0.lately, self.0.clock.now());
        if let Some(known) = lately.find(token.hash(), now) {
            return Ok(Some(known));
        }
        let began = lately.begin();
        let (store, clock) = (self.0.store.clone(), self.0.clock.clone());
        let run = move |tokens| look_up(store.clone(), clock.now(), tokens);
        let found = self.0.looks.call(token.hash(), run).await;
        let found = found.unwrap_or_else(|| Err(StoreError::given_up()));
        let found = found.map_err(down)?;
        if let Some(session) = &found {
            lately.keep(began, session, now);
        }
        Ok(found)
    }

    /// Whether a session is still good.
    pub async fn is_good(&self, session: TokenHash) -> Result<bool, Refusal> {
        let mut conn = self.0.store.reader().await.map_err(down)?;
        Ok(find_session(&mut conn, session, self.0.clock.now())
            .await
            .map_err(down)?
            .is_some())
    }

    /// Notes that a session did something, at most once an hour; a mere look never writes.
    pub async fn note_use(&self, signed_in: &SignedIn) -> Result<(), Refusal> {
        let now = self.0.clock.now();
        if now.0 - signed_in.last_seen_at.0 < NOTE_AFTER {
            return Ok(());
        }
        let session = signed_in.session;
        self.0
            .store
            .write(move |tx| {
                Box::pin(async move {
                    if let Some(known) = find_session(tx, session, now).await? {
                        mark_session_seen(tx, session, now, expiry(known.created_at, now));
                    }
                    Ok(())
                })
            })
            .await
            .map_err(down)?;
        self.0.lately.forget(&[session]);
        Ok(())
    }

    /// Ends one session.
    pub async fn sign_out(&self, session: TokenHash) -> Result<(), Refusal> {
        let now = self.0.clock.now();
        self.0
            .store
            .write(move |tx| {
                Box::pin(async move {
                    delete_session(tx, session).await?;
                    insert_ended(tx, &[session], now);
                    Ok(())
                })
            })
            .await
            .map_err(down)?;
        self.tell_ended(&[session]);
        Ok(())
    }

    /// Ends every session of a person.
    pub async fn sign_out_everywhere(&self, user: UserId) -> Result<(), Refusal> {
        let now = self.0.clock.now();
        let ended = self
            .0
            .store
            .write(move |tx| {
                Box::pin(async move {
                    let ended = delete_sessions_of(tx, user).await?;
                    insert_ended(tx, &ended, now);
                    prune_ended(tx, Time(now.0 - DAY));
                    Ok(ended)
                })
            })
            .await
            .map_err(down)?;
        self.tell_ended(&ended);
        Ok(())
    }

    /// Hears of every session that ends. A receiver that lags asks [`Auth::is_good`].
    pub fn ends(&self) -> broadcast::Receiver<Ended> {
        self.0.ends.subscribe()
    }

    /// Forgets sessions and devices that expired, and ends that every process has heard of.
    pub async fn sweep(&self) -> Result<(), Refusal> {
        let now = self.0.clock.now();
        self.0
            .store
            .write(move |tx| {
                Box::pin(async move {
                    prune_sessions(tx, now).await?;
                    prune_devices(tx, now);
                    prune_ended(tx, Time(now.0 - DAY));
                    Ok(())
                })
            })
            .await
            .map_err(down)
    }

    /// Hears what other processes ended, such as `server user passwd`, and sweeps once an hour, for as long as it is
    /// polled.
    pub async fn watch(self) {
        let mut round = 0_u32;
        loop {
            round = round.wrapping_add(1);
            tokio::time::sleep(LOOK).await;
            if round.is_multiple_of(SWEEP) && self.sweep().await.is_err() {
                tracing::warn!("expired sessions are swept later");
            }
            if self.0.ends.receiver_count() == 0 {
                continue;
            }
            let since = Time(self.0.clock.now().0 - LOOK_BACK);
            let ended = async { list_ended(&mut self.0.store.reader().await?, since).await }.await;
            match ended {
                Ok(ended) => self.tell_ended(&ended),
                Err(error) => tracing::warn!(%error, "the ended sessions could not be read"),
            }
        }
    }

    pub(super) fn tell_ended(&self, ended: &[TokenHash]) {
        self.0.lately.forget(ended);
        for session in ended {
            // Nobody listens where no socket is open.
            let _ = self.0.ends.send(Ended { session: *session });
        }
    }
}
