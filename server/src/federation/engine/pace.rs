//! How often a peer is sent something, so that it has no reason to ask for less. // spec §6, §15

use em2_model::Time;

use super::faults::{self, Fault};
use super::output::Class;

/// What lies between two requests in the long run, in milliseconds: a little more than what a platform that takes 50 a
/// second asks for.
const EVERY: i64 = 22;

/// So many go at once to a peer that has rested, of the 200 that it takes.
const BURST: i64 = 150;

/// So many of them may be for catching up: what is new finds room.
const BEHIND: i64 = 100;

/// The requests that one peer was sent lately.
#[derive(Default)]
pub(super) struct Pace {
    /// When none of them counts any more.
    rested_at: Time,
}

impl Pace {
    /// From when on a request of this class may go.
    pub(super) fn free_at(&self, class: Class) -> Time {
        let ahead = match class {
            _ if faults::is(Fault::Unpaced) => return Time(0),
            Class::New => BURST - 1,
            Class::CatchUp => BEHIND - 1,
        };
        self.rested_at.plus(-EVERY * ahead)
    }

    /// A request goes.
    pub(super) fn count(&mut self, now: Time) {
        self.rested_at = self.rested_at.max(now).plus(EVERY);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many requests of a class go within so many milliseconds, as soon as each may.
    fn sent(pace: &mut Pace, class: Class, from: i64, millis: i64) -> i64 {
        let (mut now, mut sent) = (Time(from), 0);
        loop {
            now = now.max(pace.free_at(class));
            if now > Time(from + millis) {
                return sent;
            }
            pace.count(now);
            sent += 1;
        }
    }

    #[test]
    fn less_is_sent_than_a_platform_takes_and_what_is_new_finds_room() {
        let mut pace = Pace::default();
        assert_eq!(sent(&mut pace, Class::CatchUp, 1_000, 0), 100);
        assert_eq!(sent(&mut pace, Class::New, 1_000, 0), 50, "beside those");
        let mut pace = Pace::default();
        let minute = sent(&mut pace, Class::New, 1_000, 60_000);
        assert_eq!(minute, 150 + 60_000 / 22);
        // An hour later it has rested.
        assert_eq!(sent(&mut pace, Class::New, 3_600_000, 0), 150);
    }
}
