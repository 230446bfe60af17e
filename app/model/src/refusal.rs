//! The only error that crosses the wire: a code for machines, a sentence for people. // spec §7

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $status:literal;)*) => {
        /// Every reason for a refusal: those of spec §7, then those of the domestic API.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// Every code there is.
            pub const ALL: &[Code] = &[$(Code::$name,)*];

            /// The normative text, `EM2_…`.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$name => $text,)* }
            }

            /// The HTTP status that answers a request refused for this reason.
            pub fn status(self) -> u16 {
                match self { $(Code::$name => $status,)* }
            }
        }
    };
}

codes! {
    /// A field is missing, of the wrong type, out of bounds or unknown.
    Format = "EM2_FORMAT", 400;
    /// The bytes are not the canonical form of what they say. // spec §4
    NotCanonical = "EM2_NOT_CANONICAL", 400;
    /// The body is not the one that the header names.
    Hash = "EM2_HASH", 400;
    /// A signature is missing, wrong, or by a key that does not count here.
    Sig = "EM2_SIG", 401;
    /// The signing key is not in the key log of its platform.
    KeyUnknown = "EM2_KEY_UNKNOWN", 401;
    /// The clocks of the two platforms differ too much.
    Clock = "EM2_CLOCK", 401;
    /// The request was seen before.
    Replay = "EM2_REPLAY", 401;
    /// The role does not allow it, or the platform may not speak for the actor.
    Forbidden = "EM2_FORBIDDEN", 403;
    /// The actor never took part.
    NotParticipant = "EM2_NOT_PARTICIPANT", 403;
    /// The actor took part until `upto`.
    Removed = "EM2_REMOVED", 403;
    /// The platform's key log is another one than the conversation knows.
    Incarnation = "EM2_INCARNATION", 403;
    /// The platform is blocked here.
    Blocked = "EM2_BLOCKED", 403;
    /// There is no such conversation here.
    NoConv = "EM2_NO_CONV", 404;
    /// Records are missing before this one.
    Gap = "EM2_GAP", 409;
    /// The item has moved on since, or cannot be acted on in this way now.
    Conflict = "EM2_CONFLICT", 409;
    /// Somebody else is editing.
    Locked = "EM2_LOCKED", 423;
    /// Two commits for one place in the log.
    Fork = "EM2_FORK", 409;
    /// The conversation has expired.
    Expired = "EM2_EXPIRED", 410;
    /// The bytes were deleted.
    Gone = "EM2_GONE", 410;
    /// A limit of spec §7 is passed.
    TooBig = "EM2_TOO_BIG", 413;
    /// The media type or its coding is not accepted.
    Type = "EM2_TYPE", 415;
    /// The request was meant for another platform.
    WrongPlatform = "EM2_WRONG_PLATFORM", 421;
    /// Another platform leads this conversation.
    Leader = "EM2_LEADER", 422;
    /// Too many requests.
    Slow = "EM2_SLOW", 429;
    /// The platform cannot answer now.
    Down = "EM2_DOWN", 503;
    /// The version of the protocol is not spoken here.
    Version = "EM2_VERSION", 501;
    /// There is no such draft of this person.
    NoDraft = "EM2_NO_DRAFT", 404;
    /// Somebody unknown has added this person, who has not answered yet. // spec §16
    Request = "EM2_REQUEST", 403;
    /// Nobody is signed in.
    SignIn = "EM2_SIGN_IN", 401;
    /// The server has too much to do at this moment.
    Busy = "EM2_BUSY", 503;
    /// The idempotency key was used for another request.
    Idempotency = "EM2_IDEMPOTENCY", 422;
    /// The request comes from a page of another site.
    Origin = "EM2_ORIGIN", 403;
    /// A fault of this server.
    Internal = "EM2_INTERNAL", 500;
    /// There is nothing at this address.
    NotFound = "EM2_NOT_FOUND", 404;
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Code {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Code, Refusal> {
        let known = Code::ALL.iter().find(|code| code.as_str() == text);
        known
            .copied()
            .ok_or_else(|| Refusal::format("This is not a code of the protocol."))
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Code, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

/// Why something was not done, and what to do next; serialises as an RFC 9457 problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What a machine acts on.
    pub code: Code,
    /// What a person reads: what happened, and what to do.
    pub message: String,
    /// Further members of the problem, such as `until` of a lock.
    pub details: BTreeMap<String, Value>,
}

impl Refusal {
    /// A refusal without details.
    pub fn new(code: Code, message: impl Into<String>) -> Refusal {
        Refusal {
            code,
            message: message.into(),
            details: BTreeMap::new(),
        }
    }

    /// `EM2_FORMAT`, the most frequent one.
    pub fn format(message: impl Into<String>) -> Refusal {
        Refusal::new(Code::Format, message)
    }

    /// The same refusal with one more member.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Refusal {
        self.details.insert(name.to_owned(), value.into());
        self
    }
}

/// The code with the sentence that is said where nothing more is known.
impl From<Code> for Refusal {
    fn from(code: Code) -> Refusal {
        Refusal::new(code, sentence(code))
    }
}

fn sentence(code: Code) -> &'static str {
    match code {
        Code::Format => "A part of this could not be understood. Check it and try again.",
        Code::NotCanonical => "The bytes are not in canonical form. Serialise them again.",
        Code::Hash => "The body is not the one that was signed. Send the original bytes.",
        Code::Sig => "The signature does not count. Fetch the keys and sign again.",
        Code::KeyUnknown => "The signing key is not known. Fetch the platform's keys again.",
        Code::Clock => "The clocks differ too much. Correct yours and send it again.",
        Code::Replay => "This request was received before. Sign a new one.",
        Code::Forbidden => "Your role does not allow this. Ask an admin of the conversation.",
        Code::NotParticipant => "You take no part in this conversation. Ask to be added.",
        Code::Removed => "You were removed from this conversation. You keep what you had.",
        Code::Incarnation => "The platform has other keys than before. Ask its operator.",
        Code::Blocked => "The platform is blocked here. Ask the operator.",
        Code::NoConv => "There is no such conversation here. Send it from its beginning.",
        Code::Gap => "Something is missing before this. Send it from the last one we share.",
        Code::Conflict => "It was changed in the meantime. Look at the new form and try again.",
        Code::Locked => "Somebody else is editing this. Wait until they have finished.",
        Code::Fork => "The leader wrote two histories. Both are kept; ask the operator.",
        Code::Expired => "The conversation has expired. Start a new one.",
        Code::Gone => "This was deleted and cannot be had any more.",
        Code::TooBig => "This is too big. Make it smaller and try again.",
        Code::Type => "This media type is not accepted. Send JSON without compression.",
        Code::WrongPlatform => "This was meant for another platform. Check the address.",
        Code::Leader => "Another platform leads this conversation. Send it there.",
        Code::Slow => "That was too much at once. Wait a little and try again.",
        Code::Down => "The platform cannot answer now. It is tried again later.",
        Code::Version => "This version of the protocol is not spoken here. Ask the operator.",
        Code::NoDraft => "There is no such draft. It may have been sent or thrown away.",
        Code::Request => "Somebody you do not know added you. Accept the request first.",
        Code::SignIn => "You are not signed in. Sign in and try again.",
        Code::Busy => "The server is busy. Try again in a moment.",
        Code::Idempotency => "This key was used for something else. Take a new one.",
        Code::Origin => "This request came from another site. Open the page and do it there.",
        Code::Internal => "Something went wrong here. Try again; tell the operator if it stays.",
        Code::NotFound => "There is nothing here. Check the address.",
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Refusal {}

impl Serialize for Refusal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3 + self.details.len()))?;
        map.serialize_entry("status", &self.code.status())?;
        map.serialize_entry("code", &self.code)?;
        map.serialize_entry("detail", &self.message)?;
        for (name, value) in &self.details {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Refusal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Refusal, D::Error> {
        let mut members = BTreeMap::<String, Value>::deserialize(deserializer)?;
        let mut text = |name| match members.remove(name) {
            Some(Value::String(text)) => text,
            _ => String::new(),
        };
        let code: Code = text("code").parse().map_err(D::Error::custom)?;
        let detail = text("detail");
        for standard in ["status", "title", "type", "instance"] {
            members.remove(standard);
        }
        let message = if detail.is_empty() {
            sentence(code).to_owned()
        } else {
            detail
        };
        Ok(Refusal {
            code,
            message,
            details: members,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_reads_back_and_has_an_error_status() {
        for code in Code::ALL {
            assert_eq!(code.as_str().parse::<Code>().unwrap(), *code);
            assert!(code.as_str().starts_with("EM2_"));
            assert!((400..600).contains(&code.status()));
        }
        assert!("EM2_NONE".parse::<Code>().is_err());
    }

    #[test]
    fn a_refusal_is_a_problem_and_reads_back() {
        let refusal = Refusal::new(Code::Locked, "Bob is editing.").with("until", 17);
        let json = serde_json::to_string(&refusal).unwrap();
        assert_eq!(
            json,
            r#"{"status":423,"code":"EM2_LOCKED","detail":"Bob is editing.","until":17}"#
        );
        assert_eq!(serde_json::from_str::<Refusal>(&json).unwrap(), refusal);
    }

    #[test]
    fn a_refusal_without_a_sentence_gets_one() {
        let bare: Refusal = serde_json::from_str(r#"{"code":"EM2_GONE","title":"Gone"}"#).unwrap();
        assert_eq!(bare, Refusal::from(Code::Gone));
    }
}
