//! How the entries of a conversation become the lines of its timeline.

use em2_model::id::ActionKey;
use em2_model::wire::domestic::{Conversation, Entry, Event, Message, What};

/// One line of the timeline. Lines that are equal are not drawn again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Line {
    /// What follows is new since the reader last looked.
    New,
    Message {
        seq: u64,
        /// It answers the message above it, and stands under it.
        under: bool,
        /// It answers a message further up, which it names.
        quotes: bool,
    },
    /// Events from the slot `first` to the slot `last` that make one sentence.
    Events { first: u64, last: u64 },
}

/// The lines of the loaded entries; `new` is the first entry that is new to the reader.
pub fn lines(conversation: &Conversation, new: Option<ActionKey>) -> Vec<Line> {
    let mut lines = Vec::with_capacity(conversation.entries.len() + 1);
    let mut above: Option<(&Message, bool)> = None;
    let mut told: Option<&Event> = None;
    for entry in &conversation.entries {
        let starts_new = new == Some(entry.key());
        if starts_new {
            lines.push(Line::New);
        }
        match entry {
            Entry::Message(message) => {
                let under = under(message, above);
                lines.push(Line::Message {
                    seq: message.seq,
                    under,
                    quotes: message.parent.is_some() && !under,
                });
                above = Some((message, under));
                told = None;
            }
            Entry::Event(event) => {
                match lines.last_mut() {
                    Some(Line::Events { last, .. })
                        if !starts_new && told.is_some_and(|told| goes_on(told, event)) =>
                    {
                        *last = event.seq;
                    }
                    _ => lines.push(Line::Events {
                        first: event.seq,
                        last: event.seq,
                    }),
                }
                told = Some(event);
                above = None;
            }
        }
    }
    lines
}

/// Whether a message answers the one above it, or continues the answers there.
fn under(message: &Message, above: Option<(&Message, bool)>) -> bool {
    above.is_some_and(|(above, above_under)| {
        message.parent.is_some_and(|parent| {
            parent == above.key || (above_under && above.parent == Some(parent))
        })
    })
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

/// The events from slot `first` to slot `last`.
pub fn events(conversation: &Conversation, first: u64, last: u64) -> Vec<Event> {
    let from = conversation
        .entries
        .partition_point(|entry| entry.seq() < first);
    let events = conversation.entries[from..]
        .iter()
        .take_while(|entry| entry.seq() <= last);
    events
        .filter_map(|entry| match entry {
            Entry::Event(event) => Some(event.clone()),
            Entry::Message(_) => None,
        })
        .collect()
}

/// The message in slot `seq`, where it is loaded.
pub fn message_at(conversation: &Conversation, seq: u64) -> Option<&Message> {
    let place = conversation
        .entries
        .binary_search_by_key(&seq, Entry::seq)
        .ok()?;
    match &conversation.entries[place] {
        Entry::Message(message) => Some(message),
        Entry::Event(_) => None,
    }
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
    let plain = text
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'");
    let plain = plain.replace("&nbsp;", " ").replace("&amp;", "&");
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
