//! The bus of one process: a mailbox for each connection, found by the person.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};

use tokio::sync::Notify;

use crate::propagate::frame::Frame;
use crate::store::users::UserId;

/// How many frames wait for one connection; a slower one is told to resynchronise. // spec §17
pub(super) const WAITING: usize = 256;

/// Who is connected to this process.
#[derive(Default)]
pub struct Local {
    open: RwLock<HashMap<UserId, Vec<Weak<Mailbox>>>>,
}

/// What waits for one connection. An idle one holds no buffer.
pub(super) struct Mailbox {
    letters: Mutex<Letters>,
    bell: Notify,
}

#[derive(Default)]
struct Letters {
    waiting: VecDeque<Frame>,
    /// Something was stored for which there is no frame.
    missed: bool,
    /// More came than the mailbox holds: what was waiting is gone.
    lagging: bool,
}

/// Held by a connection: forgets it when it ends.
pub(super) struct Leave {
    local: Arc<Local>,
    user: UserId,
}

impl Drop for Leave {
    fn drop(&mut self) {
        self.local.sweep(self.user);
    }
}

/// What a mailbox held when it was looked into.
pub(super) enum Taken {
    Frame(Frame),
    Nothing,
    Missed,
    Lagging,
}

impl Local {
    pub(super) fn open(self: &Arc<Local>, user: UserId) -> (Arc<Mailbox>, Leave) {
        let mailbox = Arc::new(Mailbox {
            letters: Mutex::default(),
            bell: Notify::new(),
        });
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        open.entry(user).or_default().push(Arc::downgrade(&mailbox));
        (
            mailbox,
            Leave {
                local: self.clone(),
                user,
            },
        )
    }

    pub(super) fn is_open(&self, user: UserId) -> bool {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        open.get(&user)
            .is_some_and(|mailboxes| mailboxes.iter().any(|mailbox| mailbox.strong_count() > 0))
    }

    pub(super) fn send(&self, user: UserId, frame: &Frame) {
        self.each(user, |mailbox| mailbox.put(frame.clone()));
    }

    pub(super) fn miss(&self, user: UserId) {
        self.each(user, Mailbox::miss);
    }

    fn each(&self, user: UserId, act: impl Fn(&Mailbox)) {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        let mailboxes = open.get(&user).into_iter().flatten();
        mailboxes
            .filter_map(Weak::upgrade)
            .for_each(|mailbox| act(&mailbox));
    }

    /// Forgets the connections of a person that have ended.
    fn sweep(&self, user: UserId) {
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(mailboxes) = open.get_mut(&user) {
            mailboxes.retain(|mailbox| mailbox.strong_count() > 0);
            if mailboxes.is_empty() {
                open.remove(&user);
            }
        }
    }
}

impl Mailbox {
    fn letters(&self) -> MutexGuard<'_, Letters> {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, frame: Frame) {
        let mut letters = self.letters();
        if letters.waiting.len() >= WAITING {
            *letters = Letters {
                lagging: true,
                ..Letters::default()
            };
        } else if !letters.lagging {
            letters.waiting.push_back(frame);
        }
        drop(letters);
        self.bell.notify_one();
    }

    fn miss(&self) {
        self.letters().missed = true;
        self.bell.notify_one();
    }

    pub(super) fn take(&self) -> Taken {
        let mut letters = self.letters();
        if letters.lagging {
            return Taken::Lagging;
        }
        if std::mem::take(&mut letters.missed) {
            return Taken::Missed;
        }
        let taken = letters
            .waiting
            .pop_front()
            .map_or(Taken::Nothing, Taken::Frame);
        if letters.waiting.is_empty() {
            letters.waiting = VecDeque::new();
        }
        taken
    }

    /// Waits until something was put in; a bell that rang before is heard too.
    pub(super) async fn ring(&self) {
        self.bell.notified().await;
    }
}
