//! The list of conversations, kept up to date.

use em2_model::id::ConversationRef;
use em2_model::refusal::Refusal;
use em2_model::wire::domestic::{ListPage, ListQuery, ListView, Row};
use em2_model::wire::live::Live;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::anchors;
use super::desk::Desk;
use super::feed::Frame;
use super::fold::{Counted, fold, recount};
use super::keymap::Command;

/// How long changes are gathered before the counts are asked for again, in milliseconds.
const GATHER: u32 = 1_000;

/// One view of the list, as far as it is loaded.
#[derive(Clone, Copy)]
pub struct Mailbox {
    pub page: RwSignal<ListPage>,
    pub view: ListView,
    /// An older page is being loaded.
    pub loading: RwSignal<bool>,
    /// Why the last attempt to load failed.
    pub problem: RwSignal<Option<Refusal>>,
    recount: StoredValue<bool>,
    desk: Desk,
}

impl Mailbox {
    /// The list as it was read, which lives on from there.
    pub fn new(desk: Desk, view: ListView, page: ListPage) -> Mailbox {
        let since = page.n;
        let mailbox = Mailbox {
            page: RwSignal::new(page),
            view,
            loading: RwSignal::new(false),
            problem: RwSignal::new(None),
            recount: StoredValue::new(false),
            desk,
        };
        desk.feed.subscribe(since, move |frame| mailbox.hear(frame));
        desk.commands
            .handle(move |command| mailbox.command(command));
        mailbox
    }

    /// The rows in their order, for a keyed list.
    pub fn rows(&self) -> Memo<Vec<ConversationRef>> {
        let page = self.page;
        Memo::new(move |_| page.with(|page| page.rows.iter().map(|row| row.key).collect()))
    }

    /// One row in its present form; none once it has left the list.
    pub fn row(&self, key: ConversationRef) -> Memo<Option<Row>> {
        let page = self.page;
        Memo::new(move |_| page.with(|page| page.rows.iter().find(|row| row.key == key).cloned()))
    }

    /// Loads the next page.
    pub fn more(&self) {
        let Some(before) = self.page.with_untracked(|page| page.next.clone()) else {
            return;
        };
        if self.loading.get_untracked() {
            return;
        }
        self.loading.set(true);
        let mailbox = *self;
        let asked = self.desk.world().list(ListQuery {
            view: self.view,
            before: Some(before),
            offset: None,
        });
        spawn_local(async move {
            let answer = asked.await;
            mailbox.loading.try_set(false);
            mailbox.problem.try_set(answer.as_ref().err().cloned());
            if let Ok(next) = answer {
                mailbox.page.try_update(|page| page.append(next));
            }
        });
    }

    fn hear(self, frame: Frame<'_>) {
        // Which requests wait is not in the frame that says how many.
        let anew =
            |live: &Live| self.view == ListView::Requests && matches!(live, Live::Requests { .. });
        match frame {
            Frame::Live(live) if !anew(live) => {
                let me = self
                    .desk
                    .session
                    .with_value(|session| session.address.clone());
                let mut counted = Counted::Yes;
                self.page
                    .update(|page| counted = fold(page, self.view, &me, live));
                if counted == Counted::No {
                    self.count_again();
                }
            }
            Frame::Live(_) | Frame::Reload => self.reload(|page, fresh| *page = fresh),
        }
    }

    /// Asks for the counts, once for all changes of a moment.
    fn count_again(self) {
        let Some(device) = self.desk.device().filter(|_| !self.recount.get_value()) else {
            return;
        };
        self.recount.set_value(true);
        spawn_local(async move {
            device.after(GATHER).await;
            if self.recount.try_set_value(false).is_none() {
                self.reload(move |page, fresh| recount(page, self.view, &fresh));
            }
        });
    }

    /// Reads the first page again and puts it in; what was heard since it was read is folded in after it.
    fn reload(self, put: impl FnOnce(&mut ListPage, ListPage) + 'static) {
        let asked = self.desk.world().list(ListQuery {
            view: self.view,
            ..ListQuery::default()
        });
        spawn_local(async move {
            match asked.await {
                Err(refusal) => {
                    self.problem.try_set(Some(refusal));
                }
                Ok(fresh) => {
                    let me = self
                        .desk
                        .session
                        .with_value(|session| session.address.clone());
                    let later = self.desk.feed.after(fresh.n).unwrap_or_default();
                    self.problem.try_set(None);
                    self.page.try_update(|page| {
                        put(page, fresh);
                        for live in &later {
                            fold(page, self.view, &me, live);
                        }
                    });
                }
            }
        });
    }

    fn command(self, command: Command) -> bool {
        let Some(device) = self.desk.device() else {
            return false;
        };
        let focused = device.focused();
        let here = focused.as_deref().and_then(|id| self.place(id));
        match command {
            Command::NextConversation => self.focus(here.map_or(0, |place| place + 1)),
            Command::PreviousConversation => {
                self.focus(here.map_or(0, |place| place.saturating_sub(1)))
            }
            Command::Open => here.is_some() && focused.is_some_and(|id| device.follow(&id)),
            _ => false,
        }
    }

    /// The place of the row whose link has this id.
    fn place(self, id: &str) -> Option<usize> {
        self.page.with_untracked(|page| {
            page.rows
                .iter()
                .position(|row| anchors::row(&row.key) == id)
        })
    }

    fn focus(self, place: usize) -> bool {
        let key = self
            .page
            .with_untracked(|page| page.rows.get(place).map(|row| row.key));
        key.is_some_and(|key| self.desk.focus(&anchors::row(&key)))
    }
}
