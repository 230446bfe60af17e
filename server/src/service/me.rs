//! Who asks, and what makes a repeated request the same one.

use em2_model::Address;
use em2_model::refusal::Refusal;

use crate::store::users::UserId;

/// The signed-in person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Me {
    pub user: UserId,
    pub address: Address,
    pub name: String,
}

/// What a client chose so that a repeated write happens once: 1 to 64 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Reads a key as it was sent.
    pub fn parse(text: &str) -> Result<IdempotencyKey, Refusal> {
        if (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(IdempotencyKey(text.to_owned()))
        } else {
            Err(Refusal::format(
                "An idempotency key has 1 to 64 visible ASCII characters. Take a UUID.",
            ))
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_short_and_visible() {
        assert_eq!(IdempotencyKey::parse("a-1").unwrap().as_str(), "a-1");
        for text in ["", " ", "a b", "ä", "\n", &"x".repeat(65)] {
            assert!(IdempotencyKey::parse(text).is_err(), "{text:?}");
        }
    }
}
