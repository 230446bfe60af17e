//! How long what was found counts, and when what was not found is looked for again: pure functions. // spec §2

/// A minute, in milliseconds.
const MINUTE: i64 = 60_000;
/// An hour, in milliseconds.
const HOUR: i64 = 60 * MINUTE;

/// A document is not asked for again before 5 min.
pub const FLOOR: i64 = 5 * MINUTE;
/// A document counts for 48 h at most.
pub const CAP: i64 = 48 * HOUR;
/// How long a document counts whose platform does not say.
const DEFAULT: i64 = 24 * HOUR;
/// That a domain is reached by mail counts for 1 h at most.
pub const MAIL_CAP: i64 = HOUR;

/// How long a document counts, in milliseconds, by the `Cache-Control` that came with it. Where it says nothing, 24 h,
/// and by `draw`, which is random, up to 10 % less or more, so that many are not asked for at once.
pub fn document(cache_control: &str, draw: u16) -> i64 {
    let mut seconds = None;
    for directive in cache_control.split(',') {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        match name.trim().to_ascii_lowercase().as_str() {
            "no-store" | "no-cache" => return FLOOR,
            "max-age" => seconds = Some(read_seconds(value)),
            _ => {}
        }
    }
    seconds.map_or_else(
        || spread(draw),
        |seconds| seconds.saturating_mul(1000).clamp(FLOOR, CAP),
    )
}

fn spread(draw: u16) -> i64 {
    let tenth = DEFAULT / 10;
    DEFAULT - tenth + 2 * tenth * i64::from(draw) / i64::from(u16::MAX)
}

/// RFC 9111, 1.2.2: what is too large counts as very large; what is no number, as nothing.
fn read_seconds(value: &str) -> i64 {
    let digits = value.trim().trim_matches('"');
    let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if is_number {
        digits.parse().unwrap_or(i64::MAX)
    } else {
        0
    }
}

/// How long it counts that a domain is reached by mail, in milliseconds, by the TTL of the DNS in seconds.
pub fn mail(ttl: u32) -> i64 {
    (i64::from(ttl) * 1000).min(MAIL_CAP)
}

/// How long to wait after so many failures in a row, in milliseconds: 2 min, then twice as long each time, at most 1 h.
pub fn retry(failures: u32) -> i64 {
    let doubled = 1i64 << failures.saturating_sub(1).min(5);
    (2 * MINUTE * doubled).min(HOUR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_counts_as_long_as_it_says_between_5_minutes_and_48_hours() {
        for (header, millis) in [
            ("max-age=3600", HOUR),
            ("public, max-age=3600", HOUR),
            ("Max-Age = 3600 , must-revalidate", HOUR),
            ("max-age=\"3600\"", HOUR),
            ("max-age=0", FLOOR),
            ("max-age=299", FLOOR),
            ("max-age=301", 301_000),
            ("no-store", FLOOR),
            ("no-cache, max-age=3600", FLOOR),
            ("max-age=172801", CAP),
            ("max-age=99999999999999999999999", CAP),
            ("max-age=-5", FLOOR),
            ("max-age=1e9", FLOOR),
            ("max-age=", FLOOR),
        ] {
            assert_eq!(document(header, 7), millis, "{header}");
        }
    }

    #[test]
    fn a_document_that_does_not_say_counts_a_day_and_not_all_end_at_once() {
        for silent in ["", "public", "s-maxage=5", ";;=,,"] {
            assert_eq!(document(silent, 0), DEFAULT - DEFAULT / 10);
            assert_eq!(document(silent, u16::MAX), DEFAULT + DEFAULT / 10);
            let middle = document(silent, u16::MAX / 2);
            assert!((middle - DEFAULT).abs() < MINUTE, "{middle}");
        }
    }

    #[test]
    fn that_there_is_none_counts_an_hour_at_most() {
        assert_eq!(
            [mail(0), mail(60), mail(3600), mail(u32::MAX)],
            [0, MINUTE, HOUR, HOUR]
        );
    }

    #[test]
    fn failures_are_tried_again_after_2_minutes_and_later_every_hour() {
        let waits: Vec<i64> = (0..9).map(|failures| retry(failures) / MINUTE).collect();
        assert_eq!(waits, [2, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(retry(u32::MAX), HOUR);
    }
}
