//! `platform.key` in the data folder: the one secret of the platform, with the log that it belongs to.

use std::fmt;
use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::Path;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use em2_model::address::Platform;
use em2_model::keys::{KeyEntry, KeyLog, Revocation};
use em2_model::sign::PlatformKey;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

use super::{Seed, Wrong};

/// The name of the key file in the data folder.
pub(super) const FILE: &str = "platform.key";

/// Half a key file, until it is whole.
const HALF: &str = "platform.key.new";

/// Held while the keys are changed: the server and the command line may want to at the same time.
const LOCK: &str = "platform.lock";

/// What the key file holds: the seed of the newest key in daily use, and no other. A key that was replaced signs
/// nothing more, so that its seed is better gone.
#[derive(Serialize, Deserialize)]
pub(super) struct KeyFile {
    platform: Platform,
    /// Base64url of the 32 bytes of the private seed.
    seed: String,
    keys: Vec<KeyEntry>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    revoked: Vec<Revocation>,
}

impl Drop for KeyFile {
    fn drop(&mut self) {
        self.seed.zeroize();
    }
}

impl KeyFile {
    pub(super) fn new(platform: Platform, seed: &Seed, log: &KeyLog) -> KeyFile {
        KeyFile {
            platform,
            seed: URL_SAFE_NO_PAD.encode(**seed),
            keys: log.entries().to_vec(),
            revoked: log.revoked().to_vec(),
        }
    }

    /// The same seed with what became of its log.
    pub(super) fn with_log(&self, log: &KeyLog) -> KeyFile {
        KeyFile {
            platform: self.platform.clone(),
            seed: self.seed.clone(),
            keys: log.entries().to_vec(),
            revoked: log.revoked().to_vec(),
        }
    }

    /// The log, verified from its first entry, of the platform of this name.
    pub(super) fn log(&self, name: &Platform) -> Result<KeyLog, Wrong> {
        if self.platform != *name {
            return Err(unusable(format!(
                "it is the key of {}, not of {name}.",
                self.platform
            )));
        }
        KeyLog::read(self.keys.clone(), self.revoked.clone())
            .map_err(|refusal| unusable(refusal.message))
    }

    /// The key that signs, if the seed is that of the newest key of this log; refuses what is public knowledge.
    pub(super) fn key(&self, log: &KeyLog) -> Result<PlatformKey, Wrong> {
        let newest = log
            .newest()
            .ok_or_else(|| unusable("its log has no entry."))?;
        let bytes = URL_SAFE_NO_PAD
            .decode(self.seed.as_bytes())
            .map(Zeroizing::new)
            .map_err(|_| unusable("the seed is not base64url."))?;
        let seed = Seed::new(
            bytes
                .as_slice()
                .try_into()
                .map_err(|_| unusable("the seed has not 32 bytes."))?,
        );
        let key = PlatformKey::from_seed(self.platform.clone(), newest.kid.clone(), &seed)
            .map_err(|refusal| unusable(refusal.message))?;
        if key.public() != newest.public {
            return Err(unusable("the seed is not that of the newest key."));
        }
        Ok(key)
    }
}

fn unusable(why: impl fmt::Display) -> Wrong {
    Wrong::new(format!("The key in {FILE} cannot be used: {why}"))
}

/// The key file, if there is one. Others may not be able to read it.
pub(super) fn read(folder: &Path) -> Result<Option<KeyFile>, Wrong> {
    let path = folder.join(FILE);
    let wrong = |error: std::io::Error| {
        Wrong::new(format!(
            "The key file {} cannot be read: {error}.",
            path.display()
        ))
    };
    let text = match fs::read(&path) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(wrong(error)),
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        if fs::metadata(&path).map_err(wrong)?.permissions().mode() & 0o077 != 0 {
            return Err(Wrong::new(format!(
                "The key file {} can be read by others on this machine. Run `chmod 600` on it; if they did read it, \
                 replace the key afterwards: `server key recover --revoke` and its name.",
                path.display()
            )));
        }
    }
    serde_json::from_slice(&text).map(Some).map_err(|error| {
        Wrong::new(format!(
            // What it holds is said to nobody, not even in parts.
            "The key file {} is damaged in line {}. Put it back from the backup; or move it away, and make a new key \
             with `server key recover`.",
            path.display(),
            error.line()
        ))
    })
}

/// Writes the key file, whole or not at all: on disk when this answers.
pub(super) fn write(folder: &Path, file: &KeyFile) -> Result<(), Wrong> {
    let failed = |error: &dyn fmt::Display| {
        let path = folder.join(FILE);
        Wrong::new(format!(
            "The key file {} cannot be written: {error}.",
            path.display()
        ))
    };
    let text = Zeroizing::new(serde_json::to_vec_pretty(file).map_err(|error| failed(&error))?);
    write_private(folder, &text).map_err(|error| failed(&error))
}

fn write_private(folder: &Path, text: &[u8]) -> std::io::Result<()> {
    let (half, path) = (folder.join(HALF), folder.join(FILE));
    // What a crash left there, perhaps.
    match fs::remove_file(&half) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(&half)?;
    file.write_all(text)?;
    file.sync_all()?;
    fs::rename(&half, path)?;
    File::open(folder)?.sync_all()
}

/// Waits until nobody else changes the keys; they may when the answer is dropped.
pub(super) fn lock(folder: &Path) -> Result<File, Wrong> {
    let locked = || {
        fs::create_dir_all(folder)?;
        let mut options = fs::OpenOptions::new();
        let file = options
            .write(true)
            .create(true)
            .truncate(false)
            .open(folder.join(LOCK))?;
        file.lock()?;
        Ok(file)
    };
    locked().map_err(|error: std::io::Error| {
        Wrong::new(format!(
            "The folder {} cannot be used for the platform's key: {error}.",
            folder.display()
        ))
    })
}

/// Another one when the key file was replaced; `None` where there is no file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
    /// A file that replaces another one within the same tick of the clock has another number.
    inode: u64,
}

/// The stamp of the key file, without reading it.
pub(super) fn stamp(folder: &Path) -> Option<Stamp> {
    let metadata = fs::metadata(folder.join(FILE)).ok()?;
    #[cfg(unix)]
    let inode = std::os::unix::fs::MetadataExt::ino(&metadata);
    #[cfg(not(unix))]
    let inode = 0;
    Some(Stamp {
        modified: metadata.modified().ok(),
        length: metadata.len(),
        inode,
    })
}

#[cfg(test)]
mod tests {
    use em2_model::id::Time;
    use em2_model::sign::Kid;

    use super::*;

    fn first() -> (Platform, Seed, KeyLog) {
        let name = Platform::parse("em2.a.example").unwrap();
        let seed = Seed::new(std::array::from_fn(|n| n as u8 + 1));
        let key = PlatformKey::from_seed(name.clone(), Kid::parse("1").unwrap(), &seed).unwrap();
        let log = KeyLog::create(&key, Time(0), Time(100)).unwrap();
        (name, seed, log)
    }

    fn refused<T>(outcome: Result<T, Wrong>) -> String {
        outcome.err().expect("it was refused").to_string()
    }

    #[test]
    fn it_is_written_for_its_owner_only_and_reads_back() {
        let folder = tempfile::tempdir().unwrap();
        let (name, seed, log) = first();
        assert!(read(folder.path()).unwrap().is_none() && stamp(folder.path()).is_none());
        // What a crash left in the middle of writing, readable by all.
        fs::write(folder.path().join(HALF), "{").unwrap();
        let file = KeyFile::new(name.clone(), &seed, &log);
        write(folder.path(), &file).unwrap();
        let before = stamp(folder.path());
        let found = read(folder.path()).unwrap().unwrap();
        assert_eq!(found.log(&name).unwrap(), log);
        assert_eq!(found.key(&log).unwrap().public(), log.entries()[0].public);
        assert!(!folder.path().join(HALF).exists());
        write(folder.path(), &file).unwrap();
        assert_ne!(stamp(folder.path()), before, "it was replaced");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let metadata = fs::metadata(folder.path().join(FILE)).unwrap();
            assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn what_cannot_be_used_is_said_without_saying_what_it_holds() {
        let folder = tempfile::tempdir().unwrap();
        let (name, seed, log) = first();
        let secret = URL_SAFE_NO_PAD.encode(*seed);
        let text = serde_json::to_string(&KeyFile::new(name.clone(), &seed, &log)).unwrap();
        let other = Platform::parse("em2.b.example").unwrap();
        let path = folder.path().join(FILE);
        let open = |name: &Platform| -> Result<PlatformKey, Wrong> {
            let file = read(folder.path())?.expect("it is there");
            file.key(&file.log(name)?)
        };
        for (text, name, why) in [
            (text.clone(), &other, "not of em2.b.example"),
            (
                text.replace(r#""to":100"#, r#""to":101"#),
                &name,
                "hold together",
            ),
            (
                text.replace(&secret, &format!("!{}", &secret[1..])),
                &name,
                "base64url",
            ),
            (text.replace(&secret, ""), &name, "32 bytes"),
            (
                text.replace(&secret[..6], "AAAAAA"),
                &name,
                "not that of the newest",
            ),
            // The secret stands where a list should.
            (
                format!(r#"{{"platform":"a.example","seed":"x","keys":"{secret}"}}"#),
                &name,
                "line 1",
            ),
        ] {
            fs::write(&path, text).unwrap();
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt as _;
                fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            }
            let said = refused(open(name));
            assert!(said.contains(why) && !said.contains(&secret[6..]), "{said}");
        }
    }
}
