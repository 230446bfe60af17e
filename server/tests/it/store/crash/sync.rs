//! The page cache survives a kill, so that a kill does not prove the sync. Here the system call
//! itself fails, or takes its time, and the acknowledgement must wait for it.

use std::time::{Duration, Instant};

use super::{Journal, child, lines, plan, spawn};
use crate::support::database::Database;

/// Whether strace is here and may look at our processes; where not, says so. CI must have it.
fn strace() -> bool {
    let works = std::process::Command::new("strace")
        .args(["-o", "/dev/null", "true"])
        .stderr(std::process::Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !works {
        let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
        assert!(!ci, "strace does not work here: CI must prove the sync");
        eprintln!("skipped: strace does not work here, the sync is not proven");
    }
    works
}

/// Runs a child whose syncs are tampered with until it has said `count` lines about its writes.
async fn answers(inject: &str, count: usize) -> Vec<String> {
    let database = Database::sqlite();
    let folder = tempfile::tempdir().unwrap();
    let conv = child::found(database.address(), folder.path()).await;
    let plan = plan(&database, folder.path(), conv, &Journal::default());
    let inject = format!("inject=fsync,fdatasync:{inject}");
    let under = [
        "strace",
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-e",
        "trace=fsync,fdatasync",
        "-e",
        &inject,
    ];
    let mut child = spawn(&plan, &under, None);
    let lines = lines(&mut child);
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut answers = Vec::new();
    while answers.len() < count {
        let left = deadline.saturating_duration_since(Instant::now());
        match lines.recv_timeout(left) {
            Ok(line) if line.starts_with("acknowledged") || line.starts_with("refused") => {
                answers.push(line);
            }
            Ok(_) => {}
            Err(error) => panic!("the child said no more: {error}, after {answers:?}"),
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    answers
}

#[tokio::test]
async fn nothing_is_acknowledged_that_could_not_be_synced() {
    if !strace() {
        return;
    }
    let answers = answers("error=EIO", 30).await;
    let acknowledged: Vec<_> = answers
        .iter()
        .filter(|line| line.starts_with("ack"))
        .collect();
    assert!(acknowledged.is_empty(), "{acknowledged:?}");
    assert!(
        answers.iter().all(|line| line.contains("EM2_DOWN")),
        "{answers:?}"
    );
}

#[tokio::test]
async fn nothing_is_acknowledged_before_it_is_synced() {
    const MICROSECONDS: u128 = 250_000;
    if !strace() {
        return;
    }
    let answers = answers(&format!("delay_enter={MICROSECONDS}"), 12).await;
    for answer in &answers {
        assert!(answer.starts_with("acknowledged"), "{answer}");
        let took: u128 = answer.rsplit(' ').next().unwrap().parse().unwrap();
        assert!(
            took * 1000 >= MICROSECONDS,
            "{answer}: sooner than the sync"
        );
    }
}
