//! How often something may be tried: at most so many times within any quarter of an hour.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use em2_model::id::Time;
use em2_model::refusal::{Code, Refusal};

/// Milliseconds in which tries are counted.
pub const WINDOW: i64 = 15 * 60 * 1000;
/// Above so many keys, those without a try in the window are dropped.
const PRUNE_ABOVE: usize = 4096;

/// Counts tries by key in a sliding window.
pub struct Tries<K> {
    most: usize,
    /// When each key was tried within the window, oldest first, at most `most` each.
    tried: Mutex<HashMap<K, VecDeque<Time>>>,
}

impl<K: Eq + Hash> Tries<K> {
    /// Allows `most` tries for each key.
    pub fn new(most: usize) -> Tries<K> {
        Tries {
            most,
            tried: Mutex::default(),
        }
    }

    /// Counts a try, or says in how many seconds there may be another.
    pub fn take(&self, key: K, now: Time) -> Result<(), Refusal> {
        let mut tried = self.tried();
        if tried.len() > PRUNE_ABOVE {
            tried.retain(|_, times| times.back().is_some_and(|last| within(*last, now)));
        }
        let times = tried.entry(key).or_default();
        while times.front().is_some_and(|first| !within(*first, now)) {
            times.pop_front();
        }
        if times.len() >= self.most {
            let free = times
                .front()
                .map_or(0, |first| first.as_millis() + WINDOW - now.as_millis());
            let seconds = u64::try_from(free / 1000 + 1).unwrap_or(1);
            return Err(Refusal::from(Code::Slow).with("retry_after", seconds));
        }
        times.push_back(now);
        Ok(())
    }

    /// Takes the newest try back: it was a good one.
    pub fn give_back(&self, key: &K) {
        if let Some(times) = self.tried().get_mut(key) {
            times.pop_back();
        }
    }

    /// Forgets the tries of a key.
    pub fn forget(&self, key: &K) {
        self.tried().remove(key);
    }

    fn tried(&self) -> MutexGuard<'_, HashMap<K, VecDeque<Time>>> {
        // Whoever panicked while holding it left whole entries.
        self.tried.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn within(tried: Time, now: Time) -> bool {
    now.as_millis() - tried.as_millis() < WINDOW
}

/// What counts as one caller: an IPv4 address, or the /64 of an IPv6 one.
pub fn caller(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_more_than_allowed_has_to_wait_until_the_first_is_old() {
        let tries = Tries::new(3);
        for at in [0, 1000, 2000] {
            tries.take("anna", Time(at)).unwrap();
        }
        let refusal = tries.take("anna", Time(3000)).unwrap_err();
        assert_eq!(
            (refusal.code, &refusal.details["retry_after"]),
            (Code::Slow, &serde_json::json!(898))
        );
        tries.take("bob", Time(3000)).unwrap();
        tries.take("anna", Time(WINDOW)).unwrap();
        assert!(tries.take("anna", Time(WINDOW)).is_err());
    }

    #[test]
    fn good_tries_do_not_count() {
        let tries = Tries::new(1);
        for _ in 0..5 {
            tries.take(1, Time(0)).unwrap();
            tries.give_back(&1);
        }
        tries.take(1, Time(0)).unwrap();
        assert!(tries.take(1, Time(0)).is_err());
        tries.forget(&1);
        tries.take(1, Time(0)).unwrap();
    }

    #[test]
    fn old_keys_are_dropped() {
        let tries = Tries::new(1);
        for key in 0..=PRUNE_ABOVE {
            tries.take(key, Time(0)).unwrap();
        }
        tries.take(PRUNE_ABOVE + 1, Time(WINDOW)).unwrap();
        assert_eq!(tries.tried().len(), 1);
    }

    #[test]
    fn a_caller_is_a_whole_ipv6_network() {
        let same = |a: &str, b: &str| caller(a.parse().unwrap()) == caller(b.parse().unwrap());
        assert!(same("2001:db8::1", "2001:db8::2:3"));
        assert!(!same("2001:db8::1", "2001:db8:0:1::1"));
        assert!(!same("192.0.2.1", "192.0.2.2"));
        assert!(same("::ffff:192.0.2.1", "192.0.2.1"));
    }
}
