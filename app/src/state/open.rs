//! The conversation that stands open, kept up to date, and what a person does in it.

use std::future::Future;

use em2_model::id::{ConversationKey, ConversationRef};
use em2_model::participant::Format;
use em2_model::refusal::Refusal;
use em2_model::unread::{Since, since};
use em2_model::wire::domestic::{Accepted, Conversation, KitchenSink};
use em2_model::wire::intent::Intent;
use em2_model::wire::live::{Change, Live};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::composer::Composer;
use super::deed::Deed;
use super::desk::Desk;
use super::edit::Editor;
use super::effect::effect;
use super::feed::Frame;
use super::outbox::{Letter, Sending};
use super::seen;
use super::timeline::{self, Line, LineKey};
use crate::backend::Connection;

/// An open conversation.
#[derive(Clone, Copy)]
pub struct Open {
    pub key: ConversationKey,
    pub conversation: RwSignal<Conversation>,
    /// What happened since the reader last looked, as it was on opening: it stays while one reads.
    pub since: StoredValue<Since>,
    pub composer: Composer,
    pub editor: Editor,
    /// Older entries are being loaded.
    pub loading: RwSignal<bool>,
    /// Why the last attempt to load failed.
    pub problem: RwSignal<Option<Refusal>>,
    pub(super) desk: Desk,
    /// Own messages that may be the confirmation of a letter on its way.
    held: StoredValue<Vec<Change>>,
}

impl Open {
    /// The conversation as it was read, which lives on from there.
    pub fn new(desk: Desk, conversation: Conversation) -> Open {
        let (key, n) = (conversation.key, conversation.n);
        let open = Open {
            key,
            since: StoredValue::new(since(&conversation, conversation.read)),
            conversation: RwSignal::new(conversation),
            composer: desk.composers.open(key),
            editor: Editor::new(desk),
            loading: RwSignal::new(false),
            problem: RwSignal::new(None),
            desk,
            held: StoredValue::new(Vec::new()),
        };
        desk.feed.subscribe(n, move |frame| open.hear(frame));
        desk.commands.handle(move |command| open.command(command));
        seen::watch(open);
        open.editor.watch(open);
        // What was held back is looked at again whenever a letter arrives or fails.
        effect(move |_| {
            desk.outbox.track();
            open.release();
        });
        // Letters that met no server go out again as soon as there is one.
        effect(move |_| {
            if desk.feed.connection.get() == Connection::Live {
                open.send_waiting();
            }
        });
        open
    }

    /// The lines of the timeline in their order, for a keyed list.
    pub fn lines(&self) -> Memo<Vec<LineKey>> {
        let (conversation, outbox) = (self.conversation, self.desk.outbox);
        Memo::new(move |_| {
            conversation.with(|held| outbox.with(|outbox| timeline::lines(held, outbox)))
        })
    }

    /// One line in its present form; none once it has gone.
    pub fn line(&self, key: LineKey) -> Memo<Option<Line>> {
        let (conversation, outbox) = (self.conversation, self.desk.outbox);
        Memo::new(move |_| {
            conversation.with(|held| outbox.with(|outbox| timeline::line(held, outbox, &key)))
        })
    }

    /// Something of the conversation, again only when that has changed.
    pub fn part<T: Clone + PartialEq + Send + Sync + 'static>(
        &self,
        pick: impl Fn(&Conversation) -> T + Send + Sync + 'static,
    ) -> Memo<T> {
        let conversation = self.conversation;
        Memo::new(move |_| conversation.with(&pick))
    }

    /// Sends what the composer holds: it stands in the timeline at once. False where there is nothing to send.
    pub fn send(&self) -> bool {
        let Some((text, parent)) = self.composer.take() else {
            return false;
        };
        let letter = Letter {
            id: self.desk.fresh_key(),
            conversation: self.key,
            parent,
            text,
            at: self.desk.clock.now.get_untracked(),
            sending: Sending::Now,
        };
        self.desk.outbox.update(|outbox| outbox.put(letter.clone()));
        self.post(letter);
        true
    }

    /// Sends a letter that failed again, under the same key.
    pub fn retry(&self, id: &str) {
        let again = self
            .desk
            .outbox
            .try_update(|outbox| outbox.again(id))
            .flatten();
        if let Some(letter) = again {
            self.post(letter);
        }
    }

    /// Takes a letter that failed back into the composer.
    pub fn edit_letter(&self, id: &str) {
        if let Some(letter) = self
            .desk
            .outbox
            .try_update(|outbox| outbox.take(id))
            .flatten()
        {
            self.composer.put_back(letter.text, letter.parent);
        }
    }

    /// Throws a letter that failed away.
    pub fn discard(&self, id: &str) {
        self.desk.outbox.update(|outbox| {
            outbox.take(id);
        });
    }

    /// Does something in the conversation; `done` runs once it was taken.
    pub fn act(&self, deed: Deed<Intent>, intent: Intent, done: impl FnOnce() + 'static) {
        let Some(key) = deed.begin(&intent, || self.desk.fresh_key()) else {
            return;
        };
        let open = *self;
        let answer = self.ask(intent, key);
        spawn_local(async move {
            let answer = answer.await;
            deed.end(&answer);
            if let Ok(accepted) = answer {
                open.take(&accepted);
                done();
            }
        });
    }

    /// Loads older entries.
    pub fn older(&self) {
        let Some(before) = self
            .conversation
            .with_untracked(|conversation| conversation.more_before)
        else {
            return;
        };
        if self.loading.get_untracked() {
            return;
        }
        self.loading.set(true);
        let open = *self;
        let asked = self.desk.world().older(self.key, before);
        spawn_local(async move {
            let answer = asked.await;
            open.loading.try_set(false);
            open.problem.try_set(answer.as_ref().err().cloned());
            if let Ok(older) = answer {
                open.conversation
                    .try_update(|conversation| conversation.prepend(older));
            }
        });
    }

    /// Asks the platform for something in this conversation.
    pub(super) fn ask(
        &self,
        intent: Intent,
        key: String,
    ) -> impl Future<Output = Result<Accepted, Refusal>> + 'static {
        self.desk
            .world()
            .act(ConversationRef::Published(self.key), intent, key)
    }

    /// Folds in what the platform answered: the same change that the feed tells, sooner.
    pub(super) fn take(&self, accepted: &Accepted) {
        self.conversation.try_update(|conversation| match accepted {
            Accepted::Action { change, .. } if timeline::is_news(conversation, change) => {
                conversation.apply(change)
            }
            Accepted::Seen { seen } => conversation.see(seen),
            Accepted::Pending {
                message: Some(message),
                ..
            } => conversation.wait(message),
            Accepted::Action { .. }
            | Accepted::Pending { .. }
            | Accepted::Draft { .. }
            | Accepted::Discarded { .. } => {}
        });
    }

    fn post(&self, letter: Letter) {
        let Letter {
            id, parent, text, ..
        } = letter;
        let intent = Intent::MessageAdd {
            parent,
            format: Format::Markdown,
            text,
        };
        let open = *self;
        let outbox = self.desk.outbox;
        let answer = self.ask(intent, id.clone());
        spawn_local(async move {
            match answer.await {
                Ok(accepted) => {
                    open.take(&accepted);
                    if let Accepted::Action { key, .. } | Accepted::Pending { key, .. } = &accepted
                    {
                        outbox.try_update(|outbox| outbox.confirmed(&id, *key));
                    }
                }
                Err(refusal) => {
                    outbox.try_update(|outbox| outbox.failed(&id, refusal));
                }
            }
        });
    }

    fn send_waiting(&self) {
        for id in self.desk.outbox.with_untracked(|outbox| outbox.waiting()) {
            let here = |letter: &Letter| letter.conversation == self.key;
            if self
                .desk
                .outbox
                .with_untracked(|outbox| outbox.letter(&id).is_some_and(here))
            {
                self.retry(&id);
            }
        }
    }

    fn hear(self, frame: Frame<'_>) {
        match frame {
            Frame::Live(Live::Change {
                conversation,
                change,
                ..
            }) if *conversation == self.key => self.fold(change),
            Frame::Live(Live::Seen { conversation, seen }) if *conversation == self.key => {
                self.conversation
                    .update(|conversation| conversation.see(seen));
            }
            Frame::Live(Live::Read {
                conversation, seq, ..
            }) if *conversation == self.key => {
                self.conversation
                    .update(|conversation| conversation.read = conversation.read.max(*seq));
            }
            Frame::Live(Live::Waiting {
                conversation,
                message,
            }) if *conversation == self.key => {
                self.conversation
                    .update(|conversation| conversation.wait(message));
            }
            Frame::Live(Live::Delivery {
                conversation,
                delivery,
            }) if *conversation == self.key => {
                self.conversation
                    .update(|conversation| conversation.delivery = Some(delivery.clone()));
            }
            Frame::Live(_) => {}
            Frame::Reload => self.reload(),
        }
    }

    fn fold(&self, change: &Change) {
        let waits = self.conversation.with_untracked(|conversation| {
            self.desk
                .outbox
                .with_untracked(|outbox| timeline::may_confirm(conversation, outbox, change))
        });
        if waits {
            self.held.update_value(|held| held.push(change.clone()));
        } else {
            self.conversation
                .update(|conversation| conversation.apply(change));
        }
    }

    /// Folds in what was held back, as far as it need not wait any longer.
    fn release(&self) {
        let held = self
            .held
            .try_update_value(std::mem::take)
            .unwrap_or_default();
        for change in &held {
            self.fold(change);
        }
    }

    fn reload(self) {
        let asked = self
            .desk
            .world()
            .conversation(ConversationRef::Published(self.key));
        spawn_local(async move {
            let answer = asked.await;
            self.problem.try_set(answer.as_ref().err().cloned());
            let Ok(KitchenSink::Conversation(fresh)) = answer else {
                return;
            };
            let later = self.desk.feed.after(fresh.n).unwrap_or_default();
            self.conversation
                .try_update(|conversation| timeline::replace(conversation, *fresh));
            for live in &later {
                self.hear(Frame::Live(live));
            }
        });
    }
}
