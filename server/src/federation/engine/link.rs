//! Whether a peer answers, when it is tried again, and what is durable of it. // spec §15

use em2_model::Time;

use super::dice::Dice;
use super::faults::{self, Fault};
use super::input::Failure;
use super::output::AttemptId;
use super::schedule::{self, HOLD, SECOND, Schedule, Standing, Trouble};

/// Who proves that it is there is tried so long after the last failure; twice as long each time that it then takes
/// nothing, but no longer than about a minute.
const BREATH: i64 = SECOND / 4;
const BREATH_DOUBLES: u32 = 8;

/// A clock is right that is off by no more: the header that tells it knows no less than seconds.
const CLOCK_RIGHT: u64 = 30 * SECOND.unsigned_abs();

/// After so many failures in a row it is no passing fault.
const LASTING: u64 = 3;

fn is_right(ahead: i64) -> bool {
    ahead.unsigned_abs() <= CLOCK_RIGHT
}

/// How delivery to one peer stands.
pub(super) struct Link {
    state: State,
    /// In a row; attempts that a former life booked count as ones.
    failures: u64,
    /// What is to be durable, and whether it is not yet.
    row: Schedule,
    dirty: bool,
    /// Attempts before this one say nothing of how it stands now.
    horizon: AttemptId,
    /// When the last attempt failed that counted.
    failed_at: Option<Time>,
    /// It asked not to be sent anything before this time, and means it.
    asked_until: Time,
    /// It asked so since it last took something.
    slowed: bool,
    /// How often it has proved that it is there since it last took something.
    revived: u32,
    /// Its clock was learnt since it last took something, and it was tried at once with that.
    corrected: bool,
    /// It has taken something since it was last down.
    proven: bool,
    /// What people were told last, and since when it stands so.
    told: Option<(Standing, Time)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It is there, as far as it is known.
    Up { not_before: Time },
    /// It has failed. `None`: given up, unless it says that it is there.
    Down { due: Option<Time> },
}

impl Link {
    /// A peer that nothing is known of.
    pub(super) fn new(horizon: AttemptId) -> Link {
        Link {
            state: State::Up {
                not_before: Time(0),
            },
            failures: 0,
            row: Schedule::default(),
            dirty: false,
            horizon,
            failed_at: None,
            asked_until: Time(0),
            slowed: false,
            revived: 0,
            corrected: false,
            proven: false,
            told: None,
        }
    }

    /// As a former life left it. One that failed is asked at `greet_at`, when its row allows that.
    pub(super) fn restored(row: Schedule, greet_at: Time, now: Time, horizon: AttemptId) -> Link {
        let row = row.sane(now);
        let not_before = match faults::is(Fault::RowIgnored) {
            true => now,
            false => row.next_at,
        };
        Link {
            state: match row.first_fail_at {
                None => State::Up { not_before },
                Some(_) => State::Down {
                    due: Some(not_before.max(greet_at)),
                },
            },
            failures: row.attempts,
            row,
            ..Link::new(horizon)
        }
    }

    pub(super) fn state(&self) -> State {
        self.state
    }

    pub(super) fn is_proven(&self) -> bool {
        self.proven
    }

    pub(super) fn clock_offset(&self) -> i64 {
        self.row.clock_offset
    }

    /// Whether it is down for more than a passing fault.
    pub(super) fn is_lasting(&self) -> bool {
        matches!(self.state, State::Down { .. }) && self.failures >= LASTING
    }

    fn elapsed(&self, now: Time) -> i64 {
        let since = self.row.first_fail_at.unwrap_or(now);
        now.as_millis() - since.as_millis()
    }

    fn set_row(&mut self, attempts: u64, next_at: Time) {
        self.row.attempts = attempts;
        self.row.next_at = next_at;
        self.dirty = true;
    }

    /// An attempt is about to be made: it is booked as though it had failed, so that a crash loop cannot hammer. While
    /// the peer answers, one booking covers what is sent until it ends.
    pub(super) fn book(&mut self, now: Time, dice: &mut Dice) {
        let up = matches!(self.state, State::Up { .. });
        if up && self.row.next_at > now {
            return;
        }
        let attempts = self.failures + 1;
        let wait = schedule::delay(attempts, self.elapsed(now)).unwrap_or(schedule::DAY);
        self.set_row(attempts, now.plus(dice.around(wait.max(HOLD))));
    }

    /// What is to be made durable, once.
    pub(super) fn unwritten(&mut self) -> Option<Schedule> {
        std::mem::take(&mut self.dirty).then(|| self.row.clone())
    }

    /// It took what it was sent; since when it had failed.
    pub(super) fn succeeded(&mut self, now: Time, horizon: AttemptId) -> Option<Time> {
        let since = self.row.first_fail_at.take();
        if self.failures > 0 || since.is_some() {
            self.row.last = None;
            self.set_row(0, now);
        }
        self.state = State::Up {
            not_before: self.asked_until,
        };
        self.failures = 0;
        self.slowed = false;
        self.revived = 0;
        self.corrected = false;
        self.proven = true;
        self.horizon = horizon;
        since
    }

    /// An attempt had no success; how far the peer's clock is ahead, where that was learnt from it.
    pub(super) fn failed(
        &mut self,
        attempt: AttemptId,
        failure: Failure,
        trouble: Trouble,
        now: Time,
        horizon: AttemptId,
        dice: &mut Dice,
    ) -> Option<i64> {
        if let Failure::Slow { retry_after } = failure {
            let asked = schedule::asked(retry_after).max(SECOND);
            let until = now.plus(asked);
            self.asked_until = self.asked_until.max(until);
            self.pause(until);
        }
        if attempt < self.horizon {
            return None;
        }
        if let Failure::Slow { .. } = failure
            && self.slows()
        {
            self.horizon = horizon;
            self.set_row(self.failures, self.asked_until);
            return None;
        }
        self.horizon = horizon;
        self.failures += 1;
        self.proven = false;
        self.failed_at = Some(now);
        self.row.last = Some(trouble);
        if self.row.first_fail_at.is_none() || faults::is(Fault::SinceForgotten) {
            self.row.first_fail_at = Some(now);
        }
        let learnt = match failure {
            Failure::Clock { date: Some(date) } => self.learn(date, now),
            _ => None,
        };
        let at_once = learnt.is_some() && !self.corrected;
        self.corrected |= at_once;
        let wait = schedule::delay(self.failures, self.elapsed(now));
        let wait = wait.map(|wait| match failure {
            Failure::Clock { .. } if at_once => 0,
            Failure::Down { retry_after } | Failure::Slow { retry_after } => {
                let asked = dice.beyond(schedule::asked(retry_after));
                dice.around(wait).max(asked)
            }
            _ => dice.around(wait),
        });
        let due = wait.map(|wait| now.plus(wait));
        let due = due.filter(|due| Standing::after(self.elapsed(*due)) < Standing::GaveUp);
        self.state = State::Down { due };
        self.set_row(self.failures, due.unwrap_or(self.row.next_at));
        learnt
    }

    /// Whether it answers and wants less: no failure, unless it has taken nothing since it asked for that before.
    fn slows(&mut self) -> bool {
        let up = matches!(self.state, State::Up { .. });
        up && !std::mem::replace(&mut self.slowed, true) && !faults::is(Fault::SlowFails)
    }

    /// Learns how far its clock is ahead of ours, where that is news.
    fn learn(&mut self, date: Time, now: Time) -> Option<i64> {
        let ahead = date.as_millis().saturating_sub(now.as_millis());
        let offset = if is_right(ahead) { 0 } else { ahead };
        let is_known = is_right(offset.saturating_sub(self.row.clock_offset));
        if is_known || faults::is(Fault::ClockUncorrected) {
            return None;
        }
        self.row.clock_offset = offset;
        Some(offset)
    }

    /// It has proved that it is there: nothing is waited for. What people are told goes on until it takes something,
    /// but begins anew where it was given up.
    pub(super) fn alive(&mut self, now: Time, horizon: AttemptId) {
        let waits = match self.state {
            State::Up { not_before } => not_before > now,
            State::Down { .. } => true,
        };
        if !waits || faults::is(Fault::AliveIgnored) {
            return;
        }
        if Standing::after(self.elapsed(now)) == Standing::GaveUp {
            self.row.first_fail_at = None;
        }
        let breath = BREATH << self.revived.min(BREATH_DOUBLES);
        let breath = self.failed_at.map_or(now, |at| at.plus(breath));
        if let State::Down { .. } = self.state {
            self.horizon = horizon;
            self.revived += 1;
        }
        self.state = State::Up {
            not_before: now.max(breath).max(self.asked_until),
        };
        self.failures = 0;
        self.set_row(0, now.max(self.asked_until));
    }

    /// It cannot be sent anything for a reason of our own.
    pub(super) fn pause(&mut self, until: Time) {
        match &mut self.state {
            State::Up { not_before } => *not_before = until.max(*not_before),
            State::Down { due } => *due = due.map(|due| due.max(until)),
        }
    }

    /// What people are to be told now, once: how it stands, since when.
    pub(super) fn tell(&mut self, now: Time) -> Option<(Standing, Time)> {
        let since = self.row.first_fail_at;
        let stands = since.map(|since| (Standing::after(self.elapsed(now)), since));
        let stands = stands.filter(|(standing, _)| *standing > Standing::Fine);
        let told = std::mem::replace(&mut self.told, stands);
        match (told, stands) {
            (Some((_, since)), None) => Some((Standing::Fine, since)),
            _ => stands.filter(|_| told != stands),
        }
    }

    /// When something is due that no answer brings: a retry, or something to tell.
    pub(super) fn next_at(&self) -> impl Iterator<Item = Time> {
        let retry = match self.state {
            State::Up { not_before } => Some(not_before),
            State::Down { due } => due,
        };
        let told = self.told.map_or(Standing::Fine, |(standing, _)| standing);
        let since = self.row.first_fail_at.zip(told.ends_after());
        let tell = since.map(|(since, ends)| since.plus(ends));
        retry.into_iter().chain(tell)
    }
}
