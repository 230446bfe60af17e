//! What is known of other platforms: their key logs, kept in the database and in memory, and fetched where they are
//! missing or too old. // spec §2, §3, §6

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use em2_model::id::Incarnation;
use em2_model::keys::KeyLog;
use em2_model::record::Record;
use em2_model::refusal::{Code, Refusal};
use em2_model::sign::Kid;
use em2_model::wire::foreign::document::PlatformDocument;
use em2_model::{Address, Platform, Time};

use super::discovery::{Discovery, Found};
use super::expiry;
use super::keyring::Keyring;
use super::unreached::Unreached;
use crate::clock::Clock;
use crate::identity::Identity;
use crate::store::peers::{find_peer, upsert_document};
use crate::store::platform::{Recipient, find_recipient, upsert_recipient};
use crate::store::{Store, StoreError};

/// Above so many platforms that rest, those are forgotten that have rested long enough.
const RESTING: usize = 10_000;

/// Other platforms. Cheap to clone: every clone is the same one.
#[derive(Clone)]
pub struct Peers(Arc<Inner>);

struct Inner {
    store: Store,
    clock: Clock,
    /// The way out; absent in a local trial, which speaks to nobody.
    discovery: Option<Discovery>,
    /// This platform itself.
    own: Identity,
    known: Mutex<BTreeMap<Platform, Known>>,
    /// Platforms that were asked in vain.
    resting: Mutex<BTreeMap<Platform, Rest>>,
    /// One look-up at a time for each platform.
    flights: Mutex<BTreeMap<Platform, Arc<tokio::sync::Mutex<()>>>>,
}

#[derive(Clone)]
struct Known {
    log: Arc<KeyLog>,
    expires_at: Time,
}

/// A platform that is not asked again before this time, and why there was no document, if there was none.
#[derive(Clone)]
struct Rest {
    until: Time,
    /// Times in a row.
    failures: u32,
    why: Option<Unreached>,
}

/// Why the keys of a platform are not known.
#[derive(Debug)]
pub enum Unknown {
    Unreached(Unreached),
    /// A local trial asks nobody.
    Trial,
    /// Too many are asked for at once.
    Later,
    /// Its key log is not what became of the one that is known: somebody else owns the name. // spec §3
    Incarnation,
    Store(StoreError),
}

impl From<StoreError> for Unknown {
    fn from(error: StoreError) -> Unknown {
        Unknown::Store(error)
    }
}

impl From<Unknown> for Refusal {
    fn from(unknown: Unknown) -> Refusal {
        match unknown {
            Unknown::Unreached(why) => {
                let message = format!("{why} Try again later; nothing was lost.");
                Refusal::new(Code::Down, message)
            }
            Unknown::Trial => Refusal::format(
                "A local trial speaks to no other platform. Set up a platform to reach others.",
            ),
            Unknown::Later => Refusal::from(Code::Slow).with("retry_after", 60),
            Unknown::Incarnation => Refusal::from(Code::Incarnation),
            Unknown::Store(error) => {
                tracing::error!(%error, "what is known of a platform cannot be read");
                Refusal::from(Code::Down)
            }
        }
    }
}

impl Peers {
    /// Other platforms, as this one knows them and finds them.
    pub fn new(store: Store, clock: Clock, discovery: Option<Discovery>, own: Identity) -> Peers {
        Peers(Arc::new(Inner {
            store,
            clock,
            discovery,
            own,
            known: Mutex::default(),
            resting: Mutex::default(),
            flights: Mutex::default(),
        }))
    }

    /// Where an address is reached: its platform with its incarnation, `None` by mail alone. What was found is kept for
    /// as long as it said.
    pub async fn find(
        &self,
        address: &Address,
    ) -> Result<Option<(Platform, Incarnation)>, Refusal> {
        self.find_with(address, || true).await
    }

    /// The same; what is not known is asked for only if `may_ask` allows it.
    pub async fn find_with(
        &self,
        address: &Address,
        may_ask: impl FnOnce() -> bool,
    ) -> Result<Option<(Platform, Incarnation)>, Refusal> {
        let now = self.0.clock.now();
        let mut conn = self.0.store.reader().await.map_err(Unknown::from)?;
        let known = find_recipient(&mut conn, address)
            .await
            .map_err(Unknown::from)?;
        drop(conn);
        if let Some(known) = known.filter(|known| known.expires_at > now) {
            return match known.platform {
                None => Ok(None),
                Some(platform) => {
                    let log = self.log(&platform).await?;
                    Ok(Some((platform, log.incarnation())))
                }
            };
        }
        let Some(discovery) = &self.0.discovery else {
            return Err(Refusal::format(format!(
                "{address} is on another platform, and this one speaks to no other platforms. Take it out."
            )));
        };
        if !may_ask() {
            return Err(Refusal::from(Code::Slow));
        }
        let found = discovery
            .find(address.domain())
            .await
            .map_err(Unknown::Unreached)?;
        let (platform, ttl) = match found {
            Found::Mail { ttl } => (None, ttl),
            Found::Platform {
                platform,
                document,
                log,
                ttl,
            } => {
                let log = self.keep(&platform, &document, log, ttl).await?;
                (Some((platform, log.incarnation())), ttl)
            }
        };
        let recipient = Recipient {
            address: address.clone(),
            platform: platform.as_ref().map(|(platform, _)| platform.clone()),
            expires_at: now.plus(ttl),
        };
        let kept = self.0.store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                upsert_recipient(tx, &recipient);
                Ok(())
            })
        });
        kept.await.map_err(Unknown::from)?;
        Ok(platform)
    }

    /// The key log of a platform as it was last read; fetched if it never was.
    pub async fn log(&self, platform: &Platform) -> Result<Arc<KeyLog>, Unknown> {
        self.log_with(platform, &BTreeSet::new(), || true).await
    }

    /// The keys of all who signed these records, as far as they can be found out. Those that are not known are asked
    /// for where `may_ask` allows it.
    pub async fn keyring(
        &self,
        records: impl Iterator<Item = &Record>,
        may_ask: impl Fn() -> bool,
    ) -> Keyring {
        let mut keys = Keyring::default();
        for (platform, kids) in Keyring::signers(records) {
            match self.log_with(&platform, &kids, &may_ask).await {
                Ok(log) => keys.add(platform, log),
                Err(why) => tracing::info!(%platform, ?why, "the keys of a platform are not known"),
            }
        }
        keys
    }

    /// The key log of a platform; fetched again where it lacks one of these keys and `may_ask` allows it, which is
    /// asked at most once and only then.
    pub async fn log_with(
        &self,
        platform: &Platform,
        kids: &BTreeSet<Kid>,
        may_ask: impl FnOnce() -> bool,
    ) -> Result<Arc<KeyLog>, Unknown> {
        if let Some(log) = self.held(platform, kids) {
            return Ok(log);
        }
        let flight = self.flight(platform);
        let _one_at_a_time = flight.lock().await;
        if let Some(log) = self.held(platform, kids) {
            return Ok(log);
        }
        if self.known(platform).is_none() {
            self.load(platform).await?;
            if let Some(log) = self.held(platform, kids) {
                return Ok(log);
            }
        }
        let why = match self.rests(platform) {
            Some(rest) => rest.why,
            None if !may_ask() => match self.known(platform) {
                Some(known) if !lacks(&known.log, kids) => return Ok(known.log),
                _ => return Err(Unknown::Later),
            },
            None => match self.fetch(platform).await {
                Ok(log) => {
                    // Without the key that was looked for, or an old copy: it has no better one for a while.
                    if self.held(platform, kids).is_none() {
                        self.rest(platform, None);
                    }
                    return Ok(log);
                }
                Err(Unknown::Unreached(why)) => {
                    tracing::info!(%platform, %why, "a platform document was not fetched");
                    self.rest(platform, Some(why.clone()));
                    Some(why)
                }
                Err(unknown) => return Err(unknown),
            },
        };
        // What is known still counts for what it knows.
        match (self.known(platform), why) {
            (Some(known), _) => Ok(known.log),
            (None, Some(why)) => Err(Unknown::Unreached(why)),
            (None, None) => Err(Unknown::Later),
        }
    }

    async fn load(&self, platform: &Platform) -> Result<(), Unknown> {
        let row = find_peer(&mut self.0.store.reader().await?, platform).await?;
        let Some((row, document)) = row.and_then(|mut row| {
            let document = row.document.take()?;
            Some((row, document))
        }) else {
            return Ok(());
        };
        let log = parse(&document)?;
        self.remember(
            platform,
            Known {
                log: Arc::new(log),
                expires_at: row.expires_at,
            },
        );
        Ok(())
    }

    async fn fetch(&self, platform: &Platform) -> Result<Arc<KeyLog>, Unknown> {
        let discovery = self.0.discovery.as_ref().ok_or(Unknown::Trial)?;
        let fetched = discovery.document(platform).await;
        let (document, log, ttl) = fetched.map_err(Unknown::Unreached)?;
        self.keep(platform, &document, log, ttl).await
    }

    /// Keeps a document that was fetched. A log that begins anew belongs to another owner.
    async fn keep(
        &self,
        platform: &Platform,
        document: &PlatformDocument,
        log: KeyLog,
        ttl: i64,
    ) -> Result<Arc<KeyLog>, Unknown> {
        let bytes =
            serde_json::to_vec(document).map_err(|error| StoreError::Fault(error.to_string()))?;
        let expires_at = self.0.clock.now().plus(ttl);
        let row = find_peer(&mut self.0.store.reader().await?, platform).await?;
        let known = match row.and_then(|row| row.document) {
            Some(document) => Some(parse(&document)?),
            None => None,
        };
        // Whoever answers with less than what is known has an old copy; with something else, it is somebody else.
        let log = match known {
            Some(known) if !log.extends(&known) => match known.extends(&log) {
                true => return Ok(Arc::new(known)),
                false => return Err(Unknown::Incarnation),
            },
            _ => log,
        };
        let (inc, name, log) = (log.incarnation(), platform.clone(), Arc::new(log));
        let kept = self.0.store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                upsert_document(tx, &name, inc, &bytes, expires_at);
                Ok(())
            })
        });
        kept.await?;
        self.remember(
            platform,
            Known {
                log: log.clone(),
                expires_at,
            },
        );
        self.resting().remove(platform);
        Ok(log)
    }

    /// The log in memory, if it is young enough and has these keys.
    fn held(&self, platform: &Platform, kids: &BTreeSet<Kid>) -> Option<Arc<KeyLog>> {
        if self.0.own.platform() == platform {
            return Some(self.0.own.log());
        }
        let known = self.known(platform)?;
        let young = known.expires_at > self.0.clock.now();
        (young && !lacks(&known.log, kids)).then_some(known.log)
    }

    fn known(&self, platform: &Platform) -> Option<Known> {
        let known = self.0.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(platform).cloned()
    }

    fn remember(&self, platform: &Platform, new: Known) {
        let mut known = self.0.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(platform.clone(), new);
    }

    /// A platform that is not to be asked now.
    fn rests(&self, platform: &Platform) -> Option<Rest> {
        let now = self.0.clock.now();
        let rest = self.resting().get(platform).cloned();
        rest.filter(|rest| rest.until > now)
    }

    /// Has a platform not asked for a while: the longer, the more often a document failed that is known. Who is not
    /// known may be there again soon. // spec §2, §6
    fn rest(&self, platform: &Platform, why: Option<Unreached>) {
        let now = self.0.clock.now();
        let is_known = self.known(platform).is_some();
        let mut resting = self.resting();
        let failures = match resting.get(platform) {
            Some(rest) if is_known && why.is_some() => rest.failures + 1,
            _ => 1,
        };
        let until = now.plus(expiry::retry(failures));
        if resting.len() >= RESTING {
            resting.retain(|_, rest| rest.until > now);
        }
        let rest = Rest {
            until,
            failures,
            why,
        };
        resting.insert(platform.clone(), rest);
    }

    fn resting(&self) -> MutexGuard<'_, BTreeMap<Platform, Rest>> {
        let resting = &self.0.resting;
        resting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn flight(&self, platform: &Platform) -> Arc<tokio::sync::Mutex<()>> {
        let mut flights = self
            .0
            .flights
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        flights.retain(|_, flight| Arc::strong_count(flight) > 1);
        flights.entry(platform.clone()).or_default().clone()
    }
}

/// The key log of a document that was verified before it was stored.
fn parse(document: &[u8]) -> Result<KeyLog, StoreError> {
    let parsed = PlatformDocument::parse(document);
    let (_, log) = parsed.map_err(|refusal| StoreError::Corrupt(refusal.message))?;
    Ok(log)
}

fn lacks(log: &KeyLog, kids: &BTreeSet<Kid>) -> bool {
    kids.iter().any(|kid| log.find(kid).is_none())
}
