//! What the engine is told.

use em2_model::{ConversationKey, Platform, Time};

use super::output::AttemptId;
use super::schedule::{Schedule, Trouble};

/// Something that has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A platform of the database, at the start and before anything else of it. `waiting`: something in the database
    /// waits for it.
    Known {
        peer: Platform,
        schedule: Schedule,
        waiting: bool,
    },
    /// A commit has just made something new for this platform. `more`: in further conversations that are not named.
    Raised {
        peer: Platform,
        convs: Vec<ConversationKey>,
        more: bool,
    },
    /// A request with a valid signature has come from it.
    Alive { peer: Platform },
    /// It may hold another history than this platform: where shared conversations stand is to be compared soon.
    Doubted { peer: Platform },
    /// People want these conversations to be tried now, whatever went wrong with them.
    Hurried {
        peer: Platform,
        convs: Vec<ConversationKey>,
    },
    /// The answer to [`Load`](super::Output::Load): in the order of the keys.
    Backlog {
        peer: Platform,
        convs: Vec<Waits>,
        more: bool,
    },
    /// The platform has answered, and what it took was made durable. A greeting and a comparison have no outcomes.
    Answered {
        attempt: AttemptId,
        outcomes: Vec<(ConversationKey, Outcome)>,
    },
    /// The attempt had no success as a whole.
    Failed {
        attempt: AttemptId,
        failure: Failure,
        trouble: Trouble,
    },
    /// No request was made: nothing waits any more in these conversations, or they were set aside.
    Idle { attempt: AttemptId },
    /// No request was made: what it was to carry could not be read from the database.
    Unread { attempt: AttemptId },
    /// A page could not be read from the database.
    Unloaded { peer: Platform },
    /// It is as late as [`next_at`](super::Engine::next_at) said.
    Tick,
}

/// A conversation of the database in which something waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waits {
    pub conv: ConversationKey,
    /// Its troubles in a row.
    pub tries: u64,
    /// How many of them, the last ones, were refusals for good.
    pub refused: u64,
    /// It rests until this time.
    pub next_at: Time,
}

/// What became of one conversation of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The platform has all that there was when the request was made, or there was nothing for it.
    Done,
    /// It took something, or named what it lacks, and there is more.
    More,
    /// The request had no room for it.
    Left,
    /// It took nothing and refused nothing.
    Stuck(Trouble),
    /// It refused for good.
    Refused(Trouble),
    /// It leads the conversation and does not know it: 404.
    Unknown(Trouble),
}

impl Outcome {
    /// Of a conversation that the answer does not name.
    pub(super) fn missing() -> Outcome {
        Outcome::Stuck(Trouble {
            code: "no_answer".to_owned(),
            detail: "The other platform did not say what became of it.".to_owned(),
        })
    }
}

/// Why an attempt had no success, by what is to be done about it. // spec §7
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The fault lies with the platform, whatever was sent: no name, no connection, no TLS; 502 and 504; 401 but for
    /// `EM2_CLOCK`; 501.
    Unreachable,
    /// The fault may lie with what was sent: it broke off or timed out after the request had gone out; 500 and unknown
    /// 4xx; 2xx without a valid body; several conversations refused by one status.
    Doubtful,
    /// 503: not before so many milliseconds, unless it says that it is there.
    Down { retry_after: Option<i64> },
    /// 429: it answers, and wants less; not before so many milliseconds.
    Slow { retry_after: Option<i64> },
    /// `EM2_CLOCK`, with the time that it has.
    Clock { date: Option<Time> },
}
