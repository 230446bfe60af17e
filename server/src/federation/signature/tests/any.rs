//! What holds for any change to a request, and for any text in its headers.

use http::HeaderName;
use proptest::prelude::*;

use super::super::fields::{Input, read_digest, read_signature};
use super::super::{WITH_BODY, WITHOUT_BODY};
use super::*;

/// Deterministic: a failing case is printed, and kept nowhere.
fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

fn a_request() -> impl Strategy<Value = Request> {
    let path = "/f/[a-z0-9]{0,8}/";
    let query = prop_oneof![Just(String::new()), "\\?[a-z0-9=&]{1,12}"];
    let body = prop::option::of(prop::collection::vec(any::<u8>(), 0..64));
    (path, query, body, any::<[u8; 16]>()).prop_map(|(path, query, body, nonce)| {
        Request::signed(&format!("{path}{query}"), body.as_deref(), nonce)
    })
}

/// One byte is another, is gone, or has come in.
#[derive(Clone, Debug)]
enum Edit {
    Replace(u8),
    Remove,
    Insert(u8),
}

fn an_edit() -> impl Strategy<Value = (prop::sample::Index, Edit)> {
    let edit = prop_oneof![
        any::<u8>().prop_map(Edit::Replace),
        Just(Edit::Remove),
        any::<u8>().prop_map(Edit::Insert),
    ];
    (any::<prop::sample::Index>(), edit)
}

/// The bytes after the edit; nothing where they are the same.
fn edited(bytes: &[u8], (at, edit): &(prop::sample::Index, Edit)) -> Option<Vec<u8>> {
    let mut new = bytes.to_vec();
    match edit {
        Edit::Insert(byte) => new.insert(at.index(bytes.len() + 1), *byte),
        _ if bytes.is_empty() => return None,
        Edit::Replace(byte) => new[at.index(bytes.len())] = *byte,
        Edit::Remove => {
            new.remove(at.index(bytes.len()));
        }
    }
    (new != bytes).then_some(new)
}

fn edited_text(text: &str, edit: &(prop::sample::Index, Edit)) -> Option<String> {
    String::from_utf8(edited(text.as_bytes(), edit)?).ok()
}

/// Text that comes close to a structured field.
fn a_field() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "em2=",
        "(",
        ")",
        "\"@method\"",
        "\"@authority\" \"@path\" \"@query\"",
        "\"content-digest\" \"content-type\"",
        ";created=1",
        ";expires=2",
        ";nonce=\"AAAAAAAAAAAAAAAAAAAAAA\"",
        ";keyid=\"em2.b.example#1\"",
        ";alg=\"ed25519\"",
        ";tag=\"em2-v1\"",
        "sha-256=",
        ":AAAA:",
        ":",
        ", ",
        " ",
        "\\",
        "\"",
        "@1",
        "%\"é%ff\"",
        "?1",
        "-",
        "999999999999999",
        "1.5",
    ]);
    prop_oneof![
        any::<String>(),
        "[ -~]{0,40}",
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat()),
    ]
}

proptest! {
    #![proptest_config(config(512))]

    #[test]
    fn another_byte_in_any_header_and_it_is_refused(
        request in a_request(),
        which in any::<prop::sample::Index>(),
        edit in an_edit(),
    ) {
        prop_assert!(request.received().is_ok());
        let names: Vec<HeaderName> = request.headers.keys().cloned().collect();
        let name = &names[which.index(names.len())];
        let value = edited(request.headers[name].as_bytes(), &edit);
        let value = value.and_then(|bytes| HeaderValue::from_bytes(&bytes).ok());
        if let Some(value) = value {
            let mut other = request.clone();
            other.headers.insert(name, value);
            prop_assert!(other.received().is_err(), "{:?}", other);
        }
        let mut less = request.clone();
        less.headers.remove(name);
        prop_assert!(less.received().is_err());
        let mut more = request;
        more.headers.append(name, more.headers[name].clone());
        prop_assert!(more.received().is_err());
    }

    #[test]
    fn another_path_query_body_platform_or_key_and_it_is_refused(
        request in a_request(),
        edit in an_edit(),
    ) {
        let refused = |change: &dyn Fn(&mut Request) -> Option<()>| {
            let mut other = request.clone();
            change(&mut other).is_none() || other.received().is_err()
        };
        let target = request.uri.to_string();
        prop_assert!(refused(&|other| {
            other.uri = edited_text(&target, &edit)?.parse().ok()?;
            // A fragment is never sent, and no query is the same as an empty one. // RFC 9421 §2.2.7
            let query = |uri: &Uri| uri.query().unwrap_or_default().to_owned();
            let same = other.uri.path() == request.uri.path() && query(&other.uri) == query(&request.uri);
            (!same).then_some(())
        }));
        prop_assert!(refused(&|other| {
            other.body = edited(&request.body, &edit)?;
            Some(())
        }));
        prop_assert!(refused(&|other| {
            other.own = Platform::parse(&edited_text(request.own.as_str(), &edit)?).ok()?;
            Some(())
        }));
        prop_assert!(refused(&|other| {
            let bytes = edited(request.key.as_bytes(), &edit)?;
            other.key = PublicKey::from_bytes(&bytes.try_into().ok()?).ok()?;
            Some(())
        }));
    }

    #[test]
    fn no_text_of_a_header_panics(
        texts in prop::array::uniform4(a_field()),
        is_post in any::<bool>(),
    ) {
        for text in &texts {
            let _ = (read_digest(text), read_signature(text));
            let _ = (Input::read(text, WITH_BODY), Input::read(text, WITHOUT_BODY));
        }
        let mut request = if is_post { Request::post() } else { Request::get() };
        let names = ["signature-input", "signature", "content-digest", "content-type"];
        for (name, text) in names.into_iter().zip(&texts) {
            if let Ok(value) = HeaderValue::from_bytes(text.as_bytes()) {
                request.headers.insert(name, value);
                prop_assert!(request.received().is_err());
            }
        }
    }

    #[test]
    fn what_is_read_of_a_signature_input_is_written_in_that_form_only(text in a_field()) {
        if let Ok(input) = Input::read(&text, WITHOUT_BODY) {
            prop_assert_eq!(format!("em2={}", input.params), text);
        }
    }
}
