//! A person as two letters on a colour of their own.

use em2_model::wire::domestic::Person;
use leptos::prelude::*;

use super::live::Erase;

/// One of twelve hues of `style/components/_avatar.css`, the same for an address wherever it is drawn.
pub fn hue(address: &str) -> u32 {
    address.bytes().fold(2_166_136_261_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(16_777_619)
    }) % 12
}

/// At most two letters: of the first and the last word of a name, or the first two of an address.
fn initials(name: &str) -> String {
    let letter = |word: &str| word.chars().find(|c| c.is_alphanumeric());
    let words: Vec<char> = match name.split_once('@') {
        Some((local, _)) => local
            .chars()
            .filter(|c| c.is_alphanumeric())
            .take(2)
            .collect(),
        None => name.split_whitespace().filter_map(letter).collect(),
    };
    let both = match words.as_slice() {
        [] => vec!['?'],
        [one] => vec![*one],
        [first, .., last] => vec![*first, *last],
    };
    both.into_iter().flat_map(char::to_uppercase).collect()
}

/// A decoration: the name always stands beside it.
#[component]
pub fn Avatar(person: Person, #[prop(optional)] small: bool) -> impl IntoView {
    view! {
        <span class="avatar" data-hue=hue(person.address.as_str()).to_string() data-size=small.then_some("s") aria-hidden="true">
            {initials(&person.name)}
        </span>
    }
    .erase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_names_and_addresses() {
        assert_eq!(initials("Anna Lind"), "AL");
        assert_eq!(initials("Carla María Díaz"), "CD");
        assert_eq!(initials("house@b.example"), "HO");
        assert_eq!(initials("Ölaf"), "Ö");
        assert_eq!(initials("  "), "?");
    }

    #[test]
    fn an_address_keeps_its_hue() {
        assert_eq!(hue("anna@a.example"), hue("anna@a.example"));
        assert!(
            (0..40)
                .map(|n| hue(&format!("p{n}@a.example")))
                .collect::<std::collections::BTreeSet<_>>()
                .len()
                > 6
        );
    }
}
