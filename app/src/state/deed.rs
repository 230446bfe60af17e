//! One write on its way: what became of it, and the idempotency key that it keeps across retries.

use std::str::FromStr;

use em2_model::refusal::{Code, Refusal};
use leptos::prelude::*;

/// What became of a write.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Status {
    #[default]
    Idle,
    Doing,
    Refused(Refusal),
}

/// Whether a write may have arrived although no answer came, or may be taken later: the same request under the same
/// key is the way on. The member `unreachable` is put there by the browser's backend.
pub fn open_ended(refusal: &Refusal) -> bool {
    refusal.details.contains_key("unreachable")
        || matches!(refusal.code, Code::Busy | Code::Down | Code::Internal)
}

/// A key that a refusal names.
pub fn told<T: FromStr>(refusal: &Refusal, name: &str) -> Option<T> {
    refusal.details.get(name)?.as_str()?.parse().ok()
}

/// The key under which a write goes out. The same write tried again has the same key, another one a fresh one.
#[derive(Clone, Debug)]
pub struct Ticket<T> {
    sent: Option<(T, String)>,
}

impl<T> Default for Ticket<T> {
    fn default() -> Ticket<T> {
        Ticket { sent: None }
    }
}

impl<T: Clone + PartialEq> Ticket<T> {
    /// The key for this write.
    pub fn key(&mut self, write: &T, fresh: impl FnOnce() -> String) -> String {
        match &self.sent {
            Some((sent, key)) if sent == write => key.clone(),
            _ => {
                let key = fresh();
                self.sent = Some((write.clone(), key.clone()));
                key
            }
        }
    }

    /// Takes note of the answer: only one that leaves the outcome open keeps the key.
    pub fn answered<A>(&mut self, answer: &Result<A, Refusal>) {
        if !answer.as_ref().is_err_and(open_ended) {
            self.sent = None;
        }
    }
}

/// A kind of write that a button stands for: one at a time.
pub struct Deed<T: Send + Sync + 'static> {
    pub status: RwSignal<Status>,
    ticket: StoredValue<Ticket<T>>,
}

impl<T: Send + Sync + 'static> Clone for Deed<T> {
    fn clone(&self) -> Deed<T> {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for Deed<T> {}

impl<T: Clone + PartialEq + Send + Sync + 'static> Default for Deed<T> {
    fn default() -> Deed<T> {
        Deed::new()
    }
}

impl<T: Clone + PartialEq + Send + Sync + 'static> Deed<T> {
    pub fn new() -> Deed<T> {
        Deed {
            status: RwSignal::new(Status::Idle),
            ticket: StoredValue::new(Ticket::default()),
        }
    }

    /// Whether it is on its way.
    pub fn doing(&self) -> bool {
        self.status.with(|status| *status == Status::Doing)
    }

    /// Whether it is on its way at this moment.
    pub fn busy(&self) -> bool {
        untrack(|| self.doing())
    }

    /// The refusal to show.
    pub fn refusal(&self) -> Option<Refusal> {
        self.status.with(|status| match status {
            Status::Refused(refusal) => Some(refusal.clone()),
            Status::Idle | Status::Doing => None,
        })
    }

    /// Begins, unless it is on its way already: the key to send under.
    pub fn begin(&self, write: &T, fresh: impl FnOnce() -> String) -> Option<String> {
        if self
            .status
            .with_untracked(|status| *status == Status::Doing)
        {
            return None;
        }
        self.status.set(Status::Doing);
        let mut key = None;
        self.ticket
            .update_value(|ticket| key = Some(ticket.key(write, fresh)));
        key
    }

    /// Ends with this answer. Does nothing where the page has gone meanwhile.
    pub fn end<A>(&self, answer: &Result<A, Refusal>) {
        self.ticket
            .try_update_value(|ticket| ticket.answered(answer));
        let status = answer
            .as_ref()
            .err()
            .map_or(Status::Idle, |refusal| Status::Refused(refusal.clone()));
        self.status.try_set(status);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unreachable() -> Result<(), Refusal> {
        Err(Refusal::from(Code::Down).with("unreachable", true))
    }

    #[test]
    fn a_retry_keeps_its_key_and_another_write_gets_another() {
        let mut ticket = Ticket::default();
        assert_eq!(ticket.key(&"a", || "1".to_owned()), "1");
        ticket.answered(&unreachable());
        assert_eq!(ticket.key(&"a", || "2".to_owned()), "1");
        assert_eq!(ticket.key(&"b", || "3".to_owned()), "3");
    }

    #[test]
    fn a_settled_write_done_again_is_a_new_one() {
        for answer in [Ok(()), Err(Refusal::from(Code::Conflict))] {
            let mut ticket = Ticket::default();
            ticket.key(&"a", || "1".to_owned());
            ticket.answered(&answer);
            assert_eq!(ticket.key(&"a", || "2".to_owned()), "2");
        }
    }

    #[test]
    fn one_at_a_time() {
        let owner = Owner::new();
        owner.set();
        let deed = Deed::new();
        assert_eq!(deed.begin(&"a", || "1".to_owned()).as_deref(), Some("1"));
        assert_eq!(deed.begin(&"a", || "2".to_owned()), None);
        deed.end(&unreachable());
        assert!(deed.refusal().is_some());
        assert_eq!(deed.begin(&"a", || "3".to_owned()).as_deref(), Some("1"));
    }
}
