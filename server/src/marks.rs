//! Which heads this platform gave out last, kept in its data folder beside the database: a backup that is older is known
//! by what it lacks. // spec §14

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use em2_model::{CommitKey, ConversationKey};
use serde::{Deserialize, Serialize};

/// The name of the file in the data folder.
const FILE: &str = "platform.heads";

/// Half of it, until it is whole.
const HALF: &str = "platform.heads.new";

/// A file that says that the operator has put an older database in place.
const RESTORED: &str = "platform.restored";

/// How many conversations it names: those that changed last.
const MOST: usize = 64;

/// How often it is written while something changes.
const EVERY: Duration = Duration::from_secs(1);

/// The newest commit of a conversation that is led here.
pub type Head = (ConversationKey, u64, CommitKey);

/// What the file holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Marked {
    pub heads: Vec<Head>,
}

impl Marked {
    /// What is kept in this folder; nothing before the first conversation with another platform.
    pub fn read(data: &Path) -> io::Result<Marked> {
        match fs::read(data.join(FILE)) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map_err(|error| io::Error::new(ErrorKind::InvalidData, error)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Marked::default()),
            Err(error) => Err(error),
        }
    }

    /// Keeps it, whole or not at all.
    pub fn write(&self, data: &Path) -> io::Result<()> {
        let mut file = File::create(data.join(HALF))?;
        file.write_all(&serde_json::to_vec(self)?)?;
        file.sync_all()?;
        drop(file);
        fs::rename(data.join(HALF), data.join(FILE))
    }
}

/// Has the next start count as one after a restore.
pub fn declare_restored(data: &Path) -> io::Result<()> {
    File::create(data.join(RESTORED))?.sync_all()
}

/// Whether the operator has said so since the last start.
pub fn is_declared(data: &Path) -> bool {
    data.join(RESTORED).exists()
}

/// The others are asked: it is no longer to be said.
pub fn begun_again(data: &Path) -> io::Result<()> {
    Marked::default().write(data)?;
    match fs::remove_file(data.join(RESTORED)) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The heads that were given out last. Cheap to clone: every clone is the same one.
#[derive(Clone, Default)]
pub struct Marks(Arc<Mutex<Recent>>);

#[derive(Default)]
struct Recent {
    /// The newest at the end.
    heads: VecDeque<Head>,
    changed: bool,
}

impl Marks {
    /// A commit is durable.
    pub fn note(&self, head: Head) {
        let mut recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        recent.heads.retain(|known| known.0 != head.0);
        recent.heads.push_back(head);
        if recent.heads.len() > MOST {
            recent.heads.pop_front();
        }
        recent.changed = true;
    }

    /// What is to be written, if anything changed since this was asked.
    fn changed(&self) -> Option<Marked> {
        let mut recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut recent.changed).then(|| Marked {
            heads: recent.heads.iter().copied().collect(),
        })
    }

    /// Writes them for as long as it is polled.
    pub async fn keep(self, data: PathBuf) {
        loop {
            tokio::time::sleep(EVERY).await;
            let Some(marked) = self.changed() else {
                continue;
            };
            let folder = data.clone();
            let written = tokio::task::spawn_blocking(move || marked.write(&folder));
            if let Ok(Err(error)) = written.await {
                tracing::warn!(%error, "an old backup would not be known for one: its mark cannot be written");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(n: u8, seq: u64) -> Head {
        (
            ConversationKey::from_bytes([n; 32]),
            seq,
            CommitKey::from_bytes([n; 32]),
        )
    }

    #[test]
    fn the_heads_that_changed_last_are_kept_each_once() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Marked::read(folder.path()).unwrap(), Marked::default());
        let marks = Marks::default();
        assert_eq!(marks.changed(), None);
        (0..100).for_each(|n| marks.note(head(n, 1)));
        marks.note(head(50, 2));
        let marked = marks.changed().unwrap();
        assert_eq!(marked.heads.len(), MOST);
        assert_eq!(marked.heads.first(), Some(&head(36, 1)));
        assert_eq!(marked.heads.last(), Some(&head(50, 2)));
        assert_eq!(marks.changed(), None);
        marked.write(folder.path()).unwrap();
        assert_eq!(Marked::read(folder.path()).unwrap(), marked);
        fs::write(folder.path().join(FILE), b"{").unwrap();
        assert!(Marked::read(folder.path()).is_err());
    }
}
