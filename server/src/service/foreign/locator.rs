//! Which commits a platform has, told in a few of them. // spec §7

use em2_model::id::CommitKey;
use em2_model::step::Locator;

/// Which commits are here: the slots that a locator names. // spec §7
pub(super) fn locator_slots(head: u64) -> Vec<i64> {
    let distances = std::iter::successors(Some(0_u64), |back| {
        Some(if *back == 0 { 1 } else { back * 2 })
    });
    let slots = distances
        .take_while(|back| *back < head)
        .map(|back| head - back);
    let mut slots: Vec<i64> = slots.filter_map(|seq| i64::try_from(seq).ok()).collect();
    if head > 0 && slots.last() != Some(&1) {
        slots.push(1);
    }
    slots
}

/// The newest commit that both have.
pub(super) fn shared(have: &Locator, ours: &[(u64, CommitKey)]) -> u64 {
    let both = have.iter().filter(|entry| ours.contains(entry));
    both.map(|(seq, _)| *seq).max().unwrap_or(0)
}
