//! What commands do: those of every page, and those of the open conversation.

use em2_model::id::ActionKey;
use em2_model::id::ConversationRef;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::anchors;
use super::desk::Desk;
use super::keymap::Command;
use super::open::Open;
use super::timeline;
use crate::paths;

/// How long a page takes to stand after a link was followed, in milliseconds.
const SETTLE: u32 = 60;

impl Desk {
    pub(super) fn command(self, command: Command) -> bool {
        match command {
            Command::New => self.go(paths::NEW),
            Command::Search => self.focus(anchors::SEARCH) || self.go(paths::SEARCH),
            Command::Inbox => self.go(paths::INBOX),
            Command::Drafts => self.go(paths::DRAFTS),
            Command::Sent => self.go(paths::SENT),
            Command::Requests => self.go(paths::REQUESTS),
            Command::Help => {
                self.help.set(true);
                true
            }
            Command::Close if self.help.get_untracked() => {
                self.help.set(false);
                true
            }
            _ => false,
        }
    }
}

impl Open {
    pub(super) fn command(self, command: Command) -> bool {
        match command {
            Command::NextMessage => self.step(1),
            Command::PreviousMessage => self.step(-1),
            Command::Reply => {
                if let Some(message) = self.focused() {
                    self.composer.parent.set(Some(message));
                }
                self.desk.focus(anchors::COMPOSER)
            }
            Command::AddPeople => {
                self.desk.focus(anchors::ADD_PERSON) || self.desk.go(&paths::people(self.key))
            }
            Command::Edit => self.edit(),
            Command::Versions => self
                .focused_or_newest()
                .is_some_and(|message| self.desk.go(&paths::history(self.key, message))),
            Command::Send => self.send_from(),
            Command::Close => self.editor.close(&self),
            Command::Back => self.back(),
            _ => false,
        }
    }

    /// The message that the focus is on or in.
    fn focused(&self) -> Option<ActionKey> {
        let id = self.desk.device()?.focused()?;
        self.conversation.with_untracked(|conversation| {
            let mut messages = timeline::messages(conversation);
            messages
                .find(|message| anchors::message(&message.key) == id)
                .map(|message| message.key)
        })
    }

    fn focused_or_newest(&self) -> Option<ActionKey> {
        let newest = |conversation: &_| {
            timeline::messages(conversation)
                .next_back()
                .map(|message| message.key)
        };
        self.focused()
            .or_else(|| self.conversation.with_untracked(newest))
    }

    /// Moves the focus by so many messages; from outside, to the newest.
    fn step(&self, by: isize) -> bool {
        let focused = self.focused();
        let target = self.conversation.with_untracked(|conversation| {
            let keys: Vec<_> = timeline::messages(conversation)
                .map(|message| message.key)
                .collect();
            let place = focused.and_then(|focused| keys.iter().position(|key| *key == focused));
            let target = match place {
                Some(place) => place
                    .saturating_add_signed(by)
                    .min(keys.len().saturating_sub(1)),
                None => keys.len().saturating_sub(1),
            };
            keys.get(target).copied()
        });
        target.is_some_and(|key| self.desk.focus(&anchors::message(&key)))
    }

    fn edit(self) -> bool {
        let Some(message) = self.focused_or_newest() else {
            return false;
        };
        let message = self.conversation.with_untracked(|conversation| {
            conversation
                .message(message)
                .filter(|message| timeline::may_edit(conversation, message))
                .cloned()
        });
        if let Some(message) = &message {
            self.editor.begin(&self, message);
        }
        message.is_some()
    }

    fn send_from(self) -> bool {
        match self
            .desk
            .device()
            .and_then(|device| device.focused())
            .as_deref()
        {
            Some(anchors::EDITOR) => {
                self.editor.save(&self);
                true
            }
            Some(anchors::COMPOSER) => self.send(),
            _ => false,
        }
    }

    /// Back to the list, to the row of this conversation.
    fn back(self) -> bool {
        let (desk, row) = (
            self.desk,
            anchors::row(&ConversationRef::Published(self.key)),
        );
        if let Some(device) = desk.device() {
            spawn_local(async move {
                device.after(SETTLE).await;
                device.focus(&row);
            });
        }
        desk.go(paths::INBOX)
    }
}
