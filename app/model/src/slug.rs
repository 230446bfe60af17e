//! The readable part of a conversation's URL, from its initial subject. // spec §9

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The longest slug, in characters (which are ASCII).
pub const SLUG_MAX: usize = 64;

/// NFKD without combining marks; ASCII letters and digits lower-cased, any run of others one
/// hyphen, none at the ends; `conversation` if nothing is left.
pub fn slug(subject: &str) -> String {
    let mut slug = String::with_capacity(SLUG_MAX);
    let mut gap = false;
    for c in subject.nfkd().filter(|c| !is_combining_mark(*c)) {
        if !c.is_ascii_alphanumeric() {
            gap = !slug.is_empty();
            continue;
        }
        if gap {
            slug.push('-');
            gap = false;
        }
        if slug.len() >= SLUG_MAX {
            break;
        }
        slug.push(c.to_ascii_lowercase());
    }
    slug.truncate(SLUG_MAX);
    if slug.ends_with('-') {
        slug.pop();
    }
    if slug.is_empty() {
        "conversation".to_owned()
    } else {
        slug
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_leaves_no_hyphen_at_the_end() {
        assert_eq!(slug(&format!("{} b", "a".repeat(63))), "a".repeat(63));
        assert_eq!(slug(&format!("{} b", "a".repeat(64))), "a".repeat(64));
        assert_eq!(
            slug(&format!("{} bc", "a".repeat(62))),
            format!("{}-b", "a".repeat(62))
        );
    }

    #[test]
    fn compatible_forms_become_ascii() {
        assert_eq!(slug("ﬁrst №２"), "first-no2");
    }
}
