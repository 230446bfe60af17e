//! The newest frames of the feed, so that a page that was read a moment ago misses none of them.

use std::collections::VecDeque;

use em2_model::wire::live::Live;

/// How many frames are held; a page older than that is read again.
const HELD: usize = 256;

/// The numbered frames after counter `from`, each once, in order.
#[derive(Debug, Default)]
pub(super) struct Ring {
    from: u64,
    newest: u64,
    frames: VecDeque<Live>,
}

impl Ring {
    /// Nothing heard yet; what comes is newer than `from`.
    pub(super) fn starting(from: u64) -> Ring {
        Ring {
            from,
            newest: from,
            frames: VecDeque::new(),
        }
    }

    /// Takes a frame; false for one that came before.
    pub(super) fn take(&mut self, frame: &Live) -> bool {
        let Some(n) = frame.n() else { return true };
        if n <= self.newest {
            return false;
        }
        self.newest = n;
        self.frames.push_back(frame.clone());
        if self.frames.len() > HELD {
            self.from = self
                .frames
                .pop_front()
                .and_then(|frame| frame.n())
                .unwrap_or(self.from);
        }
        true
    }

    /// What was heard after counter `since`; none where some of it is no longer held.
    pub(super) fn after(&self, since: u64) -> Option<Vec<Live>> {
        let newer = |frame: &&Live| frame.n() > Some(since);
        (since >= self.from).then(|| self.frames.iter().filter(newer).cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use em2_model::id::ConversationKey;

    fn read(n: u64) -> Live {
        Live::Read {
            n,
            conversation: ConversationKey::from_bytes([1; 32]),
            seq: n,
        }
    }

    #[test]
    fn a_frame_counts_once() {
        let mut ring = Ring::starting(4);
        assert!(!ring.take(&read(4)));
        assert!(ring.take(&read(5)));
        assert!(!ring.take(&read(5)));
        assert_eq!(ring.after(4), Some(vec![read(5)]));
        assert_eq!(ring.after(5), Some(vec![]));
    }

    #[test]
    fn a_page_older_than_what_is_held_is_read_again() {
        let mut ring = Ring::starting(4);
        assert_eq!(ring.after(3), None);
        for n in 5..5 + 2 * HELD as u64 {
            ring.take(&read(n));
        }
        assert_eq!(ring.after(4), None);
        let from = 4 + HELD as u64;
        assert_eq!(ring.after(from).map(|frames| frames.len()), Some(HELD));
        assert_eq!(ring.after(from - 1), None);
    }
}
