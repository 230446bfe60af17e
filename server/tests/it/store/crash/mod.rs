//! What was acknowledged survives, once: a child process writes through the one write path and
//! says what was acknowledged; its parent kills it and looks at what is left.

mod after;
mod child;
mod sync;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use em2_model::{ActionKey, ConversationKey};

use crate::support::database::Database;
use child::{Plan, WRITERS};

/// How long a child may take to get where it is to be killed.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where a child is killed.
#[derive(Debug, Clone, Copy)]
enum Kill {
    /// At the n-th passing of a named point.
    At(&'static str, u32),
    /// So long after its first acknowledgement.
    After(Duration),
}

/// What the children were told, over all their lives.
#[derive(Default)]
struct Journal {
    /// The text of every acknowledged message, and the action that it became.
    acknowledged: BTreeMap<String, ActionKey>,
    /// What each writer sends next: what it was not told of is sent again.
    next: [u32; WRITERS],
}

impl Journal {
    fn note(&mut self, line: &str) {
        let mut words = line.split(' ');
        let (Some("acknowledged"), Some(text), Some(key)) =
            (words.next(), words.next(), words.next())
        else {
            return;
        };
        let (writer, n) = text.split_once('-').unwrap();
        let writer: usize = writer.parse().unwrap();
        self.next[writer] = n.parse::<u32>().unwrap() + 1;
        let doubled = self
            .acknowledged
            .insert(text.to_owned(), key.parse().unwrap());
        assert_eq!(doubled, None, "{text} was acknowledged twice");
    }
}

/// Runs this test binary again as the child of `plan`, perhaps under another program.
fn spawn(plan: &Plan, under: &[&str], failpoint: Option<String>) -> std::process::Child {
    let this = std::env::current_exe().unwrap();
    let mut words = under.iter().map(Path::new).chain([this.as_path()]);
    let mut command = Command::new(words.next().unwrap());
    command
        .args(words)
        .args([
            "--exact",
            "store::crash::child::writes",
            "--ignored",
            "--nocapture",
        ])
        .env(child::PLAN, plan.to_text())
        .env_remove("EM2_FAILPOINT")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    if let Some(failpoint) = failpoint {
        command.env("EM2_FAILPOINT", failpoint);
    }
    command.spawn().unwrap()
}

/// Lines of a child's standard output as they come.
fn lines(child: &mut std::process::Child) -> mpsc::Receiver<String> {
    let out = BufReader::new(child.stdout.take().unwrap());
    let (send, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in out.lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                break;
            }
        }
    });
    lines
}

/// One life: starts a child, kills it, and notes what it had been told until then.
fn live_and_die(plan: &Plan, kill: Kill, journal: &mut Journal) {
    let failpoint = match kill {
        Kill::At(name, n) => Some(format!("{name}:{n}")),
        Kill::After(_) => None,
    };
    let mut child = spawn(plan, &[], failpoint);
    let lines = lines(&mut child);
    let deadline = Instant::now() + PATIENCE;
    let mut end = deadline;
    loop {
        match lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(line) => {
                journal.note(&line);
                match kill {
                    Kill::At(..) if line.starts_with("failpoint") => break,
                    Kill::After(time) if line.starts_with("acknowledged") && end == deadline => {
                        end = Instant::now() + time;
                    }
                    _ => {}
                }
            }
            Err(mpsc::RecvTimeoutError::Timeout) if end < deadline => break,
            Err(error) => {
                let _ = child.kill();
                panic!("the child never got to {kill:?}: {error}");
            }
        }
    }
    // SIGKILL: nothing of the process runs any more.
    child.kill().unwrap();
    child.wait().unwrap();
    lines.iter().for_each(|line| journal.note(&line));
}

/// Kills `kills` children one after the other on one database, and looks after each.
async fn kill_again_and_again(database: &Database, kills: impl Iterator<Item = Kill>) {
    let folder = tempfile::tempdir().unwrap();
    let conv = child::found(database.address(), folder.path()).await;
    let mut journal = Journal::default();
    for (n, kill) in kills.enumerate() {
        let plan = plan(database, folder.path(), conv, &journal);
        live_and_die(&plan, kill, &mut journal);
        let left = after::texts(database, conv).await;
        for (text, key) in &journal.acknowledged {
            assert_eq!(
                left.get(text).map(Vec::as_slice),
                Some([*key].as_slice()),
                "{n} {kill:?} {text}"
            );
        }
        let doubled: Vec<_> = left.iter().filter(|(_, keys)| keys.len() != 1).collect();
        assert!(doubled.is_empty(), "{n} {kill:?} {doubled:?}");
    }
    let stored = after::texts(database, conv).await.len();
    let acknowledged = journal.acknowledged.len();
    assert!(
        acknowledged >= 50,
        "{acknowledged} acknowledged: that proves nothing"
    );
    assert!(
        stored <= acknowledged + WRITERS + 1,
        "{stored} stored, {acknowledged} acknowledged"
    );
    after::everything_agrees(database, conv).await;
}

fn plan(database: &Database, folder: &Path, conv: ConversationKey, journal: &Journal) -> Plan {
    Plan {
        address: database.address().to_owned(),
        folder: folder.to_owned(),
        conv,
        next: journal.next,
    }
}

/// Named points in turn, each at another passing, and times that differ.
fn kills(count: u32, points: &'static [&'static str]) -> impl Iterator<Item = Kill> {
    (0..count).map(move |n| match n % 2 {
        0 => Kill::At(points[(n / 2) as usize % points.len()], 1 + n * 7 % 23),
        _ => Kill::After(Duration::from_micros(u64::from(n) * 7919 % 120_000)),
    })
}

#[tokio::test]
async fn fifty_kills_lose_nothing_and_double_nothing_in_a_sqlite_file() {
    let points = &[
        "before_begin",
        "in_group",
        "before_commit",
        "after_commit",
        "after_answer",
    ];
    let database = Database::sqlite();
    kill_again_and_again(&database, kills(50, points)).await;
    database.remove().await;
}

#[tokio::test]
async fn kills_lose_nothing_and_double_nothing_in_postgresql() {
    let Some(database) = Database::postgres().await else {
        return;
    };
    kill_again_and_again(&database, kills(10, &["before_commit", "after_commit"])).await;
    database.remove().await;
}
