//! What every request is handled with.

use std::ops::Deref;
use std::sync::Arc;

use tokio::sync::watch;

use crate::auth::Auth;
use crate::auth::cookie::Cookies;
use crate::clock::Clock;
use crate::config::{Config, Origin};
use crate::federation::Federation;
use crate::identity::Identity;
use crate::render::site::Site;
use crate::service::Service;

/// The server's parts. Cheap to clone: every clone is the same one.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// What an [`App`] holds.
pub struct Parts {
    pub config: Config,
    /// Where people reach the server: what a socket's `Origin` is compared with.
    pub origin: Origin,
    pub clock: Clock,
    pub auth: Auth,
    pub cookies: Cookies,
    pub service: Service,
    pub identity: Identity,
    /// What requests of other platforms are checked with.
    pub federation: Federation,
    pub site: Site,
    /// Turns true when the server stops: open sockets say goodbye.
    pub closing: watch::Receiver<bool>,
}

impl From<Parts> for App {
    fn from(parts: Parts) -> App {
        App(Arc::new(parts))
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
