//! How the key log grows: the first key, the next one, one for paper, and one by the paper's authority. // spec §3
//!
//! ```text
//!  1 ──signs──► 3 ──► 4 ──► 6      in daily use, each for 90 days at most
//!  └─► r2 ──────────────────┘      on paper: signs the next key when the one before is lost, and revokes it
//! ```

use std::collections::BTreeSet;

use em2_model::address::Platform;
use em2_model::id::Time;
use em2_model::keys::KeyLog;
use em2_model::sign::{Kid, PlatformKey};

use super::paper::RecoveryKey;
use super::{Seed, Wrong, draw_seed};

const DAY: i64 = 24 * 3600 * 1000;

/// How long a key is in use at most. // spec §3
const TERM: i64 = 90 * DAY;

/// A key that counts for less than this is replaced: time enough to notice that it could not be.
const LEFT: i64 = 10 * DAY;

/// So much earlier than it is made a key counts: the clocks of peers may be behind, and its first signature has to
/// count there on arrival. What differs by more is refused anyway. // spec §6
const SKEW: i64 = 5 * 60 * 1000;

/// So much later than it is said a key is revoked: by then a running server has taken the new one, and nothing that it
/// signed meanwhile is void.
const NOTICED: i64 = 30 * 1000;

/// Until when a recovery key counts: the beginning of the year 9999.
const ALWAYS: Time = Time(253_370_764_800_000);

/// Others read a document of at most 64 KiB, with at most so many recovery keys: a log that is longer cannot be
/// shortened again. // spec §2, §3
const RECOVERY_MAX: usize = 8;

/// Past so many entries keys are replaced when they are due, and not by hand: what is left lasts for 15 years.
const BY_HAND_MAX: usize = 150;

/// A log, and the seed of its newest key in daily use.
pub(super) struct Grown {
    pub(super) log: KeyLog,
    pub(super) seed: Seed,
}

/// Draws the first key, and begins the log.
pub(super) fn begin(platform: &Platform, now: Time) -> Result<(Grown, PlatformKey), Wrong> {
    let (seed, key) = draw(platform, 1)?;
    let (from, to) = term(now);
    let log = KeyLog::create(&key, from, to)?;
    Ok((Grown { log, seed }, key))
}

/// Whether a running server replaces the newest key: its time is nearly over, or, after the clock went wrong, has not
/// come. A clock that stands before the first key of all is not believed.
pub(super) fn is_due(log: &KeyLog, now: Time) -> bool {
    let (Some(first), Some(newest)) = (log.entries().first(), log.newest()) else {
        return false;
    };
    first.from <= now && (now < newest.from || newest.to < now.plus(LEFT))
}

/// Draws the next key, signed by the newest one or a recovery key.
pub(super) fn next(log: &KeyLog, by: &PlatformKey, now: Time) -> Result<Grown, Wrong> {
    let (seed, key) = draw(&by.platform, number(log))?;
    let (from, to) = term(now);
    let log = log.chain(&key, from, to, by)?;
    Ok(Grown { log, seed })
}

/// The same where nothing is due: not if that was done too often.
pub(super) fn next_by_hand(log: &KeyLog, by: &PlatformKey, now: Time) -> Result<Grown, Wrong> {
    match log.entries().len() {
        ..BY_HAND_MAX => next(log, by, now),
        entries => Err(Wrong::new(format!(
            "The key log has {entries} entries, and others do not read one that is much longer. The server replaces the \
             key when it is due; a key that was stolen is replaced by `server key recover`."
        ))),
    }
}

/// Whether others would still read the log with one more recovery key.
pub(super) fn takes_recovery(log: &KeyLog) -> bool {
    let recovery = log.entries().iter().filter(|entry| entry.is_recovery());
    recovery.count() < RECOVERY_MAX
}

/// Draws a recovery key, signed by the newest key.
pub(super) fn add_recovery(
    log: &KeyLog,
    by: &PlatformKey,
    now: Time,
) -> Result<(KeyLog, RecoveryKey), Wrong> {
    if !takes_recovery(log) {
        return Err(Wrong::new(format!(
            "{} has {RECOVERY_MAX} recovery keys, and others do not read a key log with more. Use one of the papers.",
            by.platform
        )));
    }
    let paper = RecoveryKey::draw()?;
    let kid = Kid::parse(&format!("r{}", number(log)))?;
    let key = paper.signing(&by.platform, kid)?;
    let (from, _) = term(now);
    Ok((log.chain_recovery(&key, from, ALWAYS, by)?, paper))
}

/// Draws the next key by the authority of the paper, and revokes others.
pub(super) fn recover(
    log: &KeyLog,
    platform: &Platform,
    paper: &RecoveryKey,
    revoke: &[Kid],
    now: Time,
) -> Result<Grown, Wrong> {
    let by = find_recovery(log, platform, paper)?;
    let mut grown = next(log, &by, now)?;
    for kid in revoke.iter().collect::<BTreeSet<_>>() {
        check_revocable(log, kid)?;
        grown.log = grown.log.revoke(kid.clone(), now.plus(NOTICED), &by)?;
    }
    Ok(grown)
}

/// The recovery key of the log that the paper is.
fn find_recovery(
    log: &KeyLog,
    platform: &Platform,
    paper: &RecoveryKey,
) -> Result<PlatformKey, Wrong> {
    for entry in log.entries().iter().filter(|entry| entry.is_recovery()) {
        let key = paper.signing(platform, entry.kid.clone())?;
        if key.public() == entry.public {
            return Ok(key);
        }
    }
    Err(Wrong::new(format!(
        "This is a recovery key, but none of {platform}. Take the paper of this platform."
    )))
}

fn check_revocable(log: &KeyLog, kid: &Kid) -> Result<(), Wrong> {
    let name = kid.as_str();
    let known = log.entries().iter().find(|entry| entry.kid == *kid);
    let why = match known {
        None => format!("There is no key {name}: `server key show` lists those that there are."),
        Some(entry) if entry.is_recovery() => {
            format!("The key {name} is a recovery key: only keys in daily use can be revoked.")
        }
        Some(_) if log.revoked().iter().any(|revoked| revoked.kid == *kid) => {
            format!("The key {name} is revoked already.")
        }
        Some(_) => return Ok(()),
    };
    Err(Wrong::new(why))
}

fn draw(platform: &Platform, n: usize) -> Result<(Seed, PlatformKey), Wrong> {
    let seed = draw_seed()?;
    let key = PlatformKey::from_seed(platform.clone(), Kid::parse(&n.to_string())?, &seed)?;
    Ok((seed, key))
}

/// The number of the next entry, which names its key.
fn number(log: &KeyLog) -> usize {
    log.entries().len() + 1
}

fn term(now: Time) -> (Time, Time) {
    (now.plus(-SKEW), now.plus(TERM))
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Time = Time(1_800_000_000_000);

    fn platform() -> Platform {
        Platform::parse("em2.a.example").unwrap()
    }

    fn kids(log: &KeyLog) -> Vec<&str> {
        log.entries()
            .iter()
            .map(|entry| entry.kid.as_str())
            .collect()
    }

    fn key_of(grown: &Grown) -> PlatformKey {
        let newest = grown.log.newest().unwrap();
        PlatformKey::from_seed(platform(), newest.kid.clone(), &grown.seed).unwrap()
    }

    fn refused<T>(outcome: Result<T, Wrong>) -> String {
        outcome.err().expect("it was refused").to_string()
    }

    #[test]
    fn keys_follow_one_another_and_overlap() {
        let (first, key) = begin(&platform(), START).unwrap();
        let (log, _) = add_recovery(&first.log, &key, START).unwrap();
        let later = START.plus(85 * DAY);
        let second = next(&log, &key, later).unwrap();
        assert_eq!(kids(&second.log), ["1", "r2", "3"]);
        assert_eq!(second.log.incarnation(), first.log.incarnation());
        assert!(second.log.extends(&log));
        let counts = |kid: &str, at| {
            let known = second.log.find(&Kid::parse(kid).unwrap()).unwrap();
            known.counts_at(at)
        };
        assert!(counts("1", later) && counts("3", later), "they overlap");
        assert!(counts("1", START.plus(96 * DAY)) && !counts("1", START.plus(98 * DAY)));
        assert!(counts("3", later.plus(-60_000)), "a clock that is behind");
        assert!(counts("r2", START.plus(2_000 * 365 * DAY)));
        let third = next(&second.log, &key_of(&second), later.plus(DAY)).unwrap();
        assert_eq!(kids(&third.log), ["1", "r2", "3", "4"]);
        refused(next(&second.log, &key, later));
    }

    #[test]
    fn the_newest_key_is_replaced_before_it_ends_and_after_a_clock_went_wrong() {
        let (first, key) = begin(&platform(), START).unwrap();
        let (log, _) = add_recovery(&first.log, &key, START).unwrap();
        for (days, due) in [(0, false), (79, false), (81, true), (90, true), (500, true)] {
            assert_eq!(
                is_due(&log, START.plus(days * DAY)),
                due,
                "after {days} days"
            );
        }
        assert!(!is_due(&log, Time(0)), "a clock that was never set");
        let ahead = next(&log, &key, START.plus(9_000 * DAY)).unwrap();
        assert!(is_due(&ahead.log, START.plus(DAY)), "its time has not come");
        assert!(!is_due(&ahead.log, Time(0)));
    }

    #[test]
    fn the_paper_makes_a_key_and_revokes_another() {
        let (first, key) = begin(&platform(), START).unwrap();
        let (log, paper) = add_recovery(&first.log, &key, START).unwrap();
        let now = START.plus(DAY);
        let found = recover(
            &log,
            &platform(),
            &paper,
            &[key.kid.clone(), key.kid.clone()],
            now,
        )
        .unwrap();
        assert_eq!(found.log.revoked().len(), 1);
        assert_eq!(kids(&found.log), ["1", "r2", "3"]);
        assert_eq!(found.log.entries()[2].by.as_str(), "r2");
        let stolen = found.log.find(&key.kid).unwrap();
        assert!(
            stolen.counts_at(now),
            "a running server still signs with it"
        );
        assert!(!stolen.counts_at(now.plus(60_000)));
        refused(next(&found.log, &key, now));
        next(&found.log, &key_of(&found), now).unwrap();
    }

    #[test]
    fn the_log_stays_short_enough_for_others_to_read() {
        let (first, key) = begin(&platform(), START).unwrap();
        let mut log = first.log;
        for n in 1..=RECOVERY_MAX {
            assert!(takes_recovery(&log), "number {n}");
            log = add_recovery(&log, &key, START).unwrap().0;
        }
        assert!(!takes_recovery(&log));
        let why = refused(add_recovery(&log, &key, START));
        assert!(why.contains("8 recovery keys"), "{why}");
        let mut by = key;
        while let Ok(grown) = next_by_hand(&log, &by, START) {
            by = key_of(&grown);
            log = grown.log;
        }
        assert_eq!(log.entries().len(), BY_HAND_MAX);
        assert!(next(&log, &by, START).is_ok(), "the server goes on");
        let each = serde_json::to_string(log.entries()).unwrap().len() / BY_HAND_MAX;
        let room = 64 * 1024 / each - BY_HAND_MAX;
        let years = room as i64 * (TERM - LEFT) / DAY / 365;
        assert!(years >= 15, "{each} bytes each: {years} years are left");
    }

    #[test]
    fn what_the_paper_cannot_do_is_said() {
        let (first, key) = begin(&platform(), START).unwrap();
        let (log, paper) = add_recovery(&first.log, &key, START).unwrap();
        let stranger = RecoveryKey::draw().unwrap();
        let why = refused(recover(&log, &platform(), &stranger, &[], START));
        assert!(why.contains("none of em2.a.example"), "{why}");
        let kid = |name| Kid::parse(name).unwrap();
        for (revoke, why) in [
            (vec![kid("9")], "no key 9"),
            (vec![kid("r2")], "a recovery key"),
            // It is made here and now.
            (vec![kid("3")], "no key 3"),
        ] {
            let said = refused(recover(&log, &platform(), &paper, &revoke, START));
            assert!(said.contains(why), "{said}");
        }
        let once = recover(&log, &platform(), &paper, &[kid("1")], START).unwrap();
        let why = refused(recover(&once.log, &platform(), &paper, &[kid("1")], START));
        assert!(why.contains("already"), "{why}");
    }
}
