//! What a client holds of the list and of one conversation, and how live changes fold into it.
//!
//! Server-rendered data, pages from the API and live changes all go through these functions, on both sides of the
//! wire. A change carries the present form of what it touched: older forms never overwrite newer ones.

use crate::id::{ConversationRef, Time};
use crate::wire::domestic::{
    Conversation, Entry, ListPage, Message, Older, Row, Seen, UNCONFIRMED,
};
use crate::wire::live::{Change, Effect, Live};

impl Conversation {
    /// Folds a change in; applying it again changes nothing.
    pub fn apply(&mut self, change: &Change) {
        if change.seq > self.seq {
            self.seq = change.seq;
            self.head = change.head;
        }
        match &change.effect {
            Effect::Message { message } => {
                self.entries
                    .retain(|entry| entry.seq() < UNCONFIRMED || entry.key() != message.key);
                self.put(Entry::Message(message.clone()));
            }
            Effect::People {
                participants,
                event,
            } => {
                if self.newest(
                    event.seq,
                    |entry| matches!(entry, Entry::Event(event) if event.what.is_people()),
                ) {
                    self.participants.clone_from(participants);
                    let me = self
                        .participants
                        .iter()
                        .find(|person| person.address == self.me);
                    self.present = me.is_some();
                    self.role = me.map_or(self.role, |person| person.role);
                }
                self.put(Entry::Event(event.clone()));
            }
            Effect::Subject {
                subject,
                head,
                lock,
                event,
            } => {
                self.subject.clone_from(subject);
                self.subject_head = *head;
                self.subject_lock.clone_from(lock);
                if let Some(event) = event {
                    self.put(Entry::Event(event.clone()));
                }
            }
            Effect::Labels { labels, event } => {
                self.labels.clone_from(labels);
                self.put(Entry::Event(event.clone()));
            }
            Effect::Expiry { expiry, event } => {
                self.expiry = *expiry;
                self.put(Entry::Event(event.clone()));
            }
            Effect::Refused { .. } | Effect::Withheld => {}
        }
    }

    /// Shows a message that waits for its slot, unless it has one by now.
    pub fn wait(&mut self, message: &Message) {
        if self.message(message.key).is_none() {
            self.put(Entry::Message(message.clone()));
        }
    }

    /// Puts older entries in front.
    pub fn prepend(&mut self, older: Older) {
        self.more_before = older.more_before;
        for entry in older.entries {
            self.put(entry);
        }
    }

    /// Takes note of how far somebody has read; positions only rise.
    pub fn see(&mut self, seen: &Seen) {
        if seen.address == self.me {
            self.read = self.read.max(seen.seq);
        }
        for person in self
            .participants
            .iter_mut()
            .filter(|person| person.address == seen.address)
        {
            if person
                .seen
                .as_ref()
                .is_none_or(|known| known.seq < seen.seq)
            {
                person.seen = Some(seen.clone());
            }
        }
    }

    /// The message with this key, where it is loaded.
    pub fn message(&self, key: crate::id::ActionKey) -> Option<&crate::wire::domestic::Message> {
        self.entries.iter().find_map(|entry| match entry {
            Entry::Message(message) if message.key == key => Some(message),
            _ => None,
        })
    }

    /// Whether no entry that `like` picks is newer than `seq`.
    fn newest(&self, seq: u64, like: impl Fn(&Entry) -> bool) -> bool {
        !self
            .entries
            .iter()
            .rev()
            .any(|entry| entry.seq() > seq && like(entry))
    }

    /// Inserts an entry by its slot, or replaces an older form of it.
    fn put(&mut self, entry: Entry) {
        match self.entries.binary_search_by_key(&entry.seq(), Entry::seq) {
            Ok(found) => {
                let stale = matches!((&self.entries[found], &entry),
                    (Entry::Message(held), Entry::Message(new)) if held.touched > new.touched);
                if !stale {
                    self.entries[found] = entry;
                }
            }
            // What lies before the loaded stretch comes with the older page.
            Err(0) if self.more_before.is_some_and(|before| entry.seq() < before) => {}
            Err(place) => self.entries.insert(place, entry),
        }
    }
}

impl crate::wire::domestic::What {
    /// Whether the event changes who takes part.
    pub fn is_people(&self) -> bool {
        use crate::wire::domestic::What;
        matches!(
            self,
            What::PersonAdded { .. } | What::PersonChanged { .. } | What::PersonRemoved { .. }
        )
    }
}

impl ListPage {
    /// Folds a frame of the socket into the list; frames with a counter that was already counted change nothing.
    pub fn apply(&mut self, live: &Live) {
        let Some(n) = live.n() else { return };
        if n <= self.n {
            return;
        }
        self.n = n;
        match live {
            Live::Change { row, .. } => self.put((**row).clone()),
            Live::Draft { row, .. } => {
                if self.row(&row.key).is_none() {
                    self.drafts += 1;
                }
                self.put((**row).clone());
            }
            Live::DraftGone { key, .. } => self.remove(&ConversationRef::Draft(*key)),
            Live::Read {
                conversation, seq, ..
            } => self.read(&ConversationRef::Published(*conversation), *seq),
            Live::Requests { requests, .. } => self.requests = *requests,
            Live::Hello { .. }
            | Live::Seen { .. }
            | Live::Waiting { .. }
            | Live::Delivery { .. }
            | Live::Resync => {}
        }
    }

    /// Appends the next page; a row that is there already keeps its place.
    pub fn append(&mut self, next: ListPage) {
        self.next = next.next;
        for row in next.rows {
            if self.row(&row.key).is_none() {
                self.rows.push(row);
            }
        }
    }

    /// Marks a conversation read up to `seq`.
    pub fn read(&mut self, key: &ConversationRef, seq: u64) {
        for row in self
            .rows
            .iter_mut()
            .filter(|row| row.key == *key && row.unread && row.seq <= seq)
        {
            row.unread = false;
            self.unread = self.unread.saturating_sub(1);
        }
    }

    fn row(&self, key: &ConversationRef) -> Option<&Row> {
        self.rows.iter().find(|row| row.key == *key)
    }

    fn remove(&mut self, key: &ConversationRef) {
        let before = self.rows.len();
        self.rows.retain(|row| row.key != *key);
        if matches!(key, ConversationRef::Draft(_)) && self.rows.len() < before {
            self.drafts = self.drafts.saturating_sub(1);
        }
    }

    /// Puts a row where its time belongs, newest first.
    fn put(&mut self, row: Row) {
        let was_unread = self.row(&row.key).is_some_and(|held| held.unread);
        match (was_unread, row.unread) {
            (false, true) => self.unread += 1,
            (true, false) => self.unread = self.unread.saturating_sub(1),
            _ => {}
        }
        self.rows.retain(|held| held.key != row.key);
        let place = self.rows.partition_point(|held| newer(held.at, row.at));
        // A row older than the last one of an unfinished list comes with its own page.
        if place < self.rows.len() || self.next.is_none() {
            self.rows.insert(place, row);
        }
    }
}

fn newer(held: Time, new: Time) -> bool {
    held > new
}
