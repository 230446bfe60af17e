//! How the entries of a conversation become the lines of its timeline.

use em2_model::id::ActionKey;
use em2_model::wire::domestic::{Conversation, Entry, Event, Message, What};

use crate::state::outbox::Outbox;
use crate::state::timeline::LineKey;

/// One line of the timeline, by name: a line that keeps its name is not drawn again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Line {
    /// What follows is new since the reader last looked.
    New,
    /// A message, or one on its way.
    Message(LineKey),
    /// Events that make one sentence.
    Events { first: ActionKey, last: ActionKey },
}

/// The lines of what is loaded, up to slot `end` where there is one; `new` is the first entry that is new to the reader.
pub fn lines(
    conversation: &Conversation,
    outbox: &Outbox,
    new: Option<ActionKey>,
    end: Option<u64>,
) -> Vec<Line> {
    let mut lines = Vec::with_capacity(conversation.entries.len() + 1);
    let mut told: Option<&Event> = None;
    for entry in conversation
        .entries
        .iter()
        .filter(|entry| end.is_none_or(|end| entry.seq() < end))
    {
        let starts_new = new == Some(entry.key());
        if starts_new {
            lines.push(Line::New);
        }
        match entry {
            Entry::Message(message) => {
                let letter = outbox.letter_of(&message.key).cloned();
                lines.push(Line::Message(
                    letter.map_or(LineKey::Entry(message.key), LineKey::Letter),
                ));
                told = None;
            }
            Entry::Event(event) => {
                match lines.last_mut() {
                    Some(Line::Events { last, .. })
                        if told.is_some_and(|told| goes_on(told, event)) =>
                    {
                        *last = event.key
                    }
                    _ => lines.push(Line::Events {
                        first: event.key,
                        last: event.key,
                    }),
                }
                told = Some(event);
            }
        }
    }
    if end.is_none() {
        lines.extend(
            outbox
                .of(conversation.key)
                .map(|letter| Line::Message(LineKey::Letter(letter.id.clone()))),
        );
    }
    lines
}

/// Whether an event continues the sentence of the one before it: people who are added in one go.
fn goes_on(told: &Event, event: &Event) -> bool {
    told.by.address == event.by.address
        && match (&told.what, &event.what) {
            (What::Published, What::PersonAdded { .. }) => true,
            (What::PersonAdded { history: told, .. }, What::PersonAdded { history, .. }) => {
                told == history
            }
            _ => false,
        }
}

/// The events from `first` to `last`.
pub fn events(conversation: &Conversation, first: ActionKey, last: ActionKey) -> Vec<Event> {
    let from = conversation
        .entries
        .iter()
        .position(|entry| entry.key() == first)
        .unwrap_or(0);
    let mut events = Vec::new();
    for entry in &conversation.entries[from..] {
        if let Entry::Event(event) = entry {
            events.push(event.clone());
        }
        if entry.key() == last {
            break;
        }
    }
    events
}

/// How a message stands to the one above it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stance {
    /// It answers the message above, or goes on with the answers there: it stands under them.
    pub under: bool,
    /// It answers a message further up, and names it.
    pub quotes: bool,
}

/// How the message `key` stands to the one above it.
pub fn stance(conversation: &Conversation, key: ActionKey) -> Stance {
    let entries = &conversation.entries;
    let Some(place) = entries.iter().rposition(|entry| entry.key() == key) else {
        return Stance::default();
    };
    let Entry::Message(message) = &entries[place] else {
        return Stance::default();
    };
    let Some(parent) = message.parent else {
        return Stance::default();
    };
    // Upwards through answers to the same message, to that message itself.
    let above = entries[..place]
        .iter()
        .rev()
        .take_while(|entry| matches!(entry, Entry::Message(_)));
    for entry in above {
        match entry {
            Entry::Message(above) if above.key == parent => {
                return Stance {
                    under: true,
                    quotes: false,
                };
            }
            Entry::Message(above) if above.parent == Some(parent) => {}
            _ => break,
        }
    }
    Stance {
        under: false,
        quotes: true,
    }
}

/// The slot of the next message by the author of this one.
pub fn next_own(conversation: &Conversation, message: &Message) -> Option<u64> {
    let later = conversation
        .entries
        .iter()
        .rev()
        .take_while(|entry| entry.seq() > message.seq);
    later
        .filter_map(|entry| match entry {
            Entry::Message(later) if later.author.address == message.author.address => {
                Some(later.seq)
            }
            _ => None,
        })
        .last()
}

/// The beginning of a message as plain text, at most `limit` characters.
pub fn excerpt(html: &str, limit: usize) -> String {
    let mut text = String::new();
    let mut tag = false;
    for c in html.chars() {
        match c {
            '<' => tag = true,
            '>' if tag => {
                tag = false;
                text.push(' ');
            }
            _ if !tag => text.push(c),
            _ => {}
        }
    }
    let named = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&nbsp;", " "),
        ("&amp;", "&"),
    ];
    let plain = named
        .iter()
        .fold(text, |text, (name, sign)| text.replace(name, sign));
    let words = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", words[..end].trim_end()),
        None => words,
    }
}

#[cfg(test)]
mod tests {
    use super::excerpt;

    #[test]
    fn an_excerpt_is_text() {
        assert_eq!(
            excerpt("<p>Travel is <b>42,000</b> &lt;now&gt;</p><p>Yes</p>", 80),
            "Travel is 42,000 <now> Yes"
        );
        assert_eq!(excerpt("<p>äöü äöü</p>", 5), "äöü ä…");
        assert_eq!(excerpt("&amp;lt;", 80), "&lt;");
    }
}
