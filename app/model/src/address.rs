//! Addresses of people and names of platforms: parsed once, valid for ever. // spec §1

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
#[cfg(feature = "unicode")]
use unicode_normalization::is_nfc;

use crate::refusal::{Code, Refusal};

/// The longest local part, in bytes.
pub const LOCAL_MAX: usize = 64;
/// The longest domain, in bytes of its A-label form.
pub const DOMAIN_MAX: usize = 253;

/// An e-mail address: a local part in NFC and a lower-case domain in A-label form. // spec §1
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    text: String,
    at: usize,
}

impl Address {
    /// Takes exactly what it is given, or refuses it with `EM2_FORMAT`.
    pub fn parse(text: &str) -> Result<Address, Refusal> {
        let refuse = || not_an_address(text);
        let (local, domain) = text.split_once('@').ok_or_else(refuse)?;
        if !is_local(local) || !is_domain(domain) {
            return Err(refuse());
        }
        Ok(Address {
            text: text.to_owned(),
            at: local.len(),
        })
    }

    /// Takes what a person typed: trimmed, and lower-cased where it is ASCII.
    pub fn parse_typed(text: &str) -> Result<Address, Refusal> {
        Address::parse(&text.trim().to_ascii_lowercase())
    }

    /// The whole address.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What stands before the `@`.
    pub fn local(&self) -> &str {
        &self.text[..self.at]
    }

    /// What stands behind the `@`.
    pub fn domain(&self) -> &str {
        &self.text[self.at + 1..]
    }
}

fn not_an_address(text: &str) -> Refusal {
    let shown: String = text.chars().filter(|c| !c.is_control()).take(80).collect();
    Refusal::new(
        Code::Format,
        format!("“{shown}” is not an e-mail address. Write it like anna@example.org."),
    )
}

/// The browser meets addresses that its platform has read, and what is typed there is read once more by it.
#[cfg(not(feature = "unicode"))]
fn is_nfc(_: &str) -> bool {
    true
}

/// A dot-atom of RFC 5321, widened by RFC 6531 to anything that is not ASCII.
fn is_local(local: &str) -> bool {
    local.len() <= LOCAL_MAX
        && is_nfc(local)
        && local
            .split('.')
            .all(|atom| !atom.is_empty() && atom.chars().all(is_atom))
}

fn is_atom(c: char) -> bool {
    match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' => true,
        _ if c.is_ascii() => "!#$%&'*+-/=?^_`{|}~".contains(c),
        _ => !c.is_control() && !c.is_whitespace(),
    }
}

/// Letters, digits and inner hyphens in labels of 1 to 63 bytes, lower-case.
fn is_domain(domain: &str) -> bool {
    domain.len() <= DOMAIN_MAX && domain.split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// A platform: a lower-case DNS host name, in development also `host:port`. // spec §1
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Platform {
    text: String,
}

impl Platform {
    /// Takes exactly what it is given, or refuses it with `EM2_FORMAT`.
    pub fn parse(text: &str) -> Result<Platform, Refusal> {
        let host = match text.split_once(':') {
            Some((host, port)) if is_port(port) => host,
            Some(_) => return Err(not_a_platform()),
            None => text,
        };
        if !is_domain(host) {
            return Err(not_a_platform());
        }
        Ok(Platform {
            text: text.to_owned(),
        })
    }

    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The name without the port.
    pub fn host(&self) -> &str {
        self.text
            .split_once(':')
            .map_or(&self.text, |(host, _)| host)
    }

    /// Whether production refuses this name: it has a port, no dot, or is a number. // spec §1
    pub fn is_development(&self) -> bool {
        let last = self.host().rsplit('.').next().unwrap_or("");
        self.text.contains(':')
            || !self.text.contains('.')
            || last == "localhost"
            || last.starts_with(|c: char| c.is_ascii_digit())
    }
}

/// 1 to 65535 without leading zeros.
fn is_port(port: &str) -> bool {
    !port.starts_with(['0', '+']) && port.parse::<u16>().is_ok()
}

fn not_a_platform() -> Refusal {
    Refusal::format("This is not the name of a platform. Write it like em2.example.org.")
}

macro_rules! text_form {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.text)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.text)
            }
        }

        impl FromStr for $name {
            type Err = Refusal;

            fn from_str(text: &str) -> Result<$name, Refusal> {
                $name::parse(text)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.text)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                $name::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
            }
        }
    };
}

text_form!(Address);
text_form!(Platform);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_parsed_is_what_is_stored() {
        let anna = Address::parse("Anna.O'Neill+em2@xn--bcher-kva.example").unwrap();
        assert_eq!(anna.as_str(), "Anna.O'Neill+em2@xn--bcher-kva.example");
        assert_eq!(
            (anna.local(), anna.domain()),
            ("Anna.O'Neill+em2", "xn--bcher-kva.example")
        );
        assert_eq!(
            Address::parse("jürgen@a.example").unwrap().local(),
            "jürgen"
        );
    }

    #[test]
    fn what_a_person_types_is_one_address() {
        let typed = Address::parse_typed(" Foo@X.example\n").unwrap();
        assert_eq!(typed, Address::parse("foo@x.example").unwrap());
    }

    #[test]
    fn other_texts_are_refused() {
        let long_local = format!("{}@a.example", "a".repeat(65));
        let long_domain = format!("a@{}", ["a".repeat(63).as_str(); 4].join("."));
        let bad = [
            "",
            "@",
            "a",
            "a@",
            "@a.example",
            "a@@a.example",
            "a@b@c.example",
            "a b@c.example",
            "a@c d.example",
            "a\0@b.example",
            "a@b.example\n",
            "a\u{a0}b@c.example",
            "a@.example",
            "a@b..example",
            "a@b.example.",
            "a@-b.example",
            "a@b-.example",
            "a@B.example",
            "a@bücher.example",
            "u\u{308}@a.example",
            ".a@b.example",
            "a.@b.example",
            "a..b@c.example",
            "\"a\"@b.example",
            "<a@b.example>",
            "a@[127.0.0.1]",
            "a@b_c.example",
            &long_local,
            &long_domain,
        ];
        for text in bad {
            let refused = Address::parse(text).expect_err(text);
            assert_eq!(refused.code, Code::Format, "{text}");
        }
    }

    #[test]
    fn a_platform_has_a_port_only_in_development() {
        assert!(!Platform::parse("em2.a.example").unwrap().is_development());
        for text in [
            "127.0.0.1:8025",
            "localhost:8025",
            "em2.a.example:8443",
            "127.0.0.1",
        ] {
            assert!(Platform::parse(text).unwrap().is_development(), "{text}");
        }
        for text in [
            "",
            ":1",
            "a:",
            "a:0",
            "a:65536",
            "a:+1",
            "a:1:2",
            "A.example",
            "[::1]",
            "a/b",
        ] {
            assert_eq!(Platform::parse(text).expect_err(text).code, Code::Format);
        }
        assert_eq!(Platform::parse("b.test:4002").unwrap().host(), "b.test");
    }
}
