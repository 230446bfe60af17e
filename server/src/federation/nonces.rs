//! Requests that were received before are not received again. // spec §6

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use em2_model::address::Platform;
use em2_model::id::Time;
use em2_model::refusal::{Code, Refusal};
use em2_model::sign::sha256;

/// How long a nonce is remembered at least, in milliseconds. A request is received at most a minute before it was
/// created, and counts for five minutes from then: afterwards its time refuses it.
pub const REMEMBERED: i64 = 6 * 60 * 1000;
/// How many nonces a server remembers: 10 to 20 MB of them.
pub const MOST: usize = 500_000;
/// How many of them may be of one platform: 50 requests a second, for twice as long as they are remembered.
pub const SHARE: usize = 36_000;

/// What is kept of a nonce: the first half of its SHA-256, so that a long one takes no more room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestNonce([u8; 16]);

impl RequestNonce {
    /// From 16 to 64 bytes in base64url.
    pub fn parse(text: &str) -> Option<RequestNonce> {
        if text.len() > 86 {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let mut kept = [0; 16];
        kept.copy_from_slice(&sha256(&bytes)[..16]);
        (bytes.len() >= 16).then_some(RequestNonce(kept))
    }
}

/// The nonces of late, of every platform.
///
/// They are dropped by the generation, without looking at each: a nonce is remembered for one to two times
/// [`REMEMBERED`].
pub struct Nonces {
    most: usize,
    share: usize,
    kept: Mutex<Kept>,
}

struct Kept {
    /// When the young generation began.
    since: Time,
    young: Generation,
    /// What was young before.
    old: Generation,
}

#[derive(Default)]
struct Generation {
    of: HashMap<Platform, HashSet<RequestNonce>>,
    /// Of all platforms together.
    len: usize,
}

impl Nonces {
    /// Remembers at most `most`, and at most `share` of one platform: none can use up the room of the others.
    pub fn new(most: usize, share: usize) -> Nonces {
        Nonces {
            most,
            share,
            kept: Mutex::new(Kept {
                since: Time(i64::MIN),
                young: Generation::default(),
                old: Generation::default(),
            }),
        }
    }

    /// Remembers the nonce of a request whose signature holds; anybody could use up those of others otherwise. 401
    /// `EM2_REPLAY` for one that is remembered, and 429 `EM2_SLOW` where there is no room: none is forgotten early.
    pub fn remember(
        &self,
        platform: &Platform,
        nonce: RequestNonce,
        now: Time,
    ) -> Result<(), Refusal> {
        // Whoever panicked while holding it left whole generations.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.turn(now);
        let both = [&kept.young, &kept.old];
        if both
            .iter()
            .any(|generation| generation.has(platform, nonce))
        {
            return Err(Code::Replay.into());
        }
        let len: usize = both.iter().map(|generation| generation.len).sum();
        let of_it: usize = both
            .iter()
            .map(|generation| generation.of_one(platform))
            .sum();
        if len >= self.most || of_it >= self.share {
            let seconds = kept.until_turn(now) / 1000 + 1;
            return Err(Refusal::from(Code::Slow).with("retry_after", seconds));
        }
        kept.young.insert(platform, nonce);
        Ok(())
    }
}

impl Kept {
    /// Drops what is old enough.
    fn turn(&mut self, now: Time) {
        if now < self.since {
            // The clock was put back: what is young is so from now on.
            self.since = now;
        }
        if self.until_turn(now) > 0 {
            return;
        }
        let was_young = std::mem::take(&mut self.young);
        let nobody_came = now >= self.since.plus(2 * REMEMBERED);
        self.old = if nobody_came {
            Generation::default()
        } else {
            was_young
        };
        self.since = now;
    }

    /// Milliseconds until the young generation is the old one.
    fn until_turn(&self, now: Time) -> i64 {
        let end = self.since.plus(REMEMBERED).as_millis();
        end.saturating_sub(now.as_millis()).max(0)
    }
}

impl Generation {
    fn has(&self, platform: &Platform, nonce: RequestNonce) -> bool {
        self.of
            .get(platform)
            .is_some_and(|its| its.contains(&nonce))
    }

    fn of_one(&self, platform: &Platform) -> usize {
        self.of.get(platform).map_or(0, HashSet::len)
    }

    /// A nonce that it does not have.
    fn insert(&mut self, platform: &Platform, nonce: RequestNonce) {
        self.len += 1;
        if let Some(its) = self.of.get_mut(platform) {
            its.insert(nonce);
        } else {
            self.of.insert(platform.clone(), HashSet::from([nonce]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Time = Time(1_798_761_600_000);

    fn platform(name: &str) -> Platform {
        Platform::parse(name).unwrap()
    }

    fn nonce(n: u8) -> RequestNonce {
        RequestNonce::parse(&URL_SAFE_NO_PAD.encode([n; 16])).unwrap()
    }

    /// What becomes of nonce `n` of a platform, `seconds` after the start.
    fn remember(nonces: &Nonces, of: &str, n: u8, seconds: i64) -> Result<(), Code> {
        let now = START.plus(seconds * 1000);
        let remembered = nonces.remember(&platform(of), nonce(n), now);
        remembered.map_err(|refusal| refusal.code)
    }

    #[test]
    fn security_15_a_nonce_counts_once_for_each_platform() {
        let nonces = Nonces::new(MOST, SHARE);
        assert_eq!(remember(&nonces, "em2.b.example", 1, 0), Ok(()));
        assert_eq!(remember(&nonces, "em2.b.example", 1, 1), Err(Code::Replay));
        assert_eq!(remember(&nonces, "em2.b.example", 2, 1), Ok(()));
        assert_eq!(remember(&nonces, "em2.c.example", 1, 1), Ok(()));
    }

    #[test]
    fn a_nonce_is_remembered_for_six_minutes_wherever_it_fell() {
        for came in [0, 1, 359, 360, 500, 719] {
            let nonces = Nonces::new(MOST, SHARE);
            remember(&nonces, "em2.b.example", 0, 0).unwrap();
            // Others come all the time.
            for (n, at) in (1..).zip((30..came).step_by(30)) {
                remember(&nonces, "em2.c.example", n, at).unwrap();
            }
            remember(&nonces, "em2.b.example", 1, came).unwrap();
            for later in [came + 1, came + 180, came + 360] {
                let again = remember(&nonces, "em2.b.example", 1, later);
                assert_eq!(again, Err(Code::Replay), "{came} {later}");
            }
        }
    }

    #[test]
    fn what_is_forgotten_makes_room() {
        let nonces = Nonces::new(2, 2);
        remember(&nonces, "em2.b.example", 1, 0).unwrap();
        remember(&nonces, "em2.b.example", 2, 361).unwrap();
        assert_eq!(remember(&nonces, "em2.b.example", 3, 362), Err(Code::Slow));
        // The first is old, the second still counts.
        assert_eq!(remember(&nonces, "em2.b.example", 3, 722), Ok(()));
        assert_eq!(
            remember(&nonces, "em2.b.example", 2, 722),
            Err(Code::Replay)
        );
        // Nobody came for a long time.
        assert_eq!(remember(&nonces, "em2.b.example", 2, 9000), Ok(()));
        assert_eq!(remember(&nonces, "em2.b.example", 3, 9000), Ok(()));
    }

    #[test]
    fn a_full_memory_refuses_and_forgets_nothing() {
        let nonces = Nonces::new(3, 2);
        remember(&nonces, "em2.b.example", 1, 0).unwrap();
        remember(&nonces, "em2.b.example", 2, 0).unwrap();
        let refusal = nonces.remember(&platform("em2.b.example"), nonce(3), START.plus(60_000));
        let refusal = refusal.unwrap_err();
        assert_eq!(refusal.code, Code::Slow);
        assert_eq!(refusal.details["retry_after"], 301);
        // Its share is used up, that of others is not, until nothing is left at all.
        assert_eq!(remember(&nonces, "em2.c.example", 1, 0), Ok(()));
        assert_eq!(remember(&nonces, "em2.d.example", 1, 0), Err(Code::Slow));
        assert_eq!(remember(&nonces, "em2.b.example", 1, 0), Err(Code::Replay));
    }

    #[test]
    fn a_clock_that_is_put_back_neither_forgets_nor_stands_still() {
        let nonces = Nonces::new(2, 2);
        remember(&nonces, "em2.b.example", 1, 0).unwrap();
        let back = -24 * 3600;
        assert_eq!(
            remember(&nonces, "em2.b.example", 1, back),
            Err(Code::Replay)
        );
        remember(&nonces, "em2.b.example", 2, back).unwrap();
        assert_eq!(
            remember(&nonces, "em2.b.example", 2, back + 360),
            Err(Code::Replay)
        );
        assert_eq!(remember(&nonces, "em2.b.example", 3, back + 721), Ok(()));
    }

    #[test]
    fn a_nonce_is_16_to_64_bytes_in_one_form() {
        let text = |bytes: usize| URL_SAFE_NO_PAD.encode(vec![7; bytes]);
        assert!(RequestNonce::parse(&text(16)).is_some());
        assert!(RequestNonce::parse(&text(64)).is_some());
        assert_ne!(
            RequestNonce::parse(&text(16)),
            RequestNonce::parse(&text(17))
        );
        for bad in [
            text(15),
            text(65),
            String::new(),
            text(16) + "==",
            text(16).replace('B', "+"),
            // The last character has bits to spare.
            text(15) + "BB",
        ] {
            assert_eq!(RequestNonce::parse(&bad), None, "{bad}");
        }
    }
}
