//! A server as an operator runs it: the program, with a folder, a database, a key and a port of its own.

use std::fs::OpenOptions;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// Everybody's password.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// How long a start may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server that runs or was killed; killed when it is dropped.
pub(crate) struct Process {
    /// Its people have addresses of this domain; the platform is `em2.<domain>`.
    pub(crate) domain: &'static str,
    folder: tempfile::TempDir,
    address: SocketAddr,
    /// Where it finds the others.
    routes: String,
    child: Option<Child>,
    pub(crate) kills: u64,
}

impl Process {
    /// A platform that was never started.
    pub(crate) fn new(domain: &'static str) -> Process {
        // The port is free until the server takes it; should something take it before, the start is tried again.
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        Process {
            domain,
            folder: tempfile::tempdir().unwrap(),
            address: free.local_addr().unwrap(),
            routes: String::new(),
            child: None,
            kills: 0,
        }
    }

    /// What the platform is called.
    pub(crate) fn name(&self) -> String {
        format!("em2.{}", self.domain)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:port`
    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Says where the others are, before the first start.
    pub(crate) fn route(&mut self, routes: &[(String, SocketAddr)]) {
        let route = |(name, address): &(String, SocketAddr)| format!("{name}=http://{address}");
        self.routes = routes.iter().map(route).collect::<Vec<_>>().join(",");
    }

    /// What the database is opened with.
    pub(crate) fn database(&self) -> String {
        let file = self.folder.path().join("data/em2.sqlite");
        format!("sqlite:{}", file.display())
    }

    /// What it has written to its log, over all its lives.
    pub(crate) fn log(&self) -> String {
        let bytes = std::fs::read(self.log_file()).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn command(&self, words: &[&str]) -> Command {
        let file = self.log_file();
        let log = OpenOptions::new().create(true).append(true).open(file);
        let mut command = Command::new(env!("CARGO_BIN_EXE_server"));
        command
            .args(words)
            .env_clear()
            .env("EM2_PASSWORD", PASSWORD)
            .env("EM2_PLATFORM", self.name())
            .env("EM2_DOMAINS", self.domain)
            .env("EM2_ROUTES", &self.routes)
            .env("EM2_LISTEN", self.address.to_string())
            .env("EM2_DATA", self.folder.path().join("data"))
            .env("EM2_SITE", self.folder.path().join("site"))
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log.unwrap());
        command
    }

    /// Gives somebody an account, as an operator does.
    pub(crate) fn account(&self, address: &str) {
        let done = self.command(&["user", "add", address]).status().unwrap();
        assert!(done.success(), "{address} has no account: {}", self.log());
    }

    /// Starts the program and waits until it answers.
    pub(crate) async fn start(&mut self) {
        assert!(self.child.is_none(), "{} runs already", self.domain);
        let health = format!("{}/health", self.origin());
        let http = reqwest::Client::builder().no_proxy().tls_certs_only([]);
        let http = http.build().unwrap();
        let until = Instant::now() + PATIENCE;
        let mut child = self.command(&["serve"]).spawn().unwrap();
        loop {
            let answer = http.get(&health).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                break;
            }
            assert!(Instant::now() < until, "no start: {}", self.log());
            // For a moment the port may be the end of somebody's connection.
            if child.try_wait().unwrap().is_some() {
                child = self.command(&["serve"]).spawn().unwrap();
            }
            sleep(Duration::from_millis(20)).await;
        }
        self.child = Some(child);
    }

    /// Ends it as `kill -9` does: nothing is finished, nothing is said.
    pub(crate) fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        let ended = child.try_wait().unwrap();
        assert_eq!(ended, None, "it ended by itself: {}", self.log());
        child.kill().unwrap();
        child.wait().unwrap();
        self.kills += 1;
    }

    pub(crate) fn runs(&self) -> bool {
        self.child.is_some()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
