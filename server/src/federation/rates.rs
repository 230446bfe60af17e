//! How often another platform may ask. // spec §6, §7

use std::net::IpAddr;
use std::num::NonZeroU32;

use em2_model::Platform;
use em2_model::refusal::{Code, Refusal};
use em2_model::sign::Kid;
use governor::{DefaultKeyedRateLimiter, Quota};

/// Requests a second for each key and address, and how many may come at once.
const REQUESTS: NonZeroU32 = NonZeroU32::new(50).unwrap();
const BURST: NonZeroU32 = NonZeroU32::new(200).unwrap();

/// Key ids that are not known, a minute for each address. // security.md 23
const LOOK_UPS: NonZeroU32 = NonZeroU32::new(5).unwrap();

/// Above so many keys those that have not asked lately are forgotten.
const KEYS: usize = 10_000;

/// Counts requests by who makes them.
pub struct Rates {
    requests: DefaultKeyedRateLimiter<(IpAddr, Platform, Kid)>,
    look_ups: DefaultKeyedRateLimiter<IpAddr>,
}

impl Default for Rates {
    fn default() -> Rates {
        Rates {
            requests: DefaultKeyedRateLimiter::keyed(
                Quota::per_second(REQUESTS).allow_burst(BURST),
            ),
            look_ups: DefaultKeyedRateLimiter::keyed(Quota::per_minute(LOOK_UPS)),
        }
    }
}

impl Rates {
    /// Counts a request.
    pub fn take(&self, address: IpAddr, platform: &Platform, kid: &Kid) -> Result<(), Refusal> {
        if self.requests.len() > KEYS {
            self.requests.retain_recent();
        }
        let key = (address, platform.clone(), kid.clone());
        self.requests.check_key(&key).map_err(|_| slow(1))
    }

    /// Counts a look-up of a key that is not known.
    pub fn look_up(&self, address: IpAddr) -> Result<(), Refusal> {
        if self.look_ups.len() > KEYS {
            self.look_ups.retain_recent();
        }
        self.look_ups.check_key(&address).map_err(|_| slow(60))
    }
}

fn slow(seconds: u64) -> Refusal {
    Refusal::from(Code::Slow).with("retry_after", seconds)
}
