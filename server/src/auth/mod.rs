//! Sign-in: who somebody is, and for how long.
//!
//! - `accounts`: who has an account, and the first one.
//! - `signing_in`: address and password for a session; the only place where a password is checked.
//! - `sessions`: whose request this is, signing out, and telling sockets that a session ended; `lately`: looks that still
//!   count.
//! - `password`, `token`, `cookie`, `limit`: the parts.

pub mod accounts;
pub mod cookie;
mod lately;
pub mod limit;
pub mod password;
pub mod sessions;
pub mod signing_in;
#[cfg(test)]
mod tests;
pub mod token;

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use em2_model::refusal::{Code, Refusal};
use em2_model::{Address, Time};
use tokio::sync::broadcast;

use crate::clock::Clock;
use crate::service::Me;
use crate::store::sessions::TokenHash;
use crate::store::users::UserId;
use crate::store::{Store, StoreError};
use crate::together::Together;
use lately::Lately;
use limit::Tries;
use password::Passwords;
use token::Token;

/// Tries per account, and per browser that has signed in before, within [`limit::WINDOW`].
const PER_ACCOUNT: usize = 10;
/// Tries per caller.
const PER_CALLER: usize = 50;
/// How often sessions are looked up at once, and how many at a time.
const LOOKS: usize = 2;
const LOOK: usize = 64;
/// Ends of sessions that a slow socket may lag behind before it looks its session up again.
const ENDS: usize = 1024;

/// Who may come in. Cheap to clone: every clone is the same one.
#[derive(Clone)]
pub struct Auth(Arc<Parts>);

struct Parts {
    store: Store,
    clock: Clock,
    passwords: Passwords,
    /// Tokens that wait to be looked up.
    looks: Together<TokenHash, Found>,
    lately: Lately,
    by_account: Tries<Address>,
    by_caller: Tries<IpAddr>,
    by_device: Tries<(Address, TokenHash)>,
    /// Told to every open socket; each knows its own session.
    ends: broadcast::Sender<Ended>,
    /// Guards the page of the first account; drawn at start when there is no account.
    first: OnceLock<Token>,
}

/// A session that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    pub session: TokenHash,
}

/// Somebody whose session is good.
#[derive(Clone, Debug)]
pub struct SignedIn {
    pub me: Me,
    pub session: TokenHash,
    pub expires_at: Time,
    /// When the session was last noted as in use.
    pub last_seen_at: Time,
}

/// What a token opens, or why that is not known.
type Found = Result<Option<SignedIn>, StoreError>;

impl SignedIn {
    pub fn user(&self) -> UserId {
        self.me.user
    }
}

impl Auth {
    /// Sign-in for the accounts of a database.
    pub fn new(store: Store, clock: Clock) -> Result<Auth, Refusal> {
        Ok(Auth(Arc::new(Parts {
            store,
            clock,
            passwords: Passwords::new()?,
            looks: Together::new(LOOKS, LOOK),
            lately: Lately::default(),
            by_account: Tries::new(PER_ACCOUNT),
            by_caller: Tries::new(PER_CALLER),
            by_device: Tries::new(PER_ACCOUNT),
            ends: broadcast::channel(ENDS).0,
            first: OnceLock::new(),
        })))
    }

    /// How many password hashes were computed so far.
    pub fn hashes(&self) -> u64 {
        self.0.passwords.computed()
    }
}

/// What is answered when the database does not; the reason stands in the log.
fn down(error: crate::store::StoreError) -> Refusal {
    tracing::error!(%error, "the database failed");
    Refusal::from(if error.is_temporary() {
        Code::Down
    } else {
        Code::Internal
    })
}
