//! Keys, nonces and times: what they look like as text, and nothing else. // spec §1

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::refusal::Refusal;

/// Gives a type its text form in `Display`, `Debug`, `FromStr` and serde.
macro_rules! as_text {
    ($name:ident, $encode:expr, $decode:expr, $what:literal) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&$encode(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl FromStr for $name {
            type Err = Refusal;

            fn from_str(text: &str) -> Result<$name, Refusal> {
                $decode(text)
                    .map($name)
                    .ok_or_else(|| Refusal::format($what))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                String::deserialize(deserializer)?
                    .parse()
                    .map_err(D::Error::custom)
            }
        }
    };
}

macro_rules! bytes {
    ($(#[$doc:meta])* $name:ident, $len:literal, $encode:expr, $decode:expr, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $len]);

        impl $name {
            /// The bytes themselves.
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }

            /// Any bytes are one.
            pub const fn from_bytes(bytes: [u8; $len]) -> $name {
                $name(bytes)
            }
        }

        as_text!($name, $encode, $decode, $what);
    };
}

macro_rules! hex_key {
    ($(#[$doc:meta])* $name:ident) => {
        bytes!($(#[$doc])* $name, 32, hex, unhex::<32>, "A key is 64 lower-case hex characters.");

        impl $name {
            /// The first 16 characters, for people and for mail.
            pub fn short(&self) -> String {
                hex(&self.0[..8])
            }
        }
    };
}

hex_key!(
    /// Names a published conversation: the key of the action that published it. // spec §5
    ConversationKey
);
hex_key!(
    /// Names an action: the hash of its header. Items are named by the action that added them.
    ActionKey
);
hex_key!(
    /// Names a commit: the hash of its bytes.
    CommitKey
);
hex_key!(
    /// The hash of a conversation's canonical state. // spec §5
    StateHash
);
bytes!(
    /// 16 bytes that make an action unique in its conversation. // spec §9
    Nonce, 16, b64, unb64::<16>, "A nonce is 16 bytes in base64url."
);
bytes!(
    /// 16 random bytes that keep a short body from being guessed from its hash. // spec §5
    Salt, 16, b64, unb64::<16>, "A salt is 16 bytes in base64url."
);
bytes!(
    /// The hash of a body, as a header names it. // spec §5
    BodyRef, 32, b64, unb64::<32>, "The ref of a body is 32 bytes in base64url."
);
bytes!(
    /// The first entry of a platform's key log, by its hash. // spec §3
    Incarnation, 32, b64, unb64::<32>, "An incarnation is 32 bytes in base64url."
);
bytes!(
    /// The SHA-256 of a file. // spec §16
    FileHash, 32, b64, unb64::<32>, "The hash of a file is 32 bytes in base64url."
);
bytes!(
    /// The 32 bytes of a public key, not yet looked at; [`crate::sign::PublicKey`] is checked.
    PublicBytes, 32, b64, unb64::<32>, "A public key is 32 bytes in base64url."
);
bytes!(
    /// An Ed25519 signature. // spec §5
    Signature, 64, b64, unb64::<64>, "A signature is 64 bytes in base64url."
);
bytes!(
    /// The key of a draft: a UUID, 16 bytes, in its lower-case hyphenated form.
    DraftKey, 16, uuid, un_uuid, "The key of a draft is a lower-case UUID."
);

impl From<ConversationKey> for ActionKey {
    fn from(key: ConversationKey) -> ActionKey {
        ActionKey(key.0)
    }
}

impl From<ActionKey> for ConversationKey {
    fn from(key: ActionKey) -> ConversationKey {
        ConversationKey(key.0)
    }
}

/// The first commit names the conversation where others name the commit before. // spec §5
impl From<ConversationKey> for CommitKey {
    fn from(key: ConversationKey) -> CommitKey {
        CommitKey(key.0)
    }
}

/// A draft or a published conversation; the form of the text decides which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConversationRef {
    Draft(DraftKey),
    Published(ConversationKey),
}

impl fmt::Display for ConversationRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConversationRef::Draft(key) => key.fmt(f),
            ConversationRef::Published(key) => key.fmt(f),
        }
    }
}

impl From<ConversationKey> for ConversationRef {
    fn from(key: ConversationKey) -> ConversationRef {
        ConversationRef::Published(key)
    }
}

impl From<DraftKey> for ConversationRef {
    fn from(key: DraftKey) -> ConversationRef {
        ConversationRef::Draft(key)
    }
}

impl FromStr for ConversationRef {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<ConversationRef, Refusal> {
        if text.contains('-') {
            text.parse().map(ConversationRef::Draft)
        } else {
            text.parse().map(ConversationRef::Published)
        }
    }
}

impl Serialize for ConversationRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ConversationRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ConversationRef, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

/// Milliseconds since 1970 UTC.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Time(pub i64);

impl Time {
    /// The milliseconds.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// So many milliseconds later, at most the end of time.
    pub const fn plus(self, millis: i64) -> Time {
        Time(self.0.saturating_add(millis))
    }
}

/// Bytes as lower-case hex characters.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| DIGITS[nibble as usize] as char;
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 15));
    }
    text
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.len() != 2 * N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().as_chunks::<2>().0) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some(bytes)
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

fn b64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn unb64<const N: usize>(text: &str) -> Option<[u8; N]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

fn uuid(bytes: &[u8; 16]) -> String {
    let groups = [
        &bytes[..4],
        &bytes[4..6],
        &bytes[6..8],
        &bytes[8..10],
        &bytes[10..],
    ];
    groups.map(hex).join("-")
}

fn un_uuid(text: &str) -> Option<[u8; 16]> {
    let bytes = unhex(&text.replace('-', ""))?;
    (uuid(&bytes) == text).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_64_lower_hex_characters() {
        let text = "ead34625ddaeb60a714f52a3806393f88a5e6072ff1ad807919de7f36891d52a";
        let key: ConversationKey = text.parse().unwrap();
        assert_eq!(key.to_string(), text);
        assert_eq!(key.short(), "ead34625ddaeb60a");
        assert_eq!(serde_json::to_string(&key).unwrap(), format!("\"{text}\""));
        assert_eq!(ConversationKey::from(ActionKey::from(key)), key);
        for bad in [
            &text[1..],
            &text.to_uppercase(),
            &format!("{text}0"),
            "",
            "é",
        ] {
            assert!(bad.parse::<ActionKey>().is_err(), "{bad}");
        }
    }

    #[test]
    fn binary_is_base64url_without_padding_and_in_one_form_only() {
        let nonce: Nonce = "hTCOuOeZ1UMQ_uyY45K3BQ".parse().unwrap();
        assert_eq!(nonce.to_string(), "hTCOuOeZ1UMQ_uyY45K3BQ");
        for bad in [
            "hTCOuOeZ1UMQ_uyY45K3BQ==",
            "hTCOuOeZ1UMQ/uyY45K3BQ",
            "hTCOuOeZ1UMQ_uyY45K3BR",
        ] {
            assert!(bad.parse::<Nonce>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_form_of_the_text_tells_a_draft_from_a_conversation() {
        let draft = "0199f3a1-0000-7000-8000-00000000000a";
        assert!(
            matches!(draft.parse().unwrap(), ConversationRef::Draft(key) if key.to_string() == draft)
        );
        let key = "00".repeat(32);
        assert!(matches!(
            key.parse().unwrap(),
            ConversationRef::Published(_)
        ));
        for bad in [
            "0199F3A1-0000-7000-8000-00000000000a",
            "0199f3a100007000800000000000000a",
            "-",
        ] {
            assert!(bad.parse::<ConversationRef>().is_err(), "{bad}");
        }
    }

    #[test]
    fn time_does_not_overflow() {
        assert_eq!(Time(i64::MAX).plus(1), Time(i64::MAX));
        assert_eq!(serde_json::to_string(&Time(5).plus(2)).unwrap(), "7");
    }
}
