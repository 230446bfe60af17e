//! The frozen vectors, and the keys in them.
#![allow(dead_code, reason = "each test binary uses a part of it")]

pub(crate) mod stage;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use em2_model::id::Time;
use em2_model::keys::{KeyEntry, KeyLog};
use em2_model::sign::{Kid, PlatformKey};
use em2_model::{Platform, Salt};
use serde_json::Value;

/// `vectors/em2-v1.json`, made by an independent program.
pub(crate) fn vectors() -> &'static Value {
    static VECTORS: LazyLock<Value> =
        LazyLock::new(|| serde_json::from_str(include_str!("../vectors/em2-v1.json")).unwrap());
    &VECTORS
}

/// A private key of the vectors by its name there.
pub(crate) fn vector_key(name: &str) -> PlatformKey {
    let key = &vectors()["keys"][name];
    let platform = Platform::parse(key["platform"].as_str().unwrap()).unwrap();
    let kid = Kid::parse(key["kid"].as_str().unwrap()).unwrap();
    PlatformKey::from_test_seed(platform, kid, &seed(key["seed_hex"].as_str().unwrap()))
}

/// 32 bytes from hex.
pub(crate) fn seed(hex: &str) -> [u8; 32] {
    *hex.parse::<em2_model::ActionKey>().unwrap().as_bytes()
}

/// The key logs of both platforms of the vectors.
pub(crate) fn vector_keys() -> &'static BTreeMap<Platform, KeyLog> {
    static KEYS: LazyLock<BTreeMap<Platform, KeyLog>> = LazyLock::new(read_vector_keys);
    &KEYS
}

fn read_vector_keys() -> BTreeMap<Platform, KeyLog> {
    let document = vectors()["platform_document"].clone();
    let entries: Vec<KeyEntry> = serde_json::from_value(document["keys"].clone()).unwrap();
    let a = KeyLog::read(entries, Vec::new()).unwrap();
    let b = vector_key("b");
    let (from, to) = (a.entries()[0].from, a.entries()[0].to);
    let log_b = KeyLog::create(&b, from, to).unwrap();
    BTreeMap::from([(vector_key("a").platform, a), (b.platform, log_b)])
}

/// The text at a member of a vector.
pub(crate) fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member]
        .as_str()
        .unwrap_or_else(|| panic!("{member} of {value}"))
}

/// A salt of equal bytes, as the vectors have them.
pub(crate) fn salt(byte: u8) -> Salt {
    Salt::from_bytes([byte; 16])
}

/// A time at which the keys of the vectors count.
pub(crate) const ARRIVAL: Time = Time(1_798_762_000_000);
