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

/// Where, and what.
type Place = (prop::sample::Index, Edit);

fn an_edit() -> impl Strategy<Value = Place> {
    let byte = prop_oneof![any::<u8>(), b' '..=b'~'];
    let edit = prop_oneof![
        byte.clone().prop_map(Edit::Replace),
        Just(Edit::Remove),
        byte.prop_map(Edit::Insert),
    ];
    (any::<prop::sample::Index>(), edit)
}

/// The bytes after the edit; nothing where they are the same.
fn edited(bytes: &[u8], (at, edit): &Place) -> Option<Vec<u8>> {
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

fn edited_text(text: &str, edit: &Place) -> Option<String> {
    String::from_utf8(edited(text.as_bytes(), edit)?).ok()
}

/// With another path or query. That a fragment is never sent, and that no query is the same as an empty one, changes
/// neither. // RFC 9421 §2.2.7
fn with_uri(request: &Request, edit: &Place) -> Option<Request> {
    let parts = |uri: &Uri| {
        (
            uri.path().to_owned(),
            uri.query().unwrap_or_default().to_owned(),
        )
    };
    let uri: Uri = edited_text(&request.uri.to_string(), edit)?.parse().ok()?;
    (parts(&uri) != parts(&request.uri)).then(|| Request {
        uri,
        ..request.clone()
    })
}

fn with_platform(request: &Request, edit: &Place) -> Option<Request> {
    let own = Platform::parse(&edited_text(request.own.as_str(), edit)?).ok()?;
    Some(Request {
        own,
        ..request.clone()
    })
}

fn with_key(request: &Request, edit: &Place) -> Option<Request> {
    let bytes: [u8; 32] = edited(request.key.as_bytes(), edit)?.try_into().ok()?;
    let key = PublicKey::from_bytes(&bytes).ok()?;
    Some(Request {
        key,
        ..request.clone()
    })
}

/// The six parameters of a signature.
const PARAMS: [&str; 6] = [
    ";created=1",
    ";expires=2",
    ";nonce=\"AAAAAAAAAAAAAAAAAAAAAA\"",
    ";keyid=\"em2.b.example#1\"",
    ";alg=\"ed25519\"",
    ";tag=\"em2-v1\"",
];

/// Text that comes close to a structured field.
fn a_field() -> impl Strategy<Value = String> {
    let mut pieces = PARAMS.to_vec();
    pieces.extend([
        "em2=",
        "(",
        ")",
        "\"@method\"",
        "\"@authority\" \"@path\" \"@query\"",
        "\"content-digest\" \"content-type\"",
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
    let piece = prop::sample::select(pieces);
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
        let others = [
            with_uri(&request, &edit),
            edited(&request.body, &edit).map(|body| Request { body, ..request.clone() }),
            with_platform(&request, &edit),
            with_key(&request, &edit),
        ];
        for other in others.into_iter().flatten() {
            prop_assert!(other.received().is_err(), "{:?}", other);
        }
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
    fn parameters_come_in_the_order_of_the_sender_and_in_one_form(
        params in Just(PARAMS.to_vec()).prop_shuffle(),
        edit in an_edit(),
    ) {
        let params = format!("(\"@method\" \"@authority\" \"@path\" \"@query\"){}", params.concat());
        let text = format!("em2={params}");
        prop_assert_eq!(&Input::read(&text, WITHOUT_BODY).unwrap().params, &params);
        prop_assert!(Input::read(&text, WITH_BODY).is_err());
        // What is another text is never read as the same claim.
        if let Some(other) = edited_text(&text, &edit) {
            prop_assert!(Input::read(&other, WITHOUT_BODY).map_or(true, |read| read.params == other[4..]));
        }
    }
}
