//! What the protocol says of times, written down a second time. // spec §15

use super::super::{Failure, Standing};

pub(super) const SECOND: i64 = 1_000;
pub(super) const MINUTE: i64 = 60 * SECOND;
pub(super) const HOUR: i64 = 60 * MINUTE;
pub(super) const DAY: i64 = 24 * HOUR;

/// In seconds.
const WAITS: [i64; 9] = [0, 5, 15, 45, 120, 300, 900, 1800, 3600];

/// After so many failures in a row, without jitter.
pub(super) fn wait(failures: u64, elapsed: i64) -> i64 {
    let late = match elapsed {
        ..86_400_000 => HOUR,
        86_400_000..604_800_000 => 4 * HOUR,
        _ => DAY,
    };
    let step = WAITS.get(failures as usize - 1);
    step.map_or(late, |seconds| seconds * SECOND)
}

/// What the platform asked for.
pub(super) fn asked(failure: Failure) -> i64 {
    match failure {
        Failure::Down { retry_after } | Failure::Slow { retry_after } => {
            retry_after.unwrap_or(0).min(HOUR)
        }
        _ => 0,
    }
}

/// After how long people are told.
pub(super) fn told_after(standing: Standing) -> i64 {
    match standing {
        Standing::Fine => 0,
        Standing::Delayed => 10 * MINUTE,
        Standing::Failing => DAY,
        Standing::GaveUp => 30 * DAY,
    }
}

/// What people know after so long.
pub(super) fn standing(elapsed: i64) -> Standing {
    let all = [Standing::GaveUp, Standing::Failing, Standing::Delayed];
    let told = all
        .into_iter()
        .find(|standing| elapsed >= told_after(*standing));
    told.unwrap_or(Standing::Fine)
}
