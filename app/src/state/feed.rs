//! The live feed as states hear it: each frame once, in order, also for a page that opened a moment too late.

use std::sync::Arc;

use em2_model::wire::live::Live;
use leptos::prelude::*;

use super::ring::Ring;
use crate::backend::{Connection, Heard, World};

/// What a state hears.
#[derive(Clone, Copy)]
pub enum Frame<'a> {
    Live(&'a Live),
    /// Something was missed: read the page again.
    Reload,
}

type Hear = Arc<dyn Fn(Frame<'_>) + Send + Sync>;

/// ```text
/// socket ──Heard──▶ Feed ──Frame──▶ Mailbox
///                    │  └───Frame──▶ Open …
///                    └─▶ connection, newer_build
/// ```
#[derive(Clone, Copy)]
pub struct Feed {
    inner: StoredValue<Inner>,
    /// Whether somebody listens.
    pub(super) wanted: RwSignal<bool>,
    pub connection: RwSignal<Connection>,
    /// The server renders another build than this page's: reload when it suits.
    pub newer_build: RwSignal<bool>,
}

struct Inner {
    ring: Ring,
    listeners: Vec<(u64, Hear)>,
    /// What the last listener is called.
    next: u64,
    /// The oldest page that listens; the socket goes on from there.
    since: Option<u64>,
    started: bool,
    /// Frames were lost; the next greeting says from where on it goes.
    resync: bool,
    build: String,
}

impl Feed {
    /// A feed that nobody listens to yet, for a page of this build.
    pub fn new(build: String) -> Feed {
        let inner = Inner {
            ring: Ring::default(),
            listeners: Vec::new(),
            next: 0,
            since: None,
            started: false,
            resync: false,
            build,
        };
        Feed {
            inner: StoredValue::new(inner),
            wanted: RwSignal::new(false),
            connection: RwSignal::new(Connection::Idle),
            newer_build: RwSignal::new(false),
        }
    }

    /// Hears everything after counter `since` until the present owner is cleaned up.
    pub fn subscribe(&self, since: u64, hear: impl Fn(Frame<'_>) + Send + Sync + 'static) {
        let hear: Hear = Arc::new(hear);
        let missed = self.inner.try_update_value(|inner| {
            if inner.started {
                return inner.ring.after(since);
            }
            inner.since = Some(inner.since.map_or(since, |known| known.min(since)));
            Some(Vec::new())
        });
        self.listen(hear.clone());
        self.wanted.set(true);
        match missed.flatten() {
            Some(frames) => frames.iter().for_each(|frame| hear(Frame::Live(frame))),
            None => hear(Frame::Reload),
        }
    }

    /// Hears what comes from now on, for a page that was not read at a counter.
    pub fn follow(&self, hear: impl Fn(Frame<'_>) + Send + Sync + 'static) {
        self.listen(Arc::new(hear));
    }

    fn listen(&self, hear: Hear) {
        let id = self.inner.try_update_value(|inner| {
            inner.next += 1;
            inner.listeners.push((inner.next, hear));
            inner.next
        });
        let inner = self.inner;
        on_cleanup(move || {
            inner.try_update_value(|inner| inner.listeners.retain(|(held, _)| Some(*held) != id));
        });
    }

    /// What was heard after counter `since`; none where a page of that age has to be read again.
    pub fn after(&self, since: u64) -> Option<Vec<Live>> {
        self.inner.with_value(|inner| inner.ring.after(since))
    }

    /// Connects, once somebody listens.
    pub fn start(&self, world: &World) {
        let mut from = None;
        self.inner.update_value(|inner| {
            if let Some(since) = inner.since.filter(|_| !inner.started) {
                inner.started = true;
                inner.ring = Ring::starting(since);
                from = Some(since);
            }
        });
        if let Some(since) = from {
            let feed = *self;
            world.listen(since, Arc::new(move |heard| feed.hear(heard)));
        }
    }

    /// Takes what the connection tells.
    pub fn hear(&self, heard: Heard) {
        match heard {
            Heard::Connection(connection) => self.connection.set(connection),
            Heard::Live(Live::Resync) => self.inner.update_value(|inner| inner.resync = true),
            Heard::Live(Live::Hello { n, build }) => self.greeted(n, &build),
            Heard::Live(live) => {
                let mut fresh = false;
                self.inner
                    .update_value(|inner| fresh = inner.ring.take(&live));
                if fresh {
                    self.tell(Frame::Live(&live));
                }
            }
        }
    }

    /// Pages are read again only once the socket is open: what happens meanwhile comes as a frame.
    fn greeted(&self, n: u64, build: &str) {
        let mut reload = false;
        let mut newer = false;
        self.inner.update_value(|inner| {
            newer = inner.build != build;
            if std::mem::take(&mut inner.resync) {
                inner.ring = Ring::starting(n);
                reload = true;
            }
        });
        self.newer_build.set(newer);
        if reload {
            self.tell(Frame::Reload);
        }
    }

    fn tell(&self, frame: Frame<'_>) {
        let listeners = self.inner.with_value(|inner| inner.listeners.clone());
        for (_, hear) in listeners {
            hear(frame);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use em2_model::id::ConversationKey;
    use std::sync::Mutex;

    fn read(n: u64) -> Live {
        Live::Read {
            n,
            conversation: ConversationKey::from_bytes([1; 32]),
            seq: n,
        }
    }

    fn hello(n: u64, build: &str) -> Heard {
        Heard::Live(Live::Hello {
            n,
            build: build.to_owned(),
        })
    }

    type Log = Arc<Mutex<Vec<Option<u64>>>>;

    /// A feed that has started at 10, and what its listener heard: numbers, or none for a reload.
    fn listening() -> (Owner, Feed, Log) {
        let owner = Owner::new();
        owner.set();
        let feed = Feed::new("a".to_owned());
        let log = Log::default();
        feed.subscribe(10, logging(&log));
        feed.inner.update_value(|inner| {
            inner.started = true;
            inner.ring = Ring::starting(10);
        });
        (owner, feed, log)
    }

    fn logging(log: &Log) -> impl Fn(Frame<'_>) + Send + Sync + 'static {
        let log = log.clone();
        move |frame| {
            log.lock().unwrap().push(match frame {
                Frame::Live(live) => live.n(),
                Frame::Reload => None,
            });
        }
    }

    #[test]
    fn each_frame_is_told_once() {
        let (_owner, feed, log) = listening();
        for n in [11, 12, 11, 12, 13] {
            feed.hear(Heard::Live(read(n)));
        }
        assert_eq!(*log.lock().unwrap(), [Some(11), Some(12), Some(13)]);
    }

    #[test]
    fn a_page_that_opens_late_hears_what_it_missed() {
        let (_owner, feed, _) = listening();
        feed.hear(Heard::Live(read(11)));
        feed.hear(Heard::Live(read(12)));
        let late = Log::default();
        feed.subscribe(11, logging(&late));
        assert_eq!(*late.lock().unwrap(), [Some(12)]);
        let too_late = Log::default();
        feed.subscribe(9, logging(&too_late));
        assert_eq!(*too_late.lock().unwrap(), [None]);
    }

    #[test]
    fn pages_are_read_again_after_the_next_greeting() {
        let (_owner, feed, log) = listening();
        feed.hear(Heard::Live(Live::Resync));
        assert!(log.lock().unwrap().is_empty());
        feed.hear(hello(500, "a"));
        feed.hear(Heard::Live(read(501)));
        assert_eq!(*log.lock().unwrap(), [None, Some(501)]);
        feed.hear(hello(501, "a"));
        assert_eq!(
            log.lock().unwrap().len(),
            2,
            "an ordinary greeting reloads nothing"
        );
    }

    #[test]
    fn another_build_is_told() {
        let (_owner, feed, _) = listening();
        feed.hear(hello(10, "a"));
        assert!(!feed.newer_build.get_untracked());
        feed.hear(hello(10, "b"));
        assert!(feed.newer_build.get_untracked());
    }

    #[test]
    fn a_listener_that_is_gone_hears_nothing() {
        let (owner, feed, _) = listening();
        let log = Log::default();
        let page = owner.child();
        page.with(|| feed.subscribe(10, logging(&log)));
        page.cleanup();
        feed.hear(Heard::Live(read(11)));
        assert!(log.lock().unwrap().is_empty());
    }
}
