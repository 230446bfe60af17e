//! What time it is, for "5 minutes ago" and for locks that end.

use std::sync::Arc;

use em2_model::id::Time;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::backend::Device;

/// How often the page looks at the clock, in milliseconds.
const TICK: u32 = 5_000;
/// A device whose clock is further off than this from the server's is corrected, in milliseconds.
const TOLERANCE: i64 = 60_000;

/// The server's time and the reader's zone. Both begin as the server rendered them, so that the first render is the same
/// on both sides.
#[derive(Clone, Copy)]
pub struct Clock {
    pub now: RwSignal<Time>,
    /// Minutes east of UTC.
    pub offset: RwSignal<i32>,
}

impl Clock {
    pub fn new(now: Time, offset: i32) -> Clock {
        Clock {
            now: RwSignal::new(now),
            offset: RwSignal::new(offset),
        }
    }

    /// Follows the device's clock and zone from now on.
    pub fn start(self, device: Arc<dyn Device>) {
        let skew = correction(self.now.get_untracked(), device.now());
        spawn_local(async move {
            loop {
                if self.now.try_set(device.now().plus(skew)).is_some() {
                    break;
                }
                let offset = device.offset();
                if self
                    .offset
                    .try_get_untracked()
                    .is_some_and(|known| known != offset)
                {
                    self.offset.set(offset);
                    device.remember_offset(offset);
                }
                device.after(TICK).await;
            }
        });
    }
}

/// What to add to a device's clock. A page may be some seconds old before it is alive: that is no difference.
fn correction(server: Time, device: Time) -> i64 {
    let difference = server.as_millis() - device.as_millis();
    if difference.abs() > TOLERANCE {
        difference
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_wrong_is_corrected_and_a_slow_start_is_not() {
        assert_eq!(correction(Time(1_000_000), Time(1_003_000)), 0);
        assert_eq!(correction(Time(1_000_000), Time(400_000)), 600_000);
        assert_eq!(correction(Time(400_000), Time(1_000_000)), -600_000);
    }
}
