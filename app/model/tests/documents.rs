//! The platform document, against the frozen vectors and against whatever else arrives. // spec §3

mod support;

use em2_model::keys::KeyLog;
use em2_model::wire::foreign::PlatformDocument;
use em2_model::wire::foreign::document::{Limits, SIZE_MAX, name};
use em2_model::{Code, Refusal, Time};
use serde_json::{Value, json};
use support::{vector_key, vectors};

fn parse(document: &Value) -> Result<(PlatformDocument, KeyLog), Refusal> {
    PlatformDocument::parse(document.to_string().as_bytes())
}

/// The vector with one member replaced, or removed by null.
fn with(member: &str, value: Value) -> Value {
    let mut document = vectors()["platform_document"].clone();
    let members = document.as_object_mut().unwrap();
    if value.is_null() {
        members.remove(member);
    } else {
        members.insert(member.to_owned(), value);
    }
    document
}

fn refused(document: &Value) -> Code {
    match parse(document) {
        Ok(_) => panic!("accepted: {document}"),
        Err(refusal) => refusal.code,
    }
}

#[test]
fn the_document_of_the_vectors_is_read_and_written() {
    let vectors = vectors();
    let (document, log) = parse(&vectors["platform_document"]).unwrap();
    assert_eq!(document.platform, vector_key("a").platform);
    assert_eq!(log.incarnation().to_string(), vectors["incarnations"]["a"]);
    assert!(log.find(&vector_key("a2").kid).is_some());

    let ours = PlatformDocument::of(document.platform.clone(), &log);
    assert_eq!(ours, document);
    assert_eq!(
        serde_json::to_value(&ours).unwrap(),
        vectors["platform_document"]
    );
}

#[test]
fn what_is_optional_is_read_and_what_is_unknown_ignored() {
    let mut document = with(
        "limits",
        json!({"body": 65536, "records": 100, "rps": 50, "later": []}),
    );
    document["contact"] = json!("mailto:ops@a.example");
    document["mail"] = json!("a.example");
    document["later"] = json!({"x": [1.5, null]});
    let (read, _) = parse(&document).unwrap();
    let limit = |n| std::num::NonZeroU64::new(n);
    let limits = Limits {
        body: limit(65536),
        records: limit(100),
        rps: limit(50),
    };
    assert_eq!(read.limits, Some(limits));
    assert_eq!(read.contact.as_deref(), Some("mailto:ops@a.example"));
    assert_eq!(read.mail.as_deref(), Some("a.example"));
    let again = serde_json::to_vec(&read).unwrap();
    assert_eq!(PlatformDocument::parse(&again).unwrap().0, read);
}

/// security.md 6
#[test]
fn a_weak_key_refuses_the_document() {
    for (name, weak) in vectors()["weak_public_keys"].as_object().unwrap() {
        for entry in 0..2 {
            let mut document = vectors()["platform_document"].clone();
            document["keys"][entry]["pub"] = weak.clone();
            assert_eq!(refused(&document), Code::Format, "{name}");
        }
    }
}

#[test]
fn a_chain_that_does_not_hold_refuses_the_document() {
    let keys = &vectors()["platform_document"]["keys"];
    let reversed = json!([keys[1], keys[0]]);
    for keys in [
        json!([]),
        json!([keys[1]]),
        reversed,
        json!([keys[0], keys[0]]),
    ] {
        assert_eq!(refused(&with("keys", keys)), Code::Format);
    }
    let mut later = vectors()["platform_document"].clone();
    later["keys"][0]["to"] = json!(1_900_000_000_000i64);
    assert_eq!(refused(&later), Code::Format, "changed after signing");
}

/// security.md 34
#[test]
fn a_field_that_is_not_what_it_says_refuses_the_document() {
    let many = |n: usize| {
        Value::from(vec![
            json!({"kid": "2026a", "at": 1, "sig": "A".repeat(86)});
            n
        ])
    };
    let bad = [
        ("platform", json!("http://em2.a.example")),
        ("platform", json!("EM2.a.example")),
        ("platform", json!("em2.a.example.")),
        ("platform", json!("em2.a.example/x")),
        ("platform", json!(7)),
        ("platform", Value::Null),
        ("keys", Value::Null),
        ("versions", json!("1")),
        ("contact", json!("file:///etc/passwd")),
        ("contact", json!("http://a.example/")),
        ("contact", json!("javascript:alert(1)")),
        ("contact", json!("mailto:a@b\r\nBcc: c@d")),
        ("contact", json!(format!("https://{}", "a".repeat(300)))),
        ("mail", json!("http://a.example")),
        ("mail", json!("a.example:25")),
        ("mail", json!("")),
        ("limits", json!({"records": 0})),
        ("limits", json!({"body": -1})),
        ("limits", json!("many")),
        ("revoked", many(1)),
        ("revoked", many(65)),
    ];
    for (member, value) in bad {
        assert_eq!(
            refused(&with(member, value.clone())),
            Code::Format,
            "{member}: {value}"
        );
    }
    let twice = vectors()["platform_document"].to_string();
    let twice = twice.replacen('{', r#"{"platform":"em2.b.example","#, 1);
    assert_eq!(
        PlatformDocument::parse(twice.as_bytes()).unwrap_err().code,
        Code::Format
    );
}

#[test]
fn another_version_is_told_from_nonsense() {
    let later = json!({"v": 2, "platform": "em2.a.example", "keys": "otherwise"});
    let refusal = parse(&later).unwrap_err();
    assert_eq!(
        (refusal.code, &refusal.details["versions"]),
        (Code::Version, &json!([2]))
    );
    assert_eq!(refused(&with("versions", json!([2, 3]))), Code::Version);
    assert_eq!(refused(&with("versions", json!([]))), Code::Version);
    assert!(parse(&with("versions", json!([1, 2]))).is_ok());
}

#[test]
fn a_document_ends_at_64_kib() {
    let document = vectors()["platform_document"].to_string();
    let padded = |len: usize| format!("{document}{}", " ".repeat(len - document.len()));
    assert!(PlatformDocument::parse(padded(SIZE_MAX).as_bytes()).is_ok());
    let refusal = PlatformDocument::parse(padded(SIZE_MAX + 1).as_bytes()).unwrap_err();
    assert_eq!(refusal.code, Code::TooBig);
    assert_eq!(
        name(padded(SIZE_MAX + 1).as_bytes()).unwrap_err().code,
        Code::TooBig
    );
}

#[test]
fn the_name_alone_is_enough_for_the_domain_of_an_address() {
    let named = name(br#"{"v":1,"platform":"em2.host.example"}"#).unwrap();
    assert_eq!(named.as_str(), "em2.host.example");
    for bad in [
        "",
        "{}",
        "[]",
        r#"{"v":1}"#,
        r#"{"v":"1","platform":"a.example"}"#,
    ] {
        assert_eq!(
            name(bad.as_bytes()).unwrap_err().code,
            Code::Format,
            "{bad}"
        );
    }
}

/// A log from a hostile platform is as long as a document may be: reading it has to stay cheap.
#[test]
fn recovery_keys_are_few() {
    let key = vector_key("b");
    let log = KeyLog::create(&key, Time(0), Time(10)).unwrap();
    let mut document =
        serde_json::to_value(PlatformDocument::of(key.platform.clone(), &log)).unwrap();
    let mut recovery = document["keys"][0].clone();
    recovery["use"] = json!("recovery");
    document["keys"] = vec![recovery; 9].into();
    let refusal = parse(&document).unwrap_err();
    assert!(refusal.message.contains("8 recovery keys"), "{refusal}");
}

#[test]
fn no_byte_panics_and_a_changed_key_log_is_refused() {
    let document = vectors()["platform_document"].to_string();
    let (from, to) = (
        document.find("\"keys\"").unwrap(),
        document.find("}]").unwrap(),
    );
    for at in 0..document.len() {
        for byte in [
            0, b' ', b'"', b'{', b'}', b'[', b'0', b'9', b'A', 0x80, 0xff,
        ] {
            let mut bytes = document.clone().into_bytes();
            let is_changed = bytes[at] != byte;
            bytes[at] = byte;
            let read = PlatformDocument::parse(&bytes);
            if is_changed && (from..to).contains(&at) {
                assert!(read.is_err(), "{}", String::from_utf8_lossy(&bytes));
            }
        }
        assert!(PlatformDocument::parse(&document.as_bytes()[..at]).is_err());
    }
    for hostile in [
        "[".repeat(SIZE_MAX),
        "{\"a\":".repeat(10_000),
        "\u{0}".repeat(9),
        "1e999".to_owned(),
    ] {
        assert!(PlatformDocument::parse(hostile.as_bytes()).is_err());
    }
}
