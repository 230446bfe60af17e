//! One platform with its disk, its clock and its backup.

use crate::address::Platform;
use crate::id::Time;
use crate::keys::KeyLog;
use crate::sign::{Kid, PlatformKey};
use crate::step::{Kept, Log, Mark, State};

/// A log as a disk holds it.
#[derive(Clone, Default)]
pub(super) struct Disk {
    pub(super) records: Vec<Kept>,
}

impl Log for Disk {
    fn record(&self, seq: u64) -> Option<Kept> {
        let place = usize::try_from(seq.checked_sub(1)?).ok()?;
        self.records.get(place).cloned()
    }

    fn append(&mut self, record: Kept) {
        self.records.push(record);
    }

    fn truncate(&mut self, to: u64) -> Vec<Kept> {
        self.records.split_off(to as usize)
    }
}

/// One platform.
pub(super) struct Node {
    pub(super) name: Platform,
    pub(super) state: State,
    pub(super) disk: Disk,
    pub(super) up: bool,
    /// How far its clock is off.
    pub(super) skew: i64,
    pub(super) backup: Option<(State, Disk)>,
    /// What is kept outside the database. // spec §14
    pub(super) mark: Option<Mark>,
}

impl Node {
    pub(super) fn new(index: usize, skew: i64) -> Node {
        let name = format!("em2.p{index}.example");
        let name = Platform::parse(&name).unwrap_or_else(|refusal| panic!("{refusal}"));
        let kid = Kid::parse("1").unwrap_or_else(|refusal| panic!("{refusal}"));
        let mut seed = [index as u8 + 1; 32];
        seed[0] = 99;
        let key = PlatformKey::from_test_seed(name.clone(), kid, &seed);
        Node {
            name,
            state: State::new(key),
            disk: Disk::default(),
            up: true,
            skew,
            backup: None,
            mark: None,
        }
    }

    /// The one key of this platform; it counts for ever.
    pub(super) fn key_log(&self) -> KeyLog {
        let log = KeyLog::create(&self.state.key, Time(0), Time(4_000_000_000_000));
        log.unwrap_or_else(|refusal| panic!("{refusal}"))
    }
}
