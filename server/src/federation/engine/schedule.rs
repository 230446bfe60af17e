//! When a platform that does not answer is tried again, and what people are told meanwhile. // spec §15

use em2_model::Time;

use super::faults::{self, Fault};

pub(super) const SECOND: i64 = 1_000;
pub(super) const MINUTE: i64 = 60 * SECOND;
pub(super) const HOUR: i64 = 60 * MINUTE;
/// A day, in milliseconds.
pub const DAY: i64 = 24 * HOUR;
const WEEK: i64 = 7 * DAY;

/// How long one booking covers what is sent to a platform that answers, in milliseconds: also the shortest one.
pub(super) const HOLD: i64 = 5 * SECOND;

/// The longest wait that a platform can ask for. // spec §7
const ASKED_MAX: i64 = HOUR;

/// The longest that lies between two attempts.
const LONGEST: i64 = DAY + DAY / 5;

/// The waits after the first failures in a row.
const STEPS: [i64; 9] = [
    0,
    5 * SECOND,
    15 * SECOND,
    45 * SECOND,
    2 * MINUTE,
    5 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
];

/// The failure after which the wait is two minutes.
const SHORT: u64 = 5;

/// Up to how many requests that broke off that wait stays as it is.
const MANY: u64 = 20;

/// A conversation does not rest longer: its row was written by a clock that was wrong.
pub(super) const REST_MAX: i64 = 2 * HOUR;

/// What went wrong, as it is kept and shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// For machines: a code of spec §7, or a word for what kept the answer away.
    pub code: String,
    /// For people.
    pub detail: String,
}

/// How delivery to a platform stands, as its durable row keeps it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schedule {
    /// Failures in a row, and the attempt that was booked as though it had failed.
    pub attempts: u64,
    /// No attempt before this time in a later life of the process.
    pub next_at: Time,
    /// When it failed first since it last took something.
    pub first_fail_at: Option<Time>,
    /// What the last failure was.
    pub last: Option<Trouble>,
    /// How far its clock is ahead of ours, in milliseconds.
    pub clock_offset: i64,
}

impl Schedule {
    /// Without a wait that no rule asks for: such a row was written by a clock that was wrong.
    pub(super) fn sane(self, now: Time) -> Schedule {
        Schedule {
            next_at: self.next_at.min(now.plus(LONGEST)),
            first_fail_at: self.first_fail_at.map(|since| since.min(now)),
            ..self
        }
    }
}

/// What people are told of delivery to a platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    Fine,
    /// For 10 minutes.
    Delayed,
    /// For 24 hours: worth a notice.
    Failing,
    /// For 30 days: it is not tried again on its own. Nothing is dropped.
    GaveUp,
}

impl Standing {
    const ALL: [(Standing, i64); 4] = [
        (Standing::Fine, 0),
        (Standing::Delayed, 10 * MINUTE),
        (Standing::Failing, DAY),
        (Standing::GaveUp, 30 * DAY),
    ];

    /// After failing for so long, in milliseconds.
    pub fn after(elapsed: i64) -> Standing {
        let reached = Standing::ALL.iter().rev().find(|(_, at)| elapsed >= *at);
        reached.map_or(Standing::Fine, |(standing, _)| *standing)
    }

    /// After how long the next one is reached.
    pub(super) fn ends_after(self) -> Option<i64> {
        let next = Standing::ALL.iter().find(|(standing, _)| *standing > self);
        next.map(|(_, at)| *at)
    }
}

/// The wait after so many failures in a row, the first of which was `elapsed` milliseconds ago; `None` once it is given
/// up.
pub(super) fn delay(failures: u64, elapsed: i64) -> Option<i64> {
    let step = usize::try_from(failures.max(1) - 1).ok();
    let step = step.and_then(|at| STEPS.get(at).copied());
    let late = match elapsed {
        ..DAY => HOUR,
        DAY..WEEK => 4 * HOUR,
        _ => DAY,
    };
    let wait = step.unwrap_or(late);
    let wait = match faults::is(Fault::Impatient) {
        true => wait / 2,
        false => wait,
    };
    (Standing::after(elapsed) < Standing::GaveUp).then_some(wait)
}

/// How long a conversation rests after so many troubles in a row.
pub(super) fn rest(tries: u64) -> i64 {
    delay(tries, 0).unwrap_or(HOUR)
}

/// The same where the request broke off, perhaps through no fault of the conversation: for half an hour it is tried every
/// two minutes before the waits grow.
pub(super) fn rest_in_doubt(tries: u64) -> i64 {
    rest(match tries {
        ..SHORT => tries,
        SHORT..MANY => SHORT,
        more => more - (MANY - SHORT),
    })
}

/// What a platform asked for, as far as it may.
pub(super) fn asked(retry_after: Option<i64>) -> i64 {
    match faults::is(Fault::RetryAfterIgnored) {
        true => 0,
        false => retry_after.unwrap_or(0).clamp(0, ASKED_MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_waits_are_those_of_the_protocol() {
        let minute = |failures| delay(failures, 0).unwrap() / SECOND;
        let first: Vec<i64> = (1..=12).map(minute).collect();
        assert_eq!(
            first,
            [0, 5, 15, 45, 120, 300, 900, 1800, 3600, 3600, 3600, 3600]
        );
        assert_eq!(delay(20, DAY - 1), Some(HOUR));
        assert_eq!(delay(20, DAY), Some(4 * HOUR));
        assert_eq!(delay(20, 7 * DAY - 1), Some(4 * HOUR));
        assert_eq!(delay(90, 7 * DAY), Some(DAY));
        assert_eq!(delay(90, 30 * DAY - 1), Some(DAY));
        assert_eq!(delay(90, 30 * DAY), None);
        assert_eq!(delay(1, 40 * DAY), None);
    }

    #[test]
    fn what_broke_off_is_tried_often_before_the_waits_grow() {
        let rests: Vec<i64> = (1..=23)
            .map(|tries| rest_in_doubt(tries) / SECOND)
            .collect();
        assert_eq!(rests[..5], [0, 5, 15, 45, 120]);
        assert!(rests[5..20].iter().all(|rest| *rest == 120));
        assert_eq!(rests[20..], [300, 900, 1800]);
    }

    #[test]
    fn people_are_told_after_ten_minutes_a_day_and_thirty_days() {
        let told = [0, 10 * MINUTE - 1, 10 * MINUTE, DAY - 1, DAY, 30 * DAY - 1];
        let told: Vec<Standing> = told.into_iter().map(Standing::after).collect();
        use Standing::{Delayed, Failing, Fine, GaveUp};
        assert_eq!(told, [Fine, Fine, Delayed, Delayed, Failing, Failing]);
        assert_eq!(Standing::after(30 * DAY), GaveUp);
        assert_eq!(Failing.ends_after(), Some(30 * DAY));
        assert_eq!(GaveUp.ends_after(), None);
    }

    #[test]
    fn a_row_of_a_clock_that_was_wrong_does_not_wait_for_ever() {
        let row = Schedule {
            next_at: Time(i64::MAX),
            first_fail_at: Some(Time(i64::MAX)),
            ..Schedule::default()
        };
        let sane = row.sane(Time(1_000));
        assert_eq!(sane.next_at, Time(1_000 + LONGEST));
        assert_eq!(sane.first_fail_at, Some(Time(1_000)));
    }
}
