//! What store functions are given: `Conn` to read, `Tx` to read and write.
//!
//! ```text
//!  Tx ── push(statement) ──► pending ──┐ joined with the next read, or sent at the end
//!  Tx/Conn ── fetch(statement) ────────┴──► Link::run ──► the database
//! ```
//!
//! A write that needs no answer waits until the next read or the end, so that rows for the same
//! statement go out together.

use std::ops::{Deref, DerefMut};

use crate::store::batch::{Batch, Many};
use crate::store::dialect::{Answer, Dialect, Link, Row, Statement, Texts};
use crate::store::error::StoreError;
use crate::store::value::Value;

/// A connection that reads.
pub struct Conn {
    link: Link,
    texts: Texts,
    /// What was written since something was sent.
    pending: Batch,
    /// What goes out just before the commit.
    late: Batch,
    statements: u64,
}

/// What a write has done once it is stored.
pub(in crate::store) type AfterCommit = Box<dyn FnOnce() + Send>;

/// An open transaction. What it wrote is stored when `Store::write` answers, and not before.
pub struct Tx {
    conn: Conn,
    /// What to do once everything is stored, in the order of the commits.
    after: Vec<AfterCommit>,
    /// What the writes that are done have left for the end of SQLite's transaction, in their order.
    late: Vec<Statement>,
}

impl Conn {
    pub(in crate::store) fn new(link: Link, texts: Texts) -> Self {
        Self {
            link,
            texts,
            pending: Batch::default(),
            late: Batch::default(),
            statements: 0,
        }
    }

    pub(in crate::store) fn dialect(&self) -> Dialect {
        self.link.dialect()
    }

    /// How many statements this connection has run since it was opened, savepoints included.
    pub fn statements(&self) -> u64 {
        self.statements
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
        let mut all = self.pending.take();
        let before = all.len();
        all.append(&mut statements);
        if all.is_empty() {
            return Ok(Vec::new());
        }
        self.statements += all.len() as u64;
        let mut answers = self.link.run(all, &self.texts).await?;
        Ok(answers.split_off(before))
    }

    pub(in crate::store) fn queue(&mut self, statement: Statement) {
        self.pending.push(statement);
    }
}

impl Tx {
    pub(in crate::store) fn new(conn: Conn) -> Self {
        Self {
            conn,
            after: Vec::new(),
            late: Vec::new(),
        }
    }

    /// Writes, without waiting. A refusal by the database fails the whole write at its end.
    pub(in crate::store) fn push(&mut self, sql: &'static str, args: Vec<Value>) {
        self.conn.queue(Statement::new(sql, args));
    }

    /// The same for one row, which goes out with the others for the same statement.
    pub(in crate::store) fn push_row(&mut self, many: &'static Many, row: Vec<Value>) {
        self.conn.pending.push_row(many, row);
    }

    /// Writes just before the commit, after everything else of the transaction and in the order of the calls. For
    /// tables that nothing reads in a write: SQLite's full-text index is written out once for a whole group, not at each
    /// savepoint.
    pub(in crate::store) fn push_late(&mut self, statement: Statement) {
        self.conn.late.push(statement);
    }

    /// The same for one row.
    pub(in crate::store) fn push_row_late(&mut self, many: &'static Many, row: Vec<Value>) {
        self.conn.late.push_row(many, row);
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
    /// Forgets what a write that failed has not sent.
    pub(in crate::store) fn discard(&mut self) {
        self.conn.pending.clear();
        self.conn.late.clear();
    }

    /// A write is done, but for what waits for the commit.
    pub(in crate::store) fn keep_late(&mut self) {
        self.late.append(&mut self.conn.late.take());
    }

    /// Forgets what waits for the commit: there is none.
    pub(in crate::store) fn forget_late(&mut self) {
        self.late.clear();
    }

    pub(in crate::store) async fn commit_group(&mut self) -> Result<(), StoreError> {
        let mut statements = std::mem::take(&mut self.late);
        statements.push(Statement::bare("COMMIT"));
        self.conn.run(statements).await.map(|_| ())
    }

    pub(in crate::store) fn close(self) {
        if let Link::Writer(writer) = self.conn.link {
            writer.close();
        }
    }

    /// Sends what is pending and commits PostgreSQL's transaction.
    pub(in crate::store) async fn commit(mut self) -> Result<Vec<AfterCommit>, StoreError> {
        let late = self.conn.late.take();
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
