//! A whole server in this process, on a database and a port of its own.

use std::net::SocketAddr;
use std::path::Path;

use server::Server;
use server::auth::accounts::NewAccount;
use server::clock::Clock;
use server::config::{Config, Options};
use server::state::App;
use sqlx::Connection as _;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::database::Database;
use super::person::Person;

/// Everybody's password.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A running server; stopped when it is dropped.
pub(crate) struct TestServer {
    database: Database,
    /// The data folder, which holds the platform's key, and the folder of the site.
    folder: tempfile::TempDir,
    pub(crate) clock: Clock,
    running: Option<Running>,
    address: SocketAddr,
    /// Absent: a local trial.
    platform: Option<Platform>,
}

/// Who a server is among others.
#[derive(Clone)]
pub(crate) struct Platform {
    /// `em2.<domain>` is the platform's name.
    pub(crate) domain: String,
    /// Where all of them are.
    pub(crate) routes: String,
}

struct Running {
    app: App,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl TestServer {
    /// A server on a SQLite file.
    pub(crate) async fn start() -> TestServer {
        TestServer::on(Database::sqlite()).await
    }

    /// A server on this database.
    pub(crate) async fn on(database: Database) -> TestServer {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let listener = TcpListener::bind(any).await.unwrap();
        TestServer::listening(listener, database, None).await
    }

    /// A server that answers this listener.
    pub(crate) async fn listening(
        listener: TcpListener,
        database: Database,
        platform: Option<Platform>,
    ) -> TestServer {
        let folder = tempfile::tempdir().unwrap();
        let mut server = TestServer {
            database,
            folder,
            clock: Clock::default(),
            running: None,
            address: listener.local_addr().unwrap(),
            platform,
        };
        let assets = r#"{"js":"/pkg/frontend.0123.js","wasm":"/pkg/frontend_bg.0123.wasm","css":"/pkg/main.0123.css","build":"0123"}"#;
        put(&server.site().join("assets.json"), assets.as_bytes());
        server.run(listener).await;
        server
    }

    /// A server that has these accounts, all with [`PASSWORD`].
    pub(crate) async fn with(people: &[&str]) -> TestServer {
        let server = TestServer::start().await;
        for address in people {
            server.account(address).await;
        }
        server
    }

    async fn run(&mut self, listener: TcpListener) {
        let platform = self.platform.as_ref();
        let options = Options {
            listen: Some(self.address),
            platform: platform.map(|platform| format!("em2.{}", platform.domain)),
            domains: platform.map(|platform| vec![platform.domain.clone()]),
            routes: platform.map(|platform| platform.routes.clone()),
            data: Some(self.folder.path().join("data")),
            site: Some(self.folder.path().join("site")),
            database: Some(self.database.address().to_owned()),
            ..Options::default()
        };
        let config = Config::load(options).unwrap();
        let server = Server::open_on(listener, config, self.clock.clone());
        let server = server.await.unwrap();
        let app = server.app().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(server.run(async move { drop(stopped.await) }));
        self.running = Some(Running { app, stop, task });
    }

    /// Stops, and starts again on the same database and port.
    pub(crate) async fn restart(&mut self) {
        self.pause().await;
        self.resume().await;
    }

    /// Stops for a while: nobody answers.
    pub(crate) async fn pause(&mut self) {
        let Running { stop, task, app } = self.running.take().unwrap();
        stop.send(()).unwrap();
        task.await.unwrap();
        drop(app);
    }

    /// What its database holds now.
    pub(crate) async fn backup(&self) -> Database {
        self.database.backup().await
    }

    /// Goes on after a pause with this database in the place of its own.
    pub(crate) async fn resume_on(&mut self, database: Database) {
        let lost = std::mem::replace(&mut self.database, database);
        lost.remove().await;
        self.resume().await;
    }

    /// Goes on after a pause, on the same database and port.
    pub(crate) async fn resume(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.run(listener).await;
    }

    /// Stops for good and leaves nothing behind.
    pub(crate) async fn stop(mut self) {
        if let Some(Running { stop, task, app }) = self.running.take() {
            stop.send(()).unwrap();
            task.await.unwrap();
            drop(app);
        }
        self.database.remove().await;
    }

    /// The parts of the running server.
    pub(crate) fn app(&self) -> &App {
        &self.running.as_ref().unwrap().app
    }

    /// Where `make site` would put its files: what they are called is there, and what a test puts there.
    pub(crate) fn site(&self) -> std::path::PathBuf {
        self.folder.path().join("site")
    }

    /// The data folder.
    pub(crate) fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    /// What the database is opened with.
    pub(crate) fn database(&self) -> &str {
        self.database.address()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:port`
    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Gives somebody an account; the name is the capitalised part before the @.
    pub(crate) async fn account(&self, address: &str) {
        let name = address.split('@').next().unwrap();
        let name = name[..1].to_uppercase() + &name[1..];
        let account = NewAccount {
            address: address.to_owned(),
            name,
            password: PASSWORD.to_owned(),
        };
        self.app().auth.add_account(account).await.unwrap();
    }

    /// A browser in which nobody is signed in.
    pub(crate) fn browser(&self) -> Person {
        Person::new(self.origin())
    }

    /// Somebody signed in on a device of their own.
    pub(crate) async fn sign_in(&self, address: &str) -> Person {
        let person = self.browser();
        person.sign_in(address, PASSWORD).await.see_other("/inbox");
        person
    }
}

/// Notices whether anybody writes to a SQLite file.
pub(crate) struct Watch {
    connection: sqlx::SqliteConnection,
    version: i64,
}

impl Watch {
    /// Looks from now on.
    pub(crate) async fn on(database: &str) -> Watch {
        let mut connection = sqlx::SqliteConnection::connect(database).await.unwrap();
        let version = version(&mut connection).await;
        Watch {
            connection,
            version,
        }
    }

    pub(crate) async fn is_changed(&mut self) -> bool {
        version(&mut self.connection).await != self.version
    }
}

/// Changes with every commit of another connection.
async fn version(connection: &mut sqlx::SqliteConnection) -> i64 {
    sqlx::query_scalar("PRAGMA data_version")
        .fetch_one(connection)
        .await
        .unwrap()
}

/// Puts a file into a folder, with the folders above it.
pub(crate) fn put(path: &Path, bytes: &[u8]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}
