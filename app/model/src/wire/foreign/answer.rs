//! What another platform is answered.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::address::{Address, Platform};
use crate::canonical;
use crate::conversation::Core;
use crate::id::{CommitKey, ConversationKey, Time};
use crate::keys::KeyEntry;
use crate::record::Record;
use crate::refusal::{Code, Refusal};
use crate::sign::sha256;
use crate::step::{Locator, Outcome};

/// The answer to a push: what the receiver has, and what became of each record.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Newest first. // spec §7
    pub have: Locator,
    /// The highest epoch that the receiver knows; absent where it claims none. // spec §14
    #[serde(default, skip_serializing_if = "is_first")]
    pub epoch: u64,
    /// By action key, or `#<index>` where a record could not be hashed.
    #[serde(default)]
    pub results: BTreeMap<String, Verdict>,
}

fn is_first(epoch: &u64) -> bool {
    *epoch <= 1
}

/// What became of a record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Verdict {
    /// It has a slot; `st` tells why the rules refused it there.
    Sequenced {
        seq: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        st: Option<Code>,
    },
    /// It is kept without a commit. // spec §12
    Pending { pending: bool },
    /// It got no slot.
    Rejected {
        code: Code,
        #[serde(flatten)]
        details: BTreeMap<String, Value>,
    },
}

impl Verdict {
    /// It got no slot, for this reason.
    pub fn rejected(refusal: Refusal) -> Verdict {
        Verdict::Rejected {
            code: refusal.code,
            details: refusal.details,
        }
    }

    /// As the core of the protocol takes it.
    pub fn outcome(&self) -> Outcome {
        match self {
            Verdict::Sequenced { seq, st } => Outcome::Sequenced {
                seq: *seq,
                refused: *st,
            },
            Verdict::Pending { .. } => Outcome::Pending,
            Verdict::Rejected { code, .. } => Outcome::Rejected(*code),
        }
    }
}

impl From<Outcome> for Verdict {
    fn from(outcome: Outcome) -> Verdict {
        match outcome {
            Outcome::Sequenced { seq, refused } => Verdict::Sequenced { seq, st: refused },
            Outcome::Rejected(code) => Verdict::rejected(code.into()),
            Outcome::Pending => Verdict::Pending { pending: true },
        }
    }
}

/// The answer to `POST /f/evt/`: an answer or a problem for each conversation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Answers {
    pub answers: BTreeMap<ConversationKey, Entry>,
}

/// What became of one conversation of a request. A problem says its code, and may have details that an answer has too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Entry {
    Problem {
        code: Code,
        #[serde(flatten)]
        details: BTreeMap<String, Value>,
    },
    Answer(Answer),
}

/// The conversations that two platforms share: how many, and a digest of their heads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shared {
    pub n: u64,
    /// SHA-256 of the canonical, sorted list of [`Head`]s, in lower-case hex.
    pub digest: String,
}

/// Where a conversation stands: key, epoch, slot and commit.
pub type Head = (ConversationKey, u64, u64, CommitKey);

impl Shared {
    /// Of these heads, in any order.
    pub fn of(mut heads: Vec<Head>) -> Result<Shared, Refusal> {
        heads.sort_unstable_by_key(|head| head.0);
        let digest = sha256(&canonical::to_bytes(&heads)?);
        Ok(Shared {
            n: heads.len() as u64,
            digest: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        })
    }
}

/// The answer to `GET /f/auth/`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Auth {
    pub v: u64,
    pub platform: Platform,
    /// Who asks, as their signature says.
    pub you: Platform,
    /// The clock of who answers.
    pub time: Time,
    pub versions: Vec<u64>,
    pub limits: BTreeMap<String, u64>,
    /// Conversations in which who asks lacks something.
    pub waiting: u64,
    pub shared: Shared,
}

/// The answer to `GET /f/{key}/`: everything needed to take part.
#[derive(Debug, Serialize)]
pub struct KitchenSink<'a> {
    pub head: CommitKey,
    pub state: Value,
    pub records: &'a [Record],
    /// The key log of every platform that takes or took part.
    pub keys: BTreeMap<Platform, Vec<KeyEntry>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub more_before: Option<u64>,
}

impl KitchenSink<'_> {
    /// The state of §5 with `leader`, `epoch` and `creator`.
    pub fn state_of(core: &Core) -> Result<Value, Refusal> {
        let mut state = canonical::parse(&core.state()?, canonical::DEPTH)?;
        let creator: &Address = &core.creator;
        state["leader"] = core.leader.as_str().into();
        state["epoch"] = core.epoch.into();
        state["creator"] = creator.as_str().into();
        Ok(state)
    }
}

/// The last line of an answer to `events`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Events {
    pub end: bool,
    /// Whether there are more records in that direction.
    pub more: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_that_of_the_vectors() {
        let vectors: Value =
            serde_json::from_str(include_str!("../../../tests/vectors/em2-v1.json")).unwrap();
        let given = &vectors["http"]["post"]["answer"];
        let answer: Answer = serde_json::from_value(given.clone()).unwrap();
        assert_eq!(serde_json::to_value(&answer).unwrap(), *given);
        let verdict = answer.results.values().next().unwrap();
        assert_eq!(*verdict, Verdict::Sequenced { seq: 8, st: None });
    }

    #[test]
    fn a_problem_that_says_what_is_there_is_no_answer() {
        let problem = r#"{"code":"EM2_GAP","have":[]}"#;
        let said: Entry = serde_json::from_str(problem).unwrap();
        assert!(
            matches!(
                &said,
                Entry::Problem {
                    code: Code::Gap,
                    ..
                }
            ),
            "{said:?}"
        );
        assert_eq!(serde_json::to_string(&said).unwrap(), problem);
        let answer = Entry::Answer(Answer::default());
        let text = serde_json::to_string(&answer).unwrap();
        assert_eq!(serde_json::from_str::<Entry>(&text).unwrap(), answer);
    }

    #[test]
    fn every_verdict_reads_back() {
        for (verdict, text) in [
            (
                Verdict::from(Outcome::Sequenced {
                    seq: 3,
                    refused: Some(Code::Locked),
                }),
                r#"{"seq":3,"st":"EM2_LOCKED"}"#,
            ),
            (Verdict::from(Outcome::Pending), r#"{"pending":true}"#),
            (
                Verdict::rejected(Refusal::from(Code::Removed).with("upto", 7)),
                r#"{"code":"EM2_REMOVED","upto":7}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&verdict).unwrap(), text);
            assert_eq!(serde_json::from_str::<Verdict>(text).unwrap(), verdict);
        }
    }
}
