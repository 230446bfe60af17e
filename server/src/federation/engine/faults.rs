//! Rules that a test breaks on purpose, to prove that the simulation would find it. Outside of tests there are none.

/// A rule that is broken on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// `next_at` is written after the attempt.
    BookedLate,
    /// A crash makes every peer due.
    RowIgnored,
    /// Retries come twice as fast.
    Impatient,
    /// Who proves that it is there goes on waiting.
    AliveIgnored,
    /// Whatever a platform asked for is not honoured.
    RetryAfterIgnored,
    /// Who asks to be sent less is taken for one that fails.
    SlowFails,
    /// As much is sent as there are slots for.
    Unpaced,
    /// The clock of a peer is not learnt.
    ClockUncorrected,
    /// A peer may have five requests at once.
    FifthSlot,
    /// Failing peers may take every slot.
    FailingUnbounded,
    /// New data waits behind what is caught up.
    NewLast,
    /// A conversation that was raised is kept by name, however many there are.
    NamesUnbounded,
    /// What is not kept by name is not looked for in the database.
    SpillForgotten,
    /// A conversation may be in two requests at once.
    TwiceAtOnce,
    /// What is refused for good is sent for ever.
    NeverAside,
    /// Each retry begins the time anew after which people are told.
    SinceForgotten,
}

#[cfg(test)]
pub(super) use switch::{is, set};

/// Whether this rule is broken: never, outside of tests.
#[cfg(not(test))]
pub(super) const fn is(_: Fault) -> bool {
    false
}

#[cfg(test)]
mod switch {
    use super::Fault;
    use std::cell::Cell;

    thread_local! {
        static FAULT: Cell<Option<Fault>> = const { Cell::new(None) };
    }

    /// Breaks one rule on this thread, or none.
    pub(in super::super) fn set(fault: Option<Fault>) {
        FAULT.set(fault);
    }

    pub(in super::super) fn is(fault: Fault) -> bool {
        FAULT.get() == Some(fault)
    }
}
