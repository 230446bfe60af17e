//! A platform's append-only log of keys, and which key counts when. // spec §3

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::address::Platform;
use crate::canonical;
use crate::id::{Incarnation, Signature, Time};
use crate::refusal::Refusal;
use crate::sign::{Kid, PlatformKey, PublicKey, Tag, sha256};

/// How long an old key verifies new traffic after its end: 7 days.
pub const GRACE_MILLIS: i64 = 7 * 24 * 3600 * 1000;

/// What the entry of a recovery key says that it is for.
const RECOVERY: &str = "recovery";

/// One entry of the log, signed by the key before it (the first by itself).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeyEntry {
    pub n: u64,
    pub kid: Kid,
    pub alg: String,
    #[serde(rename = "pub")]
    pub public: PublicKey,
    pub from: Time,
    pub to: Time,
    /// SHA-256 of the whole canonical entry before; absent in the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prev: Option<Incarnation>,
    pub by: Kid,
    /// `recovery` for the key that is kept on paper.
    #[serde(default, rename = "use", skip_serializing_if = "Option::is_none")]
    pub usage: Option<String>,
    pub sig: Signature,
    /// Fields of later versions: kept, because they are signed.
    #[serde(flatten)]
    pub more: BTreeMap<String, Value>,
}

impl KeyEntry {
    /// Whether this is the key that is kept on paper, which adds keys and revokes them.
    pub fn is_recovery(&self) -> bool {
        self.usage.as_deref() == Some(RECOVERY)
    }
}

/// A key that must no longer be believed from `at` on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Revocation {
    pub kid: Kid,
    pub at: Time,
    pub sig: Signature,
    #[serde(flatten)]
    pub more: BTreeMap<String, Value>,
}

/// When a key counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownKey {
    pub public: PublicKey,
    from: Time,
    until: Time,
}

impl KnownKey {
    /// Whether a signature of this time counts: the commit's `at`, or the time of arrival.
    pub fn counts_at(&self, at: Time) -> bool {
        self.from <= at && at < self.until
    }
}

/// Where the keys of platforms are found.
pub trait Keys {
    /// The key of that name, or `None` if the platform or the name is not known.
    fn find(&self, platform: &Platform, kid: &Kid) -> Option<KnownKey>;
}

impl Keys for BTreeMap<Platform, KeyLog> {
    fn find(&self, platform: &Platform, kid: &Kid) -> Option<KnownKey> {
        self.get(platform)?.find(kid)
    }
}

/// A chain of entries that was verified from its first one.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyLog {
    entries: Vec<KeyEntry>,
    revoked: Vec<Revocation>,
    incarnation: Incarnation,
}

impl KeyLog {
    /// A new log whose first key signs itself, valid from `from` to `to`.
    pub fn create(key: &PlatformKey, from: Time, to: Time) -> Result<KeyLog, Refusal> {
        let mut entry = unsigned(1, key, from, to, key.kid.clone(), None);
        entry.sig = key.sign(Tag::Key, &hash_without_sig(&entry)?);
        KeyLog::read(vec![entry], Vec::new())
    }

    /// The same log with one more key, signed by `by`.
    pub fn chain(
        &self,
        next: &PlatformKey,
        from: Time,
        to: Time,
        by: &PlatformKey,
    ) -> Result<KeyLog, Refusal> {
        self.append(next, (from, to), None, by)
    }

    /// The same log with a key that is kept on paper, signed by `by`.
    pub fn chain_recovery(
        &self,
        paper: &PlatformKey,
        from: Time,
        to: Time,
        by: &PlatformKey,
    ) -> Result<KeyLog, Refusal> {
        self.append(paper, (from, to), Some(RECOVERY.to_owned()), by)
    }

    fn append(
        &self,
        key: &PlatformKey,
        (from, to): (Time, Time),
        usage: Option<String>,
        by: &PlatformKey,
    ) -> Result<KeyLog, Refusal> {
        let last = self.entries.last().ok_or_else(broken)?;
        let prev = Incarnation::from_bytes(sha256(&canonical::to_bytes(last)?));
        let mut entry = unsigned(last.n + 1, key, from, to, by.kid.clone(), Some(prev));
        entry.usage = usage;
        entry.sig = by.sign(Tag::Key, &hash_without_sig(&entry)?);
        let entries = self.entries.iter().cloned().chain([entry]).collect();
        KeyLog::read(entries, self.revoked.clone())
    }

    /// The same log, in which a key no longer counts from `at` on; signed by a recovery key.
    pub fn revoke(&self, kid: Kid, at: Time, by: &PlatformKey) -> Result<KeyLog, Refusal> {
        let mut revocation = Revocation {
            kid,
            at,
            sig: Signature::from_bytes([0; 64]),
            more: BTreeMap::new(),
        };
        revocation.sig = by.sign(Tag::Key, &hash_without_sig(&revocation)?);
        let revoked = self.revoked.iter().cloned().chain([revocation]).collect();
        KeyLog::read(self.entries.clone(), revoked)
    }

    /// Verifies every link and every revocation; `EM2_FORMAT` refuses the whole log.
    pub fn read(entries: Vec<KeyEntry>, revoked: Vec<Revocation>) -> Result<KeyLog, Refusal> {
        let first = entries.first().ok_or_else(broken)?;
        let incarnation = Incarnation::from_bytes(sha256(&canonical::to_bytes(first)?));
        for (i, entry) in entries.iter().enumerate() {
            check_link(&entries[..i], entry)?;
        }
        for revocation in &revoked {
            check_revocation(&entries, revocation)?;
        }
        Ok(KeyLog {
            entries,
            revoked,
            incarnation,
        })
    }

    /// Names the owner of the log by its first entry. // spec §3
    pub fn incarnation(&self) -> Incarnation {
        self.incarnation
    }

    /// The entries, oldest first.
    pub fn entries(&self) -> &[KeyEntry] {
        &self.entries
    }

    /// The newest key in daily use.
    pub fn newest(&self) -> Option<&KeyEntry> {
        newest(&self.entries)
    }

    /// Whether this is `older`, or what became of it: nothing of it is gone.
    pub fn extends(&self, older: &KeyLog) -> bool {
        self.entries.starts_with(&older.entries)
            && older.revoked.iter().all(|r| self.revoked.contains(r))
    }

    /// The revocations.
    pub fn revoked(&self) -> &[Revocation] {
        &self.revoked
    }

    /// The key of that name, and when it counts.
    pub fn find(&self, kid: &Kid) -> Option<KnownKey> {
        let entry = self.entries.iter().find(|entry| entry.kid == *kid)?;
        let revoked = self.revoked.iter().filter(|r| r.kid == *kid).map(|r| r.at);
        let until = revoked.fold(entry.to.plus(GRACE_MILLIS), Time::min);
        Some(KnownKey {
            public: entry.public,
            from: entry.from,
            until,
        })
    }
}

fn unsigned(
    n: u64,
    key: &PlatformKey,
    from: Time,
    to: Time,
    by: Kid,
    prev: Option<Incarnation>,
) -> KeyEntry {
    KeyEntry {
        n,
        kid: key.kid.clone(),
        alg: "ed25519".to_owned(),
        public: key.public(),
        from,
        to,
        prev,
        by,
        usage: None,
        sig: Signature::from_bytes([0; 64]),
        more: BTreeMap::new(),
    }
}

fn broken() -> Refusal {
    Refusal::format("The platform's key log does not hold together. Ask its operator.")
}

/// SHA-256 of the canonical entry without `sig`.
fn hash_without_sig<T: Serialize>(entry: &T) -> Result<[u8; 32], Refusal> {
    let mut value = serde_json::to_value(entry).map_err(|_| broken())?;
    value.as_object_mut().ok_or_else(broken)?.remove("sig");
    Ok(sha256(&canonical::to_bytes_of(&value)?))
}

fn newest(entries: &[KeyEntry]) -> Option<&KeyEntry> {
    entries.iter().rev().find(|entry| !entry.is_recovery())
}

fn check_link(before: &[KeyEntry], entry: &KeyEntry) -> Result<(), Refusal> {
    let repeated = before.iter().any(|other| other.kid == entry.kid);
    let expected_n = before.len() as u64 + 1;
    if entry.n != expected_n || entry.alg != "ed25519" || entry.from >= entry.to || repeated {
        return Err(broken());
    }
    let prev = match before.last() {
        None => None,
        Some(last) => Some(Incarnation::from_bytes(sha256(&canonical::to_bytes(last)?))),
    };
    let signer = match before.last() {
        None if !entry.is_recovery() => Some(entry),
        None => None,
        Some(_) => signer(before, &entry.by),
    };
    let signer = signer
        .filter(|signer| signer.kid == entry.by)
        .ok_or_else(broken)?;
    if entry.prev != prev {
        return Err(broken());
    }
    let signed = signer
        .public
        .verify(Tag::Key, &hash_without_sig(entry)?, &entry.sig);
    signed.map_err(|_| broken())
}

/// The newest key in daily use, or any recovery key.
fn signer<'a>(before: &'a [KeyEntry], by: &Kid) -> Option<&'a KeyEntry> {
    let recovery = before.iter().filter(|entry| entry.is_recovery());
    newest(before)
        .into_iter()
        .chain(recovery)
        .find(|entry| entry.kid == *by)
}

fn check_revocation(entries: &[KeyEntry], revocation: &Revocation) -> Result<(), Refusal> {
    let hash = hash_without_sig(revocation)?;
    let mut recovery = entries.iter().filter(|entry| entry.is_recovery());
    let known = entries.iter().any(|entry| entry.kid == revocation.kid);
    let signed = recovery.any(|e| e.public.verify(Tag::Key, &hash, &revocation.sig).is_ok());
    if known && signed {
        Ok(())
    } else {
        Err(broken())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(kid: &str, seed: u8) -> PlatformKey {
        let mut bytes = [seed; 32];
        bytes[0] ^= 1;
        let platform = Platform::parse("em2.c.example").unwrap();
        PlatformKey::from_seed(platform, Kid::parse(kid).unwrap(), &bytes).unwrap()
    }

    fn recovery_log() -> (KeyLog, PlatformKey, PlatformKey) {
        let (online, paper) = (key("1", 1), key("r", 2));
        let log = KeyLog::create(&online, Time(0), Time(100)).unwrap();
        let log = log
            .chain_recovery(&paper, Time(0), Time(9_000), &online)
            .unwrap();
        (log, online, paper)
    }

    #[test]
    fn a_key_counts_from_its_start_until_a_week_after_its_end() {
        let log = KeyLog::create(&key("1", 1), Time(10), Time(20)).unwrap();
        let known = log.find(&Kid::parse("1").unwrap()).unwrap();
        assert!(!known.counts_at(Time(9)) && known.counts_at(Time(10)));
        assert!(known.counts_at(Time(19 + GRACE_MILLIS)));
        assert!(!known.counts_at(Time(20 + GRACE_MILLIS)));
        assert!(log.find(&Kid::parse("2").unwrap()).is_none());
    }

    #[test]
    fn the_next_key_is_signed_by_the_one_before() {
        let (a, b, c) = (key("a", 1), key("b", 2), key("c", 3));
        let log = KeyLog::create(&a, Time(0), Time(10)).unwrap();
        let two = log.chain(&b, Time(10), Time(20), &a).unwrap();
        assert_eq!(two.incarnation(), log.incarnation());
        assert!(two.chain(&c, Time(20), Time(30), &b).is_ok());
        assert!(
            two.chain(&c, Time(20), Time(30), &a).is_err(),
            "signed by an old key"
        );
        assert!(
            two.chain(&a, Time(20), Time(30), &b).is_err(),
            "a name used twice"
        );
        let mut entries = two.entries().to_vec();
        entries[1].to = Time(21);
        assert!(
            KeyLog::read(entries, vec![]).is_err(),
            "changed after signing"
        );
        assert!(
            KeyLog::read(two.entries()[1..].to_vec(), vec![]).is_err(),
            "no beginning"
        );
        assert!(KeyLog::read(vec![], vec![]).is_err());
    }

    #[test]
    fn a_recovery_key_adds_and_revokes() {
        let (log, online, paper) = recovery_log();
        let next = key("2", 3);
        assert!(log.chain(&next, Time(5), Time(50), &paper).is_ok());
        assert!(log.chain(&next, Time(5), Time(50), &online).is_ok());
        let revoked = log.revoke(online.kid.clone(), Time(50), &paper).unwrap();
        let known = revoked.find(&online.kid).unwrap();
        assert!(known.counts_at(Time(49)) && !known.counts_at(Time(50)));
        assert!(
            log.revoke(online.kid.clone(), Time(50), &online).is_err(),
            "not by the recovery key"
        );
        assert!(
            log.revoke(next.kid, Time(50), &paper).is_err(),
            "a key that the log does not have"
        );
    }

    #[test]
    fn a_log_extends_what_it_grew_from_and_nothing_else() {
        let (log, online, paper) = recovery_log();
        assert_eq!(log.newest().unwrap().kid, online.kid);
        let next = log.chain(&key("2", 3), Time(5), Time(50), &online).unwrap();
        let other = log.chain(&key("2", 4), Time(5), Time(50), &online).unwrap();
        let revoked = log.revoke(online.kid, Time(50), &paper).unwrap();
        assert!(log.extends(&log) && next.extends(&log) && revoked.extends(&log));
        assert!(
            !log.extends(&next) && !next.extends(&other),
            "another branch"
        );
        assert!(!next.extends(&revoked), "a revocation is gone");
        assert_eq!(next.newest().unwrap().kid.as_str(), "2");
    }
}
