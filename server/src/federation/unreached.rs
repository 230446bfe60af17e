//! Why another platform was not reached, as a sentence for operators.

use std::error::Error;
use std::fmt;

/// At which stage it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The name has no address, or the name servers failed or did not answer in time.
    Dns,
    /// Nobody took the connection in time.
    Connect,
    /// The certificate does not count, or there is no TLS at the other end.
    Tls,
    /// The connection stands, and the answer did not come in time.
    Timeout,
    /// The answer is longer than an answer to this may be.
    TooBig,
    /// The guard does not let it out: an inward name or address, another port or scheme, no route.
    Refused,
    /// The connection ended in the middle, or does not speak HTTP.
    Broken,
    /// It answered, and not with what the protocol asks for.
    Answer,
}

impl Kind {
    /// One word, for storage and for log lines.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Dns => "dns",
            Kind::Connect => "connect",
            Kind::Tls => "tls",
            Kind::Timeout => "timeout",
            Kind::TooBig => "too_big",
            Kind::Refused => "refused",
            Kind::Broken => "broken",
            Kind::Answer => "answer",
        }
    }
}

/// A platform that was not reached: the stage, and what happened in one sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreached {
    pub kind: Kind,
    pub detail: String,
}

impl Unreached {
    pub(super) fn new(kind: Kind, detail: impl Into<String>) -> Unreached {
        Unreached {
            kind,
            detail: detail.into(),
        }
    }
}

impl fmt::Display for Unreached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl Error for Unreached {}

/// What a stranger said, fit for a sentence: bounded, and without control characters.
pub(super) fn shown(text: &str) -> String {
    let kept = |c: &char| !c.is_control();
    text.chars().filter(kept).take(160).collect()
}
