//! The only place of the server that reads the clock: everything else is told what time it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use em2_model::id::Time;

/// The time of day, with an offset by which a test can go forward.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    /// Milliseconds that are added to the time of the system.
    ahead: Arc<AtomicI64>,
}

impl Clock {
    /// Milliseconds since 1970 UTC.
    #[expect(clippy::disallowed_methods, reason = "this is the server's clock")]
    pub fn now(&self) -> Time {
        // A system clock before 1970 reads as 1970.
        let system = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_millis() as i64);
        Time(system + self.ahead.load(Ordering::Relaxed))
    }

    /// Goes forward by so many milliseconds, for this clock and its clones.
    pub fn advance(&self, ms: i64) {
        self.ahead.fetch_add(ms, Ordering::Relaxed);
    }
}
