//! Taking commits as they come, from the leader or from storage. // spec §8

use std::collections::BTreeMap;

use super::core::lock_holds;
use super::{Change, Conversation, Core, Effect, HeadSum, Person, Slot, Verdict};
use crate::action::{Action, Content, Kind};
use crate::id::{ActionKey, CommitKey};
use crate::participant::{History, Role};
use crate::record::{Commit, Record, Verified};
use crate::refusal::{Code, Refusal};

impl Conversation {
    /// Begins with the record in place 1, a `conversation.publish`.
    pub fn begin(record: &Verified<Record>) -> Result<(Conversation, Change), Refusal> {
        let commit = committed(record)?;
        let action = record.action();
        if commit.seq() != 1 || commit.prev() != CommitKey::from(action.conversation()) {
            return Err(Refusal::from(Code::NoConv));
        }
        if commit.refused().is_some() || *commit.leader() != action.header().platform {
            return Err(Refusal::new(
                Code::Sig,
                "A conversation begins with its own leader.",
            ));
        }
        let core = Core::begin(action, commit)?;
        let mut conversation = Conversation {
            core,
            items: BTreeMap::new(),
            slots: BTreeMap::new(),
            whole: true,
        };
        let change = conversation.finish(action, commit, Effect::Conversation, None);
        Ok((conversation, change))
    }

    /// Applies the next record. Refuses one with a bad link (`EM2_GAP`, `EM2_FORK`) or of one
    /// who does not lead (`EM2_SIG`) and stays as it was. The leader's decision is checked again:
    /// where this platform decides otherwise nothing is performed, the commit is kept, and the
    /// change says so.
    pub fn apply(&mut self, record: &Verified<Record>) -> Result<Change, Refusal> {
        let (action, commit) = (record.action(), committed(record)?);
        self.check_link(commit)?;
        self.check_leader(commit)?;
        self.check_loaded(action)?;
        let verdict = self.decide(action, commit.at());
        let mut dispute = disagreement(verdict, commit.refused());
        if commit.at() < self.core.at {
            dispute = Some(Refusal::from(Code::Clock));
        }
        let performed = match (&dispute, commit.refused()) {
            (None, None) => self.perform(action, commit.seq(), commit.at()),
            _ => Ok(Effect::None),
        };
        let effect = performed.unwrap_or_else(|refusal| {
            dispute = Some(refusal);
            Effect::None
        });
        self.advance(commit);
        if commit
            .state()
            .is_some_and(|state| self.core.state_hash().ok() != Some(state))
        {
            dispute.get_or_insert(Refusal::new(
                Code::Hash,
                "The states of the platforms differ.",
            ));
        }
        Ok(self.finish(action, commit, effect, dispute))
    }

    /// The commit is the next of this log. // spec §8
    pub fn check_link(&self, commit: &Commit) -> Result<(), Refusal> {
        let core = &self.core;
        if commit.conv() != core.key {
            return Err(Refusal::format("This is a commit of another conversation."));
        }
        let rivals = commit.seq() == core.seq && commit.epoch() == core.epoch;
        if rivals && commit.key() != core.head {
            let fork = Refusal::from(Code::Fork).with("a", core.head.to_string());
            return Err(fork.with("b", commit.key().to_string()));
        }
        if commit.seq() != core.seq + 1 || commit.prev() != core.head {
            let have = serde_json::json!([[core.seq, core.head]]);
            return Err(Refusal::from(Code::Gap).with("have", have));
        }
        Ok(())
    }

    /// The commit is by the leader of its epoch; a restored leader begins a higher one. // spec §14
    fn check_leader(&self, commit: &Commit) -> Result<(), Refusal> {
        if *commit.leader() != self.core.leader || commit.epoch() < self.core.epoch {
            return Err(Refusal::new(
                Code::Sig,
                "The commit is not by the leader of its epoch.",
            ));
        }
        Ok(())
    }

    /// Moves the log on to this commit; locks that its time has ended are forgotten.
    pub(super) fn advance(&mut self, commit: &Commit) {
        self.core.head = commit.key();
        self.core.seq = commit.seq();
        self.core.at = self.core.at.max(commit.at());
        self.core.epoch = self.core.epoch.max(commit.epoch());
        let at = self.core.at;
        self.core.locks.retain(|lock| lock_holds(lock, at));
    }

    /// Notes what became of the action.
    pub(super) fn finish(
        &mut self,
        action: &Action,
        commit: &Commit,
        effect: Effect,
        dispute: Option<Refusal>,
    ) -> Change {
        if dispute.is_some() {
            self.core.disputed.get_or_insert(commit.seq());
        }
        let header = action.header();
        let slot = Slot {
            action: action.key(),
            seq: commit.seq(),
            st: commit.refused(),
        };
        let first = self.slots.entry(header.nonce).or_insert(None);
        first.get_or_insert(slot);
        Change {
            seq: commit.seq(),
            commit: commit.key(),
            action: action.key(),
            kind: action.kind(),
            actor: header.actor.clone(),
            at: commit.at(),
            refused: commit.refused(),
            effect,
            nonce: header.nonce,
            dispute,
        }
    }
}

fn committed(record: &Record) -> Result<&Commit, Refusal> {
    record.commit().ok_or_else(|| Refusal::from(Code::Leader))
}

/// What we would have decided, where it is not what the leader did.
fn disagreement(verdict: Result<Verdict, Refusal>, refused: Option<Code>) -> Option<Refusal> {
    match (verdict, refused) {
        (Ok(Verdict::Accept), None) => None,
        (Ok(Verdict::Refuse(refusal)), Some(code)) if refusal.code == code => None,
        (Ok(Verdict::Refuse(refusal)) | Err(refusal), _) => Some(refusal),
        (Ok(Verdict::Accept), Some(code)) => Some(Refusal::new(
            code,
            "The leader refused what the rules allow.",
        )),
        (Ok(Verdict::Duplicate(_)), _) => Some(Refusal::new(
            Code::Replay,
            "The leader sequenced the same nonce twice.",
        )),
    }
}

impl Core {
    /// What publishing sets: key, creator, subject, leader. // spec §9
    pub(super) fn begin(action: &Action, commit: &Commit) -> Result<Core, Refusal> {
        let (Ok(Content::Publish(publish)), Some(creator)) =
            (action.content(), action.header().actor.clone())
        else {
            return Err(Refusal::from(Code::NoConv));
        };
        let key = action.conversation();
        let item = ActionKey::from(key);
        let platform = action.header().platform.clone();
        let bound = publish.keys.iter().find(|key| key.platform == platform);
        let owner = Person {
            item,
            head: item,
            address: creator.clone(),
            name: None,
            role: Role::Owner,
            inc: bound.map(|key| key.inc),
            platform: Some(platform),
            history: History::All,
            since: 0,
            added: 1,
        };
        debug_assert_eq!(action.kind(), Kind::Publish);
        Ok(Core {
            key,
            head: commit.key(),
            seq: 1,
            at: commit.at(),
            epoch: commit.epoch(),
            leader: publish.leader.clone(),
            creator,
            subject: publish.subject.clone(),
            expiry: None,
            expired: false,
            conversation_head: item,
            subject_head: item,
            expiry_head: item,
            people: BTreeMap::from([(item, owner)]),
            past: BTreeMap::new(),
            labels: BTreeMap::new(),
            locks: Vec::new(),
            heads: HeadSum::default(),
            disputed: None,
        })
    }
}
