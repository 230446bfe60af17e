//! The part of a log that a step looks at, and what it appends.

use std::collections::BTreeMap;
use std::sync::Arc;

use em2_model::conversation::Conversation;
use em2_model::record::{Commit, Record, Verified};
use em2_model::step::{Kept, Log};
use em2_model::{Code, CommitKey, Refusal};

use super::ready::Ready;

/// Commits and records of one conversation by slot. What was not loaded is as if it were not there, which only makes the
/// core say less; what it may decide by is loaded beforehand.
#[derive(Default)]
pub(super) struct PartLog {
    commits: BTreeMap<u64, CommitKey>,
    records: BTreeMap<u64, Kept>,
}

impl PartLog {
    pub(super) fn load_commits(&mut self, commits: Vec<(u64, CommitKey)>) {
        self.commits.extend(commits);
    }

    pub(super) fn load_records(&mut self, records: Vec<Verified<Record>>) {
        for record in records {
            self.put(Arc::new(record));
        }
    }

    /// The conversation as all of its records make it.
    pub(super) fn fold(&self) -> Result<Conversation, Refusal> {
        let mut records = self.records.values();
        let first = records.next().ok_or_else(|| Refusal::from(Code::NoConv))?;
        let (mut conversation, _) = Conversation::begin(first)?;
        for record in records {
            conversation.apply(record)?;
        }
        Ok(conversation)
    }

    /// Whether this commit is in the part that was loaded.
    pub(super) fn holds(&self, commit: &Commit) -> bool {
        self.commits.get(&commit.seq()) == Some(&commit.key())
    }

    /// Whether one of the commits stands in a slot that holds another one: then any part of the log may be looked at.
    pub(super) fn branches(&self, ready: &[&Ready], head: u64) -> bool {
        let mut commits = ready.iter().filter_map(|ready| ready.record.commit());
        commits.any(|commit| commit.seq() <= head && !self.holds(commit))
    }

    fn put(&mut self, record: Kept) {
        if let Some(commit) = record.commit() {
            self.commits.insert(commit.seq(), commit.key());
            self.records.insert(commit.seq(), record);
        }
    }
}

impl Log for PartLog {
    fn record(&self, seq: u64) -> Option<Kept> {
        self.records.get(&seq).cloned()
    }

    fn append(&mut self, record: Kept) {
        self.put(record);
    }

    fn truncate(&mut self, to: u64) -> Vec<Kept> {
        self.commits.split_off(&(to + 1));
        self.records.split_off(&(to + 1)).into_values().collect()
    }

    fn commit_key(&self, seq: u64) -> Option<CommitKey> {
        self.commits.get(&seq).copied()
    }
}
