//! em2.b.example sends requests to em2.a.example, with the keys and at the time of the frozen vectors.

mod any;
mod hostile;
mod oracle;
mod vectors;

use std::sync::LazyLock;

use em2_model::address::Platform;
use em2_model::id::{ActionKey, Time};
use em2_model::refusal::Code;
use em2_model::sign::{Kid, PlatformKey, PublicKey};
use http::{HeaderMap, HeaderValue, Method, Uri};
use serde_json::Value;

use super::{Claim, Signed, sign};

/// When the requests of the vectors were signed.
const CREATED: Time = Time(1_798_761_600_000);

fn vectors() -> &'static Value {
    static VECTORS: LazyLock<Value> = LazyLock::new(|| {
        let text = include_str!("../../../../app/model/tests/vectors/em2-v1.json");
        serde_json::from_str(text).unwrap()
    });
    &VECTORS
}

/// Who signs: em2.b.example.
fn key() -> PlatformKey {
    let vector = &vectors()["keys"]["b"];
    let seed: ActionKey = vector["seed_hex"].as_str().unwrap().parse().unwrap();
    let kid = Kid::parse(vector["kid"].as_str().unwrap()).unwrap();
    PlatformKey::from_test_seed(platform("em2.b.example"), kid, seed.as_bytes())
}

fn platform(name: &str) -> Platform {
    Platform::parse(name).unwrap()
}

/// A request on its way, in which anything may be changed.
#[derive(Clone, Debug)]
struct Request {
    method: Method,
    /// Whom the receiver believes to be.
    own: Platform,
    uri: Uri,
    headers: HeaderMap,
    body: Vec<u8>,
    key: PublicKey,
    now: Time,
}

impl Request {
    fn signed(uri: &str, body: Option<&[u8]>, nonce: [u8; 16]) -> Request {
        let own = platform("em2.a.example");
        let uri: Uri = uri.parse().unwrap();
        let signed = Signed {
            authority: &own,
            uri: &uri,
            body,
        };
        Request {
            method: body.map_or(Method::GET, |_| Method::POST),
            headers: sign(&signed, &key(), CREATED, nonce).into_iter().collect(),
            body: body.unwrap_or_default().to_vec(),
            key: key().public(),
            now: CREATED,
            own,
            uri,
        }
    }

    fn post() -> Request {
        Request::signed("/f/evt/?v=1", Some(br#"{"batches":[],"v":1}"#), [1; 16])
    }

    fn get() -> Request {
        Request::signed("/f/auth/?heads=1", None, [2; 16])
    }

    fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// With a header replaced.
    fn with(mut self, name: &'static str, value: &str) -> Request {
        let value = HeaderValue::from_str(value).unwrap();
        self.headers.insert(name, value);
        self
    }

    /// With a piece of a header replaced, which must be there.
    fn edited(self, name: &'static str, from: &str, to: &str) -> Request {
        let text = self.header(name);
        assert!(text.contains(from), "{from} in {text}");
        let text = text.replacen(from, to, 1);
        self.with(name, &text)
    }

    fn without(mut self, name: &str) -> Request {
        assert!(self.headers.remove(name).is_some(), "{name}");
        self
    }

    fn at(mut self, seconds: i64) -> Request {
        self.now = CREATED.plus(seconds * 1000);
        self
    }

    /// Everything that is checked, in the order of spec §6.
    fn received(&self) -> Result<Claim, Code> {
        let received = || {
            let claim = Claim::read(&self.method, &self.headers)?;
            claim.check_clock(self.now)?;
            claim.check_signature(&self.own, &self.uri, &self.key)?;
            claim.check_digest(&self.body)?;
            Ok(claim)
        };
        received().map_err(|refusal: em2_model::Refusal| refusal.code)
    }

    fn refused(&self) -> Code {
        self.received().expect_err("it was received")
    }
}

#[test]
fn what_is_signed_is_received_and_says_who_sent_it() {
    for request in [Request::post(), Request::get()] {
        let claim = request.received().unwrap();
        assert_eq!(claim.platform.as_str(), "em2.b.example");
        assert_eq!(claim.kid.as_str(), "2026a");
        assert_eq!(claim.created, CREATED);
        assert_eq!(claim.expires, CREATED.plus(60_000));
    }
}

#[test]
fn the_longest_names_find_room() {
    let label = "a".repeat(63);
    let host = [label.as_str(), &label, &label, &"b".repeat(61)].join(".");
    let longest = platform(&format!("{host}:65535"));
    let kid = Kid::parse(&"k".repeat(64)).unwrap();
    let key = PlatformKey::from_test_seed(longest.clone(), kid, &[9; 32]);
    let mut request = Request::post();
    let signed = Signed {
        authority: &longest,
        uri: &request.uri,
        body: Some(&request.body),
    };
    request.headers = sign(&signed, &key, CREATED, [0; 16]).into_iter().collect();
    (request.own, request.key) = (longest.clone(), key.public());
    assert_eq!(request.received().unwrap().platform, longest);
}
