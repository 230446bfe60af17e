//! Who this platform is: its key, kept in a file outside the database, and the key log by which others verify what it
//! signed. // spec §3

use std::fmt;
use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use em2_model::address::Platform;
use em2_model::id::{Incarnation, Time};
use em2_model::keys::{KeyEntry, KeyLog};
use em2_model::sign::{Kid, PlatformKey};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

use crate::store::platform::{OwnPlatform, find_platform, insert_platform};
use crate::store::{Store, StoreError};

/// How long a key is in use before the next one: 90 days. // spec §3
const TERM_MILLIS: i64 = 90 * 24 * 3600 * 1000;

/// The name of the key file in the data folder.
const FILE: &str = "platform.key";

/// The name of a platform that was given none: it never speaks to others.
const TRIAL: &str = "localhost";

/// What the operator says of the platform; it counts at the first start only.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Absent: a local trial.
    pub platform: Option<Platform>,
    /// The domains whose addresses may have an account; none in a local trial means any.
    pub domains: Vec<String>,
}

/// The platform, and the key with which it signs.
#[derive(Clone)]
pub struct Identity {
    key: Arc<PlatformKey>,
    log: Arc<KeyLog>,
    own: Arc<OwnPlatform>,
}

/// Why the platform cannot start, as a sentence for its operator.
#[derive(Debug)]
pub struct Wrong(String);

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Wrong {}

impl From<StoreError> for Wrong {
    fn from(error: StoreError) -> Wrong {
        Wrong(format!("Who this platform is cannot be read: {error}."))
    }
}

/// What the key file holds. The seed is the one secret of the platform.
#[derive(Serialize, Deserialize)]
struct KeyFile {
    platform: Platform,
    /// Base64url of the 32 bytes of the private seed.
    seed: String,
    keys: Vec<KeyEntry>,
}

/// Says which platform it is, and nothing of the key.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({})", self.own.name)
    }
}

impl Drop for KeyFile {
    fn drop(&mut self) {
        self.seed.zeroize();
    }
}

impl Identity {
    /// Opens the identity in `folder`, or makes it at the first start. The database holds name and incarnation, the
    /// folder the key: what does not belong together is refused, so that one database is never signed for by two keys.
    pub async fn open(
        store: &Store,
        folder: &Path,
        wanted: Wanted,
        now: Time,
    ) -> Result<Identity, Wrong> {
        let path = folder.join(FILE);
        let known = find_platform(&mut store.reader().await?).await?;
        let name = match (&known, wanted.platform) {
            (Some(own), Some(wanted)) if own.name != wanted => {
                return Err(Wrong(format!(
                    "This database belongs to the platform {}, not to {wanted}. A platform's name is signed for ever: \
                     start with that name, or with another data folder.",
                    own.name
                )));
            }
            (Some(own), _) => own.name.clone(),
            (None, Some(wanted)) => wanted,
            (None, None) => trial()?,
        };
        let (key, log) = match read(&path)? {
            Some(file) => file.check(&path, &name)?,
            None if known.is_some() => {
                return Err(Wrong(format!(
                    "The key of the platform {name} is missing: {} is not there. Put it back from the backup; without \
                     it nothing can be signed.",
                    path.display()
                )));
            }
            None => make(&path, name.clone(), now)?,
        };
        let own = match known {
            Some(own) if own.incarnation == log.incarnation() => own,
            Some(own) => {
                return Err(Wrong(format!(
                    "{} is not the key that {name} began with ({}): it belongs to another database. Put the right one \
                     back from the backup.",
                    path.display(),
                    own.incarnation
                )));
            }
            None => {
                let own = OwnPlatform {
                    trial: name.as_str() == TRIAL,
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
                            Ok(())
                        })
                    })
                    .await?;
                own
            }
        };
        Ok(Identity {
            key: Arc::new(key),
            log: Arc::new(log),
            own: Arc::new(own),
        })
    }

    /// The key with which the platform signs.
    pub fn key(&self) -> &PlatformKey {
        &self.key
    }

    /// The platform's key log, oldest entry first.
    pub fn log(&self) -> &KeyLog {
        &self.log
    }

    /// The platform's name.
    pub fn platform(&self) -> &Platform {
        &self.own.name
    }

    /// The hash of the first entry of the key log.
    pub fn incarnation(&self) -> Incarnation {
        self.own.incarnation
    }

    /// The mail domains that were given at the first start; none in a local trial means any.
    pub fn mail_domains(&self) -> &[String] {
        &self.own.mail_domains
    }

    /// Whether this is a local trial, which never speaks to others.
    pub fn is_trial(&self) -> bool {
        self.own.trial
    }

    /// Whether addresses of this domain are people of this platform. A local trial without domains takes any.
    pub fn serves(&self, domain: &str) -> bool {
        let domains = &self.own.mail_domains;
        domains.iter().any(|own| own == domain) || (self.own.trial && domains.is_empty())
    }
}

fn trial() -> Result<Platform, Wrong> {
    Platform::parse(TRIAL).map_err(|refusal| Wrong(refusal.message))
}

impl KeyFile {
    fn check(mut self, path: &Path, name: &Platform) -> Result<(PlatformKey, KeyLog), Wrong> {
        let wrong = |why: &str| {
            Wrong(format!(
                "The key in {} cannot be used: {why}",
                path.display()
            ))
        };
        if self.platform != *name {
            return Err(wrong(&format!(
                "it is the key of {}, not of {name}.",
                self.platform
            )));
        }
        let bytes = URL_SAFE_NO_PAD
            .decode(self.seed.as_bytes())
            .map(Zeroizing::new)
            .map_err(|_| wrong("the seed is not base64url."))?;
        let seed: Zeroizing<[u8; 32]> = Zeroizing::new(
            bytes
                .as_slice()
                .try_into()
                .map_err(|_| wrong("the seed has not 32 bytes."))?,
        );
        let log = KeyLog::read(std::mem::take(&mut self.keys), Vec::new())
            .map_err(|refusal| wrong(&refusal.message))?;
        let last = log
            .entries()
            .last()
            .ok_or_else(|| wrong("it has no entry."))?;
        let key = PlatformKey::from_seed(self.platform.clone(), last.kid.clone(), &seed)
            .map_err(|refusal| wrong(&refusal.message))?;
        if key.public() != last.public {
            return Err(wrong("the seed is not that of the newest entry."));
        }
        Ok((key, log))
    }
}

/// The key file, if there is one. Others may not be able to read it.
fn read(path: &Path) -> Result<Option<KeyFile>, Wrong> {
    let wrong = |error: std::io::Error| {
        Wrong(format!(
            "The key file {} cannot be read: {error}.",
            path.display()
        ))
    };
    let text = match fs::read(path) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(wrong(error)),
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        if fs::metadata(path).map_err(wrong)?.permissions().mode() & 0o077 != 0 {
            return Err(Wrong(format!(
                "The key file {} can be read by others on this machine. Run `chmod 600` on it; if they did read it, \
                 the key has to be replaced.",
                path.display()
            )));
        }
    }
    serde_json::from_slice(&text).map(Some).map_err(|error| {
        Wrong(format!(
            "The key file {} is damaged: {error}.",
            path.display()
        ))
    })
}

/// Draws a key, begins its log and writes the file: complete on disk before anything is signed with it.
fn make(path: &Path, platform: Platform, now: Time) -> Result<(PlatformKey, KeyLog), Wrong> {
    let failed = |error: &dyn fmt::Display| {
        Wrong(format!(
            "The platform's key cannot be made in {}: {error}.",
            path.display()
        ))
    };
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *seed).map_err(|error| failed(&error))?;
    let kid = Kid::parse("1").map_err(|refusal| failed(&refusal))?;
    let key =
        PlatformKey::from_seed(platform.clone(), kid, &seed).map_err(|refusal| failed(&refusal))?;
    let log =
        KeyLog::create(&key, now, now.plus(TERM_MILLIS)).map_err(|refusal| failed(&refusal))?;
    let file = KeyFile {
        platform,
        seed: URL_SAFE_NO_PAD.encode(*seed),
        keys: log.entries().to_vec(),
    };
    let text = Zeroizing::new(serde_json::to_vec_pretty(&file).map_err(|error| failed(&error))?);
    write_private(path, &text).map_err(|error| failed(&error))?;
    Ok((key, log))
}

/// Writes a file that only its owner reads, whole or not at all.
fn write_private(path: &Path, text: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut half = PathBuf::from(path);
    half.set_extension("key.new");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(&half)?;
    file.write_all(text)?;
    file.sync_all()?;
    fs::rename(&half, path)?;
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}
