//! What the engine wants to be done, in the order in which it is to be done.

use std::fmt;

use em2_model::{ConversationKey, Platform, Time};

use super::schedule::{Schedule, Standing, Trouble};

/// Something that is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Make this the row of the platform. It is durable before anything that follows is done. // spec §15
    Schedule { peer: Platform, schedule: Schedule },
    /// Make this request, and say what became of it: `Answered`, `Failed` or `Unsent`.
    Send(Request),
    /// Answer with the next `limit` conversations after this key in which something waits: without those that were set
    /// aside, with those that were given up.
    Load {
        peer: Platform,
        after: Option<ConversationKey>,
        limit: usize,
    },
    /// One more trouble of this delivery is kept; it rests until then.
    Rest {
        peer: Platform,
        conv: ConversationKey,
        until: Time,
        /// Which refusal for good in a row it was; 0 where it was none.
        refused: u64,
        trouble: Trouble,
    },
    /// This delivery needs a person. `alarm`: who leads the conversation does not know it.
    SetAside {
        peer: Platform,
        conv: ConversationKey,
        trouble: Trouble,
        alarm: bool,
    },
    /// The platform takes what it is sent, after it failed.
    Recovered { peer: Platform },
    /// How delivery stands, since it failed first. It is said again after a start: a notice is due once for each
    /// (peer, standing, since). One that was given up and says that it is there is `Fine` before it takes something.
    Told {
        peer: Platform,
        standing: Standing,
        since: Time,
    },
    /// The clock of the platform is this far ahead of ours, in milliseconds: an alarm. // spec §6
    Clock { peer: Platform, offset: i64 },
}

/// Names an attempt, within one life of the engine.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttemptId(pub(super) u64);

impl fmt::Debug for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// A request to another platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub attempt: AttemptId,
    pub peer: Platform,
    /// The signature is dated so many milliseconds ahead of our clock. // spec §6
    pub clock_offset: i64,
    /// It is to show whether the platform is there again.
    pub probe: bool,
    pub errand: Errand,
}

/// What a request is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Errand {
    /// What waits in these conversations.
    Push {
        convs: Vec<ConversationKey>,
        class: Class,
    },
    /// `GET /f/auth/`: both sides prove who they are.
    Greet,
    /// `GET /f/auth/?heads=1`: where do the shared conversations stand?
    Compare,
}

/// What is sent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// What a commit has just raised.
    New,
    /// What has waited.
    CatchUp,
}
