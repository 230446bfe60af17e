//! Bytes that others agreed on before: the frozen vectors, and those of the two RFCs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use em2_model::id::Signature;
use em2_model::sign::sha256;

use super::super::{base, fields};
use super::*;

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap()
}

/// Signs what the vector of this name says, and compares every byte.
fn reproduce(name: &str, nonce: [u8; 16]) {
    let vector = &vectors()["http"][name];
    let expected = text(vector, "base");
    let line = |component: &str| {
        let start = format!("\"{component}\": ");
        let mut lines = expected.lines();
        lines.find_map(|line| line.strip_prefix(&start)).unwrap()
    };
    let uri = format!("{}{}", line("@path"), line("@query"));
    let body = vector["body"].as_str().map(str::as_bytes);
    let request = Request::signed(&uri, body, nonce);
    assert_eq!(line("@method"), request.method.as_str());

    let headers = vector["headers"].as_object().unwrap();
    assert_eq!(request.headers.len(), headers.len());
    for (name, value) in headers {
        assert_eq!(request.header(name), value.as_str().unwrap(), "{name}");
    }
    let params = text(&vector["headers"], "Signature-Input");
    let params = params.strip_prefix("em2=").unwrap();
    let digest = body.map(sha256);
    let ours = super::super::request_base(&request.own, &request.uri, digest.as_ref(), params);
    assert_eq!(ours, expected);
    request.received().unwrap();
}

#[test]
fn the_frozen_post_is_signed_to_the_same_bytes() {
    reproduce("post", [0; 16]);
}

#[test]
fn the_frozen_get_is_signed_to_the_same_bytes() {
    reproduce("get", [1; 16]);
}

#[test]
fn rfc_9421_b_2_6_is_signed_to_the_same_bytes() {
    let seed = "n4Ni+HpISpVObnQMW0wOhCKROaIKqKtW/2ZYb2p9KcU=";
    let seed: [u8; 32] = STANDARD.decode(seed).unwrap().try_into().unwrap();
    let kid = Kid::parse("test-key-ed25519").unwrap();
    let key = PlatformKey::from_test_seed(platform("example.com"), kid, &seed);
    let public = "JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=";
    assert_eq!(STANDARD.encode(key.public().as_bytes()), public);

    let components = [
        ("date", "Tue, 20 Apr 2021 02:07:55 GMT"),
        ("@method", "POST"),
        ("@path", "/foo"),
        ("@authority", "example.com"),
        ("content-type", "application/json"),
        ("content-length", "18"),
    ];
    let params = "(\"date\" \"@method\" \"@path\" \"@authority\" \"content-type\" \"content-length\")\
                  ;created=1618884473;keyid=\"test-key-ed25519\"";
    let base = base(components, params);
    assert_eq!(
        base,
        r#""date": Tue, 20 Apr 2021 02:07:55 GMT
"@method": POST
"@path": /foo
"@authority": example.com
"content-type": application/json
"content-length": 18
"@signature-params": ("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519""#
    );
    let signature =
        "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==";
    assert_eq!(
        STANDARD.encode(key.sign_request(base.as_bytes()).as_bytes()),
        signature
    );
    let signature = Signature::from_bytes(STANDARD.decode(signature).unwrap().try_into().unwrap());
    key.public()
        .verify_request(base.as_bytes(), &signature)
        .unwrap();
}

#[test]
fn rfc_9530_digests_are_read_and_written() {
    for (body, header) in [
        (
            "{\"hello\": \"world\"}\n",
            "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:",
        ),
        (
            "{\"hello\": \"world\"}",
            "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:",
        ),
        ("", "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"),
    ] {
        let digest = sha256(body.as_bytes());
        assert_eq!(fields::digest_text(&digest), header);
        assert_eq!(fields::read_digest(header).unwrap(), digest);
    }
}
