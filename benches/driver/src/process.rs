//! A server under measure: started, watched through /proc, stopped.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::Outcome;

/// Clock ticks in a second, as Linux counts them for user space.
const TICKS: u64 = 100;

/// A server that was started here, or one that runs elsewhere on this machine.
pub(crate) struct Process {
    child: Option<Child>,
    watched: Watched,
    pub(crate) url: String,
}

/// Whose CPU is counted as the server's.
#[derive(Clone, Debug)]
pub(crate) struct Watched {
    pub(crate) pid: u32,
    /// The first process of the PostgreSQL that works for it.
    pub(crate) postgres: Option<u32>,
    /// Other servers that work on the same operation.
    pub(crate) others: Vec<u32>,
}

/// CPU spent until now.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spent {
    pub(crate) server: Duration,
    pub(crate) database: Duration,
}

impl Process {
    /// Starts a server and waits for the address that it prints.
    pub(crate) fn start(command: &mut Command, log: &Path) -> Outcome<Process> {
        let log = fs::OpenOptions::new().create(true).append(true).open(log)?;
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .map_err(|error| format!("{}: {error}", command.get_program().display()))?;
        let mut lines = BufReader::new(child.stdout.take().ok_or("no standard output")?).lines();
        let url = loop {
            let line = lines
                .next()
                .ok_or("the server ended before it told its address")??;
            if let Some(at) = line.find("http://") {
                let rest = &line[at + "http://".len()..];
                break format!("http://{}", rest.split(['/', ' ']).next().unwrap_or(rest));
            }
        };
        // Nobody reads on, but a full pipe would hold the server up.
        std::thread::spawn(move || lines.for_each(drop));
        let watched = Watched {
            pid: child.id(),
            postgres: None,
            others: Vec::new(),
        };
        Ok(Process {
            child: Some(child),
            watched,
            url,
        })
    }

    /// A server that runs already.
    pub(crate) fn running(url: &str, pid: u32) -> Process {
        Process {
            child: None,
            watched: Watched {
                pid,
                postgres: None,
                others: Vec::new(),
            },
            url: url.to_owned(),
        }
    }

    /// Counts the CPU of this PostgreSQL as well.
    pub(crate) fn with_postgres(mut self, pid: Option<u32>) -> Process {
        self.watched.postgres = pid;
        self
    }

    pub(crate) fn watched(&self) -> Watched {
        self.watched.clone()
    }

    /// Resident memory in bytes.
    pub(crate) fn memory(&self) -> Outcome<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.watched.pid))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes: u64 = line
            .and_then(|line| line.split_whitespace().next())
            .ok_or("no VmRSS")?
            .parse()?;
        Ok(kilobytes * 1024)
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

impl Watched {
    /// Counts the CPU of another server as well.
    pub(crate) fn and(mut self, other: &Process) -> Watched {
        self.others.push(other.watched.pid);
        self
    }

    /// CPU spent so far: utime and stime of /proc/PID/stat.
    pub(crate) fn spent(&self) -> Outcome<Spent> {
        let mut server = 0;
        for pid in [self.pid].iter().chain(&self.others) {
            let [user, system, ..] = times(*pid).ok_or("the server is gone")?;
            server += user + system;
        }
        let database = self.postgres.map_or(0, family);
        Ok(Spent {
            server: ticks(server),
            database: ticks(database),
        })
    }
}

fn ticks(count: u64) -> Duration {
    Duration::from_millis(count * 1000 / TICKS)
}

/// The fields of /proc/PID/stat after the name: state, parent, and on.
fn stat(pid: u32) -> Option<Vec<String>> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(") ")?;
    Some(fields.split(' ').map(str::to_owned).collect())
}

/// utime, stime, and both of children that have ended, in ticks.
fn times(pid: u32) -> Option<[u64; 4]> {
    let fields = stat(pid)?;
    let at = |index: usize| fields.get(index)?.parse().ok();
    Some([at(11)?, at(12)?, at(13)?, at(14)?])
}

/// The ticks of a process and of all that it has started.
fn family(pid: u32) -> u64 {
    let own: u64 = times(pid).map_or(0, |times| times.iter().sum());
    own + processes()
        .filter(|child| stat(*child).is_some_and(|fields| fields[1] == pid.to_string()))
        .filter_map(times)
        .map(|[user, system, ..]| user + system)
        .sum::<u64>()
}

fn processes() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// The first process of the PostgreSQL that listens on this port.
pub(crate) fn postgres_on(port: u16) -> Option<u32> {
    let wanted = port.to_string();
    processes().find(|pid| {
        let command = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words: Vec<&[u8]> = command.split(|byte| *byte == 0).collect();
        words
            .first()
            .is_some_and(|program| program.ends_with(b"postgres"))
            && words
                .windows(2)
                .any(|pair| pair[0] == b"-p" && pair[1] == wanted.as_bytes())
    })
}
