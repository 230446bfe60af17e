//! Random tokens: given to a browser once, stored as their hash.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use em2_model::refusal::{Code, Refusal};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::store::sessions::TokenHash;

/// 256 random bits, as text 43 characters of base64url.
#[derive(Clone)]
pub struct Token(Zeroizing<[u8; 32]>);

impl Token {
    /// Draws a token from the system's randomness.
    pub fn fresh() -> Result<Token, Refusal> {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(bytes.as_mut()).map_err(|error| {
            tracing::error!(%error, "no randomness");
            Refusal::from(Code::Internal)
        })?;
        Ok(Token(bytes))
    }

    /// Reads a token's text; anything else is none.
    pub fn parse(text: &str) -> Option<Token> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        Some(Token(Zeroizing::new(bytes.try_into().ok()?)))
    }

    /// The text that a cookie or an address carries.
    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.as_ref())
    }

    /// Its SHA-256: all that is stored of it.
    pub fn hash(&self) -> TokenHash {
        TokenHash(Sha256::digest(self.0.as_ref()).into())
    }

    /// Compares in constant time.
    pub fn is(&self, other: &Token) -> bool {
        self.0.ct_eq(other.0.as_ref()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_back_and_two_differ() {
        let token = Token::fresh().unwrap();
        assert_eq!(token.text().len(), 43);
        let read = Token::parse(&token.text()).unwrap();
        assert!(read.is(&token));
        assert_eq!(read.hash(), token.hash());
        assert!(!token.is(&Token::fresh().unwrap()));
    }

    #[test]
    fn what_is_not_a_token_is_none() {
        for text in ["", "short", "====", &"A".repeat(42), &"A".repeat(44), "ä"] {
            assert!(Token::parse(text).is_none(), "{text}");
        }
    }
}
