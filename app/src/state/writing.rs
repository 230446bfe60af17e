//! A draft: saved as it is typed, and published.

use em2_model::id::{ConversationKey, ConversationRef, DraftKey, Time};
use em2_model::refusal::Refusal;
use em2_model::wire::domestic::{Accepted, Draft, Published};
use em2_model::wire::intent::{DraftFields, Intent};
use em2_model::wire::live::Live;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::anchors;
use super::deed::{Deed, Ticket};
use super::desk::Desk;
use super::effect::effect;
use super::feed::Frame;
use super::keymap::Command;
use crate::backend::Connection;

/// How long one may pause without being saved, in milliseconds.
const PAUSE: u32 = 600;

/// What a draft holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    pub subject: String,
    pub to: String,
    pub text: String,
}

/// Whether what is written is safe.
#[derive(Clone, Debug, PartialEq)]
pub enum Saved {
    /// Nothing was written yet.
    Nothing,
    Saving,
    /// All of it, at this time.
    At(Time),
    /// Not yet, and why; it is tried again with the next key, and when the connection is back.
    Failed(Refusal),
}

/// What the platform holds of a draft, and what is on its way there: one save at a time, each of the newest content.
#[derive(Clone, Debug)]
struct Autosave {
    saved: Content,
    version: u64,
    under_way: bool,
    ticket: Ticket<Content>,
}

impl Autosave {
    fn new(draft: &Draft) -> Autosave {
        let saved = Content {
            subject: draft.subject.clone(),
            to: draft.to.clone(),
            text: draft.text.clone(),
        };
        Autosave {
            saved,
            version: draft.version,
            under_way: false,
            ticket: Ticket::default(),
        }
    }

    /// Begins to save this, where it is not saved and nothing else is on its way: the key to send under.
    fn begin(&mut self, content: &Content, fresh: impl FnOnce() -> String) -> Option<String> {
        if self.under_way || self.saved == *content {
            return None;
        }
        self.under_way = true;
        Some(self.ticket.key(content, fresh))
    }

    /// Takes the answer; true where what is written now is saved.
    fn end(&mut self, content: Content, answer: &Result<Draft, Refusal>, now: &Content) -> bool {
        self.under_way = false;
        self.ticket.answered(answer);
        if let Ok(draft) = answer {
            self.version = self.version.max(draft.version);
            self.saved = content;
        }
        self.saved == *now
    }
}

/// A draft that is being written.
#[derive(Clone, Copy)]
pub struct Writing {
    pub key: DraftKey,
    pub subject: RwSignal<String>,
    /// The addresses as typed.
    pub to: RwSignal<String>,
    pub text: RwSignal<String>,
    pub saved: RwSignal<Saved>,
    /// Publishing.
    pub publishing: Deed<DraftFields>,
    /// Until when the draft is held on the server before it goes out.
    pub held: RwSignal<Option<Time>>,
    /// The conversation that it became: the page to go to.
    pub became: RwSignal<Option<ConversationKey>>,
    /// It was thrown away, here or elsewhere.
    pub gone: RwSignal<bool>,
    autosave: StoredValue<Autosave>,
    turn: StoredValue<u64>,
    desk: Desk,
}

impl Writing {
    /// The draft as it was read; what is typed from now on is saved.
    pub fn new(desk: Desk, draft: Draft) -> Writing {
        let autosave = Autosave::new(&draft);
        let writing = Writing {
            key: draft.key,
            saved: RwSignal::new(draft.saved.map_or(Saved::Nothing, Saved::At)),
            subject: RwSignal::new(draft.subject),
            to: RwSignal::new(draft.to),
            text: RwSignal::new(draft.text),
            publishing: Deed::new(),
            held: RwSignal::new(None),
            became: RwSignal::new(None),
            gone: RwSignal::new(false),
            autosave: StoredValue::new(autosave),
            turn: StoredValue::new(0),
            desk,
        };
        writing.watch();
        desk.commands
            .handle(move |command| writing.command(command));
        writing
    }

    /// What is written now.
    pub fn content(&self) -> Content {
        Content {
            subject: self.subject.get(),
            to: self.to.get(),
            text: self.text.get(),
        }
    }

    /// Publishes it as it is written now.
    pub fn publish(&self) {
        let fields = self.fields(untrack(|| self.content()));
        let Some(key) = self.publishing.begin(&fields, || self.desk.fresh_key()) else {
            return;
        };
        let writing = *self;
        let answer = self.desk.world().publish(
            self.key,
            DraftFields {
                idempotency_key: Some(key),
                ..fields
            },
        );
        spawn_local(async move {
            let answer = answer.await;
            writing.publishing.end(&answer);
            match answer {
                Ok(Published::Published { key }) => {
                    writing.became.try_set(Some(key));
                }
                Ok(Published::Held { until }) => {
                    writing.held.try_set(Some(until));
                }
                Err(_) => {}
            }
        });
    }

    /// Throws it away; `done` runs once it is gone.
    pub fn discard(&self, deed: Deed<Intent>, done: impl FnOnce() + 'static) {
        let intent = Intent::DraftRemove;
        let Some(key) = deed.begin(&intent, || self.desk.fresh_key()) else {
            return;
        };
        let writing = *self;
        let answer = self
            .desk
            .world()
            .act(ConversationRef::Draft(self.key), intent, key);
        spawn_local(async move {
            let answer = answer.await;
            deed.end(&answer);
            if answer.is_ok() {
                writing.gone.try_set(true);
                done();
            }
        });
    }

    fn fields(&self, content: Content) -> DraftFields {
        let Content { subject, to, text } = content;
        DraftFields {
            key: Some(self.key),
            subject: Some(subject),
            to: Some(to),
            text: Some(text),
            ..DraftFields::default()
        }
    }

    fn watch(&self) {
        let writing = *self;
        self.desk.feed.follow(move |frame| {
            if let Frame::Live(Live::DraftGone { key, became, .. }) = frame
                && *key == writing.key
            {
                writing.gone.set(became.is_none());
                writing.became.set(*became);
            }
        });
        let mut before = None;
        effect(move |_| {
            let content = writing.content();
            let changed = before.replace(content);
            if changed.is_some() && changed != before {
                writing.pause();
            }
        });
        effect(move |_| {
            let back = writing.desk.feed.connection.get() == Connection::Live;
            if back
                && writing
                    .saved
                    .with_untracked(|saved| matches!(saved, Saved::Failed(_)))
            {
                writing.save();
            }
        });
    }

    /// Saves once nothing was typed for a moment.
    fn pause(self) {
        let Some(device) = self.desk.device() else {
            return;
        };
        self.turn.update_value(|turn| *turn += 1);
        let mine = self.turn.get_value();
        spawn_local(async move {
            device.after(PAUSE).await;
            if self.turn.try_get_value() == Some(mine) {
                self.save();
            }
        });
    }

    fn save(self) {
        let settled = self.became.get_untracked().is_some()
            || self.gone.get_untracked()
            || self.publishing.busy();
        if settled {
            return;
        }
        let content = untrack(|| self.content());
        let begun = self
            .autosave
            .try_update_value(|autosave| autosave.begin(&content, || self.desk.fresh_key()));
        let Some(key) = begun.flatten() else { return };
        self.saved.set(Saved::Saving);
        let fields = DraftFields {
            idempotency_key: Some(key),
            ..self.fields(content.clone())
        };
        let asked = self.desk.world().draft(fields);
        spawn_local(async move {
            let answer = asked.await.and_then(saved_draft);
            if self.text.is_disposed() {
                return;
            }
            let now = untrack(|| self.content());
            let done = self
                .autosave
                .try_update_value(|autosave| autosave.end(content, &answer, &now));
            match answer {
                Err(refusal) => self.saved.set(Saved::Failed(refusal)),
                Ok(draft) if done == Some(true) => {
                    self.saved.set(draft.saved.map_or(Saved::Saving, Saved::At))
                }
                Ok(_) => self.save(),
            }
        });
    }

    fn command(self, command: Command) -> bool {
        let inside = || self.desk.device().and_then(|device| device.focused());
        match command {
            Command::Send if inside().is_some_and(|id| anchors::DRAFT.contains(&id.as_str())) => {
                self.publish();
                true
            }
            _ => false,
        }
    }
}

/// The draft in the answer to a save.
fn saved_draft(accepted: Accepted) -> Result<Draft, Refusal> {
    match accepted {
        Accepted::Draft { draft } => Ok(draft),
        Accepted::Action { .. }
        | Accepted::Pending { .. }
        | Accepted::Seen { .. }
        | Accepted::Discarded { .. } => Err(Refusal::format(
            "The server's answer could not be understood. What you wrote is still here.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use em2_model::refusal::Code;

    fn content(text: &str) -> Content {
        Content {
            text: text.to_owned(),
            ..Content::default()
        }
    }

    fn draft(text: &str, version: u64) -> Draft {
        Draft {
            key: DraftKey::from_bytes([1; 16]),
            subject: String::new(),
            to: String::new(),
            text: text.to_owned(),
            version,
            saved: None,
            refused: None,
        }
    }

    #[test]
    fn one_save_at_a_time_and_then_the_newest() {
        let mut autosave = Autosave::new(&draft("", 0));
        assert_eq!(
            autosave.begin(&content(""), || "0".to_owned()),
            None,
            "nothing was written"
        );
        assert_eq!(
            autosave.begin(&content("a"), || "1".to_owned()).as_deref(),
            Some("1")
        );
        assert_eq!(autosave.begin(&content("ab"), || "2".to_owned()), None);
        assert!(
            !autosave.end(content("a"), &Ok(draft("a", 1)), &content("abc")),
            "more was written meanwhile"
        );
        assert_eq!(
            autosave
                .begin(&content("abc"), || "3".to_owned())
                .as_deref(),
            Some("3")
        );
        assert!(autosave.end(content("abc"), &Ok(draft("abc", 2)), &content("abc")));
        assert_eq!(autosave.version, 2);
    }

    #[test]
    fn a_save_that_met_no_server_is_repeated_under_its_key() {
        let mut autosave = Autosave::new(&draft("", 0));
        autosave.begin(&content("a"), || "1".to_owned());
        let unreachable = Err(Refusal::from(Code::Down).with("unreachable", true));
        assert!(!autosave.end(content("a"), &unreachable, &content("a")));
        assert_eq!(
            autosave.begin(&content("a"), || "2".to_owned()).as_deref(),
            Some("1")
        );
    }
}
