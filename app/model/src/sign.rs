//! Hashes and signatures, each bound to the kind of thing that it is for. // spec §5

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::address::{Address, Platform};
use crate::id::{PublicBytes, Signature};
use crate::refusal::{Code, Refusal};

/// What a hash or a signature is for: one for another never counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    Body,
    Action,
    Commit,
    State,
    Head,
    Mail,
    Key,
    Evidence,
}

impl Tag {
    fn as_str(self) -> &'static str {
        match self {
            Tag::Body => "body",
            Tag::Action => "action",
            Tag::Commit => "commit",
            Tag::State => "state",
            Tag::Head => "head",
            Tag::Mail => "mail",
            Tag::Key => "key",
            Tag::Evidence => "evidence",
        }
    }
}

/// `SHA-256("em2/v1/" ‖ tag ‖ 0x00 ‖ bytes)`.
pub fn hash(tag: Tag, bytes: &[u8]) -> [u8; 32] {
    let hasher = Sha256::new()
        .chain_update(b"em2/v1/")
        .chain_update(tag.as_str());
    hasher
        .chain_update([0])
        .chain_update(bytes)
        .finalize()
        .into()
}

/// Plain SHA-256, for files and for entries of a key log. // spec §3, §16
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// The first 16 bytes of `H("mail", Message-ID)`: a mail that reaches several platforms becomes
/// one action. // spec §18
pub fn mail_nonce(message_id: &str) -> crate::id::Nonce {
    let mut nonce = [0; 16];
    nonce.copy_from_slice(&hash(Tag::Mail, message_id.as_bytes())[..16]);
    crate::id::Nonce::from_bytes(nonce)
}

/// What is signed: `"em2/v1/sig/" ‖ tag ‖ 0x00 ‖ hash`.
fn signed_bytes(tag: Tag, hash: &[u8; 32]) -> Vec<u8> {
    [b"em2/v1/sig/", tag.as_str().as_bytes(), &[0], hash].concat()
}

/// A public key that is neither weak nor written in a second form. // spec §3
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// `EM2_FORMAT` for small-order points, non-canonical encodings and what is no point at all.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<PublicKey, Refusal> {
        let refuse = || Refusal::format("This public key cannot be used. Make another one.");
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| refuse())?;
        if key.is_weak() || key.to_edwards().compress().to_bytes() != *bytes {
            return Err(refuse());
        }
        Ok(PublicKey(key))
    }

    /// The 32 bytes of the key.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// Strict verification only: dalek's plain one accepts forgeries under weak keys.
    pub fn verify(&self, tag: Tag, hash: &[u8; 32], signature: &Signature) -> Result<(), Refusal> {
        let signature = ed25519_dalek::Signature::from_bytes(signature.as_bytes());
        let strict = self.0.verify_strict(&signed_bytes(tag, hash), &signature);
        strict.map_err(|_| Refusal::from(Code::Sig))
    }

    /// Whether a request between platforms was signed so: `base` is the signature base of RFC 9421,
    /// without a hash. Strict as [`PublicKey::verify`]. // spec §6
    pub fn verify_request(&self, base: &[u8], signature: &Signature) -> Result<(), Refusal> {
        let signature = ed25519_dalek::Signature::from_bytes(signature.as_bytes());
        let strict = self.0.verify_strict(base, &signature);
        strict.map_err(|_| Refusal::from(Code::Sig))
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        PublicBytes::from_bytes(*self.as_bytes()).fmt(f)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<PublicKey, D::Error> {
        let bytes = PublicBytes::deserialize(deserializer)?;
        PublicKey::from_bytes(bytes.as_bytes()).map_err(D::Error::custom)
    }
}

/// The short name of a key within its log: 1 to 64 of letters, digits, `.`, `_` and `-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Kid(String);

impl Kid {
    /// Takes exactly what it is given, or refuses it with `EM2_FORMAT`.
    pub fn parse(text: &str) -> Result<Kid, Refusal> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b".-_".contains(&b);
        if text.is_empty() || text.len() > 64 || !text.bytes().all(allowed) {
            return Err(Refusal::format("This is not the name of a key."));
        }
        Ok(Kid(text.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Kid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Kid, D::Error> {
        Kid::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// Whose key it is and which: `em2.b.example#2026a`, or a person's `anna@a.example#1`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyName {
    Platform(Platform, Kid),
    Person(Address, Kid),
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyName::Platform(platform, kid) => write!(f, "{platform}#{}", kid.as_str()),
            KeyName::Person(address, kid) => write!(f, "{address}#{}", kid.as_str()),
        }
    }
}

impl FromStr for KeyName {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<KeyName, Refusal> {
        let Some((owner, kid)) = text.rsplit_once('#') else {
            return Err(Refusal::format("The name of a key is owner#name."));
        };
        let kid = Kid::parse(kid)?;
        if owner.contains('@') {
            Ok(KeyName::Person(Address::parse(owner)?, kid))
        } else {
            Ok(KeyName::Platform(Platform::parse(owner)?, kid))
        }
    }
}

impl Serialize for KeyName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for KeyName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<KeyName, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

/// A signature and the key it is by, as they stand in a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stamp {
    pub k: KeyName,
    pub v: Signature,
}

/// The key with which a platform signs.
#[derive(Clone)]
pub struct PlatformKey {
    pub platform: Platform,
    pub kid: Kid,
    signing: SigningKey,
}

impl PlatformKey {
    /// From a private seed; `EM2_FORMAT` for one of equal bytes and for the published test keys,
    /// with which a server must not start. // spec §3
    pub fn from_seed(platform: Platform, kid: Kid, seed: &[u8; 32]) -> Result<Self, Refusal> {
        let key = PlatformKey::from_test_seed(platform, kid, seed);
        let published = PUBLISHED_TEST_KEYS.contains(&key.public().to_string().as_str());
        if published || seed.iter().all(|byte| *byte == seed[0]) {
            return Err(Refusal::format(
                "This key is public knowledge. Make a new one.",
            ));
        }
        Ok(key)
    }

    /// From any seed, the published ones included: for tests against the frozen vectors.
    pub fn from_test_seed(platform: Platform, kid: Kid, seed: &[u8; 32]) -> PlatformKey {
        PlatformKey {
            platform,
            kid,
            signing: SigningKey::from_bytes(seed),
        }
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.signing.verifying_key())
    }

    /// Signs a hash for one purpose; the same input gives the same signature.
    pub fn sign(&self, tag: Tag, hash: &[u8; 32]) -> Signature {
        Signature::from_bytes(self.signing.sign(&signed_bytes(tag, hash)).to_bytes())
    }

    /// Signs and says by which key.
    pub fn stamp(&self, tag: Tag, hash: &[u8; 32]) -> Stamp {
        let k = KeyName::Platform(self.platform.clone(), self.kid.clone());
        Stamp {
            k,
            v: self.sign(tag, hash),
        }
    }

    /// Signs the signature base of a request between platforms, as it is. It begins with a quotation
    /// mark and no tagged hash does: one is never taken for the other. // spec §6
    pub fn sign_request(&self, base: &[u8]) -> Signature {
        Signature::from_bytes(self.signing.sign(base).to_bytes())
    }
}

impl fmt::Debug for PlatformKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PlatformKey({}#{})", self.platform, self.kid.as_str())
    }
}

/// The public halves of the keys in the frozen vectors.
const PUBLISHED_TEST_KEYS: [&str; 3] = [
    "y2gaFmXunLDEYRJgyYP35TZaN0l60lu6iJwtc_gYm_0",
    "_p0HLTg9E-Gw0P3WiVbHTK4FyDnATZKDpbKJs4ALL5c",
    "u1iy7jB9yNxg8kfHaMcAML-8atWMw1bz9JvrF1GlSvI",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn key(seed: u8) -> PlatformKey {
        let mut bytes = [seed; 32];
        bytes[0] ^= 1;
        let platform = Platform::parse("em2.c.example").unwrap();
        PlatformKey::from_seed(platform, Kid::parse("1").unwrap(), &bytes).unwrap()
    }

    #[test]
    fn a_signature_counts_for_one_key_one_hash_and_one_purpose() {
        let (key, other) = (key(1), key(2));
        let hash = hash(Tag::Action, b"bytes");
        let signature = key.sign(Tag::Action, &hash);
        assert!(key.public().verify(Tag::Action, &hash, &signature).is_ok());
        assert!(key.public().verify(Tag::Commit, &hash, &signature).is_err());
        assert!(
            key.public()
                .verify(Tag::Action, &[0; 32], &signature)
                .is_err()
        );
        assert!(
            other
                .public()
                .verify(Tag::Action, &hash, &signature)
                .is_err()
        );
    }

    #[test]
    fn a_signed_request_is_no_signed_hash() {
        let key = key(1);
        let base = b"\"@method\": GET";
        let signature = key.sign_request(base);
        assert!(key.public().verify_request(base, &signature).is_ok());
        let other = key
            .public()
            .verify_request(b"\"@method\": POST", &signature);
        assert_eq!(other.unwrap_err().code, Code::Sig);
        let hash = hash(Tag::Action, base);
        assert!(key.public().verify(Tag::Action, &hash, &signature).is_err());
        let tagged = key.sign(Tag::Action, &hash);
        assert!(key.public().verify_request(base, &tagged).is_err());
    }

    #[test]
    fn small_order_and_second_forms_are_no_keys() {
        let mut identity = [0; 32];
        identity[0] = 1;
        // The order-2 point, the prime itself (a second form of y = 0) and p + 1 (of y = 1).
        let minus_one = [[0xec].as_slice(), &[0xff; 30], &[0x7f]].concat();
        let p = [[0xed].as_slice(), &[0xff; 30], &[0x7f]].concat();
        let p_plus_one = [[0xee].as_slice(), &[0xff; 30], &[0x7f]].concat();
        // y = p + 3 decodes to a point of large order, written in a second form.
        let p_plus_three = [[0xf0].as_slice(), &[0xff; 30], &[0x7f]].concat();
        for bytes in [
            identity.to_vec(),
            vec![0; 32],
            minus_one,
            p,
            p_plus_one,
            p_plus_three,
        ] {
            let bytes: [u8; 32] = bytes.try_into().unwrap();
            assert_eq!(
                PublicKey::from_bytes(&bytes).unwrap_err().code,
                Code::Format
            );
        }
    }

    #[test]
    fn the_name_of_a_key_says_whose_it_is() {
        let platform: KeyName = "em2.b.example#2026a".parse().unwrap();
        assert!(matches!(&platform, KeyName::Platform(p, _) if p.as_str() == "em2.b.example"));
        let person: KeyName = "anna#1@a.example#k".parse().unwrap();
        assert!(matches!(&person, KeyName::Person(a, _) if a.as_str() == "anna#1@a.example"));
        for bad in [
            "em2.b.example",
            "#a",
            "em2.b.example#",
            "em2.b.example#a b",
            "a@#1",
        ] {
            assert!(bad.parse::<KeyName>().is_err(), "{bad}");
        }
    }
}
