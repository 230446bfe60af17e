//! What store functions are given: `Conn` to read, `Tx` to read and write.
//!
//! ```text
//!  Tx ── push(statement) ──► pending ──┐ joined with the next read, or sent at the end
//!  Tx/Conn ── fetch(statement) ────────┴──► Link::run ──► the database
//! ```
//!
//! A write that needs no answer waits until the next read or the end, so that SQLite's thread is
//! woken a few times per action, not once per statement.

use std::ops::{Deref, DerefMut};

use crate::store::batch::{Batch, Many};
use crate::store::dialect::{Answer, Dialect, Failed, Link, Row, Statement, Texts};
use crate::store::error::StoreError;
use crate::store::value::Value;

/// What a connection has done: the measure of `statements per action`.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Statements run, savepoints included.
    pub statements: u64,
    /// Times the database was waited for.
    pub trips: u64,
}

/// A connection that reads.
pub struct Conn {
    link: Link,
    texts: Texts,
    /// What was written since something was sent, or the write began.
    open: Batch,
    /// Writes before that, which nobody has asked the outcome of yet.
    pending: Vec<Statement>,
    /// What was written of what waits, since the write began.
    open_late: Batch,
    /// Writes that go out just before the commit, in their order.
    late: Vec<Statement>,
    /// How many of the pending ones are the end of the write before this one.
    carried: usize,
    /// Why that write failed, after it had seemed to be done.
    carried_failure: Option<StoreError>,
    cost: Cost,
}

/// What a write has done once it is stored.
pub(in crate::store) type AfterCommit = Box<dyn FnOnce() + Send>;

/// An open transaction. What it wrote is stored when `Store::write` answers, and not before.
pub struct Tx {
    conn: Conn,
    /// What to do once everything is stored, in the order of the commits.
    after: Vec<AfterCommit>,
    /// What there was before this write.
    mark: Mark,
    /// How much waited for the commit before the last write that is done.
    before: usize,
}

/// How far a connection was: statements pending, and trips made.
#[derive(Default)]
struct Mark {
    pending: usize,
    trips: u64,
}

/// Takes back what one write has done so far.
const UNDO: [&str; 2] = ["ROLLBACK TO em2", "RELEASE em2"];

impl Conn {
    pub(in crate::store) fn new(link: Link, texts: Texts) -> Self {
        Self {
            link,
            texts,
            open: Batch::default(),
            pending: Vec::new(),
            open_late: Batch::default(),
            late: Vec::new(),
            carried: 0,
            carried_failure: None,
            cost: Cost::default(),
        }
    }

    pub(in crate::store) fn dialect(&self) -> Dialect {
        self.link.dialect()
    }

    /// What this connection has done since it was opened.
    pub fn cost(&self) -> Cost {
        self.cost
    }

    /// Every row that the statement answers.
    pub(in crate::store) async fn fetch_all(
        &mut self,
        sql: &'static str,
        args: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        Ok(self.answer(Statement::new(sql, args)).await?.rows)
    }

    /// The first row that the statement answers, if there is one.
    pub(in crate::store) async fn fetch_optional(
        &mut self,
        sql: &'static str,
        args: Vec<Value>,
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.fetch_all(sql, args).await?.into_iter().next())
    }

    /// The same for a statement whose best plan depends on its values.
    pub(in crate::store) async fn fetch_planned(
        &mut self,
        sql: &'static str,
        args: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        let mut statement = Statement::new(sql, args);
        statement.fresh = true;
        Ok(self.answer(statement).await?.rows)
    }

    /// The rows of several statements, in one trip where the engine allows it.
    pub(in crate::store) async fn fetch_each<const N: usize>(
        &mut self,
        statements: [(&'static str, Vec<Value>); N],
    ) -> Result<[Vec<Row>; N], StoreError> {
        let rows = self.fetch_list(statements.into()).await?;
        rows.try_into()
            .map_err(|_| StoreError::Fault("an answer is missing".to_owned()))
    }

    /// The same for as many statements as it takes.
    pub(in crate::store) async fn fetch_list(
        &mut self,
        statements: Vec<(&'static str, Vec<Value>)>,
    ) -> Result<Vec<Vec<Row>>, StoreError> {
        let statements = statements.into_iter();
        let statements = statements.map(|(sql, args)| Statement::new(sql, args));
        let answers = self.run(statements.collect()).await?;
        Ok(answers.into_iter().map(|answer| answer.rows).collect())
    }

    pub(in crate::store) async fn answer(
        &mut self,
        statement: Statement,
    ) -> Result<Answer, StoreError> {
        let mut answers = self.run(vec![statement]).await?;
        answers
            .pop()
            .ok_or_else(|| StoreError::Fault("an answer is missing".to_owned()))
    }

    /// Sends what is pending and then `statements`; answers for the latter.
    pub(in crate::store) async fn run(
        &mut self,
        mut statements: Vec<Statement>,
    ) -> Result<Vec<Answer>, StoreError> {
        let own = statements.len();
        self.seal();
        if !self.pending.is_empty() {
            let mut all = std::mem::take(&mut self.pending);
            all.append(&mut statements);
            statements = all;
        }
        if statements.is_empty() {
            return Ok(Vec::new());
        }
        let carried = std::mem::take(&mut self.carried);
        let rest = (carried > 0).then(|| statements[carried..].to_vec());
        let mut answers = match (self.send(statements).await, rest) {
            (Ok(answers), _) => answers,
            (Err(failed), Some(rest)) if failed.after < carried => {
                self.carried_failure = Some(failed.why);
                let undone = [&UNDO.map(Statement::bare), rest.as_slice()].concat();
                self.send(undone).await.map_err(|failed| failed.why)?
            }
            (Err(failed), _) => return Err(failed.why),
        };
        Ok(answers.split_off(answers.len().saturating_sub(own)))
    }

    async fn send(&mut self, statements: Vec<Statement>) -> Result<Vec<Answer>, Failed> {
        self.cost.statements += statements.len() as u64;
        self.cost.trips += self.link.trips(&statements);
        self.link.run(statements, &self.texts).await
    }

    /// Forgets what was not sent.
    pub(in crate::store) fn discard(&mut self) {
        self.open.clear();
        self.pending.clear();
        self.open_late.clear();
        self.late.clear();
        self.carried = 0;
    }

    pub(in crate::store) fn queue(&mut self, statement: Statement) {
        self.open.push(statement);
    }

    /// Lays out what was written as it is sent: rows that come later do not join it.
    fn seal(&mut self) {
        self.pending.append(&mut self.open.take());
    }
}

impl Tx {
    pub(in crate::store) fn new(conn: Conn) -> Self {
        Self {
            conn,
            after: Vec::new(),
            mark: Mark::default(),
            before: 0,
        }
    }

    /// Writes, without waiting. A refusal by the database fails the whole write at its end.
    pub(in crate::store) fn push(&mut self, sql: &'static str, args: Vec<Value>) {
        self.conn.queue(Statement::new(sql, args));
    }

    /// The same for one row, which goes out with the others for the same statement.
    pub(in crate::store) fn push_row(&mut self, many: &'static Many, row: Vec<Value>) {
        self.conn.open.push_row(many, row);
    }

    /// Writes just before the commit, after everything else of the transaction and in the order of the calls. For
    /// tables that nothing reads in a write: SQLite's full-text index is written out once for a whole group, not at each
    /// savepoint.
    pub(in crate::store) fn push_late(&mut self, statement: Statement) {
        self.conn.open_late.push(statement);
    }

    /// The same for one row.
    pub(in crate::store) fn push_row_late(&mut self, many: &'static Many, row: Vec<Value>) {
        self.conn.open_late.push_row(many, row);
    }

    /// Writes now and says how many rows it touched.
    pub(in crate::store) async fn execute(
        &mut self,
        sql: &'static str,
        args: Vec<Value>,
    ) -> Result<u64, StoreError> {
        Ok(self.conn.answer(Statement::new(sql, args)).await?.affected)
    }

    /// Has `f` run once everything of this write is stored; not at all if it fails. Writes to one
    /// SQLite file run theirs in the order of their commits, and before the writer is answered.
    pub fn on_commit(&mut self, f: impl FnOnce() + Send + 'static) {
        self.after.push(Box::new(f));
    }

    pub(in crate::store) fn take_after(&mut self) -> Vec<AfterCommit> {
        std::mem::take(&mut self.after)
    }
}

/// One write among others in SQLite's transaction.
impl Tx {
    pub(in crate::store) fn begin_write(&mut self) {
        self.conn.seal();
        self.mark = Mark {
            pending: self.conn.pending.len(),
            trips: self.conn.cost.trips,
        };
    }

    /// Takes back what was written since `begin_write`.
    pub(in crate::store) async fn undo_write(&mut self) -> Result<(), StoreError> {
        self.conn.open.clear();
        self.conn.open_late.clear();
        if self.has_sent_nothing() {
            self.conn.pending.truncate(self.mark.pending);
            return Ok(());
        }
        self.conn.pending.clear();
        let undo = UNDO.map(Statement::bare);
        self.conn.run(undo.into()).await.map(|_| ())
    }

    /// Whether everything of this write, and what was left of the one before, is pending.
    fn has_sent_nothing(&self) -> bool {
        self.conn.cost.trips == self.mark.trips
    }

    /// This write is done, but for what is pending of it.
    pub(in crate::store) fn end_write(&mut self) {
        self.conn.seal();
        self.before = self.conn.late.len();
        self.conn.late.append(&mut self.conn.open_late.take());
        self.conn.carried = self.conn.pending.len();
    }

    /// Whether something of a write that is done has not been sent.
    pub(in crate::store) fn carries(&self) -> bool {
        self.conn.carried > 0
    }

    /// Commits SQLite's transaction. What waits for that is kept until it is done: the last write may fail alone.
    pub(in crate::store) async fn commit_group(&mut self) -> Result<(), StoreError> {
        self.conn.seal();
        self.conn.pending.extend_from_slice(&self.conn.late);
        self.conn.pending.append(&mut self.conn.open_late.take());
        self.conn.run(vec![Statement::bare("COMMIT")]).await?;
        self.conn.late.clear();
        Ok(())
    }

    /// Why the write before this one failed, if what was left of it did; it is undone then.
    pub(in crate::store) fn failed_before(&mut self) -> Option<StoreError> {
        let failure = self.conn.carried_failure.take()?;
        self.conn.late.truncate(self.before);
        Some(failure)
    }

    pub(in crate::store) async fn close(self) {
        if let Link::Writer(connection) = self.conn.link {
            // The file is complete without it: closing only tidies the log away.
            let _ = sqlx::Connection::close(connection).await;
        }
    }

    /// Sends what is pending and commits PostgreSQL's transaction.
    pub(in crate::store) async fn commit(mut self) -> Result<Vec<AfterCommit>, StoreError> {
        let late = self.conn.open_late.take();
        self.conn.run(late).await?;
        if let Link::PostgresTransaction(transaction) = self.conn.link {
            transaction.commit().await?;
        }
        Ok(self.after)
    }
}

impl Deref for Tx {
    type Target = Conn;
    fn deref(&self) -> &Conn {
        &self.conn
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.conn
    }
}
