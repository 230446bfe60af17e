//! What all pages share: provided once, where somebody is signed in.

use std::sync::Arc;

use em2_model::wire::domestic::Session;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

use super::clock::Clock;
use super::commands::Commands;
use super::composer::Composers;
use super::effect::effect;
use super::feed::Feed;
use super::outbox::Outbox;
use crate::backend::{Connection, Device, World};

/// How long a lost connection is not spoken of, in milliseconds.
const PATIENCE: u32 = 3_000;

/// The desk of the signed-in person.
#[derive(Clone, Copy)]
pub struct Desk {
    pub session: StoredValue<Session>,
    pub clock: Clock,
    pub feed: Feed,
    pub commands: Commands,
    pub outbox: RwSignal<Outbox>,
    pub composers: Composers,
    /// Whether the page is before somebody's eyes.
    pub visible: RwSignal<bool>,
    /// What to say of the connection: nothing while it is fine, or lost a moment ago.
    pub connection: RwSignal<Connection>,
    /// Whether the sheet of shortcuts is shown.
    pub help: RwSignal<bool>,
    world: StoredValue<World>,
    go: StoredValue<Go>,
}

/// The title of a document that shows this.
pub fn titled(text: &str) -> String {
    format!("{text} – em2")
}

type Go = Arc<dyn Fn(&str, bool) + Send + Sync>;

impl Desk {
    /// Lays it out for this person and gives it to everything below. Inside the router, which it goes to pages by.
    pub fn provide(world: World, session: Session) -> Desk {
        let navigate = use_navigate();
        let go: Go = Arc::new(move |path: &str, replace| {
            let options = NavigateOptions {
                replace,
                ..NavigateOptions::default()
            };
            navigate(path, options);
        });
        let desk = Desk {
            clock: Clock::new(session.now, session.offset),
            feed: Feed::new(session.build.clone()),
            session: StoredValue::new(session),
            commands: Commands::default(),
            outbox: RwSignal::new(Outbox::default()),
            composers: Composers::default(),
            visible: RwSignal::new(false),
            connection: RwSignal::new(Connection::Idle),
            help: RwSignal::new(false),
            world: StoredValue::new(world),
            go: StoredValue::new(go),
        };
        provide_context(desk);
        desk.commands.handle(move |command| desk.command(command));
        // Effects do not run on a server: nothing below happens there.
        effect(move |first| {
            if first && let Some(device) = desk.device() {
                desk.start(device);
            }
        });
        desk
    }

    /// The desk that was provided further out.
    ///
    /// # Panics
    /// Where nobody is signed in: pages without a person never ask.
    pub fn here() -> Desk {
        expect_context()
    }

    pub fn world(&self) -> World {
        self.world.get_value()
    }

    pub fn device(&self) -> Option<Arc<dyn Device>> {
        self.world.with_value(|world| world.device())
    }

    /// A fresh idempotency key.
    pub fn fresh_key(&self) -> String {
        self.world.with_value(|world| world.fresh_key())
    }

    /// Moves the focus; false where there is no such element, or no device.
    pub fn focus(&self, id: &str) -> bool {
        self.device().is_some_and(|device| device.focus(id))
    }

    /// Goes to a page of the interface.
    pub fn go(&self, path: &str) -> bool {
        self.go.with_value(|go| go(path, false));
        true
    }

    /// Goes to a page in place of this one: the way back leads to the one before.
    pub fn redirect(&self, path: &str) {
        self.go.with_value(|go| go(path, true));
    }

    /// Names the window after what it shows; on a server the document has its title already.
    pub fn title(&self, text: &str) {
        if let Some(device) = self.device() {
            device.set_title(&titled(text));
        }
    }

    fn start(self, device: Arc<dyn Device>) {
        self.clock.start(device.clone());
        self.commands.start(&*device);
        device.watch(Arc::new(move |seen| {
            self.visible.try_set(seen);
        }));
        effect(move |_| self.pill(self.feed.connection.get()));
        // Pages subscribe while they are rendered, so those of one render are all known a moment later.
        effect(move |_| {
            if self.feed.wanted.get() {
                let device = device.clone();
                spawn_local(async move {
                    device.after(0).await;
                    self.feed.start(&self.world());
                });
            }
        });
    }

    /// Waits a moment before it speaks of a lost connection.
    fn pill(self, connection: Connection) {
        let Some(device) = self
            .device()
            .filter(|_| connection == Connection::Reconnecting)
        else {
            return self.connection.set(connection);
        };
        spawn_local(async move {
            device.after(PATIENCE).await;
            if self.feed.connection.try_get_untracked() == Some(Connection::Reconnecting) {
                self.connection.set(Connection::Reconnecting);
            }
        });
    }
}
