//! An implementation of RFC 9421 by others, crate httpsig: it verifies what we sign, and we verify what it signs.

use httpsig::prelude::message_component::{HttpMessageComponent, HttpMessageComponentId};
use httpsig::prelude::{
    AlgorithmName, HttpSignatureBase, HttpSignatureHeaders, HttpSignatureParams, PublicKey,
    SecretKey, VerifyingKey as _,
};

use super::*;

/// The components of a request as the other implementation derives them, in the order of the profile.
fn derived(request: &Request) -> Vec<HttpMessageComponent> {
    let query = format!("?{}", request.uri.query().unwrap_or_default());
    let mut values = vec![
        ("\"@method\"", request.method.as_str()),
        ("\"@authority\"", request.own.as_str()),
        ("\"@path\"", request.uri.path()),
        ("\"@query\"", &query),
    ];
    if request.method == Method::POST {
        values.push(("\"content-digest\"", request.header("content-digest")));
        values.push(("\"content-type\"", request.header("content-type")));
    }
    let derive = |(id, value): (&str, &str)| {
        let id = HttpMessageComponentId::try_from(id).unwrap();
        HttpMessageComponent::try_from((&id, [value.to_owned()].as_slice())).unwrap()
    };
    values.into_iter().map(derive).collect()
}

#[test]
fn another_implementation_verifies_what_we_sign() {
    for request in [Request::post(), Request::get()] {
        let (signature, input) = (
            request.header("signature"),
            request.header("signature-input"),
        );
        let read = HttpSignatureHeaders::try_parse(signature, input).unwrap();
        let read = &read["em2"];
        assert_eq!(
            read.signature_params().keyid.as_deref(),
            Some("em2.b.example#2026a")
        );
        assert_eq!(read.signature_params().tag.as_deref(), Some("em2-v1"));

        let base = HttpSignatureBase::try_new(&derived(&request), read.signature_params());
        let base = base.unwrap().to_string();
        // It writes the parameters in an order of its own, and RFC 9421 §2.5 has them in that of the sender.
        let (components, params) = base.split_once("\"@signature-params\": ").unwrap();
        let params_sent = input.strip_prefix("em2=").unwrap();
        assert_eq!(sorted(params), sorted(params_sent));
        let base = format!("{components}\"@signature-params\": {params_sent}");

        let key = PublicKey::from_bytes(&AlgorithmName::Ed25519, key().public().as_bytes());
        let key = key.unwrap();
        let signature = read.signature().to_string();
        let signature = base64::Engine::decode(
            &base64::engine::general_purpose::STANDARD,
            signature.as_bytes(),
        );
        let signature = signature.unwrap();
        key.verify(base.as_bytes(), &signature).unwrap();
        assert!(
            key.verify(base.replace("/f/", "/g/").as_bytes(), &signature)
                .is_err()
        );
    }
}

fn sorted(params: &str) -> Vec<&str> {
    let mut params: Vec<&str> = params.split(';').collect();
    params.sort_unstable();
    params
}

#[test]
fn we_verify_what_another_implementation_signs() {
    let seed = vectors()["keys"]["b"]["seed_hex"].as_str().unwrap();
    let seed: ActionKey = seed.parse().unwrap();
    let key = SecretKey::from_bytes(&AlgorithmName::Ed25519, seed.as_bytes()).unwrap();
    for request in [Request::post(), Request::get()] {
        let components = derived(&request);
        let ids: Vec<_> = components.iter().map(|one| one.id.clone()).collect();
        let created = u64::try_from(CREATED.as_millis() / 1000).unwrap();
        let mut params = HttpSignatureParams::try_new(&ids).unwrap();
        params
            .set_created(created)
            .set_expires(created + 300)
            .set_nonce("MDEyMzQ1Njc4OTAxMjM0NTY3ODk")
            .set_alg(&AlgorithmName::Ed25519)
            .set_keyid("em2.b.example#2026a")
            .set_tag("em2-v1");
        let base = HttpSignatureBase::try_new(&components, &params).unwrap();
        let headers = base.build_signature_headers(&key, Some("em2")).unwrap();
        let request = request
            .with("signature-input", &headers.signature_input_header_value())
            .with("signature", &headers.signature_header_value());
        let claim = request.received().unwrap();
        assert_eq!(claim.platform.as_str(), "em2.b.example");
        assert_eq!(claim.expires, CREATED.plus(300_000));
    }
}
