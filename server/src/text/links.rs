//! Web addresses within running text.

/// A stretch of text that is a web address, or is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stretch<'a> {
    Text(&'a str),
    Link(&'a str),
}

/// Splits running text at the web addresses in it. What ends a sentence does not belong to an address, and a closing
/// bracket only where the address opened it.
pub(super) fn stretches(text: &str) -> impl Iterator<Item = Stretch<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let start = start(rest).unwrap_or(rest.len());
        if start > 0 {
            let (before, after) = rest.split_at(start);
            rest = after;
            return Some(Stretch::Text(before));
        }
        let (link, after) = rest.split_at(end(rest));
        rest = after;
        Some(Stretch::Link(link))
    })
}

/// Where the next address begins: at a word's beginning, with something behind the slashes.
fn start(text: &str) -> Option<usize> {
    text.match_indices("http")
        .filter(|(at, _)| !text[..*at].ends_with(|before: char| before.is_alphanumeric()))
        .find(|(at, _)| {
            let after = &text[at + "http".len()..];
            let host = after
                .strip_prefix("://")
                .or_else(|| after.strip_prefix("s://"));
            host.is_some_and(|host| host.starts_with(char::is_alphanumeric))
        })
        .map(|(at, _)| at)
}

/// Where the address at the beginning of `text` ends.
fn end(text: &str) -> usize {
    let stop = |sign: char| {
        sign.is_whitespace() || sign.is_control() || matches!(sign, '<' | '>' | '"' | '`')
    };
    let mut link = &text[..text.find(stop).unwrap_or(text.len())];
    while let Some(last) = link.chars().next_back() {
        let closes = match last {
            ')' => link.matches(')').count() > link.matches('(').count(),
            ']' => link.matches(']').count() > link.matches('[').count(),
            _ => matches!(
                last,
                '.' | ',' | ':' | ';' | '!' | '?' | '\'' | '*' | '_' | '~' | '…' | '”' | '»'
            ),
        };
        if !closes {
            break;
        }
        link = &link[..link.len() - last.len_utf8()];
    }
    link.len()
}
