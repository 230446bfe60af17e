//! The lines of a conversation: what the log holds, and after it what is on its way.

use em2_model::id::ActionKey;
use em2_model::permit;
use em2_model::wire::domestic::{Conversation, Entry, Event, Message, Standing};
use em2_model::wire::live::{Change, Effect};

use super::outbox::{Letter, Outbox};

/// What a line is called as long as it is shown: a letter keeps its name when it becomes a message, and so its place in
/// the page.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LineKey {
    Entry(ActionKey),
    Letter(String),
}

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    Message(Message),
    Event(Event),
    /// Sent, and not confirmed yet.
    Letter(Letter),
}

/// All lines in their order.
pub fn lines(conversation: &Conversation, outbox: &Outbox) -> Vec<LineKey> {
    let entries = conversation.entries.iter().map(|entry| {
        let key = entry.key();
        outbox
            .letter_of(&key)
            .map_or(LineKey::Entry(key), |id| LineKey::Letter(id.clone()))
    });
    let letters = outbox
        .of(conversation.key)
        .map(|letter| LineKey::Letter(letter.id.clone()));
    entries.chain(letters).collect()
}

/// One line in its present form; none once it has gone.
pub fn line(conversation: &Conversation, outbox: &Outbox, key: &LineKey) -> Option<Line> {
    let entry = |key: ActionKey| {
        conversation
            .entries
            .iter()
            .rev()
            .find(|entry| entry.key() == key)
            .map(|entry| match entry {
                Entry::Message(message) => Line::Message(message.clone()),
                Entry::Event(event) => Line::Event(event.clone()),
            })
    };
    match key {
        LineKey::Entry(key) => entry(*key),
        LineKey::Letter(id) => match outbox.letter(id) {
            Some(letter) => Some(Line::Letter(letter.clone())),
            None => outbox.message_of(id).and_then(entry),
        },
    }
}

/// Whether a change may be the confirmation of a letter that is on its way: the answer to the letter will tell which
/// message it became, and until then the message would be shown twice.
pub fn may_confirm(conversation: &Conversation, outbox: &Outbox, change: &Change) -> bool {
    let Effect::Message { message } = &change.effect else {
        return false;
    };
    change.by == conversation.me
        && message.key == change.key
        && outbox.busy(conversation.key)
        && outbox.letter_of(&message.key).is_none()
}

/// Whether the answer to one's own write tells more than was heard. What is older than the newest slot was heard, or
/// comes through the feed in its turn; messages carry their own age.
pub fn is_news(conversation: &Conversation, change: &Change) -> bool {
    change.seq > conversation.seq || matches!(change.effect, Effect::Message { .. })
}

/// The messages in their order.
pub fn messages(conversation: &Conversation) -> impl DoubleEndedIterator<Item = &Message> {
    conversation.entries.iter().filter_map(|entry| match entry {
        Entry::Message(message) => Some(message),
        Entry::Event(_) => None,
    })
}

/// Whether the reader may edit this message: what the server would say of the role.
pub fn may_edit(conversation: &Conversation, message: &Message) -> bool {
    let own = message.author.address == conversation.me;
    conversation.present
        && message.standing == Standing::Present
        && message.text.is_some()
        && permit::change_message(conversation.role, own)
}

/// A conversation that was read again takes the place of the one that was shown: older entries that were loaded stay
/// where they reach the new ones.
pub fn replace(held: &mut Conversation, mut fresh: Conversation) {
    let reaches = fresh
        .more_before
        .is_some_and(|before| held.entries.last().is_some_and(|last| last.seq() >= before));
    if reaches {
        let first = fresh.entries.first().map_or(u64::MAX, Entry::seq);
        let mut entries: Vec<Entry> = held
            .entries
            .drain(..)
            .filter(|entry| entry.seq() < first)
            .collect();
        if !entries.is_empty() {
            fresh.more_before = held.more_before;
        }
        entries.append(&mut fresh.entries);
        fresh.entries = entries;
    }
    fresh.read = fresh.read.max(held.read);
    *held = fresh;
}

#[cfg(test)]
mod tests {
    use super::super::outbox::Sending;
    use super::super::samples::{conversation, event, message};
    use super::*;
    use em2_model::id::{CommitKey, Time};

    fn letter(id: &str, conversation: &Conversation) -> Letter {
        Letter {
            id: id.to_owned(),
            conversation: conversation.key,
            parent: None,
            text: "hello".to_owned(),
            at: Time(0),
            sending: Sending::Now,
        }
    }

    fn change(message: Message) -> Change {
        Change {
            key: message.head,
            seq: message.touched,
            head: CommitKey::from_bytes([0; 32]),
            at: message.at,
            by: message.author.address.clone(),
            notable: true,
            effect: Effect::Message { message },
        }
    }

    #[test]
    fn a_confirmed_letter_keeps_its_line() {
        let mut conversation = conversation(vec![message(3, "bob@a.example")]);
        let mut outbox = Outbox::default();
        outbox.put(letter("a", &conversation));
        let before = lines(&conversation, &outbox);
        assert_eq!(before.last(), Some(&LineKey::Letter("a".to_owned())));

        let Entry::Message(sent) = message(4, "ann@a.example") else {
            panic!("a message")
        };
        outbox.confirmed("a", sent.key);
        conversation.apply(&change(sent.clone()));
        assert_eq!(lines(&conversation, &outbox), before);
        assert_eq!(
            line(&conversation, &outbox, &before[1]),
            Some(Line::Message(sent))
        );
    }

    #[test]
    fn ones_own_message_waits_for_the_answer_while_a_letter_is_on_its_way() {
        let conversation = conversation(vec![]);
        let mut outbox = Outbox::default();
        let Entry::Message(mine) = message(4, "ann@a.example") else {
            panic!("a message")
        };
        let Entry::Message(theirs) = message(4, "bob@a.example") else {
            panic!("a message")
        };
        assert!(!may_confirm(&conversation, &outbox, &change(mine.clone())));
        outbox.put(letter("a", &conversation));
        assert!(may_confirm(&conversation, &outbox, &change(mine.clone())));
        assert!(!may_confirm(&conversation, &outbox, &change(theirs)));
        let edited = Message {
            head: ActionKey::from_bytes([77; 32]),
            touched: 9,
            ..mine.clone()
        };
        assert!(
            !may_confirm(&conversation, &outbox, &change(edited)),
            "an edit confirms no letter"
        );
        outbox.put(letter("b", &conversation));
        outbox.confirmed("a", mine.key);
        assert!(
            !may_confirm(&conversation, &outbox, &change(mine)),
            "known already"
        );
    }

    #[test]
    fn a_conversation_read_again_keeps_the_older_entries_that_reach_it() {
        let seqs = |conversation: &Conversation| {
            conversation
                .entries
                .iter()
                .map(Entry::seq)
                .collect::<Vec<_>>()
        };
        let all = [2, 3, 4, 5]
            .map(|seq| message(seq, "bob@a.example"))
            .to_vec();
        let mut held = Conversation {
            read: 5,
            ..conversation(all)
        };
        let newer = [4, 5, 6].map(|seq| message(seq, "bob@a.example")).to_vec();
        let fresh = Conversation {
            more_before: Some(4),
            ..conversation(newer)
        };
        replace(&mut held, fresh);
        assert_eq!(
            (seqs(&held), held.more_before, held.read),
            (vec![2, 3, 4, 5, 6], None, 5)
        );

        let far = [event(20), message(21, "bob@a.example")].to_vec();
        let fresh = Conversation {
            more_before: Some(20),
            ..conversation(far)
        };
        replace(&mut held, fresh);
        assert_eq!((seqs(&held), held.more_before), (vec![20, 21], Some(20)));
    }
}
