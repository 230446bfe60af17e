//! SQLite's one writer: a task that commits waiting writes in groups.
//!
//! ```text
//!  write ─┐                 BEGIN ─ SAVEPOINT a RELEASE ─ SAVEPOINT b ROLLBACK ─ … ─ COMMIT (one fsync)
//!  write ─┼─► channel ─►                                                                │
//!  write ─┘                 told: a stored, b failed, …  ◄──────────────────────────────┘
//! ```
//!
//! Nobody is answered before the commit. One failed write undoes only itself; a failed commit
//! fails everybody in the group.

use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::sync::mpsc;

use crate::store::conn::{AfterCommit, Conn, Tx};
use crate::store::dialect::Statement;
use crate::store::error::StoreError;
use crate::store::failpoint;

/// How many writes share a commit at most: bounds how long the first waits for the last.
const GROUP: usize = 256;

/// Told once, after the commit or the failure of it.
pub(in crate::store) type Tell = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// A write under way. `Ok`: everything is queued, tell how the commit went. `Err`: it failed by
/// itself and knows why; undo it, then tell.
pub(in crate::store) type Run =
    Box<dyn for<'a> FnOnce(&'a mut Tx) -> BoxFuture<'a, Result<Tell, Tell>> + Send>;

/// The writer task: ends when every `Store` is gone, closing the file.
pub(in crate::store) async fn write_in_groups(conn: Conn, mut waiting: mpsc::Receiver<Run>) {
    let mut tx = Tx::new(conn);
    while let Some(first) = waiting.recv().await {
        let mut group = Group {
            alone: waiting.is_empty(),
            ..Group::default()
        };
        failpoint::pass("before_begin");
        tx.queue(Statement::bare("BEGIN IMMEDIATE"));
        let mut next = Some(first);
        while let Some(run) = next {
            let last = group.alone || waiting.is_empty() || group.members() + 1 >= GROUP;
            group.write(&mut tx, run, last).await;
            next = if group.open() {
                waiting.try_recv().ok()
            } else {
                None
            };
        }
        group.commit(&mut tx).await;
    }
    tx.close().await;
}

/// Writes that share a transaction.
#[derive(Default)]
struct Group {
    /// Nobody waits behind the first one: it has the transaction for itself, and needs no savepoint.
    alone: bool,
    /// Whom to tell of the commit, and what to do then.
    stored: Vec<(Tell, Vec<AfterCommit>)>,
    /// Who failed alone. They wait too, so that an answer is never earlier than what it saw.
    failed: Vec<(Tell, Result<(), StoreError>)>,
    /// The commit went out together with the last write.
    committed: bool,
    /// Why the whole transaction cannot be kept.
    broken: Option<StoreError>,
}

impl Group {
    fn members(&self) -> usize {
        self.stored.len() + self.failed.len()
    }

    fn open(&self) -> bool {
        !self.committed && self.broken.is_none() && self.members() < GROUP
    }

    async fn write(&mut self, tx: &mut Tx, run: Run, last: bool) {
        tx.begin_write();
        if !self.alone {
            tx.queue(Statement::bare("SAVEPOINT em2"));
        }
        let ran = AssertUnwindSafe(run(tx)).catch_unwind().await;
        self.hear_of_the_one_before(tx);
        let after = tx.take_after();
        let failure = match ran {
            Ok(Ok(tell)) => {
                let kept = self.keep(tx, last).await;
                self.hear_of_the_one_before(tx);
                match kept {
                    Ok(()) => return self.stored.push((tell, after)),
                    Err(error) => (tell, Err(error)),
                }
            }
            Ok(Err(tell)) => (tell, Ok(())),
            // The channel to the caller went with the panic, which tells it.
            Err(_) => (Box::new(|_| ()) as Tell, Ok(())),
        };
        if self.alone {
            self.broken = Some(StoreError::Unavailable("the write was undone".to_owned()));
        } else if let Err(error) = tx.undo_write().await {
            self.broken = Some(error);
        }
        self.failed.push(failure);
    }

    /// What the write has left to send goes out with what the next one reads; with the last one's also the commit.
    async fn keep(&mut self, tx: &mut Tx, last: bool) -> Result<(), StoreError> {
        if !self.alone {
            tx.queue(Statement::bare("RELEASE em2"));
        }
        // One write is carried at a time: a write that asked nothing has not sent the one before it.
        if tx.carries() {
            self.flush(tx).await?;
        }
        if last {
            failpoint::pass("before_commit");
            tx.commit_group().await?;
        }
        tx.end_write();
        self.committed = last;
        failpoint::pass("in_group");
        Ok(())
    }

    /// Sends what is pending, and knows then whether the write before has failed.
    async fn flush(&mut self, tx: &mut Tx) -> Result<(), StoreError> {
        let sent = tx.run(Vec::new()).await;
        self.hear_of_the_one_before(tx);
        sent.map(|_| ())
    }

    /// The write before may have failed with what was left of it.
    fn hear_of_the_one_before(&mut self, tx: &mut Tx) {
        if let Some(failure) = tx.failed_before()
            && let Some((tell, _)) = self.stored.pop()
        {
            self.failed.push((tell, Err(failure)));
        }
    }

    /// Commits what the last write, which failed, has left to be committed.
    async fn commit_rest(&mut self, tx: &mut Tx) -> Result<(), StoreError> {
        if tx.carries() {
            self.flush(tx).await?;
        }
        tx.commit_group().await
    }

    async fn commit(mut self, tx: &mut Tx) {
        let outcome = match self.broken.take() {
            Some(error) => Err(error),
            None if self.committed => Ok(()),
            None => self.commit_rest(tx).await,
        };
        let outcome = match outcome {
            Ok(()) => Ok(()),
            Err(error) => {
                tx.discard();
                // Where SQLite has rolled back by itself there is nothing to roll back.
                let _ = tx.run(vec![Statement::bare("ROLLBACK")]).await;
                Err(StoreError::Unavailable(error.to_string()))
            }
        };
        failpoint::pass("after_commit");
        for (tell, after) in self.stored {
            if outcome.is_ok() {
                after.into_iter().for_each(|f| f());
            }
            tell(outcome.clone());
        }
        for (tell, outcome) in self.failed {
            tell(outcome);
        }
        failpoint::pass("after_answer");
    }
}
