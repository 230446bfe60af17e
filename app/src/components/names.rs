//! People in a sentence.

use em2_model::address::Address;
use em2_model::wire::domestic::{Participant, Person};

/// The name by which the reader knows somebody: `You`, or the display name.
pub fn called(person: &Person, me: &Address) -> String {
    if person.address == *me {
        "You".to_owned()
    } else {
        person.name.clone()
    }
}

/// The first word of a name; an address stays whole.
pub fn first_name(name: &str) -> &str {
    if name.contains('@') {
        name
    } else {
        name.split_whitespace().next().unwrap_or(name)
    }
}

/// `Bob`, `Bob and Carla`, `Bob, Carla and Jon`.
pub fn and(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// `1 message`, `2 messages`.
pub fn count(n: usize, one: &str, many: &str) -> String {
    if n == 1 {
        format!("1 {one}")
    } else {
        format!("{n} {many}")
    }
}

/// A participant as a person.
pub fn person(participant: &Participant) -> Person {
    Person {
        address: participant.address.clone(),
        name: participant.name.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_end_with_and() {
        let names = |n: usize| {
            ["Bob", "Carla", "Jon"]
                .iter()
                .take(n)
                .map(|&name| name.to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(and(&names(1)), "Bob");
        assert_eq!(and(&names(2)), "Bob and Carla");
        assert_eq!(and(&names(3)), "Bob, Carla and Jon");
        assert_eq!(and(&[]), "");
    }

    #[test]
    fn an_address_is_not_cut() {
        assert_eq!(first_name("Bob Kern"), "Bob");
        assert_eq!(first_name("house@b.example"), "house@b.example");
    }
}
