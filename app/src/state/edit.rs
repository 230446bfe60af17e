//! Editing a message under its lock (spec §11): the editor opens once the lock is granted, and a new one is taken before
//! it ends. What was written is never lost.

use em2_model::id::{ActionKey, Time};
use em2_model::participant::Format;
use em2_model::refusal::Refusal;
use em2_model::wire::domestic::{Accepted, Lock, Message};
use em2_model::wire::intent::{Intent, LOCK_TTL};
use em2_model::wire::live::Effect as Changed;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::anchors;
use super::deed::{Deed, told};
use super::desk::Desk;
use super::effect::effect;
use super::open::Open;

/// How long before its end a lock is taken anew, in milliseconds.
const RENEW: i64 = 60_000;

/// A message that is being edited.
#[derive(Clone, Debug, PartialEq)]
pub struct Editing {
    pub message: ActionKey,
    /// When the lock ends by the leader's clock.
    pub until: Time,
    /// The lock itself: what the edit follows, so that it overwrites nothing that came after.
    follows: ActionKey,
    format: Format,
    before: String,
}

impl Editing {
    /// What an answer to a lock grants; none where it is no lock.
    fn granted(accepted: &Accepted) -> Option<Editing> {
        let Accepted::Action { change, .. } = accepted else {
            return None;
        };
        let Changed::Message { message } = &change.effect else {
            return None;
        };
        Some(Editing {
            message: message.key,
            until: message.lock.as_ref()?.until,
            follows: message.head,
            format: message.format,
            before: message.text.clone()?,
        })
    }

    /// Milliseconds that are left; 0 once it has ended.
    pub fn left(&self, now: Time) -> i64 {
        (self.until.as_millis() - now.as_millis()).max(0)
    }

    /// Whether it is time for a new lock.
    fn ending(&self, now: Time) -> bool {
        self.left(now) < RENEW
    }
}

/// The lock of somebody on a message, as long as it holds.
pub fn holds(lock: Option<&Lock>, now: Time) -> Option<&Lock> {
    lock.filter(|lock| lock.until > now)
}

/// The one message of a conversation that is being edited.
#[derive(Clone, Copy)]
pub struct Editor {
    pub editing: RwSignal<Option<Editing>>,
    /// What is being written.
    pub text: RwSignal<String>,
    /// The message for which the lock is being asked.
    pub asking: RwSignal<Option<ActionKey>>,
    /// Which message could not be locked, and why.
    pub refused: RwSignal<Option<(ActionKey, Refusal)>>,
    /// Saving.
    pub save: Deed<Intent>,
    /// Taking a new lock before the old one ends: its refusal says that somebody else may edit from then on.
    pub renewal: Deed<Intent>,
    desk: Desk,
}

impl Editor {
    pub(super) fn new(desk: Desk) -> Editor {
        Editor {
            editing: RwSignal::new(None),
            text: RwSignal::new(String::new()),
            asking: RwSignal::new(None),
            refused: RwSignal::new(None),
            save: Deed::new(),
            renewal: Deed::new(),
            desk,
        }
    }

    /// Whether this message is the one being edited.
    pub fn edits(&self, message: ActionKey) -> bool {
        self.editing.with(|editing| {
            editing
                .as_ref()
                .is_some_and(|editing| editing.message == message)
        })
    }

    /// Asks for the lock of a message; the editor opens when it is granted.
    pub fn begin(&self, open: &Open, message: &Message) {
        if self.asking.get_untracked().is_some() || self.editing.with_untracked(Option::is_some) {
            self.desk.focus(anchors::EDITOR);
            return;
        }
        let (editor, item) = (*self, message.key);
        self.asking.set(Some(item));
        self.refused.set(None);
        let intent = Intent::MessageLock {
            item,
            follows: Some(message.head),
            ttl: LOCK_TTL,
        };
        let (open, answer) = (*open, open.ask(intent, self.desk.fresh_key()));
        spawn_local(async move {
            let answer = answer.await;
            editor.asking.try_set(None);
            match answer {
                Ok(accepted) => {
                    open.take(&accepted);
                    editor.opened(Editing::granted(&accepted));
                }
                Err(refusal) => {
                    editor.refused.try_set(Some((item, refusal)));
                }
            }
        });
    }

    fn opened(&self, editing: Option<Editing>) {
        let Some(editing) = editing else { return };
        let kept = self.desk.composers.edit(&editing.message);
        self.text
            .try_set(kept.unwrap_or_else(|| editing.before.clone()));
        self.save.status.try_set(Default::default());
        self.renewal.status.try_set(Default::default());
        self.editing.try_set(Some(editing));
    }

    /// Saves what was written. A refused edit stays in the editor; saved again it follows what it was compared with.
    pub fn save(&self, open: &Open) {
        let Some(editing) = self.editing.get_untracked() else {
            return;
        };
        let text = self.text.get_untracked();
        if text == editing.before {
            return self.release(open);
        }
        let (editor, message) = (*self, editing.message);
        let refusal = untrack(|| editor.save.refusal());
        let seen = refusal.and_then(|refusal| told(&refusal, "head"));
        let intent = Intent::MessageModify {
            item: message,
            follows: seen.or(Some(editing.follows)),
            format: editing.format,
            text,
        };
        open.act(self.save, intent, move || {
            editor.desk.composers.forget_edit(&message);
            editor.editing.try_set(None);
        });
    }

    /// Closes the editor, throws away what was written, and lets others edit.
    pub fn discard(&self, open: &Open) {
        if let Some(editing) = self.editing.get_untracked() {
            self.desk.composers.forget_edit(&editing.message);
            self.release(open);
        }
    }

    /// Closes the editor where nothing was changed in it; else it stays open. True where it closed.
    pub fn close(&self, open: &Open) -> bool {
        let untouched = self.editing.with_untracked(|editing| {
            editing
                .as_ref()
                .is_some_and(|editing| self.text.with_untracked(|text| *text == editing.before))
        });
        if untouched {
            self.release(open);
        }
        untouched
    }

    /// Takes what was written into the composer, as an answer to the message: the way on where the edit was refused.
    pub fn send_as_answer(&self, open: &Open) {
        if let Some(editing) = self.editing.get_untracked() {
            open.composer
                .put_back(self.text.get_untracked(), Some(editing.message));
            self.discard(open);
            self.desk.focus(anchors::COMPOSER);
        }
    }

    fn release(&self, open: &Open) {
        let Some(editing) = self.editing.get_untracked() else {
            return;
        };
        self.editing.set(None);
        let intent = Intent::MessageRelease {
            item: editing.message,
            follows: Some(editing.follows),
        };
        let (open, answer) = (*open, open.ask(intent, self.desk.fresh_key()));
        spawn_local(async move {
            // A lock that is not released ends by itself.
            if let Ok(accepted) = answer.await {
                open.take(&accepted);
            }
        });
    }

    /// Takes a new lock before the old one ends, and keeps what was written for the case that the page goes.
    pub(super) fn watch(&self, open: Open) {
        let editor = *self;
        effect(move |_| {
            let now = editor.desk.clock.now.get();
            if editor
                .editing
                .with(|editing| editing.as_ref().is_some_and(|editing| editing.ending(now)))
            {
                editor.renew(&open);
            }
        });
        effect(move |_| {
            let text = editor.text.get();
            if let Some(editing) = editor
                .editing
                .get()
                .filter(|editing| editing.before != text)
            {
                editor.desk.composers.keep_edit(editing.message, text);
            }
        });
    }

    fn renew(&self, open: &Open) {
        let Some(editing) = self.editing.get_untracked() else {
            return;
        };
        let intent = Intent::MessageLock {
            item: editing.message,
            follows: Some(editing.follows),
            ttl: LOCK_TTL,
        };
        let Some(key) = self.renewal.begin(&intent, || self.desk.fresh_key()) else {
            return;
        };
        let (editor, open, answer) = (*self, *open, open.ask(intent, key));
        spawn_local(async move {
            let answer = answer.await;
            editor.renewal.end(&answer);
            let Ok(accepted) = answer else { return };
            open.take(&accepted);
            if let Some(granted) = Editing::granted(&accepted) {
                editor.editing.try_update(|editing| {
                    if let Some(editing) = editing
                        .as_mut()
                        .filter(|editing| editing.message == granted.message)
                    {
                        editing.until = granted.until;
                        editing.follows = granted.follows;
                    }
                });
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;
    use em2_model::id::CommitKey;
    use em2_model::wire::domestic::{Entry, Person};
    use em2_model::wire::live::Change;

    fn answer(lock: Option<Lock>) -> Accepted {
        let Entry::Message(mut message) = samples::message(4, "ann@a.example") else {
            panic!("a message")
        };
        message.lock = lock;
        message.head = ActionKey::from_bytes([9; 32]);
        let change = Change {
            key: message.head,
            seq: 9,
            head: CommitKey::from_bytes([9; 32]),
            at: Time(1_000),
            by: message.author.address.clone(),
            notable: false,
            effect: Changed::Message { message },
        };
        Accepted::Action {
            key: change.key,
            change: Box::new(change),
        }
    }

    fn lock(until: i64) -> Lock {
        let Entry::Message(message) = samples::message(4, "ann@a.example") else {
            panic!("a message")
        };
        Lock {
            by: Person { ..message.author },
            until: Time(until),
        }
    }

    #[test]
    fn an_edit_follows_its_lock() {
        let editing = Editing::granted(&answer(Some(lock(901_000)))).unwrap();
        assert_eq!(editing.follows, ActionKey::from_bytes([9; 32]));
        assert_eq!(editing.before, "message 4");
        assert_eq!(Editing::granted(&answer(None)), None);
    }

    #[test]
    fn a_new_lock_is_taken_in_the_last_minute() {
        let editing = Editing::granted(&answer(Some(lock(901_000)))).unwrap();
        assert_eq!(editing.left(Time(1_000)), 900_000);
        assert!(!editing.ending(Time(841_000)));
        assert!(editing.ending(Time(841_001)));
        assert_eq!(editing.left(Time(2_000_000)), 0);
    }

    #[test]
    fn a_lock_that_has_ended_is_shown_to_nobody() {
        let lock = lock(901_000);
        assert!(holds(Some(&lock), Time(900_999)).is_some());
        assert!(holds(Some(&lock), Time(901_000)).is_none());
        assert!(holds(None, Time(0)).is_none());
    }
}
