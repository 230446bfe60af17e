//! The records of a file, one after the other.

use std::collections::{BTreeMap, BTreeSet};

use em2_model::action::{Action, Content, Missing};
use em2_model::conversation::Conversation;
use em2_model::id::{FileHash, Incarnation};
use em2_model::keys::{KeyLog, Keys as _};
use em2_model::record::{Commit, Record, Verified};
use em2_model::sign::KeyName;
use em2_model::{Code, ConversationKey, Platform, Refusal, Time};

use super::Checked;
use super::chain::Chain;
use super::lines::{First, Last};

/// The log as far as it was read.
pub(super) struct Log {
    conv: ConversationKey,
    keys: BTreeMap<Platform, KeyLog>,
    /// Platforms whose key logs an action has bound.
    bound: BTreeSet<Platform>,
    /// Absent before place 1.
    fold: Option<Fold>,
    /// The place of the last record.
    pub(super) seq: u64,
    missing: BTreeMap<Missing, u64>,
}

enum Fold {
    State(Box<Conversation>),
    /// The bodies are gone.
    Chain(Chain),
}

impl Log {
    /// With the keys of the first line.
    pub(super) fn begin(First { conv, keys }: First) -> Log {
        Log {
            conv,
            keys,
            bound: BTreeSet::new(),
            fold: None,
            seq: 0,
            missing: BTreeMap::new(),
        }
    }

    /// Checks one record in the order of spec §8.
    pub(super) fn take(&mut self, line: &[u8]) -> Result<(), Refusal> {
        let record = Record::parse(line)?;
        let verified = self.check_signatures(record)?;
        let commit = verified
            .commit()
            .ok_or_else(|| Refusal::format("The action has no commit."))?;
        if commit.conv() != self.conv {
            return Err(Refusal::format("This is a record of another conversation."));
        }
        if commit.seq() != self.seq + 1 {
            let message = format!(
                "Place {} is expected, and this is place {}.",
                self.seq + 1,
                commit.seq()
            );
            return Err(Refusal::new(Code::Gap, message));
        }
        self.bind(verified.action(), commit)?;
        self.fold(&verified, commit)?;
        if let Err(missing) = verified.action().body() {
            *self.missing.entry(missing).or_default() += 1;
        }
        self.seq += 1;
        Ok(())
    }

    /// The author's and the leader's signature; of one that does not count it is said which.
    fn check_signatures(&self, record: Record) -> Result<Verified<Record>, Refusal> {
        let again = record.clone();
        // Of a record with a commit its time decides, and the others are refused afterwards.
        let verified = record.verify(&self.keys, Time(0));
        verified.map_err(|refusal| self.say_whose(again, refusal))
    }

    fn say_whose(&self, record: Record, refusal: Refusal) -> Refusal {
        let at = record.commit().map_or(Time(0), Commit::at);
        let leader = record.commit_stamp().cloned();
        let author = record.stamps().first().cloned();
        let by_author = record.without_commit().verify(&self.keys, at).is_err();
        let (whose, stamp) = match by_author {
            true => ("author's", author),
            false => ("leader's", leader),
        };
        let key = stamp.and_then(|stamp| match stamp.k {
            KeyName::Platform(platform, kid) => self.keys.find(&platform, &kid),
            KeyName::Person(..) => None,
        });
        let message = match refusal.code {
            Code::KeyUnknown => format!("The key of the {whose} signature is not in line 1."),
            Code::Sig if key.is_some_and(|key| !key.counts_at(at)) => {
                format!("The key of the {whose} signature did not count at that time.")
            }
            Code::Sig if refusal == Refusal::from(Code::Sig) => {
                format!("The {whose} signature does not count.")
            }
            _ => return refusal,
        };
        Refusal::new(refusal.code, message)
    }

    /// The key logs of line 1 are those that the conversation knows: each begins with the entry that publishing, an add
    /// or a modify names before anything is signed with it. // spec §3, §9
    fn bind(&mut self, action: &Action, commit: &Commit) -> Result<(), Refusal> {
        let named: Vec<(&Platform, Incarnation)> = match (action.content(), commit.refused()) {
            (Ok(Content::Publish(publish)), None) => publish
                .keys
                .iter()
                .map(|key| (&key.platform, key.inc))
                .collect(),
            (Ok(Content::ParticipantAdd(add)), None) => add
                .platform
                .iter()
                .map(|(name, inc)| (name, *inc))
                .collect(),
            (Ok(Content::ParticipantModify(modify)), None) => modify
                .platform
                .iter()
                .map(|(name, inc)| (name, *inc))
                .collect(),
            _ => Vec::new(),
        };
        for (platform, inc) in named {
            if self
                .keys
                .get(platform)
                .is_some_and(|log| log.incarnation() != inc)
            {
                let message = format!(
                    "The key log of {platform} in line 1 is not the one that is named here."
                );
                return Err(Refusal::new(Code::Incarnation, message));
            }
            self.bound.insert(platform.clone());
        }
        // With the bodies what names the key logs is gone.
        let gone = match &self.fold {
            None => action.body() == Err(Missing::Expired),
            Some(fold) => matches!(fold, Fold::Chain(_)),
        };
        if gone {
            return Ok(());
        }
        for signer in [&action.header().platform, commit.leader()] {
            if !self.bound.contains(signer) {
                let message = format!("{signer} signs, and nothing before it names its key log.");
                return Err(Refusal::new(Code::Incarnation, message));
            }
        }
        Ok(())
    }

    fn fold(&mut self, record: &Verified<Record>, commit: &Commit) -> Result<(), Refusal> {
        match &mut self.fold {
            None if record.action().body() == Err(Missing::Expired) => {
                self.fold = Some(Fold::Chain(Chain::begin(record, commit)?));
            }
            None => {
                let (conversation, _) = Conversation::begin(record).map_err(|refusal| {
                    Refusal::new(refusal.code, "The log does not begin with a publication.")
                })?;
                self.fold = Some(Fold::State(Box::new(conversation)));
            }
            Some(Fold::Chain(chain)) => chain.apply(record, commit)?,
            Some(Fold::State(conversation)) => {
                let change = conversation
                    .apply(record)
                    .map_err(|refusal| match refusal.code {
                        Code::Gap | Code::Fork => {
                            Refusal::new(refusal.code, "It does not follow the commit before it.")
                        }
                        _ => refusal,
                    })?;
                if let Some(dispute) = change.dispute {
                    return Err(disputed(dispute.code));
                }
            }
        }
        Ok(())
    }

    /// What the last line says is what was found.
    pub(super) fn end(&mut self, last: &Last, before: FileHash) -> Result<Checked, Refusal> {
        let (head, participants, expired) = match &self.fold {
            None => {
                return Err(Refusal::new(
                    Code::NoConv,
                    "There is no record in the file.",
                ));
            }
            Some(Fold::Chain(chain)) => (chain.head, None, chain.expired),
            Some(Fold::State(conversation)) => {
                let core = conversation.core();
                (core.head, Some(core.people.len()), core.expired)
            }
        };
        if last.seq != self.seq {
            let message = format!(
                "It says that there are {} records, and there are {}.",
                last.seq, self.seq
            );
            return Err(Refusal::new(Code::Gap, message));
        }
        if last.head != head {
            return Err(Refusal::new(Code::Hash, "Its head is not the last commit."));
        }
        if self.missing.contains_key(&Missing::Expired) && !expired {
            return Err(Refusal::format(
                "Bodies are said to have expired, and the conversation has not.",
            ));
        }
        if last.sha256 != before {
            let message = "Something before it was altered that no signature covers: the hash is another one.";
            return Err(Refusal::new(Code::Hash, message));
        }
        Ok(Checked {
            conv: self.conv,
            head,
            actions: self.seq,
            participants,
            platforms: self
                .keys
                .iter()
                .map(|(name, log)| (name.clone(), log.incarnation()))
                .collect(),
            missing: std::mem::take(&mut self.missing),
        })
    }
}

/// A commit with which the rules do not agree. // spec §8
fn disputed(code: Code) -> Refusal {
    let message = match code {
        Code::Hash => "The state after it is not the one that the leader signed.",
        Code::Clock => "Its time lies before that of the commit before it.",
        Code::Replay => "Its nonce was used before.",
        Code::Gone => "Its body is needed and not here.",
        _ => "The rules decide otherwise than the leader did.",
    };
    Refusal::new(code, message)
}
