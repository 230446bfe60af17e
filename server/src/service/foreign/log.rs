//! The part of a log that a step looks at, and what it appends.

use std::collections::BTreeMap;
use std::sync::Arc;

use em2_model::CommitKey;
use em2_model::record::{Record, Verified};
use em2_model::step::{Kept, Log};

/// Commits and records of one conversation by slot. What was not loaded is as if it were not there, which only makes the
/// core say less; what it may decide by is loaded beforehand.
#[derive(Default)]
pub(super) struct PartLog {
    commits: BTreeMap<u64, CommitKey>,
    records: BTreeMap<u64, Kept>,
    /// Below which slot everything was taken off, if anything was.
    cut: Option<u64>,
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

    /// The slot after which everything was taken off.
    pub(super) fn cut(&self) -> Option<u64> {
        self.cut
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
        self.cut = Some(self.cut.map_or(to, |cut| cut.min(to)));
        self.commits.split_off(&(to + 1));
        self.records.split_off(&(to + 1)).into_values().collect()
    }

    fn commit_key(&self, seq: u64) -> Option<CommitKey> {
        self.commits.get(&seq).copied()
    }
}
