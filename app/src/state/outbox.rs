//! Messages that were sent and are not confirmed yet: shown at once, never lost.

use std::collections::HashMap;

use em2_model::id::{ActionKey, ConversationKey, Time};
use em2_model::refusal::Refusal;

use super::deed::open_ended;

/// What became of a letter so far.
#[derive(Clone, Debug, PartialEq)]
pub enum Sending {
    /// On its way.
    Now,
    /// Not taken, and why: it waits for the person, or for the connection.
    Failed(Refusal),
}

/// A message on its way.
#[derive(Clone, Debug, PartialEq)]
pub struct Letter {
    /// The idempotency key, which stays the same however often it is sent.
    pub id: String,
    pub conversation: ConversationKey,
    pub parent: Option<ActionKey>,
    pub text: String,
    pub at: Time,
    pub sending: Sending,
}

/// All letters of this page, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outbox {
    letters: Vec<Letter>,
    /// The message that each confirmed letter became: its row stays the same.
    became: HashMap<ActionKey, String>,
}

impl Outbox {
    pub fn put(&mut self, letter: Letter) {
        self.letters.push(letter);
    }

    /// The letters of one conversation, oldest first.
    pub fn of(&self, conversation: ConversationKey) -> impl Iterator<Item = &Letter> {
        self.letters
            .iter()
            .filter(move |letter| letter.conversation == conversation)
    }

    pub fn letter(&self, id: &str) -> Option<&Letter> {
        self.letters.iter().find(|letter| letter.id == id)
    }

    /// The letter that a message was.
    pub fn letter_of(&self, message: &ActionKey) -> Option<&String> {
        self.became.get(message)
    }

    /// The message that a letter became.
    pub fn message_of(&self, id: &str) -> Option<ActionKey> {
        self.became
            .iter()
            .find_map(|(message, letter)| (letter == id).then_some(*message))
    }

    /// Whether some letter of the conversation is on its way, so that one's own message may be its confirmation.
    pub fn busy(&self, conversation: ConversationKey) -> bool {
        self.of(conversation)
            .any(|letter| letter.sending == Sending::Now)
    }

    /// Sends a letter that failed once more; none where there is no such letter, or it is on its way.
    pub fn again(&mut self, id: &str) -> Option<Letter> {
        let letter = self
            .letters
            .iter_mut()
            .find(|letter| letter.id == id && letter.sending != Sending::Now)?;
        letter.sending = Sending::Now;
        Some(letter.clone())
    }

    /// The platform took it: the message that it is from now on.
    pub fn confirmed(&mut self, id: &str, message: ActionKey) {
        self.letters.retain(|letter| letter.id != id);
        self.became.insert(message, id.to_owned());
    }

    pub fn failed(&mut self, id: &str, refusal: Refusal) {
        for letter in self.letters.iter_mut().filter(|letter| letter.id == id) {
            letter.sending = Sending::Failed(refusal.clone());
        }
    }

    /// Takes a letter out, to edit or to discard it; one on its way stays.
    pub fn take(&mut self, id: &str) -> Option<Letter> {
        let place = self
            .letters
            .iter()
            .position(|letter| letter.id == id && letter.sending != Sending::Now)?;
        Some(self.letters.remove(place))
    }

    /// The letters that only wait for the connection, oldest first.
    pub fn waiting(&self) -> Vec<String> {
        let waits = |letter: &&Letter| matches!(&letter.sending, Sending::Failed(refusal) if open_ended(refusal));
        self.letters
            .iter()
            .filter(waits)
            .map(|letter| letter.id.clone())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use em2_model::refusal::Code;

    const HERE: ConversationKey = ConversationKey::from_bytes([1; 32]);
    const MESSAGE: ActionKey = ActionKey::from_bytes([2; 32]);

    fn outbox(ids: &[&str]) -> Outbox {
        let mut outbox = Outbox::default();
        for id in ids {
            outbox.put(Letter {
                id: (*id).to_owned(),
                conversation: HERE,
                parent: None,
                text: format!("text of {id}"),
                at: Time(0),
                sending: Sending::Now,
            });
        }
        outbox
    }

    fn unreachable() -> Refusal {
        Refusal::from(Code::Down).with("unreachable", true)
    }

    #[test]
    fn a_confirmed_letter_is_known_by_its_message() {
        let mut outbox = outbox(&["a", "b"]);
        outbox.confirmed("a", MESSAGE);
        assert_eq!(
            outbox
                .of(HERE)
                .map(|letter| letter.id.as_str())
                .collect::<Vec<_>>(),
            ["b"]
        );
        assert_eq!(outbox.letter_of(&MESSAGE).map(String::as_str), Some("a"));
        assert_eq!(outbox.message_of("a"), Some(MESSAGE));
    }

    #[test]
    fn a_failed_letter_keeps_its_text_and_its_key() {
        let mut outbox = outbox(&["a"]);
        outbox.failed("a", Refusal::from(Code::Forbidden));
        assert!(!outbox.busy(HERE));
        assert!(
            outbox.waiting().is_empty(),
            "a refusal waits for the person"
        );
        assert_eq!(
            outbox.letter("a").map(|letter| letter.text.as_str()),
            Some("text of a")
        );
        assert_eq!(
            outbox.again("a").map(|letter| letter.id),
            Some("a".to_owned())
        );
        assert!(outbox.busy(HERE));
    }

    #[test]
    fn letters_that_met_no_server_wait_in_order() {
        let mut outbox = outbox(&["a", "b", "c"]);
        outbox.failed("a", unreachable());
        outbox.failed("c", unreachable());
        assert_eq!(outbox.waiting(), ["a", "c"]);
    }

    #[test]
    fn what_is_on_its_way_is_neither_taken_nor_sent_twice() {
        let mut outbox = outbox(&["a"]);
        assert_eq!(outbox.take("a"), None);
        assert_eq!(outbox.again("a"), None);
        outbox.failed("a", unreachable());
        assert_eq!(
            outbox.take("a").map(|letter| letter.text),
            Some("text of a".to_owned())
        );
        assert_eq!(outbox.of(HERE).count(), 0);
    }
}
