//! Who this platform is: the key with which it signs, and the key log by which others verify what it signed. // spec §3
//!
//! ```text
//!  first start ─────────────┐
//!  server key rotate|recover ┼► keychain ─┬► platform.key (0600): the newest seed, the log
//!  upkeep: in time ──────────┘            └► a copy of the log in the database
//!
//!  upkeep: is it another file? ──► Identity ──► key(), log(): what everything is signed with
//! ```
//!
//! - `keyfile`: the file, and nothing else; `paper`: the recovery key as text; `rotate`: how the log grows.
//! - `keychain`: file and copy together, changed by one at a time; `upkeep`: what a running server does by itself.

mod keychain;
mod keyfile;
mod paper;
mod rotate;
mod upkeep;

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use em2_model::address::Platform;
use em2_model::id::{Incarnation, Time};
use em2_model::keys::KeyLog;
use em2_model::refusal::Refusal;
use em2_model::sign::PlatformKey;
use tokio::sync::watch;
use zeroize::Zeroizing;

use crate::store::platform::OwnPlatform;
use crate::store::{Store, StoreError};
pub use keychain::{Kept, Keychain};
pub use paper::RecoveryKey;

/// The name of a platform that was given none: it never speaks to others.
const TRIAL: &str = "localhost";

/// The private half of a key.
type Seed = Zeroizing<[u8; 32]>;

/// What the operator says of the platform; it counts at the first start only.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Absent: a local trial.
    pub platform: Option<Platform>,
    /// The domains whose addresses may have an account; none in a local trial means any.
    pub domains: Vec<String>,
}

/// The platform, and the key with which it signs. Cheap to clone: every clone is the same one.
#[derive(Clone)]
pub struct Identity(Arc<Parts>);

struct Parts {
    keychain: Keychain,
    /// Replaced while the server runs.
    held: watch::Sender<Held>,
    /// The key file that `held` is from.
    seen: Mutex<Option<keyfile::Stamp>>,
    /// Made at the first start, until somebody is shown it.
    paper: Mutex<Option<RecoveryKey>>,
}

/// The key that signs now, and the log whose newest key in daily use it is.
#[derive(Clone)]
pub struct Held {
    pub key: Arc<PlatformKey>,
    pub log: Arc<KeyLog>,
}

/// Why the platform cannot start or its keys cannot be changed, as a sentence for its operator.
#[derive(Debug)]
pub struct Wrong(String);

impl Wrong {
    fn new(sentence: impl Into<String>) -> Wrong {
        Wrong(sentence.into())
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Wrong {}

impl From<StoreError> for Wrong {
    fn from(error: StoreError) -> Wrong {
        Wrong(format!(
            "Who this platform is cannot be read or kept: {error}."
        ))
    }
}

impl From<Refusal> for Wrong {
    fn from(refusal: Refusal) -> Wrong {
        Wrong(refusal.message)
    }
}

/// Says which platform it is, and nothing of the key.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({})", self.own().name)
    }
}

impl Identity {
    /// Opens the identity in `folder`, or makes it at the first start. The database holds name and incarnation, the
    /// folder the key: what does not belong together is refused, so that one database is never signed for by two keys.
    /// A key that does not count for long any more is replaced.
    pub async fn open(
        store: &Store,
        folder: &Path,
        wanted: Wanted,
        now: Time,
    ) -> Result<Identity, Wrong> {
        let name = wanted.platform.clone();
        let (keychain, paper) = match Keychain::find(store, folder).await? {
            Some(known) => (known, None),
            None => Keychain::begin(store, folder, wanted, now).await?,
        };
        let own = keychain.own();
        if let Some(name) = name.filter(|name| own.name != *name) {
            return Err(Wrong(format!(
                "This database belongs to the platform {}, not to {name}. A platform's name is signed for ever: start \
                 with that name, or with another data folder.",
                own.name
            )));
        }
        let stamp = keyfile::stamp(folder);
        let held = keychain.current().await?;
        let identity = Identity(Arc::new(Parts {
            keychain,
            held: watch::Sender::new(held),
            seen: Mutex::new(stamp),
            paper: Mutex::new(paper),
        }));
        match identity.look(now).await {
            Err(wrong) if !identity.counts_at(now) => Err(wrong),
            // A key that counts is enough to start with: the upkeep tries again, and says what is wrong.
            _ => Ok(identity),
        }
    }

    /// The key with which the platform signs at this moment: what belongs together is signed by one answer.
    pub fn key(&self) -> Arc<PlatformKey> {
        self.0.held.borrow().key.clone()
    }

    /// The platform's key log at this moment, oldest entry first.
    pub fn log(&self) -> Arc<KeyLog> {
        self.0.held.borrow().log.clone()
    }

    /// Tells when the key or the log is another one.
    pub fn changes(&self) -> watch::Receiver<Held> {
        self.0.held.subscribe()
    }

    /// The recovery key that the first start has made. It is answered once: whoever asks shows it to the operator.
    pub fn take_recovery_key(&self) -> Option<RecoveryKey> {
        lock(&self.0.paper).take()
    }

    fn counts_at(&self, now: Time) -> bool {
        let known = self.log().find(&self.key().kid);
        known.is_some_and(|known| known.counts_at(now))
    }

    /// Signs with this from now on, if it is what became of the log.
    fn take(&self, new: Held) -> Result<(), Wrong> {
        if !new.log.extends(&self.log()) {
            return Err(Wrong(format!(
                "The key file is not what became of the key with which {} signs. Put the right one back from the \
                 backup.",
                self.own().name
            )));
        }
        self.0.held.send_if_modified(|held| {
            let is_new = held.log != new.log;
            if is_new {
                tracing::info!(
                    kid = new.key.kid.as_str(),
                    "the platform's keys have changed"
                );
                *held = new;
            }
            is_new
        });
        Ok(())
    }

    fn own(&self) -> &OwnPlatform {
        self.0.keychain.own()
    }

    /// The platform's name.
    pub fn platform(&self) -> &Platform {
        &self.own().name
    }

    /// The hash of the first entry of the key log.
    pub fn incarnation(&self) -> Incarnation {
        self.own().incarnation
    }

    /// The mail domains that were given at the first start; none in a local trial means any.
    pub fn mail_domains(&self) -> &[String] {
        &self.own().mail_domains
    }

    /// Whether this is a local trial, which never speaks to others.
    pub fn is_trial(&self) -> bool {
        self.own().trial
    }

    /// Whether addresses of this domain are people of this platform. A local trial without domains takes any.
    pub fn serves(&self, domain: &str) -> bool {
        let domains = &self.own().mail_domains;
        domains.iter().any(|own| own == domain) || (self.own().trial && domains.is_empty())
    }
}

/// What is in there, also after somebody panicked who had it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Random bytes of the system.
fn draw_seed() -> Result<Seed, Wrong> {
    let mut seed = Seed::new([0; 32]);
    getrandom::fill(&mut *seed)
        .map_err(|error| Wrong(format!("The system gave no random bytes: {error}.")))?;
    Ok(seed)
}
