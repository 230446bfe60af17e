//! What the seed decides. Processes and networks are not ruled by it: a seed gives the same draws, not the same run.

use std::ops::RangeInclusive;
use std::time::Duration;

/// A generator of its own for everybody who draws: splitmix64.
pub(crate) struct Dice(u64);

impl Dice {
    /// The draws of one who is called so, under this seed.
    pub(crate) fn of(seed: u64, name: &str) -> Dice {
        let named = name.bytes().fold(seed, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        Dice(named)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number of this range.
    pub(crate) fn number(&mut self, range: RangeInclusive<u64>) -> u64 {
        range.start() + self.next() % (range.end() - range.start() + 1)
    }

    /// A length of time, between so many milliseconds.
    pub(crate) fn millis(&mut self, range: RangeInclusive<u64>) -> Duration {
        Duration::from_millis(self.number(range))
    }

    /// True so many times out of a hundred.
    pub(crate) fn percent(&mut self, chance: u64) -> bool {
        self.number(1..=100) <= chance
    }

    /// One of them; `None` where there are none.
    pub(crate) fn one_of<'a, T>(&mut self, them: &'a [T]) -> Option<&'a T> {
        let last = them.len().checked_sub(1)? as u64;
        them.get(self.number(0..=last) as usize)
    }
}
