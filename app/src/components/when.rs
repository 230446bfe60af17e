//! Moments, as a person reads them: the same text on the server and in the browser.

use em2_model::id::Time;
use leptos::prelude::*;

use crate::state::desk::Desk;

use super::live::Erase;

const DAY: i64 = 86_400_000;
const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
/// What is beyond the years 0 … 9999 is shown as their end.
const LAST: i64 = 253_402_300_799_999;

/// The reader's clock: the server's time at the page's first render, and where the reader is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    pub now: Time,
    /// Minutes east of UTC.
    pub offset: i32,
}

struct Civil {
    year: i64,
    month: usize,
    day: i64,
    /// Days since 1970-01-01.
    days: i64,
    /// Minutes since midnight.
    minute: i64,
}

/// The proleptic Gregorian date, by the days of eras of 400 years.
fn civil(millis: i64) -> Civil {
    let millis = millis.clamp(-62_167_219_200_000, LAST);
    let days = millis.div_euclid(DAY);
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + i64::from(month <= 2);
    Civil {
        year,
        month: month as usize,
        day: doy - (153 * mp + 2) / 5 + 1,
        days,
        minute: millis.rem_euclid(DAY) / 60_000,
    }
}

impl Clock {
    fn local(&self, at: Time) -> Civil {
        civil(
            at.as_millis()
                .saturating_add(i64::from(self.offset) * 60_000),
        )
    }

    /// `10:41`.
    pub fn time(&self, at: Time) -> String {
        let minute = self.local(at).minute;
        format!("{:02}:{:02}", minute / 60, minute % 60)
    }

    /// Today's moments have no day; else `Yesterday`, `Fri`, `3 May` or `3 May 2025`.
    fn day(&self, at: Time) -> Option<String> {
        let (then, now) = (self.local(at), self.local(self.now));
        let name = MONTHS[then.month - 1];
        match now.days - then.days {
            0 => None,
            1 => Some("Yesterday".to_owned()),
            2..=6 => Some(WEEKDAYS[(then.days + 3).rem_euclid(7) as usize].to_owned()),
            _ if then.year == now.year => Some(format!("{} {name}", then.day)),
            _ => Some(format!("{} {name} {}", then.day, then.year)),
        }
    }

    /// As a list names a moment: the time of today, else the day.
    pub fn short(&self, at: Time) -> String {
        self.day(at).unwrap_or_else(|| self.time(at))
    }

    /// As a message names a moment: the day, unless it is today, and the time.
    pub fn long(&self, at: Time) -> String {
        match self.day(at) {
            None => self.time(at),
            Some(day) => format!("{day} {}", self.time(at)),
        }
    }

    /// The beginning of the reader's day.
    fn midnight(&self) -> Time {
        let offset = i64::from(self.offset) * 60_000;
        let local = self.now.as_millis().saturating_add(offset);
        Time(
            local
                .div_euclid(DAY)
                .saturating_mul(DAY)
                .saturating_sub(offset),
        )
    }
}

/// A moment for machines: `2026-11-22T10:41:00Z`.
pub fn iso(at: Time) -> String {
    let Civil {
        year,
        month,
        day,
        minute,
        ..
    } = civil(at.as_millis());
    let second = at.as_millis().rem_euclid(60_000) / 1_000;
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{second:02}Z",
        minute / 60,
        minute % 60
    )
}

/// The day on which the reader reads, provided once: it changes at midnight and with the zone, not with every second.
#[derive(Clone, Copy)]
pub struct Today(Memo<Clock>);

impl Today {
    /// Follows the desk's clock, and is there for everything below.
    pub fn provide(desk: &Desk) -> Today {
        let (now, offset) = (desk.clock.now, desk.clock.offset);
        let today = Today(Memo::new(move |_| {
            let clock = Clock {
                now: now.get(),
                offset: offset.get(),
            };
            Clock {
                now: clock.midnight(),
                ..clock
            }
        }));
        provide_context(today);
        today
    }

    /// The day that was provided further out.
    pub fn here() -> Today {
        // `Frame` provides it around every page that shows a moment.
        expect_context()
    }

    pub fn get(&self) -> Clock {
        self.0.get()
    }
}

/// A moment: in a list as short as can be, else with the day and the time.
#[component]
pub fn When(
    at: Time,
    #[prop(optional)] short: bool,
    #[prop(optional, into)] class: Option<&'static str>,
) -> impl IntoView {
    let today = Today::here();
    let text = move || {
        if short {
            today.get().short(at)
        } else {
            today.get().long(at)
        }
    };
    view! { <time class=class datetime=iso(at)>{move || text()}</time> }.erase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: i64) -> Time {
        Time(text)
    }

    /// 2026-11-22 15:24:52 UTC, a Sunday, read two hours east of it.
    const HERE: Clock = Clock {
        now: Time(1_795_361_092_000),
        offset: 120,
    };

    #[test]
    fn a_moment_reads_as_near_as_it_is() {
        let now = HERE.now.as_millis();
        assert_eq!(HERE.long(at(now)), "17:24");
        assert_eq!(HERE.short(at(now - DAY)), "Yesterday");
        assert_eq!(HERE.long(at(now - 2 * DAY)), "Fri 17:24");
        assert_eq!(HERE.short(at(now - 30 * DAY)), "23 Oct");
        assert_eq!(HERE.short(at(now - 400 * DAY)), "18 Oct 2025");
        assert_eq!(iso(HERE.now), "2026-11-22T15:24:52Z");
    }

    #[test]
    fn midnight_is_where_the_reader_is() {
        let late = at(1_795_361_092_000 + 7 * 3_600_000);
        let clock = Clock {
            now: late,
            offset: 120,
        };
        assert_eq!(clock.short(HERE.now), "Yesterday");
    }

    #[test]
    fn no_time_is_too_far_away_to_be_shown() {
        assert_eq!(HERE.short(at(i64::MAX)), "31 Dec 9999");
        assert_eq!(iso(at(i64::MIN)).len(), 20);
        assert_eq!(iso(at(951_782_400_000)), "2000-02-29T00:00:00Z");
    }

    #[test]
    fn the_day_is_all_that_a_moment_needs() {
        let today = Clock {
            now: HERE.midnight(),
            ..HERE
        };
        for ago in [0, 3_600_000, DAY, 5 * DAY, 300 * DAY] {
            let then = at(HERE.now.as_millis() - ago);
            assert_eq!(today.long(then), HERE.long(then));
        }
        assert_eq!(HERE.time(HERE.midnight()), "00:00");
    }
}
