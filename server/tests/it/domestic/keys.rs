//! The platform's keys from a terminal, beside a server that runs. // spec §3

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use em2_model::ConversationKey;
use server::store::Store;
use server::store::actions::list_records_after;

use super::command_line::{Serving, greeted, program, run, text};
use crate::support::person::Person;
use crate::support::server::PASSWORD;

/// Serves em2.a.example with its people.
fn serving(folder: &Path) -> Command {
    let mut command = program(folder);
    command.args(["serve", "--listen", "127.0.0.1:0"]);
    command.args(["--platform", "em2.a.example", "--domains", "a.example"]);
    command
}

/// The recovery key in what was said: the one line of groups of four.
fn paper_in(said: &str) -> Option<String> {
    let is_paper = |line: &&str| line.len() == 69 && line.split('-').all(|group| group.len() == 4);
    said.lines()
        .map(str::trim)
        .find(is_paper)
        .map(str::to_owned)
}

/// Starts for the first time, with an account for Anna; answers with the recovery key that it prints.
async fn first_start(folder: &Path) -> (Serving, Person, String) {
    let (server, said, address) = greeted(serving(folder)).await;
    let paper = paper_in(&said).expect("the recovery key is printed");
    let (origin, _) = address.split_once("/first-account").unwrap();
    let added = run(folder, &["user", "add", "anna@a.example"], PASSWORD).await;
    assert!(added.status.success(), "{}", said_by(&added));
    let anna = Person::new(origin.to_owned());
    anna.sign_in("anna@a.example", PASSWORD)
        .await
        .see_other("/inbox");
    (server, anna, paper)
}

fn said_by(output: &Output) -> String {
    text(&output.stdout) + &text(&output.stderr)
}

/// What the key file holds that nobody may see.
fn seed(folder: &Path) -> String {
    let file = std::fs::read(folder.join("data/platform.key")).unwrap();
    let file: serde_json::Value = serde_json::from_slice(&file).unwrap();
    file["seed"].as_str().unwrap().to_owned()
}

/// The names of the keys that signed the actions of a conversation, in their order.
async fn signed_by(folder: &Path, conv: ConversationKey) -> Vec<String> {
    let database = folder.join("data/em2.sqlite");
    let store = Store::open(&format!("sqlite:{}", database.display()))
        .await
        .unwrap();
    let mut conn = store.reader().await.unwrap();
    let records = list_records_after(&mut conn, conv, 0, 100).await.unwrap();
    let by = |record: &em2_model::record::Record| record.stamps()[0].k.to_string();
    records.iter().map(|record| by(record)).collect()
}

/// Waits for a line of the log that says this.
async fn logged(server: &mut Serving, what: &'static str) {
    let log = server.0.stderr.take().unwrap();
    let waited = tokio::task::spawn_blocking(move || {
        let mut log = BufReader::new(log);
        let mut line = String::new();
        while !line.contains(what) {
            line.clear();
            assert_ne!(
                log.read_line(&mut line).unwrap(),
                0,
                "it ended without saying “{what}”"
            );
        }
        log.into_inner()
    });
    let waited = tokio::time::timeout(Duration::from_secs(30), waited);
    let waited = waited.await.expect("it is said within half a minute");
    server.0.stderr = Some(waited.unwrap());
}

#[tokio::test]
async fn the_first_start_prints_a_recovery_key_once() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut command = serving(folder);
    let log = folder.join("log");
    command
        .args(["--log", "debug"])
        .stderr(std::fs::File::create(&log).unwrap());
    let (server, said, _) = greeted(command).await;
    let paper = paper_in(&said).expect("the recovery key is printed");
    assert!(
        said.contains("em2.a.example") && said.contains("on paper"),
        "{said}"
    );
    drop(server);
    let (server, said, _) = greeted(serving(folder)).await;
    assert_eq!(paper_in(&said), None, "{said}");
    drop(server);
    // It is kept nowhere: in no file of the data folder, and in no log line.
    for file in std::fs::read_dir(folder.join("data")).unwrap() {
        let kept = std::fs::read(file.unwrap().path()).unwrap();
        let kept = String::from_utf8_lossy(&kept);
        assert!(!kept.contains(&paper[..9]) && !kept.contains(&paper.replace('-', "")[..8]));
    }
    let log = std::fs::read_to_string(log).unwrap();
    assert!(!log.is_empty() && !log.contains(&paper[..9]) && !log.contains(&seed(folder)));
}

#[tokio::test]
async fn a_first_account_from_the_terminal_shows_the_recovery_key_too() {
    let folder = tempfile::tempdir().unwrap();
    let platform = ["--platform", "em2.a.example", "--domains", "a.example"];
    let args = [&["user", "list"], platform.as_slice()].concat();
    let listed = run(folder.path(), &args, "").await;
    assert_eq!(
        text(&listed.stdout),
        "",
        "what other programs read has nothing else in it"
    );
    assert!(
        paper_in(&text(&listed.stderr)).is_some(),
        "{}",
        said_by(&listed)
    );
    let trial = tempfile::tempdir().unwrap();
    let listed = run(trial.path(), &["user", "list"], "").await;
    assert_eq!(
        paper_in(&said_by(&listed)),
        None,
        "a local trial needs none"
    );
}

#[tokio::test]
async fn a_running_server_takes_the_key_that_was_made_in_a_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (mut server, anna, paper) = first_start(folder).await;
    let conv = anna.start("", "Diary", "With the first key").await;
    let rotated = run(folder, &["key", "rotate"], "").await;
    assert!(rotated.status.success(), "{}", said_by(&rotated));
    assert!(text(&rotated.stdout).contains("The key 3 signs from now on. It counts for 90 days"));
    logged(&mut server, "keys have changed").await;
    anna.say(conv, "With the second").await;
    let recovered = run(
        folder,
        &["key", "recover", "--revoke", "3"],
        &format!("{paper}\n"),
    )
    .await;
    assert!(recovered.status.success(), "{}", said_by(&recovered));
    assert!(text(&recovered.stdout).contains("The key 3 is revoked."));
    logged(&mut server, "keys have changed").await;
    anna.say(conv, "With the third").await;
    let by = signed_by(folder, conv).await;
    let by: Vec<_> = by
        .iter()
        .map(|name| name.rsplit_once('#').unwrap().1)
        .collect();
    assert_eq!(by[by.len() - 3..], ["1", "3", "4"]);
}

#[tokio::test]
async fn a_lost_key_is_made_anew_with_the_paper_alone() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (server, _, paper) = first_start(folder).await;
    drop(server);
    std::fs::remove_file(folder.join("data/platform.key")).unwrap();
    let started = run(folder, &["serve", "--listen", "127.0.0.1:0"], "").await;
    assert!(!started.status.success());
    assert!(
        text(&started.stderr).contains("server key recover"),
        "{}",
        said_by(&started)
    );
    let shown = run(folder, &["key", "show"], "").await;
    assert!(
        text(&shown.stdout).contains("Nothing can be signed now"),
        "{}",
        said_by(&shown)
    );

    let slip = paper.replacen(
        &paper[..1],
        if paper.starts_with('7') { "8" } else { "7" },
        1,
    );
    for (typed, why) in [
        ("", "EM2_RECOVERY_KEY"),
        ("no\n", "56 letters"),
        (&slip, "slip"),
    ] {
        let refused = run(folder, &["key", "recover"], typed).await;
        assert!(!refused.status.success());
        let said = text(&refused.stderr);
        assert!(said.contains(why) && said.ends_with(".\n"), "{said}");
        assert!(!said.contains(&paper[5..]), "{said}");
    }
    let unknown = run(folder, &["key", "recover", "--revoke", "7"], &paper).await;
    assert!(
        text(&unknown.stderr).contains("no key 7"),
        "{}",
        said_by(&unknown)
    );
    let mut recover = program(folder);
    recover
        .args(["key", "recover"])
        .env("EM2_RECOVERY_KEY", paper.to_lowercase());
    let recovered = tokio::task::spawn_blocking(move || recover.output().unwrap())
        .await
        .unwrap();
    assert!(recovered.status.success(), "{}", said_by(&recovered));
    let (_server, said, address) = greeted(serving(folder)).await;
    assert_eq!(paper_in(&said), None);
    let anna = Person::new(address);
    anna.sign_in("anna@a.example", PASSWORD)
        .await
        .see_other("/inbox");
    let conv = anna.start("", "Diary", "With the new key").await;
    assert_eq!(signed_by(folder, conv).await[0], "em2.a.example#3");
}

#[tokio::test]
async fn what_is_shown_of_the_keys_is_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let early = run(folder, &["key", "show"], "").await;
    assert!(!early.status.success() && text(&early.stderr).contains("no platform here yet"));
    let (server, _, paper) = first_start(folder).await;
    drop(server);
    let mut secrets = vec![paper.clone(), paper.replace('-', ""), seed(folder)];
    let added = run(folder, &["key", "recover", "--new"], "").await;
    let second = paper_in(&text(&added.stdout)).expect("another recovery key");
    assert_ne!(second, paper);
    secrets.extend([second.clone(), second.replace('-', "")]);
    let rotated = run(folder, &["key", "rotate"], "").await;
    secrets.push(seed(folder));
    let recovered = run(folder, &["key", "recover", "--revoke", "1"], &second).await;
    secrets.push(seed(folder));
    let shown = run(folder, &["key", "show"], "").await;
    assert!(shown.status.success());
    for output in [&rotated, &recovered, &shown] {
        let said = said_by(output);
        assert!(
            !secrets.iter().any(|secret| said.contains(secret)),
            "{said}"
        );
    }
    let shown = text(&shown.stdout);
    let lines: Vec<_> = shown
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .collect();
    assert_eq!(lines[0], ["platform", "em2.a.example"]);
    assert_eq!(lines[1][0], "incarnation");
    let columns = lines[3..9]
        .iter()
        .map(|line| (line[1], line[4], line.len()));
    let expected = [
        ("key", "use", 6),
        ("1", "signing", 6),
        ("r2", "recovery", 5),
        ("r3", "recovery", 5),
        ("4", "signing", 5),
        ("5", "signing", 5),
    ];
    assert_eq!(columns.collect::<Vec<_>>(), expected, "{shown}");
    assert!(shown.contains("9999-01-01T00:00:00Z"), "{shown}");
    assert!(
        shown.contains("The key 5 counts for 89 days more"),
        "{shown}"
    );
}
