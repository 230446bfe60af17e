//! The program itself: accounts from a terminal, and what it says when it starts.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use crate::support::person::Person;

/// The program with a data folder of its own.
pub(super) fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_server"));
    command
        .env("EM2_DATA", folder.join("data"))
        .env("EM2_SITE", folder.join("site"));
    command
        .env_remove("EM2_PASSWORD")
        .env_remove("EM2_RECOVERY_KEY")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs it to its end with this on standard input.
pub(super) async fn run(folder: &Path, args: &[&str], input: &str) -> Output {
    let (mut command, input) = (program(folder), input.to_owned());
    command.args(args);
    let ran = tokio::task::spawn_blocking(move || {
        let mut child = command.spawn().unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .unwrap();
        child.wait_with_output().unwrap()
    });
    ran.await.unwrap()
}

/// A program that serves, until it is dropped.
pub(super) struct Serving(pub(super) Child);

impl Drop for Serving {
    fn drop(&mut self) {
        // As a machine that loses its power: nothing is tidied up.
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Starts it on a free port; answers with the address that it prints.
pub(super) async fn serve(folder: &Path) -> (Serving, String) {
    let mut command = program(folder);
    command
        .args(["serve", "--listen", "127.0.0.1:0"])
        .stderr(Stdio::null());
    started(command).await
}

async fn started(command: Command) -> (Serving, String) {
    let (child, _, address) = greeted(command).await;
    (child, address)
}

/// Starts it; answers with what it says before the address that it prints, and with the address.
pub(super) async fn greeted(mut command: Command) -> (Serving, String, String) {
    let started = tokio::task::spawn_blocking(move || {
        let mut child = Serving(command.spawn().unwrap());
        let mut said = String::new();
        let lines = BufReader::new(child.0.stdout.take().unwrap())
            .lines()
            .map(Result::unwrap);
        let address = lines.into_iter().find_map(|line| {
            said.push_str(&line);
            said.push('\n');
            Some(line[line.find("http://")?..].trim().to_owned())
        });
        (child, said, address.expect("it ended without an address"))
    });
    started.await.unwrap()
}

pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test]
async fn accounts_are_made_listed_and_given_another_password() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let added = run(
        folder,
        &["user", "add", "anna@a.example", "--name", "Anna Lind"],
        "correct horse battery\n",
    )
    .await;
    assert!(added.status.success(), "{}", text(&added.stderr));
    let short = run(folder, &["user", "add", "bob@b.example"], "short\n").await;
    assert!(
        !short.status.success() && text(&short.stderr).contains("too short"),
        "{}",
        text(&short.stderr)
    );
    let none = run(folder, &["user", "add", "bob@b.example"], "").await;
    assert!(!none.status.success() && text(&none.stderr).contains("EM2_PASSWORD"));
    let listed = run(folder, &["user", "list"], "").await;
    assert_eq!(text(&listed.stdout), "anna@a.example\tAnna Lind\n");

    let (server, address) = serve(folder).await;
    let anna = Person::new(address);
    anna.sign_in("anna@a.example", "correct horse battery")
        .await
        .see_other("/inbox");
    let mut socket = anna.listen(None).await;
    let changed = run(
        folder,
        &["user", "passwd", "anna@a.example"],
        "battery staple\n",
    )
    .await;
    assert!(changed.status.success(), "{}", text(&changed.stderr));
    assert_eq!(socket.closed().await, 4401);
    assert_eq!(
        anna.sign_in("anna@a.example", "correct horse battery")
            .await
            .status,
        401
    );
    anna.sign_in("anna@a.example", "battery staple")
        .await
        .see_other("/inbox");
    drop(server);
}

#[tokio::test]
async fn the_first_start_prints_the_address_of_the_first_account() {
    let folder = tempfile::tempdir().unwrap();
    let (server, address) = serve(folder.path()).await;
    let (origin, token) = address
        .split_once("/first-account?token=")
        .expect("an address with a token");
    let anna = Person::new(origin.to_owned());
    let fields = [
        ("token", token),
        ("address", "anna@a.example"),
        ("name", "Anna"),
        ("password", "correct horse battery"),
    ];
    anna.form("/first-account", "/first-account", &fields)
        .await
        .see_other("/inbox");
    // Killed in the middle of life, and started again: nobody is asked for a first account.
    drop(server);
    let (server, address) = serve(folder.path()).await;
    assert!(!address.contains("token"), "{address}");
    drop(server);
}

#[tokio::test]
async fn wrong_settings_are_said_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let open = run(folder.path(), &["serve", "--listen", "0.0.0.0:0"], "").await;
    assert!(
        !open.status.success() && text(&open.stderr).contains("--origin https://"),
        "{}",
        text(&open.stderr)
    );
    let migrated = run(folder.path(), &["migrate"], "").await;
    assert!(
        migrated.status.success() && text(&migrated.stdout).contains("up to date"),
        "{}",
        text(&migrated.stderr)
    );
    let restored = run(folder.path(), &["restore"], "").await;
    assert!(
        restored.status.success() && text(&restored.stdout).contains("next start"),
        "{}",
        text(&restored.stderr)
    );
}

/// security.md 79
#[tokio::test]
async fn what_is_private_is_in_no_log_line() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let log = folder.join("log");
    for address in ["canary-anna@a.example", "canary-bob@b.example"] {
        let added = run(
            folder,
            &["user", "add", address],
            "canary-password
",
        )
        .await;
        assert!(added.status.success());
    }
    let mut command = program(folder);
    command.args(["serve", "--listen", "127.0.0.1:0", "--log", "debug"]);
    command.stderr(std::fs::File::create(&log).unwrap());
    let (server, address) = started(command).await;
    let anna = Person::new(address);
    anna.sign_in("canary-anna@a.example", "canary-wrong-password")
        .await;
    anna.sign_in("canary-anna@a.example", "canary-password")
        .await
        .see_other("/inbox");
    let key = anna
        .start("canary-bob@b.example", "canary-subject", "canary-text")
        .await;
    anna.search("canary-word").await;
    anna.get("/d/l/?before=canary-cursor").await;
    anna.post(
        &format!("/d/evt/{key}/"),
        &serde_json::json!({"model": "canary-model"}),
    )
    .await;
    anna.open(&format!("/c/{key}?canary-query")).await;
    drop(server);
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.lines().count() > 5, "{log}");
    let tokens: Vec<_> = anna
        .cookies()
        .split("; ")
        .map(|cookie| cookie.split_once('=').unwrap().1.to_owned())
        .collect();
    for private in tokens.iter().map(String::as_str).chain(["canary"]) {
        let line = log.lines().find(|line| line.contains(private));
        assert!(line.is_none(), "{line:?}");
    }
}
