//! Bad input with the answer expected: sections A to D of the security notes, by number, against a whole server. What
//! each line is about, and where it is a test:
//!
//! | line | where |
//! |---|---|
//! | 1 – 11 | `security/canonical.rs`; the bytes alone: `app/model/tests/rules/canonical.rs` |
//! | 12 | there; at start: `service/identity.rs` |
//! | 13 – 23 | `security/requests.rs`; the headers alone: `federation/signature/tests`, `federation/nonces.rs` |
//! | 24 – 32, 35 | what a server with fixed routes does not look up: `federation/{tests,guard,announcement}` |
//! | 33, 34 | `security/discovery.rs` |
//! | 36, 37, 40 – 42, 44, 45 | `security/rules.rs`; the rules alone: `app/model/tests/rules/limits.rs` |
//! | 38, 39, 43 | `security/readers.rs`; people of the platform itself: `service/past.rs`, `service/scope.rs` |
//!
//! Every test says its line in its name: `security_04_…`.

mod canonical;
mod discovery;
mod readers;
mod requests;
mod rules;

use em2_model::wire::foreign::{self, Verdict};
use em2_model::{Code, Role};

use crate::support::held::Held;
use crate::support::peer::{Peer, local};
use crate::support::person::{Answer, Person};
use crate::support::platforms::alone_with;
use crate::support::server::TestServer;

/// Ann's platform leads a conversation of hers with Pia, whose platform is one of the test.
async fn led_here(delta: &Peer) -> (TestServer, Person, Held) {
    let alpha = alone_with(&[delta]).await;
    let ann = super::person(&alpha, "ann@alpha.test").await;
    let key = ann.start("pia@delta.test", "Plan", "Hello").await;
    let held = delta.follow(&alpha, key).await;
    (alpha, ann, held)
}

/// A platform of the test leads a conversation of Pia's with Bob, and Bob's platform has it.
async fn led_there(delta: &Peer) -> (TestServer, Held) {
    let alpha = alone_with(&[delta]).await;
    super::person(&alpha, "bob@alpha.test").await;
    let bob = local(&alpha, "bob@alpha.test", Role::Write);
    let held = delta.publish("pia@delta.test", vec![bob], "Hello");
    taken(delta, &alpha, &held).await;
    (alpha, held)
}

/// Sends a whole log, which is taken.
async fn taken(delta: &Peer, alpha: &TestServer, held: &Held) {
    let answer = delta.push(alpha, held.key(), &held.after(0)).await;
    let answer: foreign::Answer = answer.ok();
    assert_eq!(answer.have[0], (held.seq(), held.head()));
}

/// What became of a record, by its action key or its place.
#[track_caller]
fn verdict(answer: &Answer, record: impl ToString) -> Verdict {
    let said: foreign::Answer = answer.ok();
    let verdict = said.results.get(&record.to_string());
    verdict.cloned().unwrap_or_else(|| panic!("{said:?}"))
}

/// Why a record got no slot.
#[track_caller]
fn rejected(answer: &Answer, record: impl ToString) -> Code {
    match verdict(answer, record) {
        Verdict::Rejected { code, .. } => code,
        other => panic!("{other:?}"),
    }
}

/// A record of which only the text is at hand.
fn key_of(record: &[u8]) -> String {
    let record = em2_model::record::Record::parse(record).unwrap();
    record.action().key().to_string()
}

/// The text of a record, or of a request, with another one in the place of a part.
#[track_caller]
fn edited(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = std::str::from_utf8(bytes).unwrap();
    assert!(text.contains(from), "{from} is in {text}");
    text.replacen(from, to, 1).into_bytes()
}
