//! What other platforms send, read as bytes of any kind: a function for each form, called by the fuzzer and by the tests
//! with the corpus of `server/fuzz`.
//!
//! Each says whether the input was accepted, and panics where what was read does not hold together: what is accepted has
//! to come out as it went in.

mod received;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use em2_model::keys::{KeyEntry, KeyLog};
use em2_model::record::Record;
use em2_model::sign::{Kid, PlatformKey};
use em2_model::wire::foreign::document::PlatformDocument;
use em2_model::{ActionKey, Code, Platform, Time, canonical};
use serde_json::Value;

use super::announcement;
pub use received::request;

/// Reads the bytes; whether they were accepted.
pub type Target = fn(&[u8]) -> bool;

/// Every form by the name of its fuzz target and of its folder in the corpus.
pub const TARGETS: [(&str, Target); 5] = [
    ("canonical", canonical_bytes),
    ("document", platform_document),
    ("record", record),
    ("request", request),
    ("txt", txt_record),
];

/// The time in the frozen vectors.
const NOW: Time = Time(1_798_761_600_000);

/// em2.a.example and em2.b.example of the frozen vectors, with their key logs.
struct Cast {
    a: Platform,
    keys: BTreeMap<Platform, KeyLog>,
    b: PlatformKey,
}

static CAST: LazyLock<Cast> = LazyLock::new(|| {
    cast(include_str!("../../../app/model/tests/vectors/em2-v1.json"))
        .expect("the frozen vectors can be read")
});

fn cast(vectors: &str) -> Option<Cast> {
    let vectors: Value = serde_json::from_str(vectors).ok()?;
    let entries = vectors["platform_document"]["keys"].clone();
    let entries: Vec<KeyEntry> = serde_json::from_value(entries).ok()?;
    let (from, to) = (entries.first()?.from, entries.first()?.to);
    let a = Platform::parse(vectors["keys"]["a"]["platform"].as_str()?).ok()?;
    let log_a = KeyLog::read(entries, Vec::new()).ok()?;
    let known = &vectors["keys"]["b"];
    let name = Platform::parse(known["platform"].as_str()?).ok()?;
    let seed: ActionKey = known["seed_hex"].as_str()?.parse().ok()?;
    let kid = Kid::parse(known["kid"].as_str()?).ok()?;
    let b = PlatformKey::from_test_seed(name.clone(), kid, seed.as_bytes());
    let log_b = KeyLog::create(&b, from, to).ok()?;
    let keys = BTreeMap::from([(a.clone(), log_a), (name, log_b)]);
    Some(Cast { a, keys, b })
}

/// One canonical value: what is accepted is written as the same bytes, and what any parser of JSON makes of others is
/// refused unless it is written otherwise. // spec §4
pub fn canonical_bytes(bytes: &[u8]) -> bool {
    match canonical::parse(bytes, canonical::DEPTH) {
        Ok(value) => {
            assert!(canonical::nesting(bytes) <= canonical::DEPTH);
            assert_eq!(canonical::to_bytes_of(&value).as_deref(), Ok(bytes));
            true
        }
        Err(refusal) => {
            assert_eq!(refusal.code, Code::NotCanonical);
            let lax = serde_json::from_slice(bytes).ok();
            let written = lax.and_then(|value: Value| {
                let written = canonical::to_bytes_of(&value).ok()?;
                Some((value, written))
            });
            if let Some((value, written)) = written {
                let depth = canonical::nesting(&written);
                assert!(written != bytes || depth > canonical::DEPTH);
                assert_eq!(canonical::parse(&written, depth), Ok(value));
            }
            false
        }
    }
}

/// A platform document: what is accepted is written and read again as the same document with the same key log.
/// // spec §3
pub fn platform_document(bytes: &[u8]) -> bool {
    let Ok((document, log)) = PlatformDocument::parse(bytes) else {
        return false;
    };
    assert_eq!(log.entries(), document.keys);
    assert_eq!(log.revoked(), document.revoked);
    let written = serde_json::to_vec(&document).expect("plain fields and lists");
    assert_eq!(PlatformDocument::parse(&written), Ok((document, log)));
    true
}

/// A record, accepted where its signatures count by the keys of the frozen vectors: what is read at all is written as the
/// same bytes, and of what counts nothing changes when it is read again. // spec §5, §8
pub fn record(bytes: &[u8]) -> bool {
    let Ok(read) = Record::parse(bytes) else {
        return false;
    };
    assert_eq!(read.to_bytes(), bytes);
    assert_eq!(Record::parse(bytes).as_ref(), Ok(&read));
    match read.clone().verify(&CAST.keys, NOW) {
        Ok(verified) => {
            assert_eq!(*verified, read);
            true
        }
        Err(_) => false,
    }
}

/// TXT records, a line each, accepted where one of them announces a platform: what is accepted reads the same without
/// what else stood there. // spec §2
pub fn txt_record(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let texts: Vec<String> = text.split('\n').map(str::to_owned).collect();
    let Ok(Some(found)) = announcement::read_txt(&texts) else {
        return false;
    };
    let written = format!("v=em2v1; p={}; id={}", found.platform, found.id);
    assert_eq!(announcement::read_txt(&[written]), Ok(Some(found)));
    true
}
