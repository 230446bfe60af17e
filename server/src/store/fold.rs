//! Words as search sees them, the same for both engines: without accents and case.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// The longest word that is told apart, in characters; what follows is not looked at.
pub const WORD_MAX: usize = 40;
/// How many words of a query count.
const QUERY_WORDS: usize = 16;

/// A text without accents and case: what two spellings of one word have in common.
pub fn fold(text: &str) -> impl Iterator<Item = char> + '_ {
    text.nfkd()
        .filter(|sign| !is_combining_mark(*sign))
        .flat_map(char::to_lowercase)
}

/// The folded words of a text in order. A word is a run of letters and digits; of scripts that put
/// no blanks between words every character is one.
pub fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut length = 0;
    let end = |word: &mut String, words: &mut Vec<String>| {
        if !word.is_empty() {
            words.push(std::mem::take(word));
        }
    };
    for sign in fold(text) {
        if is_ideograph(sign) {
            end(&mut word, &mut words);
            length = 0;
            words.push(sign.to_string());
        } else if !sign.is_alphanumeric() {
            end(&mut word, &mut words);
            length = 0;
        } else if length < WORD_MAX {
            word.push(sign);
            length += 1;
        }
    }
    end(&mut word, &mut words);
    words
}

/// Han, kana, and what else is written without blanks.
fn is_ideograph(sign: char) -> bool {
    matches!(sign, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3134f}')
}

/// What a person looks for: all of the words, the last one perhaps not typed to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    words: Vec<String>,
    /// The last word is the beginning of one.
    open: bool,
}

impl Query {
    /// Reads what was typed; `None` where there is no word in it. Never fails, whatever it is.
    pub fn parse(text: &str) -> Option<Self> {
        // Nobody types more than this in one go; it bounds the work.
        let text: String = text.chars().take(1_000).collect();
        let mut words = words(&text);
        words.truncate(QUERY_WORDS);
        let open = words.last()?.chars().count() > 1
            && text.ends_with(|sign: char| {
                fold(sign.encode_utf8(&mut [0; 4])).any(char::is_alphanumeric)
            });
        Some(Self { words, open })
    }

    /// Whether one folded word is among those looked for.
    pub fn matches(&self, word: &str) -> bool {
        let last = self.words.len() - 1;
        self.words.iter().enumerate().any(|(i, wanted)| {
            if i == last && self.open {
                word.starts_with(wanted.as_str())
            } else {
                word == wanted
            }
        })
    }

    /// The words, and whether the last one is open.
    pub(in crate::store) fn parts(&self) -> (&[String], bool) {
        (&self.words, self.open)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_neither_accents_nor_case() {
        assert_eq!(
            words("Ångström, ÉTÉ — naïve ﬁle!"),
            ["angstrom", "ete", "naive", "file"]
        );
        assert_eq!(words("anna@a.example"), ["anna", "a", "example"]);
        assert_eq!(words("会議の予定 ok"), ["会", "議", "の", "予", "定", "ok"]);
        assert!(words("\0 \"'( ) * : ^ -- ;").is_empty());
        assert_eq!(words(&"x".repeat(1000))[0].len(), WORD_MAX);
    }

    #[test]
    fn the_last_word_is_open_until_something_follows_it() {
        let query = Query::parse("Budget pla").unwrap();
        assert!(query.matches("budget") && query.matches("plan") && !query.matches("budgets"));
        let query = Query::parse("Budget pla ").unwrap();
        assert!(query.matches("pla") && !query.matches("plan"));
        assert_eq!(Query::parse("\0*(\""), None);
        assert!(Query::parse(&"é ".repeat(10_000)).is_some());
    }
}
