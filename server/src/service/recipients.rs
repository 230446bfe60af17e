//! Whom something is for: what was typed, read as addresses, and where each of them is reached.

use em2_model::Platform;
use em2_model::address::Address;
use em2_model::conversation::PEOPLE_MAX;
use em2_model::id::Incarnation;
use em2_model::refusal::{Code, Refusal};

use super::Service;
use super::failure::Failure;
use crate::store::users::{User, list_users_by_address};

/// Somebody as typed into a draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Recipient {
    pub(super) address: Address,
    /// As typed before the address.
    pub(super) name: Option<String>,
}

/// Reads `anna@a.example, Bob <bob@b.example>; carl@c.example`: separated by commas, semicolons or white space. Somebody
/// who is named twice comes once. What is no address is refused by name.
pub(super) fn parse(to: &str) -> Result<Vec<Recipient>, Refusal> {
    let mut recipients: Vec<Recipient> = Vec::new();
    let mut name: Vec<&str> = Vec::new();
    for token in tokens(to) {
        match token {
            Token::Separator => no_address(&name)?,
            Token::Word(word) if word.contains('@') => {
                no_address(&name)?;
                add(&mut recipients, Address::parse_typed(word)?, None)?;
            }
            Token::Word(word) => {
                name.push(word);
                continue;
            }
            Token::Quoted(words) => {
                name.push(words);
                continue;
            }
            Token::Bracketed(address) => {
                let typed = name.join(" ");
                let typed = typed.trim();
                add(
                    &mut recipients,
                    Address::parse_typed(address)?,
                    (!typed.is_empty()).then(|| typed.to_owned()),
                )?;
            }
        }
        name.clear();
    }
    no_address(&name)?;
    Ok(recipients)
}

/// Somebody who can be added.
#[derive(Clone, Debug)]
pub(super) enum Invited {
    /// With an account here.
    Here(User),
    /// On another platform, by the name that they were added with.
    There {
        address: Address,
        name: Option<String>,
        platform: Platform,
        inc: Incarnation,
    },
}

impl Invited {
    pub(super) fn address(&self) -> &Address {
        match self {
            Invited::Here(user) => &user.address,
            Invited::There { address, .. } => address,
        }
    }

    /// The account, of somebody here.
    pub(super) fn user(&self) -> Option<&User> {
        match self {
            Invited::Here(user) => Some(user),
            Invited::There { .. } => None,
        }
    }
}

impl Service {
    /// Where each of these people is reached; the first who cannot be is refused by name.
    pub(super) async fn invite(&self, people: Vec<Recipient>) -> Result<Vec<Invited>, Failure> {
        let ours: Vec<Address> = people.iter().map(|who| who.address.clone()).collect();
        let mut known = match ours.is_empty() {
            true => Vec::new(),
            false => list_users_by_address(&mut self.store.reader().await?, &ours).await?,
        };
        let mut invited = Vec::with_capacity(people.len());
        for who in people {
            let found = known.iter().position(|user| user.address == who.address);
            invited.push(match found {
                Some(at) => Invited::Here(known.swap_remove(at)),
                None => self.invite_abroad(who).await?,
            });
        }
        Ok(invited)
    }

    async fn invite_abroad(&self, who: Recipient) -> Result<Invited, Failure> {
        let Recipient { address, name } = who;
        let refused =
            |message| Refusal::new(Code::Format, message).with("address", address.as_str());
        if self.identity.serves(address.domain()) {
            let message =
                format!("Nobody here has the address {address}. Correct it, or take it out.");
            return Err(refused(message).into());
        }
        match self.peers.find(&address).await {
            Ok(Some((platform, inc))) => Ok(Invited::There {
                address,
                name,
                platform,
                inc,
            }),
            Ok(None) => {
                let message = format!(
                    "{address} is reached by e-mail only, which this platform does not send yet. Take it out."
                );
                Err(refused(message).into())
            }
            Err(refusal) => Err(refusal.with("address", address.as_str()).into()),
        }
    }
}

fn add(
    recipients: &mut Vec<Recipient>,
    address: Address,
    name: Option<String>,
) -> Result<(), Refusal> {
    if recipients.iter().any(|known| known.address == address) {
        return Ok(());
    }
    if recipients.len() == PEOPLE_MAX {
        let message = format!("A conversation has at most {PEOPLE_MAX} people. Take some out.");
        return Err(Refusal::new(Code::TooBig, message).with("limit", PEOPLE_MAX));
    }
    recipients.push(Recipient { address, name });
    Ok(())
}

/// Words that no address followed are refused as one.
fn no_address(words: &[&str]) -> Result<(), Refusal> {
    if words.is_empty() {
        return Ok(());
    }
    let words = words.join(" ");
    match Address::parse(&words) {
        Err(refusal) => Err(refusal.with("address", words)),
        // A word with an `@` never comes here.
        Ok(_) => Ok(()),
    }
}

enum Token<'a> {
    Word(&'a str),
    /// `"Doe, Jane"` without its quotes.
    Quoted(&'a str),
    /// `<jane@a.example>` without its brackets.
    Bracketed(&'a str),
    /// A comma, a semicolon or the end of a line.
    Separator,
}

fn tokens(text: &str) -> impl Iterator<Item = Token<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|sign: char| sign.is_whitespace() && sign != '\n');
        let first = rest.chars().next()?;
        let within = |close: char| {
            rest[1..]
                .find(close)
                .map(|end| (&rest[1..=end], &rest[end + 2..]))
        };
        let (token, after) = match first {
            ',' | ';' | '\n' => (Token::Separator, &rest[1..]),
            '"' if within('"').is_some() => {
                within('"').map(|(inner, after)| (Token::Quoted(inner), after))?
            }
            '<' if within('>').is_some() => {
                within('>').map(|(inner, after)| (Token::Bracketed(inner), after))?
            }
            _ => {
                let ends = |sign: char| sign.is_whitespace() || matches!(sign, ',' | ';' | '<');
                let end = rest
                    .char_indices()
                    .skip(1)
                    .find(|(_, sign)| ends(*sign))
                    .map_or(rest.len(), |(at, _)| at);
                (Token::Word(&rest[..end]), &rest[end..])
            }
        };
        rest = after;
        Some(token)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(to: &str) -> Vec<(String, Option<String>)> {
        parse(to)
            .unwrap()
            .into_iter()
            .map(|who| (who.address.to_string(), who.name))
            .collect()
    }

    fn refused(to: &str) -> String {
        let refusal = parse(to).unwrap_err();
        assert_eq!(refusal.code, Code::Format);
        refusal.message
    }

    #[test]
    fn addresses_stand_between_commas_semicolons_and_white_space() {
        let bare = |address: &str| (address.to_owned(), None);
        assert_eq!(read(""), []);
        assert_eq!(read(" ,; \n\t"), []);
        assert_eq!(
            read("ann@a.example,bob@b.example; carl@c.example\ndora@d.example  eve@e.example,"),
            [
                "ann@a.example",
                "bob@b.example",
                "carl@c.example",
                "dora@d.example",
                "eve@e.example"
            ]
            .map(bare)
        );
        assert_eq!(read("Ann@A.Example ann@a.example"), [bare("ann@a.example")]);
    }

    #[test]
    fn a_name_may_stand_before_an_address_in_brackets() {
        let named = |address: &str, name: &str| (address.to_owned(), Some(name.to_owned()));
        assert_eq!(
            read(
                "Ann Lee <ann@a.example>, \"Doe, Jane\" <jane@a.example> Bob<bob@a.example>;<carl@a.example>"
            ),
            [
                named("ann@a.example", "Ann Lee"),
                named("jane@a.example", "Doe, Jane"),
                named("bob@a.example", "Bob"),
                ("carl@a.example".to_owned(), None),
            ]
        );
    }

    #[test]
    fn what_is_no_address_is_named() {
        assert!(refused("ann@a.example, bob").contains("“bob”"));
        assert!(refused("Ann Lee, bob@b.example").contains("“Ann Lee”"));
        assert!(refused("ann@").contains("“ann@”"));
        assert!(refused("Ann <ann>").contains("“ann”"));
        assert!(refused("bob bob@b.example").contains("“bob”"));
        assert!(refused("<ann@a.example").contains('<'));
        assert!(refused("\"Ann").contains("Ann"));
        assert!(refused("\"Ann\"").contains("Ann"));
    }

    #[test]
    fn a_crowd_is_refused_before_it_is_compared() {
        let crowd: String = (0..10_000).map(|n| format!("a{n}@a.example,")).collect();
        assert_eq!(parse(&crowd).unwrap_err().code, Code::TooBig);
    }

    #[test]
    fn no_text_makes_it_panic() {
        for text in [
            "<",
            "\"",
            "<>",
            "\"\"",
            "é<ü>",
            "<é",
            "\"ü",
            "a<b<c>",
            ">",
            "@",
            "\u{1F600}@\u{1F600}",
        ] {
            let _ = parse(text);
        }
    }
}
