//! The keys by which the signatures of some records are checked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use em2_model::Platform;
use em2_model::keys::{KeyLog, Keys, KnownKey};
use em2_model::record::Record;
use em2_model::sign::{KeyName, Kid};

/// The key logs of the platforms that signed something.
#[derive(Clone, Default)]
pub struct Keyring(BTreeMap<Platform, Arc<KeyLog>>);

impl Keyring {
    /// Adds the log of a platform.
    pub fn add(&mut self, platform: Platform, log: Arc<KeyLog>) {
        self.0.insert(platform, log);
    }

    /// Who signed these records: the platforms whose keys are needed to check them.
    pub fn signers<'a>(
        records: impl Iterator<Item = &'a Record>,
    ) -> BTreeMap<Platform, BTreeSet<Kid>> {
        let mut signers: BTreeMap<Platform, BTreeSet<Kid>> = BTreeMap::new();
        for record in records {
            let stamps = record.stamps().iter().chain(record.commit_stamp());
            for stamp in stamps {
                if let KeyName::Platform(platform, kid) = &stamp.k {
                    signers
                        .entry(platform.clone())
                        .or_default()
                        .insert(kid.clone());
                }
            }
        }
        signers
    }
}

impl Keys for Keyring {
    fn find(&self, platform: &Platform, kid: &Kid) -> Option<KnownKey> {
        self.0.get(platform)?.find(kid)
    }
}
