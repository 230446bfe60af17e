//! Closed loops: every client sends, waits for the answer, and sends again.

use std::future::Future;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use tokio::task::JoinSet;

use crate::Outcome;
use crate::client::Client;
use crate::process::{Spent, Watched};

/// How long a block runs before it counts.
const WARM: Duration = Duration::from_millis(300);

/// Something that is done over and over.
pub(crate) trait Step: Send + 'static {
    /// Does it once; says how long that took, as this measure counts.
    fn step(&mut self) -> impl Future<Output = Outcome<Duration>> + Send;
}

/// Requests over one connection, each of which must succeed.
pub(crate) struct Requests<F> {
    pub(crate) client: Client,
    pub(crate) make: F,
    /// Until the first bytes of the answer, instead of the last.
    pub(crate) until_first: bool,
}

impl<F: FnMut() -> Request<Full<Bytes>> + Send + 'static> Requests<F> {
    pub(crate) async fn new(url: &str, make: F) -> Outcome<Requests<F>> {
        Ok(Requests {
            client: Client::connect(url).await?,
            make,
            until_first: false,
        })
    }
}

impl<F: FnMut() -> Request<Full<Bytes>> + Send + 'static> Step for Requests<F> {
    async fn step(&mut self) -> Outcome<Duration> {
        let request = (self.make)();
        let started = Instant::now();
        let answer = self.client.send(request).await?.done()?;
        Ok(if self.until_first {
            answer.first
        } else {
            started.elapsed()
        })
    }
}

/// What one or several blocks of the same kind came to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Block {
    waits: Vec<Duration>,
    wall: Duration,
    spent: Spent,
}

impl Block {
    /// Of waits alone.
    pub(crate) fn of(waits: Vec<Duration>) -> Block {
        Block {
            waits,
            ..Block::default()
        }
    }

    /// Takes another round in.
    pub(crate) fn add(&mut self, other: Block) {
        self.waits.extend(other.waits);
        self.wall += other.wall;
        self.spent.server += other.spent.server;
        self.spent.database += other.spent.database;
    }

    pub(crate) fn operations(&self) -> usize {
        self.waits.len()
    }

    fn each(&self, total: Duration) -> f64 {
        total.as_secs_f64() * 1e6 / self.waits.len().max(1) as f64
    }

    /// Microseconds of the server's CPU per operation.
    pub(crate) fn cpu(&self) -> f64 {
        self.each(self.spent.server)
    }

    /// Microseconds of the database's CPU per operation, where it is another process.
    pub(crate) fn database(&self) -> f64 {
        self.each(self.spent.database)
    }

    /// Operations per second.
    pub(crate) fn rate(&self) -> f64 {
        self.waits.len() as f64 / self.wall.as_secs_f64().max(1e-9)
    }

    /// Milliseconds that this share of the operations took at most.
    pub(crate) fn within(&self, share: f64) -> f64 {
        let mut waits = self.waits.clone();
        waits.sort_unstable();
        let at = ((waits.len() as f64 * share).ceil() as usize).clamp(1, waits.len().max(1)) - 1;
        waits
            .get(at)
            .map_or(f64::NAN, |wait| wait.as_secs_f64() * 1e3)
    }
}

/// Lets every step run in a loop of its own for this long; gives the steps back for the next block.
pub(crate) async fn run<S: Step>(
    steps: Vec<S>,
    on: &Watched,
    seconds: f64,
) -> Outcome<(Block, Vec<S>)> {
    let begin = Instant::now() + WARM;
    let end = begin + Duration::from_secs_f64(seconds);
    let mut loops = JoinSet::new();
    for mut step in steps {
        loops.spawn(async move {
            let mut waits = Vec::new();
            loop {
                let started = Instant::now();
                if started >= end {
                    return Outcome::Ok((step, waits));
                }
                let wait = step.step().await?;
                if started >= begin {
                    waits.push(wait);
                }
            }
        });
    }
    tokio::time::sleep_until(begin.into()).await;
    let before = on.spent()?;
    let (mut block, mut back) = (Block::default(), Vec::new());
    while let Some(done) = loops.join_next().await {
        let (step, waits) = done??;
        back.push(step);
        block.waits.extend(waits);
    }
    let after = on.spent()?;
    block.wall = begin.elapsed();
    block.spent.server = after.server - before.server;
    block.spent.database = after.database.saturating_sub(before.database);
    Ok((block, back))
}
