//! "I have read up to here": told once a conversation is before somebody's eyes.

use em2_model::wire::domestic::Conversation;
use em2_model::wire::intent::Intent;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::effect::effect;
use super::open::Open;
use crate::backend::Connection;

/// How long something must be before one's eyes to be read, in milliseconds.
const GLANCE: u32 = 800;

/// How far the reader has come: what there is, and what the platform knows of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Position {
    newest: u64,
    told: u64,
    present: bool,
}

impl Position {
    fn of(conversation: &Conversation) -> Position {
        Position {
            newest: conversation.seq,
            told: conversation.read,
            present: conversation.present,
        }
    }

    /// The slot to tell, where there is something to tell and somebody sees it.
    fn due(self, visible: bool, connection: Connection) -> Option<u64> {
        let reachable = !matches!(connection, Connection::Reconnecting | Connection::SignedOut);
        (self.present && visible && reachable && self.newest > self.told).then_some(self.newest)
    }
}

/// Watches what is read, for as long as the conversation is open.
pub(super) fn watch(open: Open) {
    let position = open.part(Position::of);
    let turn = StoredValue::new(0_u64);
    effect(move |_| {
        let due = position
            .get()
            .due(open.desk.visible.get(), open.desk.feed.connection.get());
        turn.update_value(|turn| *turn += 1);
        let mine = turn.get_value();
        let (Some(_), Some(device)) = (due, open.desk.device()) else {
            return;
        };
        spawn_local(async move {
            device.after(GLANCE).await;
            if turn.try_get_value() != Some(mine) {
                return;
            }
            let (visible, connection) = (
                open.desk.visible.get_untracked(),
                open.desk.feed.connection.get_untracked(),
            );
            if let Some(seq) = position.get_untracked().due(visible, connection) {
                let told = open.ask(Intent::Seen { seq }, open.desk.fresh_key()).await;
                // What is not told now is told with the next change, or on the next connection.
                if let Ok(accepted) = told {
                    open.take(&accepted);
                }
            }
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: Position = Position {
        newest: 7,
        told: 4,
        present: true,
    };

    #[test]
    fn what_is_before_ones_eyes_is_told_once() {
        assert_eq!(NEW.due(true, Connection::Live), Some(7));
        assert_eq!(
            NEW.due(true, Connection::Idle),
            Some(7),
            "without a live feed too"
        );
        assert_eq!(
            Position { told: 7, ..NEW }.due(true, Connection::Live),
            None
        );
    }

    #[test]
    fn nothing_is_told_by_a_page_that_nobody_sees_or_that_reaches_nobody() {
        assert_eq!(NEW.due(false, Connection::Live), None);
        assert_eq!(NEW.due(true, Connection::Reconnecting), None);
        assert_eq!(
            Position {
                present: false,
                ..NEW
            }
            .due(true, Connection::Live),
            None
        );
    }
}
