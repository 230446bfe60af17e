//! What one connection hears, in the order of its person's feed.
//!
//! Writers that commit at the same time may tell in another order than they are numbered. A frame that is early waits
//! for those before it; when they do not come, the connection reads the store: nobody may have listened while they were
//! written.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::local::{Leave, Mailbox, Taken};
use crate::propagate::frame::Frame;

/// How many frames may be early at once.
const EARLY: usize = 64;

/// How long an early frame waits for those before it.
const PATIENCE: Duration = Duration::from_millis(250);

/// What a connection hears next.
#[derive(Debug)]
pub enum Heard {
    Frame(Frame),
    /// The next frame does not come: what was missed stands in the store. After [`Subscription::after`] it goes on.
    Gap,
    /// Frames were lost: what was missed stands in the store. Nothing more is heard here.
    Lagging,
}

/// The frames of one person from a number on, each once and in order.
pub struct Subscription {
    mailbox: Arc<Mailbox>,
    /// The last numbered frame that was given out, or the counter at which the connection began.
    last: Option<u64>,
    /// Frames whose predecessors are still missing.
    early: BTreeMap<u64, Frame>,
    /// Until when they wait.
    deadline: Option<Instant>,
    /// Goes after the mailbox, so that what is gone is seen to be gone.
    _leave: Leave,
}

impl Subscription {
    pub(super) fn new((mailbox, leave): (Arc<Mailbox>, Leave)) -> Subscription {
        Subscription {
            mailbox,
            last: None,
            early: BTreeMap::new(),
            deadline: None,
            _leave: leave,
        }
    }

    /// The connection knows everything up to number `n`: what is heard next is number `n + 1`. Without this the first
    /// frame that comes decides.
    pub fn after(&mut self, n: u64) {
        self.last = Some(n);
        self.early.retain(|number, _| *number > n);
        self.deadline = (!self.early.is_empty()).then(|| Instant::now() + PATIENCE);
    }

    /// What comes next; can be given up and called again without losing anything.
    pub async fn next(&mut self) -> Heard {
        loop {
            if let Some(frame) = self.due() {
                return Heard::Frame(frame);
            }
            match self.mailbox.take() {
                Taken::Lagging => return Heard::Lagging,
                Taken::Missed => return Heard::Gap,
                Taken::Frame(frame) => {
                    if let Some(frame) = self.sort(frame) {
                        return Heard::Frame(frame);
                    }
                    if self.early.len() > EARLY {
                        return Heard::Gap;
                    }
                }
                Taken::Nothing => match self.deadline {
                    None => self.mailbox.ring().await,
                    Some(deadline) => {
                        if timeout_at(deadline, self.mailbox.ring()).await.is_err() {
                            return Heard::Gap;
                        }
                    }
                },
            }
        }
    }

    /// The frame that waited for the one given out last.
    fn due(&mut self) -> Option<Frame> {
        let next = self.last?.checked_add(1)?;
        let frame = self.early.remove(&next)?;
        self.last = Some(next);
        self.deadline = if self.early.is_empty() {
            None
        } else {
            Some(Instant::now() + PATIENCE)
        };
        Some(frame)
    }

    /// A frame that can be given out now. An early one is kept, one that was given out before is not.
    fn sort(&mut self, frame: Frame) -> Option<Frame> {
        let Some(n) = frame.n() else {
            return Some(frame);
        };
        match self.last {
            Some(last) if n <= last => None,
            Some(last) if n > last + 1 => {
                self.early.insert(n, frame);
                self.deadline
                    .get_or_insert_with(|| Instant::now() + PATIENCE);
                None
            }
            _ => {
                self.last = Some(n);
                Some(frame)
            }
        }
    }
}
