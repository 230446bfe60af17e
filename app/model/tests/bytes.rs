//! What holds for any bytes and any text.

mod support;

use em2_model::action::{Action, Missing};
use em2_model::canonical;
use em2_model::record::{Commit, Record};
use em2_model::sign::KeyName;
use em2_model::{ActionKey, Address, ConversationRef, Platform, Refusal};
use proptest::prelude::*;
use serde_json::Value;
use support::{ARRIVAL, text, vector_keys, vectors};

/// Deterministic: a failing case is printed, and kept nowhere.
fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Any value with a canonical form.
fn canonical_value() -> impl Strategy<Value = Value> {
    let integer = -((1i64 << 53) - 1)..(1i64 << 53);
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        integer.prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[\\x00-\\x7f]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("[\\x00-\\x7f]{0,6}", inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(config(512))]

    #[test]
    fn canonical_bytes_read_back_and_equal_rfc_8785(value in canonical_value()) {
        let bytes = canonical::to_bytes(&value).unwrap();
        prop_assert_eq!(canonical::parse(&bytes, canonical::DEPTH).unwrap(), value.clone());
        prop_assert_eq!(serde_json_canonicalizer::to_vec(&value).unwrap(), bytes.clone());
        let mut blank = bytes;
        blank.push(b' ');
        prop_assert!(canonical::parse(&blank, canonical::DEPTH).is_err());
    }

    #[test]
    fn one_other_byte_anywhere_and_a_record_counts_no_more(
        which in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let vectors = vectors();
        let records = vectors["records"].as_array().unwrap();
        let wire = text(&records[which.index(records.len())], "wire");
        let mut bytes = wire.as_bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let arrived = Record::parse(&bytes).and_then(|record| record.verify(vector_keys(), ARRIVAL));
        prop_assert_eq!(arrived.is_ok(), bytes == wire.as_bytes());
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        no_panic(&bytes);
    }

    #[test]
    fn nothing_like_json_panics(text in r#"[\[\]{}:,"\\u0-9a-fntrul.eE+\- ]{0,120}"#) {
        no_panic(text.as_bytes());
    }

    #[test]
    fn no_text_panics(text in any::<String>(), dotted in "[a-z.@#:*é-]{0,40}") {
        for text in [text, dotted] {
            if let Ok(address) = Address::parse(&text) {
                prop_assert_eq!(address.as_str(), &text);
                prop_assert_eq!(format!("{}@{}", address.local(), address.domain()), text.clone());
            }
            let _ = Address::parse_typed(&text);
            if let Ok(platform) = Platform::parse(&text) {
                prop_assert_eq!(platform.as_str(), &text);
                let _ = platform.is_development();
            }
            let _ = text.parse::<KeyName>();
            if let Ok(key) = text.parse::<ConversationRef>() {
                prop_assert_eq!(key.to_string(), text.clone());
            }
            prop_assert!(em2_model::slug::slug(&text).len() <= em2_model::slug::SLUG_MAX);
        }
    }

    #[test]
    fn keys_read_back(bytes in any::<[u8; 32]>(), uuid in any::<[u8; 16]>()) {
        let key = ActionKey::from_bytes(bytes);
        prop_assert_eq!(key.to_string().parse::<ActionKey>().unwrap(), key);
        let draft = em2_model::DraftKey::from_bytes(uuid);
        prop_assert_eq!(draft.to_string().parse::<em2_model::DraftKey>().unwrap(), draft);
        let nonce = em2_model::Nonce::from_bytes(uuid);
        prop_assert_eq!(nonce.to_string().parse::<em2_model::Nonce>().unwrap(), nonce);
    }
}

fn no_panic(bytes: &[u8]) {
    let _ = canonical::parse(bytes, canonical::DEPTH);
    let _ = Record::parse(bytes);
    let _ = Commit::parse(bytes);
    let _ = Action::parse(bytes, Ok(bytes));
    let _ = Action::parse(bytes, Err(Missing::Redacted));
    let _ = serde_json::from_slice::<Refusal>(bytes);
}
