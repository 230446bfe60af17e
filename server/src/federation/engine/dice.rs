//! Numbers that a seed decides (SplitMix64). The engine draws none of its own.

/// A sequence of numbers; the same seed gives the same one.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number of `0..=most`.
    pub(super) fn upto(&mut self, most: i64) -> i64 {
        let ends = most.unsigned_abs().saturating_add(1);
        // Below `ends`, which came from an i64.
        (self.next() % ends) as i64
    }

    /// A duration, 20 % shorter to 20 % longer. // spec §15
    pub(super) fn around(&mut self, millis: i64) -> i64 {
        millis - millis / 5 + self.upto(millis / 5 * 2)
    }

    /// A duration, up to 20 % longer: for what must not be early.
    pub(super) fn beyond(&mut self, millis: i64) -> i64 {
        millis + self.upto(millis / 5)
    }
}
