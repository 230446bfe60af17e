//! The lines of `security.md` about signed requests, by their numbers.

use em2_model::refusal::Code::{Clock, Replay, Sig, Type};

use super::*;
use crate::federation::nonces::{MOST, Nonces, SHARE};

const INPUT: &str = "signature-input";

/// A GET whose headers are by a key that signs whatever it is given.
fn signed_as(input: &str) -> Request {
    let request = Request::get();
    let params = input.strip_prefix("em2=").unwrap();
    let base = super::super::request_base(&request.own, &request.uri, None, params);
    let signature = super::super::fields::signature_text(&key().sign_request(base.as_bytes()));
    request.with(INPUT, input).with("signature", &signature)
}

#[test]
fn security_13_a_request_carries_one_signature() {
    let (post, get) = (Request::post(), Request::get());
    for name in ["signature", INPUT] {
        assert_eq!(get.clone().without(name).refused(), Sig);
        assert_eq!(post.clone().without(name).refused(), Sig);
        assert_eq!(get.clone().with(name, "").refused(), Sig);
        let text = get.header(name);
        let other = text.replace("em2=", "other=");
        for twice in [
            format!("{text}, {other}"),
            format!("{other}, {text}"),
            format!("{text}, {text}"),
        ] {
            assert_eq!(get.clone().with(name, &twice).refused(), Sig, "{twice}");
        }
        assert_eq!(get.clone().with(name, &other).refused(), Sig);
        let mut again = get.clone();
        again.headers.append(name, again.headers[name].clone());
        assert_eq!(again.refused(), Sig);
    }
    let other = |request: Request| {
        let request = request.edited(INPUT, "em2=", "other=");
        request.edited("signature", "em2=", "other=")
    };
    assert_eq!(other(get).refused(), Sig);
}

#[test]
fn security_13_a_signature_covers_these_components_and_no_others() {
    let get = Request::get();
    for (from, to) in [
        (r#"("@method" "#, "("),
        (r#" "@authority""#, ""),
        (r#" "@query""#, ""),
        (r#""@method" "@authority""#, r#""@authority" "@method""#),
        (r#""@query""#, r#""@query" "host""#),
        (r#""@query""#, r#""@query" "content-digest" "content-type""#),
        (r#""@query""#, r#""@query" "@query""#),
        (r#""@path""#, r#""@path";req"#),
        (r#""@path""#, "path"),
    ] {
        let input = get.header(INPUT).replacen(from, to, 1);
        assert_ne!(input, get.header(INPUT), "{from}");
        assert_eq!(signed_as(&input).refused(), Sig, "{to}");
    }
    let post = Request::post().edited(INPUT, r#" "content-digest" "content-type""#, "");
    assert_eq!(post.refused(), Sig);
    assert_eq!(Request::post().without("content-digest").refused(), Sig);
    assert_eq!(Request::post().without("content-type").refused(), Sig);
}

#[test]
fn security_13_a_signature_is_by_ed25519_for_em2() {
    let get = Request::get();
    let input = get.header(INPUT);
    signed_as(input).received().unwrap();
    for (from, to) in [
        (r#"alg="ed25519""#, r#"alg="hmac-sha256""#),
        (r#"alg="ed25519""#, r#"alg="Ed25519""#),
        (r#"alg="ed25519""#, "alg=ed25519"),
        (r#";alg="ed25519""#, ""),
        (r#"tag="em2-v1""#, r#"tag="em2-v2""#),
        (r#";tag="em2-v1""#, ""),
        (r#";tag="em2-v1""#, r#";tag="em2-v1";more"#),
        (r#";tag="em2-v1""#, r#";tag="em2-v1";tag="em2-v1""#),
        (";alg", "; alg"),
        ("created=1798761600", r#"created="1798761600""#),
        ("created=1798761600", "created=1798761600.0"),
        ("created=1798761600", "created=01798761600"),
        (";created=1798761600", ""),
        (";expires=1798761660", ""),
        ("em2.b.example#2026a", "em2.b.example"),
        ("em2.b.example#2026a", "bob@b.example#2026a"),
        ("em2.b.example#2026a", "EM2.b.example#2026a"),
        ("em2.b.example#2026a", "#2026a"),
        ("AgICAgICAgICAgICAgICAg", "AgICAgICAgICAgICAgIC"),
        ("AgICAgICAgICAgICAgICAg", "AgICAgICAgICAgICAgICAg=="),
        ("AgICAgICAgICAgICAgICAg", "AgICAgICAgICAgICAgICAh"),
        ("AgICAgICAgICAgICAgICAg", "not sixteen bytes at all"),
    ] {
        let other = input.replacen(from, to, 1);
        assert_ne!(other, input, "{from}");
        assert_eq!(signed_as(&other).refused(), Sig, "{to}");
    }
    let long = format!("nonce=\"{}", "A".repeat(1024));
    let long = input.replacen("nonce=\"", &long, 1);
    let long = signed_as(&long);
    let refusal = Claim::read(&long.method, &long.headers).unwrap_err();
    assert!(refusal.message.contains("short"), "{refusal}");
}

#[test]
fn security_13_a_signature_is_strict_and_by_the_key_it_names() {
    let mut other = Request::get();
    let kid = Kid::parse("2026a").unwrap();
    other.key = PlatformKey::from_test_seed(platform("em2.b.example"), kid, &[5; 32]).public();
    assert_eq!(other.refused(), Sig);

    let short = Request::get().with("signature", "em2=:AAAA:");
    assert_eq!(short.refused(), Sig);
    let loose = Request::get().edited("signature", "==:", ":");
    assert_eq!(loose.refused(), Sig);

    // S + L is the same number to a verifier that is not strict. // security 5
    let text = Request::get().header("signature").to_owned();
    let signature = super::super::fields::read_signature(&text).unwrap();
    let mut bytes = *signature.as_bytes();
    let order = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10_u8,
    ];
    let mut carry = 0;
    for (byte, more) in bytes[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(more) + carry;
        (*byte, carry) = (sum.to_le_bytes()[0], sum >> 8);
    }
    let second = super::super::fields::signature_text(&em2_model::id::Signature::from_bytes(bytes));
    assert_ne!(second, text);
    assert_eq!(Request::get().with("signature", &second).refused(), Sig);
}

#[test]
fn security_14_a_request_is_of_the_last_five_minutes_or_the_next_one() {
    let lives = |life: i64| {
        let expires = CREATED.as_millis() / 1000 + life;
        let input = Request::get().header(INPUT).to_owned();
        signed_as(&input.replace("expires=1798761660", &format!("expires={expires}")))
    };
    // The sender created it 300 seconds ago, then 60 seconds ahead of us.
    lives(300).at(300).received().unwrap();
    assert_eq!(lives(300).at(301).refused(), Clock);
    lives(60).at(-60).received().unwrap();
    assert_eq!(lives(60).at(-61).refused(), Clock);
    // It counts until it expires, and may say so for five minutes at most.
    lives(60).at(60).received().unwrap();
    assert_eq!(lives(60).at(61).refused(), Clock);
    assert_eq!(lives(301).at(0).refused(), Clock);
    assert_eq!(lives(-1).at(-60).refused(), Clock);
    let mut almost = lives(300).at(300);
    almost.now = almost.now.plus(1);
    assert_eq!(almost.refused(), Clock);
}

#[test]
fn security_14_no_number_of_seconds_overflows() {
    for (created, expires) in [
        ("999999999999999", "999999999999999"),
        ("-999999999999999", "999999999999999"),
        ("999999999999999", "-999999999999999"),
        ("-1", "0"),
    ] {
        let input = Request::get().header(INPUT).to_owned();
        let input = input.replace("created=1798761600", &format!("created={created}"));
        let input = input.replace("expires=1798761660", &format!("expires={expires}"));
        for now in [i64::MIN, 0, CREATED.as_millis(), i64::MAX] {
            let mut request = signed_as(&input);
            request.now = Time(now);
            let claim = Claim::read(&request.method, &request.headers).unwrap();
            let counts = claim.check_clock(request.now).is_ok();
            // A second before 1970, read in the first second of it.
            assert_eq!(counts, created == "-1" && now == 0, "{input} at {now}");
        }
    }
}

#[test]
fn security_15_a_post_that_comes_twice_is_received_once() {
    let nonces = Nonces::new(MOST, SHARE);
    let receive = |request: &Request| {
        let claim = request.received()?;
        let remembered = nonces.remember(&claim.platform, claim.nonce, request.now);
        remembered.map_err(|refusal| refusal.code)
    };
    let request = Request::post();
    assert_eq!(receive(&request), Ok(()));
    assert_eq!(receive(&request.clone().at(59)), Err(Replay));
    assert_eq!(receive(&request.clone().at(61)), Err(Clock));
    let next = Request::signed("/f/evt/", Some(b"{}"), [3; 16]);
    assert_eq!(receive(&next), Ok(()));
}

#[test]
fn security_17_a_body_is_the_one_that_was_signed() {
    let mut post = Request::post();
    post.body[0] ^= 1;
    assert_eq!(post.refused(), Sig);
    post.body.clear();
    assert_eq!(post.refused(), Sig);

    // A header that fits another body was not signed.
    let other = Request::signed("/f/evt/?v=1", Some(b"{}"), [1; 16]);
    let mut swapped = Request::post().with("content-digest", other.header("content-digest"));
    swapped.body = other.body.clone();
    assert_eq!(swapped.refused(), Sig);

    let digest = Request::post().header("content-digest").to_owned();
    for bad in [
        digest.replace("sha-256", "sha-512"),
        digest.replace("sha-256", "md5"),
        format!("{digest}, {digest}"),
        format!("{digest}, md5=:AAAA:"),
        format!("md5=:AAAA:, {digest}"),
        format!("{digest};a"),
        digest.replace("=:", ":"),
        digest.replace("sha-256=:", "sha-256=:AA"),
        "sha-256".to_owned(),
        "sha-256=::".to_owned(),
        String::new(),
    ] {
        let request = Request::post().with("content-digest", &bad);
        assert_eq!(request.refused(), Sig, "{bad}");
    }
}

#[test]
fn security_17_a_get_has_no_body() {
    let mut get = Request::get();
    get.body = b"{}".to_vec();
    assert_eq!(get.refused(), Sig);
    for (name, value) in [
        ("content-length", "2"),
        ("transfer-encoding", "chunked"),
        ("content-type", "application/em2+json"),
        (
            "content-digest",
            "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:",
        ),
    ] {
        let request = Request::get().with(name, value);
        assert_eq!(request.refused(), Sig, "{name}");
    }
    let empty = Request::get().with("content-length", "0");
    empty.received().unwrap();
}

#[test]
fn only_json_of_this_protocol_is_a_body() {
    for other in [
        "application/json",
        "application/em2+json; charset=utf-8",
        "text/plain",
        "",
    ] {
        let request = Request::post().with("content-type", other);
        assert_eq!(request.refused(), Type, "{other}");
    }
}

#[test]
fn no_other_method_takes_the_place_of_the_signed_one() {
    for method in [Method::POST, Method::HEAD, Method::PUT, Method::OPTIONS] {
        let mut request = Request::get();
        request.method = method;
        assert_eq!(request.refused(), Sig);
    }
    let mut request = Request::post();
    request.method = Method::GET;
    assert_eq!(request.refused(), Sig);
}

#[test]
fn a_signature_for_another_platform_is_none_for_us() {
    let mut request = Request::post();
    request.own = platform("em2.c.example");
    assert_eq!(request.refused(), Sig);
}
