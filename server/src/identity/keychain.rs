//! The platform's keys where they are kept, and everything that changes them.
//!
//! The key file is what counts: the seed and its log in one, replaced as a whole, so that they cannot disagree. The log
//! is public, and a recovery key is worth nothing without it. That is why the database has a copy: a backup of it and the
//! paper bring a platform back though the whole data folder is lost, which a second file beside the first one would not
//! survive. The file is written first; a copy that is behind is brought up to date by whoever sees it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use em2_model::address::Platform;
use em2_model::id::Time;
use em2_model::keys::KeyLog;
use em2_model::sign::{Kid, PlatformKey};

use super::keyfile::{self, FILE, KeyFile};
use super::paper::RecoveryKey;
use super::rotate::{self, Grown};
use super::{Held, TRIAL, Wanted, Wrong};
use crate::store::Store;
use crate::store::platform::{
    OwnPlatform, find_own_keys, find_platform, insert_platform, upsert_own_keys,
};

/// The key file of a platform, and the copy of its log. Cheap to clone.
#[derive(Clone)]
pub struct Keychain {
    store: Store,
    folder: PathBuf,
    own: Arc<OwnPlatform>,
}

/// What was found of the keys.
pub struct Kept {
    log: KeyLog,
    /// The key that signs, and the file that it is from; or why nothing can be signed.
    key: Result<(PlatformKey, KeyFile), Wrong>,
    /// Whether the database has this log, too.
    is_copied: bool,
}

/// Nobody else changes the keys meanwhile.
struct Turn {
    _lock: File,
}

impl Kept {
    /// The copy of the log, of whose newest key there is no seed.
    fn unsigned(copy: KeyLog, why: &str) -> Kept {
        Kept {
            log: copy,
            key: Err(Wrong::new(format!(
                "{why} Put it back from the backup, or make a new key with the recovery key: `server key recover`."
            ))),
            is_copied: true,
        }
    }

    /// The key log, as far as it is known: readable also when nothing can be signed.
    pub fn log(&self) -> &KeyLog {
        &self.log
    }

    /// Why nothing can be signed, if that is so.
    pub fn trouble(&self) -> Option<&Wrong> {
        self.key.as_ref().err()
    }

    fn held(self) -> Result<Held, Wrong> {
        let (key, _) = self.key?;
        Ok(Held {
            key: Arc::new(key),
            log: Arc::new(self.log),
        })
    }
}

impl Keychain {
    /// The keys of the platform that the database belongs to; `None` before the first start.
    pub async fn find(store: &Store, folder: &Path) -> Result<Option<Keychain>, Wrong> {
        let own = find_platform(&mut store.reader().await?).await?;
        Ok(own.map(|own| Keychain {
            store: store.clone(),
            folder: folder.to_owned(),
            own: Arc::new(own),
        }))
    }

    /// The first start: makes the first key, and a recovery key unless this is a local trial. A key file that is there
    /// already is taken up: from a first start that broke off, or of a platform that has lost its database.
    pub(super) async fn begin(
        store: &Store,
        folder: &Path,
        wanted: Wanted,
        now: Time,
    ) -> Result<(Keychain, Option<RecoveryKey>), Wrong> {
        let _turn = turn(folder).await?;
        if let Some(known) = Keychain::find(store, folder).await? {
            return Ok((known, None));
        }
        let name = wanted.platform.map_or_else(trial, Ok)?;
        let (place, platform) = (folder.to_owned(), name.clone());
        let (log, paper) = blocking(move || make(&place, &platform, now)).await?;
        let own = OwnPlatform {
            trial: is_trial(&name),
            name,
            mail_domains: wanted.domains,
            incarnation: log.incarnation(),
            created_at: now,
        };
        let stored = own.clone();
        store
            .write::<(), Wrong, _>(move |tx| {
                Box::pin(async move {
                    insert_platform(tx, &stored);
                    upsert_own_keys(tx, &log);
                    Ok(())
                })
            })
            .await?;
        let begun = Keychain {
            store: store.clone(),
            folder: folder.to_owned(),
            own: Arc::new(own),
        };
        Ok((begun, paper))
    }

    /// Whose keys these are.
    pub fn own(&self) -> &OwnPlatform {
        &self.own
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Reads the file and the copy. What does not belong together is refused, so that one database is never signed for
    /// by two keys.
    pub async fn read(&self) -> Result<Kept, Wrong> {
        // The copy first: it is never ahead of a file that is read later.
        let copy = find_own_keys(&mut self.store.reader().await?).await?;
        let folder = self.folder.clone();
        let file = blocking(move || keyfile::read(&folder)).await?;
        let (path, name) = (self.folder.join(FILE), &self.own.name);
        let path = path.display();
        let Some(file) = file else {
            let why = format!("The key of the platform {name} is missing: {path} is not there.");
            return match copy {
                Some(log) if log.incarnation() == self.own.incarnation => {
                    Ok(Kept::unsigned(log, &why))
                }
                _ => Err(Wrong::new(format!(
                    "{why} Put it back from the backup; without it nothing can be signed."
                ))),
            };
        };
        let log = file.log(name)?;
        if log.incarnation() != self.own.incarnation {
            return Err(Wrong::new(format!(
                "{path} is not the key that {name} began with ({}): it belongs to another database. Put the right one \
                 back from the backup.",
                self.own.incarnation
            )));
        }
        let (log, is_copied) = match copy {
            Some(copy) if copy.extends(&log) => {
                if copy.newest() != log.newest() {
                    let why =
                        format!("{path} is older than the database: the key was replaced since.");
                    return Ok(Kept::unsigned(copy, &why));
                }
                (copy, true)
            }
            Some(copy) if !log.extends(&copy) => {
                return Err(Wrong::new(format!(
                    "{path} and the database know different keys of {name}: the key was replaced after the backup that \
                     one of them is from. Put back the one that belongs to the other."
                )));
            }
            _ => (log, false),
        };
        Ok(Kept {
            key: file.key(&log).map(|key| (key, file)),
            log,
            is_copied,
        })
    }

    /// The key that signs now, and its log, of which the database has a copy when this answers.
    pub(super) async fn current(&self) -> Result<Held, Wrong> {
        let kept = self.read().await?;
        if kept.is_copied {
            return kept.held();
        }
        let _turn = self.turn().await?;
        let kept = self.read().await?;
        self.copy(&kept.log).await?;
        kept.held()
    }

    /// Replaces the newest key by hand.
    pub async fn rotate(&self, now: Time) -> Result<Held, Wrong> {
        let turn = self.turn().await?;
        let held = self.read().await?.held()?;
        let grown = rotate::next_by_hand(&held.log, &held.key, now)?;
        self.replace(&turn, grown).await
    }

    /// Replaces the newest key if that is due, and nobody else has done so.
    pub(super) async fn rotate_if_due(&self, now: Time) -> Result<Held, Wrong> {
        let turn = self.turn().await?;
        let held = self.read().await?.held()?;
        if !rotate::is_due(&held.log, now) {
            return Ok(held);
        }
        self.replace(&turn, rotate::next(&held.log, &held.key, now)?)
            .await
    }

    /// Adds a recovery key, for a platform that has none or has lost the paper; those that there are go on counting.
    pub async fn add_recovery(&self, now: Time) -> Result<RecoveryKey, Wrong> {
        let turn = self.turn().await?;
        let kept = self.read().await?;
        let (key, file) = kept.key?;
        let (log, paper) = rotate::add_recovery(&kept.log, &key, now)?;
        self.keep(&turn, file.with_log(&log), log).await?;
        Ok(paper)
    }

    /// Makes a new key by the authority of the paper, also where the file is lost, and revokes those that are named,
    /// from half a minute later on.
    pub async fn recover(
        &self,
        paper: &RecoveryKey,
        revoke: &[Kid],
        now: Time,
    ) -> Result<Held, Wrong> {
        let turn = self.turn().await?;
        let log = self.read().await?.log;
        let grown = rotate::recover(&log, &self.own.name, paper, revoke, now)?;
        self.replace(&turn, grown).await
    }

    async fn turn(&self) -> Result<Turn, Wrong> {
        turn(&self.folder).await
    }

    async fn replace(&self, turn: &Turn, grown: Grown) -> Result<Held, Wrong> {
        let file = KeyFile::new(self.own.name.clone(), &grown.seed, &grown.log);
        let key = file.key(&grown.log)?;
        self.keep(turn, file, grown.log.clone()).await?;
        Ok(Held {
            key: Arc::new(key),
            log: Arc::new(grown.log),
        })
    }

    /// Writes the file and then the copy. Both are on disk before anything is signed with a new key.
    async fn keep(&self, _turn: &Turn, file: KeyFile, log: KeyLog) -> Result<(), Wrong> {
        let folder = self.folder.clone();
        blocking(move || keyfile::write(&folder, &file)).await?;
        self.copy(&log).await
    }

    async fn copy(&self, log: &KeyLog) -> Result<(), Wrong> {
        let log = log.clone();
        let written = self.store.write::<(), Wrong, _>(move |tx| {
            Box::pin(async move {
                upsert_own_keys(tx, &log);
                Ok(())
            })
        });
        written.await
    }
}

/// The first key file, or the one that is there, with a new recovery key where the platform is to have one.
fn make(folder: &Path, name: &Platform, now: Time) -> Result<(KeyLog, Option<RecoveryKey>), Wrong> {
    let (file, log, key) = match keyfile::read(folder)? {
        Some(file) => {
            let log = file.log(name)?;
            let key = file.key(&log)?;
            (file, log, key)
        }
        None => {
            let (first, key) = rotate::begin(name, now)?;
            let file = KeyFile::new(name.clone(), &first.seed, &first.log);
            (file, first.log, key)
        }
    };
    let (log, paper) = match !is_trial(name) && rotate::takes_recovery(&log) {
        false => (log, None),
        true => {
            let (log, paper) = rotate::add_recovery(&log, &key, now)?;
            (log, Some(paper))
        }
    };
    keyfile::write(folder, &file.with_log(&log))?;
    Ok((log, paper))
}

fn trial() -> Result<Platform, Wrong> {
    Ok(Platform::parse(TRIAL)?)
}

fn is_trial(name: &Platform) -> bool {
    name.as_str() == TRIAL
}

async fn turn(folder: &Path) -> Result<Turn, Wrong> {
    let folder = folder.to_owned();
    let lock = blocking(move || keyfile::lock(&folder)).await?;
    Ok(Turn { _lock: lock })
}

/// Waits for the disk without holding up everything else on this thread.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Wrong> + Send + 'static,
) -> Result<T, Wrong> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| {
        Err(Wrong::new(
            "Work on the platform's key broke off. Try again.",
        ))
    })
}
