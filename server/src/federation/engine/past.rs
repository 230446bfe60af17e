//! What went wrong with one conversation and one peer.

use super::input::Waits;

/// After so many troubles in a row a conversation travels alone, and shows nothing of its peer.
const ALONE: u64 = 2;

/// What is known of a conversation's past with a peer.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Past {
    /// Troubles in a row.
    pub(super) tries: u64,
    /// How many of them, the last ones, were refusals for good.
    pub(super) refused: u64,
}

impl Past {
    /// With one more trouble.
    pub(super) fn and(self, refused: bool) -> Past {
        Past {
            tries: self.tries + 1,
            refused: if refused { self.refused + 1 } else { 0 },
        }
    }

    /// Whether nothing says that it is itself at fault.
    pub(super) fn is_sound(self) -> bool {
        self.tries < ALONE
    }
}

impl From<&Waits> for Past {
    fn from(waits: &Waits) -> Past {
        Past {
            tries: waits.tries,
            refused: waits.refused,
        }
    }
}
