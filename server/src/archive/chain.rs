//! A log whose bodies were deleted because the conversation expired: nothing folds any more, and what remains of it is
//! still one chain. // spec §16, §20

use std::collections::BTreeSet;

use em2_model::action::Kind;
use em2_model::record::{Commit, Record};
use em2_model::sign::KeyName;
use em2_model::{Code, CommitKey, Nonce, Platform, Refusal, Time};

/// Where the chain stands.
pub(super) struct Chain {
    pub(super) head: CommitKey,
    epoch: u64,
    at: Time,
    /// Who may sign the next commit: one platform, but for the commit after a transfer, whose body would name it.
    leaders: BTreeSet<Platform>,
    nonces: BTreeSet<Nonce>,
    /// Whether `conversation.expire` was committed.
    pub(super) expired: bool,
}

impl Chain {
    /// Begins with the record in place 1.
    pub(super) fn begin(record: &Record, commit: &Commit) -> Result<Chain, Refusal> {
        let action = record.action();
        if action.kind() != Kind::Publish || commit.refused().is_some() {
            return Err(Refusal::format(
                "A conversation begins with its publication.",
            ));
        }
        let mut chain = Chain {
            head: action.conversation().into(),
            epoch: 1,
            at: Time(0),
            leaders: BTreeSet::from([action.header().platform.clone()]),
            nonces: BTreeSet::new(),
            expired: false,
        };
        chain.apply(record, commit)?;
        Ok(chain)
    }

    /// Goes on by a record whose signatures count. // spec §8
    pub(super) fn apply(&mut self, record: &Record, commit: &Commit) -> Result<(), Refusal> {
        let action = record.action();
        if commit.prev() != self.head {
            return Err(Refusal::new(
                Code::Gap,
                "It does not follow the commit before it.",
            ));
        }
        if !self.leaders.contains(commit.leader()) || commit.epoch() < self.epoch {
            return Err(Refusal::new(
                Code::Sig,
                "The commit is not by the leader of its epoch.",
            ));
        }
        if commit.at() < self.at {
            return Err(Refusal::new(
                Code::Clock,
                "Its time lies before that of the commit before it.",
            ));
        }
        if !self.nonces.insert(action.header().nonce) {
            return Err(Refusal::new(Code::Replay, "Its nonce was used before."));
        }
        let leader = commit.leader().clone();
        self.leaders = match (action.kind(), commit.refused()) {
            (Kind::Transfer, None) => {
                let signers = record.stamps().iter().filter_map(|stamp| match &stamp.k {
                    KeyName::Platform(platform, _) => Some(platform.clone()),
                    KeyName::Person(..) => None,
                });
                signers.filter(|signer| *signer != leader).collect()
            }
            _ => BTreeSet::from([leader]),
        };
        self.expired |= action.kind() == Kind::Expire && commit.refused().is_none();
        self.head = commit.key();
        self.epoch = commit.epoch();
        self.at = commit.at();
        Ok(())
    }
}
