//! Giving actions their place: what the leader does. // spec §10, §12

use super::{Change, Conversation, Effect, Slot, Verdict};
use crate::action::Action;
use crate::faults::{self, Fault};
use crate::id::{CommitKey, Time};
use crate::record::{Commit, CommitFields, Record, STATE_EVERY, Verified};
use crate::refusal::{Code, Refusal};
use crate::sign::{PlatformKey, Tag};

/// The largest time that has canonical bytes. // spec §4
const TIME_MAX: i64 = (1 << 53) - 1;

/// What became of an action that was submitted to the leader.
#[derive(Clone, Debug, PartialEq)]
pub enum Sequenced {
    /// It has a place, refused or not; the record goes to every platform that takes part.
    Committed {
        record: Verified<Record>,
        change: Box<Change>,
    },
    /// It, or another one with its nonce, had a place before.
    Duplicate(Slot),
}

impl Conversation {
    /// Publishes: the first commit of a new conversation.
    pub fn publish(
        action: Verified<Record>,
        now: Time,
        key: &PlatformKey,
    ) -> Result<(Conversation, Verified<Record>, Change), Refusal> {
        let conv = action.action().conversation();
        let commit = Commit::mint(CommitFields {
            v: 1,
            conv,
            epoch: 1,
            seq: 1,
            prev: CommitKey::from(conv),
            act: action.action().key(),
            at: now,
            leader: key.platform.clone(),
            st: None,
            state: None,
        })?;
        let record = commit_record(action, commit, key)?;
        let (conversation, change) = Conversation::begin(&record)?;
        Ok((conversation, record, change))
    }

    /// Gives a verified action its place, whether it is accepted or refused. An error means that
    /// it gets none, and leaves everything as it was.
    pub fn sequence(
        &mut self,
        action: Verified<Record>,
        now: Time,
        key: &PlatformKey,
    ) -> Result<Sequenced, Refusal> {
        self.check_leads(key)?;
        let at = self.commit_time(now)?;
        let refused = match self.decide(action.action(), at)? {
            Verdict::Accept => None,
            Verdict::Refuse(refusal) if faults::is(Fault::RefusedWithoutSlot) => {
                return Err(refusal);
            }
            Verdict::Refuse(refusal) => Some(refusal.code),
            Verdict::Duplicate(slot) => return Ok(Sequenced::Duplicate(slot)),
        };
        let (seq, epoch) = (self.core.seq + 1, self.core.epoch);
        let effect = match refused {
            None => self.perform(action.action(), seq, at)?,
            Some(_) => Effect::None,
        };
        let commit = self.mint_commit(action.action(), (seq, epoch), at, refused, key)?;
        self.advance(&commit);
        let change = self.finish(action.action(), &commit, effect, None);
        let record = commit_record(action, commit, key)?;
        Ok(Sequenced::Committed {
            record,
            change: Box::new(change),
        })
    }

    /// Begins a new epoch after a restore, so that what is sequenced from now on wins over what
    /// the lost disk had sequenced. // spec §14
    pub fn begin_epoch(&mut self, epoch: u64) {
        self.core.epoch = self.core.epoch.max(epoch);
    }

    fn check_leads(&self, key: &PlatformKey) -> Result<(), Refusal> {
        if key.platform != self.core.leader {
            return Err(Refusal::from(Code::Leader).with("leader", self.core.leader.as_str()));
        }
        Ok(())
    }

    /// Commit times never run backwards. // spec §5
    fn commit_time(&self, now: Time) -> Result<Time, Refusal> {
        let at = self.core.at.max(now);
        if at.as_millis() > TIME_MAX {
            return Err(Refusal::from(Code::Clock));
        }
        Ok(at)
    }

    /// The commit after what was performed; every 64th carries the hash of the state then.
    fn mint_commit(
        &self,
        action: &Action,
        (seq, epoch): (u64, u64),
        at: Time,
        st: Option<Code>,
        key: &PlatformKey,
    ) -> Result<Commit, Refusal> {
        let state = match seq.is_multiple_of(STATE_EVERY) {
            true => Some(self.core.state_hash_at(at)?),
            false => None,
        };
        Commit::mint(CommitFields {
            v: 1,
            conv: self.core.key,
            epoch,
            seq,
            prev: self.core.head,
            act: action.key(),
            at,
            leader: key.platform.clone(),
            st,
            state,
        })
    }
}

fn commit_record(
    action: Verified<Record>,
    commit: Commit,
    key: &PlatformKey,
) -> Result<Verified<Record>, Refusal> {
    let stamp = key.stamp(Tag::Commit, commit.key().as_bytes());
    Ok(Verified::trusted(
        action.into_inner().committed(commit, stamp)?,
    ))
}
