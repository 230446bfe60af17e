//! A request as its bytes arrive: a line with method and path, the headers, an empty line, the body.

use em2_model::sign::PublicKey;
use em2_model::{Platform, Refusal};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};

use super::{CAST, NOW};
use crate::federation::signature::{Claim, Signed, check_authority, sign};

struct Received<'a> {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: &'a [u8],
}

/// A signed request to em2.a.example, accepted where em2.b.example of the frozen vectors signed it: of what is accepted
/// nothing that was signed can be another. // spec §6
pub fn request(bytes: &[u8]) -> bool {
    let Some(received) = read(bytes) else {
        return false;
    };
    let (own, key) = (&CAST.a, CAST.b.public());
    let Ok(claim) = received.check(own, &key) else {
        return false;
    };
    assert_eq!(claim.platform, CAST.b.platform);
    assert!(claim.check_digest(&[received.body, b" "].concat()).is_err());
    let refused = |own, uri, key| claim.check_signature(own, uri, key).is_err();
    let elsewhere = Uri::from_static("/f/elsewhere/");
    assert!(received.uri == elsewhere || refused(own, &elsewhere, &key));
    assert!(refused(&CAST.b.platform, &received.uri, &key));
    // Whoever signs the same anew is believed, too.
    let signed = Signed {
        authority: own,
        uri: &received.uri,
        body: (received.method == Method::POST).then_some(received.body),
    };
    let mut again = received.headers.clone();
    for (name, value) in sign(&signed, &CAST.b, claim.created, [1; 16]) {
        again.insert(name, value);
    }
    let again = Claim::read(&received.method, &again);
    assert!(again.is_ok_and(|claim| claim.check_signature(own, &received.uri, &key).is_ok()));
    true
}

impl Received<'_> {
    /// Everything that is checked, in the order of spec §6.
    fn check(&self, own: &Platform, key: &PublicKey) -> Result<Claim, Refusal> {
        check_authority(&self.uri, &self.headers, own)?;
        let claim = Claim::read(&self.method, &self.headers)?;
        claim.check_clock(NOW)?;
        claim.check_signature(own, &self.uri, key)?;
        claim.check_digest(self.body)?;
        Ok(claim)
    }
}

fn read(bytes: &[u8]) -> Option<Received<'_>> {
    let end = bytes.windows(2).position(|pair| pair == b"\n\n")?;
    let (head, body) = (&bytes[..end], &bytes[end + 2..]);
    let mut lines = head.split(|byte| *byte == b'\n');
    let (method, uri) = divided(lines.next()?, b' ')?;
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = divided(line, b':')?;
        let value = HeaderValue::from_bytes(value.trim_ascii()).ok()?;
        // A web server takes some dozens at most.
        headers
            .try_append(HeaderName::from_bytes(name).ok()?, value)
            .ok()?;
    }
    Some(Received {
        method: Method::from_bytes(method).ok()?,
        uri: Uri::try_from(uri).ok()?,
        headers,
        body,
    })
}

fn divided(line: &[u8], by: u8) -> Option<(&[u8], &[u8])> {
    let at = line.iter().position(|byte| *byte == by)?;
    Some((&line[..at], &line[at + 1..]))
}
