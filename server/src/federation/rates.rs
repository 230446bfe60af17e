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

/// Look-ups of keys that are not known, for each address: four at once, then one a minute, so that there are never more
/// than five within a minute. // security.md 23
const LOOK_UPS: Quota = Quota::per_minute(NonZeroU32::MIN).allow_burst(NonZeroU32::new(4).unwrap());

/// The same for those who signed records, for each platform that sends such records, at once and a minute: the keys of
/// a conversation of a hundred platforms are there in five minutes. // security.md 23
const SIGNERS: NonZeroU32 = NonZeroU32::new(20).unwrap();

/// Above so many keys those that have not asked lately are forgotten.
const KEYS: usize = 10_000;

/// Counts requests by who makes them.
pub struct Rates {
    requests: DefaultKeyedRateLimiter<(IpAddr, Platform, Kid)>,
    look_ups: DefaultKeyedRateLimiter<IpAddr>,
    signers: DefaultKeyedRateLimiter<Platform>,
}

impl Default for Rates {
    fn default() -> Rates {
        Rates {
            requests: DefaultKeyedRateLimiter::keyed(
                Quota::per_second(REQUESTS).allow_burst(BURST),
            ),
            look_ups: DefaultKeyedRateLimiter::keyed(LOOK_UPS),
            signers: DefaultKeyedRateLimiter::keyed(Quota::per_minute(SIGNERS)),
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

    /// Counts a look-up of a key that is not known. Whether it may be made now.
    pub fn look_up(&self, address: IpAddr) -> bool {
        if self.look_ups.len() > KEYS {
            self.look_ups.retain_recent();
        }
        self.look_ups.check_key(&address).is_ok()
    }

    /// Counts a look-up of the keys of a signer, of records that `from` has sent. Whether it may be made now.
    pub fn signer(&self, from: &Platform) -> bool {
        if self.signers.len() > KEYS {
            self.signers.retain_recent();
        }
        self.signers.check_key(from).is_ok()
    }
}

fn slow(seconds: u64) -> Refusal {
    Refusal::from(Code::Slow).with("retry_after", seconds)
}
