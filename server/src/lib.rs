//! The server: storage, the one write path, the domestic API, sign-in and the rendered pages.
//!
//! ```text
//!  routes, render ─► service ─► store          auth ─► store
//!                      └──────► propagate ─► the sockets of `routes::domestic::live`
//! ```

// The type of a page nests as deep as its markup.
#![recursion_limit = "512"]

pub mod archive;
pub mod auth;
pub mod clock;
pub mod config;
pub mod error;
pub mod federation;
pub mod identity;
mod jobs;
pub mod marks;
pub mod propagate;
pub mod render;
pub mod routes;
mod serve;
pub mod service;
pub mod state;
pub mod store;
pub mod telemetry;
pub mod text;
mod together;

use std::net::SocketAddr;

use tokio::net::TcpListener;
use tokio::sync::watch;

use auth::Auth;
use auth::cookie::Cookies;
use clock::Clock;
use config::{Config, Origin};
use error::Error;
use federation::Federation;
use federation::client::Client;
use federation::discovery::Discovery;
use federation::peers::Peers;
use federation::routes::Routes;
use federation::web::Web;
use identity::{Identity, Wanted};
use marks::Marked;
use propagate::Bus;
use render::site::Site;
pub use serve::Peer;
use service::Service;
use state::{App, Parts};
use store::Store;

/// A server that listens, and answers as soon as it is run.
pub struct Server {
    app: App,
    listener: TcpListener,
    address: SocketAddr,
    /// Speaks to other platforms; absent in a local trial.
    client: Option<Client>,
    close: watch::Sender<bool>,
}

impl Server {
    /// Listens, and opens the database, with the platform's identity at the first start.
    pub async fn open(config: Config, clock: Clock) -> Result<Server, Error> {
        let listener = TcpListener::bind(config.listen)
            .await
            .map_err(|error| Error::listen(config.listen, &error))?;
        Server::open_on(listener, config, clock).await
    }

    /// The same with a listener that is open already.
    pub async fn open_on(
        listener: TcpListener,
        config: Config,
        clock: Clock,
    ) -> Result<Server, Error> {
        render::start();
        let address = listener
            .local_addr()
            .map_err(|error| Error::listen(config.listen, &error))?;
        let store = open_store(&config).await?;
        let origin = config
            .origin
            .clone()
            .unwrap_or_else(|| Origin::of_listener(address));
        let site = Site::read(&config.site).map_err(|error| Error::folder(&config.site, &error))?;
        let (close, closing) = watch::channel(false);
        let auth = Auth::new(store.clone(), clock.clone())?;
        let open = || open_web(config.routes.as_deref());
        let web = config.platform.is_some().then(open).transpose()?;
        // After all that can fail: the first start makes a recovery key, which is shown once.
        let identity = open_identity(&config, &store, &clock).await?;
        // A local trial speaks to nobody.
        let web = match (identity.is_trial(), web) {
            (true, _) => None,
            (false, Some(web)) => Some(web),
            (false, None) => Some(open()?),
        };
        let discovery = web.clone().map(Discovery::new);
        let peers = Peers::new(store.clone(), clock.clone(), discovery, identity.clone());
        let service = Service::new(
            store.clone(),
            clock.clone(),
            identity.clone(),
            Bus::local(),
            peers.clone(),
        );
        begin_again(&service, &config.data).await?;
        let client = web.map(|web| Client::new(web, identity.clone(), clock.clone()));
        let app = App::from(Parts {
            auth,
            cookies: Cookies::new(&origin),
            federation: Federation::new(peers, service.outbox().clone()),
            service,
            identity,
            origin,
            clock,
            site,
            closing,
            config,
        });
        Ok(Server {
            app,
            listener,
            address,
            client,
            close,
        })
    }

    /// What requests are handled with.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// What it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address to open in a browser: with a one-time token where nobody has an account yet.
    pub async fn address_to_open(&self) -> Result<(String, bool), Error> {
        let origin = &self.app.origin;
        Ok(match self.app.auth.first_token().await? {
            Some(token) => (
                format!(
                    "{origin}{}?token={}",
                    ::app::paths::FIRST_ACCOUNT,
                    token.text()
                ),
                true,
            ),
            None => (origin.to_string(), false),
        })
    }

    /// Answers until `shutdown` is done; then open sockets are told and open requests end.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let watch = tokio::spawn(self.app.auth.clone().watch());
        let upkeep = tokio::spawn(self.app.service.clone().keep_up());
        let (service, clock) = (self.app.service.clone(), self.app.clock.clone());
        let marks = tokio::spawn(
            service
                .given_out()
                .clone()
                .keep(self.app.config.data.clone()),
        );
        let restored = tokio::spawn(service.clone().order_again());
        let keys = tokio::spawn(self.app.identity.clone().keep_up(clock.clone()));
        let sender = self
            .client
            .map(|client| tokio::spawn(jobs::sender::send(service, client, clock)));
        let close = self.close;
        let shutdown = async move {
            shutdown.await;
            close.send_replace(true);
        };
        serve::serve(self.listener, routes::router(self.app), shutdown).await;
        watch.abort();
        upkeep.abort();
        keys.abort();
        marks.abort();
        restored.abort();
        if let Some(sender) = sender {
            sender.abort();
        }
    }
}

/// Where the database is older than what this platform gave out, the others are asked before anything is ordered.
async fn begin_again(service: &Service, data: &std::path::Path) -> Result<(), Error> {
    let marked = Marked::read(data).map_err(|error| Error::folder(data, &error))?;
    service.load_standings().await?;
    if !marks::is_declared(data) && !service.lacks(&marked).await? {
        return Ok(());
    }
    let begun = service.begin_again().await?;
    tracing::warn!(
        conversations = begun,
        "the database is older than what other platforms were given: they are asked for what it lacks"
    );
    marks::begun_again(data).map_err(|error| Error::folder(data, &error))
}

/// The way out to other platforms: by static routes where they are given, else by names and TLS.
pub fn open_web(routes: Option<&str>) -> Result<Web, Error> {
    match routes {
        Some(routes) => Web::development(Routes::parse(routes)?),
        None => Web::production(),
    }
}

/// Opens the database that the settings name, in a data folder that only its owner can read.
pub async fn open_store(config: &Config) -> Result<Store, Error> {
    make_folder(&config.data).map_err(|error| Error::folder(&config.data, &error))?;
    Ok(Store::open(&config.database).await?)
}

/// Who the platform is: what the settings say at the first start, later what was said then.
pub async fn open_identity(
    config: &Config,
    store: &Store,
    clock: &Clock,
) -> Result<Identity, Error> {
    let platform = config
        .platform
        .as_deref()
        .map(em2_model::Platform::parse)
        .transpose()?;
    let wanted = Wanted {
        platform,
        domains: config.domains.clone(),
    };
    Ok(Identity::open(store, &config.data, wanted, clock.now()).await?)
}

fn make_folder(path: &std::path::Path) -> std::io::Result<()> {
    let mut folder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder.recursive(true).create(path)
}
