//! What somebody may do in a conversation, and how much of its past they see. // spec §9, §16

use serde::{Deserialize, Serialize};

use crate::id::ActionKey;
use crate::refusal::Refusal;

/// A list of words and the variants they stand for, in text and in serde.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive(::serde::Serialize, ::serde::Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $text)] $variant,)* }

        impl $name {
            /// Every one of them, in order.
            pub const ALL: &[$name] = &[$($name::$variant,)*];

            /// The word on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text,)* }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::refusal::Refusal;

            fn from_str(text: &str) -> Result<$name, $crate::refusal::Refusal> {
                let known = $name::ALL.iter().find(|word| word.as_str() == text);
                known.copied().ok_or_else(|| {
                    $crate::refusal::Refusal::format(concat!("This is not a ", stringify!($name), " of the protocol."))
                })
            }
        }
    };
}

pub(crate) use words;

words! {
    /// What a participant may do, each role including those before it. // spec §9
    Role {
        /// Reads, and may leave.
        Read = "read",
        /// Also answers messages and changes their own.
        Comment = "comment",
        /// Also writes messages and adds people.
        Write = "write",
        /// Also changes the messages of others, subject and labels.
        Edit = "edit",
        /// Also changes and removes people of lower roles.
        Admin = "admin",
        /// The creator, whom nobody removes or demotes.
        Owner = "owner",
    }
}

words! {
    /// How the text of a message is written. // spec §9
    Format {
        Markdown = "markdown",
        Plain = "plain",
        Html = "html",
    }
}

impl Default for Role {
    /// What those get who are added without saying more. // spec §9
    fn default() -> Role {
        Role::Write
    }
}

/// How much of what was said before they came a participant sees. // spec §16
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum History {
    /// Everything.
    #[default]
    All,
    /// From this message on.
    From(ActionKey),
    /// Nothing of it.
    Now,
}

impl History {
    /// The word of the scope on the wire: `all`, `from` or `now`.
    pub fn scope(&self) -> &'static str {
        match self {
            History::All => "all",
            History::From(_) => "from",
            History::Now => "now",
        }
    }

    /// Puts scope and message together as they stand in a body; `EM2_FORMAT` unless the
    /// message is there exactly with `from`. // spec §9
    pub fn parse(scope: &str, from: Option<ActionKey>) -> Result<History, Refusal> {
        match (scope, from) {
            ("all", None) => Ok(History::All),
            ("now", None) => Ok(History::Now),
            ("from", Some(message)) => Ok(History::From(message)),
            _ => Err(Refusal::format(
                "The history is all, now, or from a message.",
            )),
        }
    }

    /// The message that the scope begins with, if it names one.
    pub fn from_message(&self) -> Option<ActionKey> {
        match self {
            History::From(message) => Some(*message),
            History::All | History::Now => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_rise_from_read_to_owner() {
        let words: Vec<&str> = Role::ALL.iter().map(|role| role.as_str()).collect();
        assert_eq!(
            words,
            ["read", "comment", "write", "edit", "admin", "owner"]
        );
        assert!(Role::ALL.is_sorted());
        assert_eq!("edit".parse::<Role>().unwrap(), Role::Edit);
        assert_eq!(serde_json::to_string(&Role::Admin).unwrap(), "\"admin\"");
        assert!("Owner".parse::<Role>().is_err());
        assert_eq!(Role::default(), Role::Write);
    }

    #[test]
    fn a_scope_names_a_message_only_with_from() {
        let message = ActionKey::from_bytes([7; 32]);
        assert_eq!(
            History::parse("from", Some(message)).unwrap(),
            History::From(message)
        );
        assert_eq!(History::parse("all", None).unwrap(), History::All);
        for (scope, from) in [
            ("from", None),
            ("all", Some(message)),
            ("now", Some(message)),
            ("", None),
        ] {
            assert!(History::parse(scope, from).is_err());
        }
    }
}
