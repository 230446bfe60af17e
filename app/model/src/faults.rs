//! Faults in the rules that a test can switch on, to prove that the simulator would find them.
//! Outside of tests there are none.

/// A rule that is broken on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// `follows` is not compared with the head of the item.
    FollowsUnchecked,
    /// A lock ends by the local clock instead of the commit's time.
    #[cfg(test)]
    LockByLocalClock,
    /// The author is told before the commit is durable.
    #[cfg(test)]
    AcknowledgedBeforeCommit,
    /// A restored leader goes on in its old epoch.
    EpochReused,
    /// What a rollback undid is not submitted again.
    OrphansKept,
    /// A nonce may be used twice.
    NonceUnchecked,
    /// What the rules refuse is not committed.
    RefusedWithoutSlot,
    /// The removed go on acting.
    RemovalIgnored,
}

#[cfg(test)]
pub(crate) use switch::{clock, is, set, set_clock};

/// Whether this rule is broken: never, outside of tests.
#[cfg(not(test))]
pub(crate) const fn is(_: Fault) -> bool {
    false
}

/// The time by which locks end: the commit's.
#[cfg(not(test))]
pub(crate) const fn clock(at: crate::id::Time) -> crate::id::Time {
    at
}

#[cfg(test)]
mod switch {
    use super::Fault;
    use crate::id::Time;
    use std::cell::Cell;

    thread_local! {
        static FAULT: Cell<Option<Fault>> = const { Cell::new(None) };
        static CLOCK: Cell<i64> = const { Cell::new(0) };
    }

    /// Breaks one rule on this thread, or none.
    pub(crate) fn set(fault: Option<Fault>) {
        FAULT.set(fault);
    }

    pub(crate) fn is(fault: Fault) -> bool {
        FAULT.get() == Some(fault)
    }

    /// What the wall clock of the platform shows that takes the next step.
    pub(crate) fn set_clock(now: Time) {
        CLOCK.set(now.as_millis());
    }

    pub(crate) fn clock(at: Time) -> Time {
        if is(Fault::LockByLocalClock) {
            Time(CLOCK.get())
        } else {
            at
        }
    }
}
