//! The floor as a client sees it: signed actions that it takes.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use ed25519_dalek::{Signer as _, SigningKey};
use http::Request;
use http_body_util::Full;
use sha2::{Digest as _, Sha256};

use crate::client::authority;
use crate::seed;

/// How many actions are signed beforehand, and sent in turn.
const SIGNED: u64 = 512;

/// The key whose actions the floor takes: it proves nothing to anybody, and is the same in every run.
fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

/// The public half, as the floor is told it.
pub(crate) fn public() -> String {
    BASE64_URL_SAFE_NO_PAD.encode(key().verifying_key().as_bytes())
}

/// Actions that the floor verifies, of the size of ours.
pub(crate) fn actions() -> Vec<Bytes> {
    (0..SIGNED).map(action).collect()
}

fn action(number: u64) -> Bytes {
    let key = key();
    let body = format!(
        "{{\"format\":\"markdown\",\"text\":\"{}\"}}",
        seed::text(number)
    );
    let header = format!(
        "{{\"actor\":\"anna@a.example\",\"at\":1754049600000,\"conv\":\"{number:064x}\",\"model\":\"message\",\"nonce\":\"{number:022x}\",\"platform\":\"em2.a.example\",\"v\":1,\"verb\":\"add\"}}"
    );
    let digest = Sha256::new()
        .chain_update(b"floor")
        .chain_update(&header)
        .chain_update(Sha256::digest(&body))
        .finalize();
    let signature = BASE64_URL_SAFE_NO_PAD.encode(key.sign(&digest).to_bytes());
    format!("{{\"h\":{header},\"s\":\"{signature}\",\"b\":{body}}}").into()
}

/// `POST /append` of these actions in turn, beginning somewhere.
pub(crate) fn appends(
    url: &str,
    actions: Vec<Bytes>,
    from: usize,
) -> impl FnMut() -> Request<Full<Bytes>> + Send + use<> {
    let host = authority(url).to_owned();
    let mut next = from;
    move || {
        let action = actions[next % actions.len()].clone();
        next += 1;
        request("POST", &host, "/append", action)
    }
}

/// `GET` of a path, over and over.
pub(crate) fn gets(url: &str, path: &str) -> impl FnMut() -> Request<Full<Bytes>> + Send + use<> {
    let (host, path) = (authority(url).to_owned(), path.to_owned());
    move || request("GET", &host, &path, Bytes::new())
}

fn request(method: &str, host: &str, path: &str, body: Bytes) -> Request<Full<Bytes>> {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", host);
    // Made of words that are given in this program.
    request.body(Full::new(body)).expect("a request")
}
