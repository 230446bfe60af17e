//! What a failure says about the platform, and about what was sent. // spec §7, Errors

use em2_model::refusal::Code;

use crate::federation::client::Failed;
use crate::federation::engine::{Failure, Outcome, Trouble};
use crate::federation::unreached::Kind;
use crate::service::foreign::is_permanent;

/// What a code says about the one conversation that it answers; nothing where it is about the platform.
pub(super) fn of_conversation(code: Code, trouble: Trouble) -> Option<Outcome> {
    match code {
        _ if is_permanent(code) => Some(Outcome::Refused(trouble)),
        Code::Gap | Code::Leader | Code::Conflict | Code::Locked | Code::NoConv => {
            Some(Outcome::Stuck(trouble))
        }
        _ => None,
    }
}

/// What a failure says about the platform.
pub(super) fn of_platform(failed: &Failed) -> Failure {
    match failed {
        Failed::Unreached(why) => match why.kind {
            Kind::Dns | Kind::Connect | Kind::Tls | Kind::Refused => Failure::Unreachable,
            Kind::Timeout | Kind::TooBig | Kind::Broken | Kind::Answer => Failure::Doubtful,
        },
        Failed::Refused {
            refusal,
            retry_after,
            date,
        } => match refusal.code {
            Code::Clock => Failure::Clock { date: *date },
            Code::Slow => Failure::Slow {
                retry_after: *retry_after,
            },
            Code::Down | Code::Busy => Failure::Down {
                retry_after: *retry_after,
            },
            Code::Sig | Code::KeyUnknown | Code::Replay | Code::WrongPlatform | Code::Version => {
                Failure::Unreachable
            }
            _ => Failure::Doubtful,
        },
        Failed::Strange { status, .. } => match status {
            502 | 504 => Failure::Unreachable,
            503 => Failure::Down { retry_after: None },
            429 => Failure::Slow { retry_after: None },
            _ => Failure::Doubtful,
        },
    }
}

pub(super) fn trouble(failed: &Failed) -> Trouble {
    Trouble {
        code: failed.code(),
        detail: failed.detail(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use em2_model::refusal::Refusal;

    #[test]
    fn every_code_is_about_the_conversation_or_the_platform() {
        let trouble = Trouble {
            code: String::new(),
            detail: String::new(),
        };
        let about = |code| of_conversation(code, trouble.clone()).is_some();
        assert!(about(Code::Hash) && about(Code::NoConv) && about(Code::Removed));
        assert!(
            !about(Code::Clock) && !about(Code::Down) && !about(Code::Slow) && !about(Code::Sig)
        );
        let refused = |code: Code, retry_after| {
            of_platform(&Failed::Refused {
                refusal: Refusal::from(code),
                retry_after,
                date: None,
            })
        };
        assert_eq!(
            refused(Code::Slow, Some(7)),
            Failure::Slow {
                retry_after: Some(7)
            }
        );
        assert_eq!(refused(Code::KeyUnknown, None), Failure::Unreachable);
        assert_eq!(refused(Code::Internal, None), Failure::Doubtful);
    }
}
