//! What passed every check that needs no conversation. // spec §8

use std::ops::Deref;

use super::Record;
use crate::action::{Content, LeaderKey};
use crate::address::Platform;
use crate::id::Time;
use crate::keys::Keys;
use crate::refusal::{Code, Refusal};
use crate::sign::{KeyName, Stamp, Tag, hash};

/// A record whose signatures count; only such a one can be applied.
#[derive(Clone, Debug, PartialEq)]
pub struct Verified<T>(T);

impl<T> Deref for Verified<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> Verified<T> {
    /// What this process signed itself, or verified before it stored it.
    pub fn trusted(value: T) -> Verified<T> {
        Verified(value)
    }

    /// The value itself.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl Record {
    /// Checks the author's signature and, where there is a commit, the leader's, by keys that
    /// counted at the commit's time, else at `arrival`. That the commit's leader leads is known
    /// only to the conversation. `EM2_KEY_UNKNOWN` or `EM2_SIG`.
    pub fn verify(self, keys: &impl Keys, arrival: Time) -> Result<Verified<Record>, Refusal> {
        let at = self.commit().map_or(arrival, |commit| commit.at());
        let action_hash = hash(Tag::Action, self.action.header_bytes());
        let author = &self.action.header().platform;
        for (i, stamp) in self.stamps.iter().enumerate() {
            let by = match &stamp.k {
                KeyName::Platform(platform, _) => Some(platform),
                KeyName::Person(..) => None,
            };
            if i == 0 && by != Some(author) {
                return Err(Refusal::new(
                    Code::Sig,
                    "The first signature is not the author's.",
                ));
            }
            check_stamp(keys, stamp, Tag::Action, &action_hash, at)?;
        }
        // A record has at least one stamp: `Record::new` refuses it otherwise.
        if let Ok(Content::Publish(publish)) = self.action.content()
            && !publish
                .keys
                .iter()
                .any(|bound| is_bound(keys, bound, &self.stamps[0]))
        {
            return Err(Refusal::new(
                Code::Sig,
                "Publishing does not bind the key that signs it.",
            ));
        }
        if let Ok(Content::Transfer(transfer)) = self.action.content()
            && !self.stamps.iter().any(|stamp| is_by(stamp, &transfer.to))
        {
            return Err(Refusal::new(
                Code::Sig,
                "The new leader has not signed the transfer.",
            ));
        }
        if let Some((commit, stamp)) = &self.commit {
            if !is_by(stamp, commit.leader()) {
                return Err(Refusal::new(
                    Code::Sig,
                    "The commit is not signed by its leader.",
                ));
            }
            check_stamp(keys, stamp, Tag::Commit, commit.key().as_bytes(), at)?;
        }
        Ok(Verified(self))
    }
}

fn is_by(stamp: &Stamp, platform: &Platform) -> bool {
    matches!(&stamp.k, KeyName::Platform(by, _) if by == platform)
}

/// Whether this is the key that the stamp is by. // spec §9
fn is_bound(keys: &impl Keys, bound: &LeaderKey, stamp: &Stamp) -> bool {
    let name = KeyName::Platform(bound.platform.clone(), bound.kid.clone());
    let known = keys.find(&bound.platform, &bound.kid);
    stamp.k == name && known.is_some_and(|known| known.public == bound.public)
}

/// A person's own signature is for those who hold the directory; it proves more, never less.
fn check_stamp(
    keys: &impl Keys,
    stamp: &Stamp,
    tag: Tag,
    hash: &[u8; 32],
    at: Time,
) -> Result<(), Refusal> {
    let KeyName::Platform(platform, kid) = &stamp.k else {
        return Ok(());
    };
    let unknown = || Refusal::from(Code::KeyUnknown).with("key", stamp.k.to_string());
    let key = keys.find(platform, kid).ok_or_else(unknown)?;
    if !key.counts_at(at) {
        return Err(Refusal::new(
            Code::Sig,
            "The signing key did not count at that time.",
        ));
    }
    key.public.verify(tag, hash, &stamp.v)
}
