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
        group.broken = tx.run(vec![Statement::bare("BEGIN IMMEDIATE")]).await.err();
        let mut next = Some(first);
        while let Some(run) = next.take_if(|_| group.is_open()) {
            group.write(&mut tx, run).await;
            if !group.alone && group.is_open() {
                next = waiting.try_recv().ok();
            }
        }
        group.commit(&mut tx).await;
    }
    tx.close();
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
    /// Why the whole transaction cannot be kept.
    broken: Option<StoreError>,
}

impl Group {
    fn is_open(&self) -> bool {
        self.broken.is_none() && self.stored.len() + self.failed.len() < GROUP
    }

    async fn write(&mut self, tx: &mut Tx, run: Run) {
        if !self.alone {
            self.broken = tx.run(vec![Statement::bare("SAVEPOINT em2")]).await.err();
        }
        let ran = AssertUnwindSafe(run(tx)).catch_unwind().await;
        let after = tx.take_after();
        let failure = match ran {
            Ok(Ok(tell)) => match self.keep(tx).await {
                Ok(()) => return self.stored.push((tell, after)),
                Err(error) => (tell, Err(error)),
            },
            Ok(Err(tell)) => (tell, Ok(())),
            // The channel to the caller went with the panic, which tells it.
            Err(_) => (Box::new(|_| ()) as Tell, Ok(())),
        };
        self.failed.push(failure);
        tx.discard();
        if self.alone {
            self.broken = Some(StoreError::Unavailable("the write was undone".to_owned()));
        } else {
            let undo = ["ROLLBACK TO em2", "RELEASE em2"].map(Statement::bare);
            self.broken = tx.run(undo.into()).await.err();
        }
    }

    async fn keep(&mut self, tx: &mut Tx) -> Result<(), StoreError> {
        if !self.alone {
            tx.queue(Statement::bare("RELEASE em2"));
        }
        tx.run(Vec::new()).await?;
        tx.keep_late();
        failpoint::pass("in_group");
        Ok(())
    }

    async fn commit(self, tx: &mut Tx) {
        failpoint::pass("before_commit");
        let outcome = match self.broken {
            Some(error) => Err(error),
            None => tx.commit_group().await,
        };
        let outcome = match outcome {
            Ok(()) => Ok(()),
            Err(error) => {
                tx.forget_late();
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
