//! Work to be done after the transaction that caused it: small rows that a worker claims.

use em2_model::Time;

use crate::store::conn::{Conn, Tx};
use crate::store::error::StoreError;
use crate::store::value::args;

/// A piece of work that was claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    pub id: i64,
    /// Which kind of work, as the job's type names itself.
    pub name: String,
    /// Its fields, as JSON.
    pub payload: String,
    /// How often it was claimed, this time included.
    pub attempts: i64,
}

/// Enqueues work for `run_at`, in the transaction that causes it.
pub fn insert_job(tx: &mut Tx, name: &str, payload: &str, run_at: Time) {
    tx.push(
        "INSERT INTO jobs (name, payload, run_at, attempts) VALUES ($1, $2, $3, 0)",
        args![name, payload, run_at],
    );
}

/// Claims up to `limit` jobs that are due, the longest due first, until `retry_at`: who does not
/// delete one by then leaves it to be claimed again. Two workers never get the same one.
pub async fn claim_jobs(
    tx: &mut Tx,
    now: Time,
    retry_at: Time,
    limit: i64,
) -> Result<Vec<Job>, StoreError> {
    let mut jobs: Vec<Job> = tx
        .fetch_all(
            "UPDATE jobs SET run_at = $2, attempts = attempts + 1
              WHERE id IN (
                    SELECT id FROM jobs WHERE run_at <= $1 ORDER BY run_at, id LIMIT $3 CLAIMING)
             RETURNING id, name, payload, attempts",
            args![now, retry_at, limit],
        )
        .await?
        .iter()
        .map(|row| {
            Ok(Job {
                id: row.get(0)?,
                name: row.get(1)?,
                payload: row.get(2)?,
                attempts: row.get(3)?,
            })
        })
        .collect::<Result<_, StoreError>>()?;
    jobs.sort_by_key(|job| job.id);
    Ok(jobs)
}

/// The job is done.
pub fn delete_job(tx: &mut Tx, id: i64) {
    tx.push("DELETE FROM jobs WHERE id = $1", args![id]);
}

/// The job failed for now: tries again at `run_at`.
pub fn mark_job_failed(tx: &mut Tx, id: i64, error: &str, run_at: Time) {
    tx.push(
        "UPDATE jobs SET last_error = $2, run_at = $3 WHERE id = $1",
        args![id, error, run_at],
    );
}

/// When the next job is due.
pub async fn next_job_at(conn: &mut Conn) -> Result<Option<Time>, StoreError> {
    conn.fetch_optional(
        "SELECT run_at FROM jobs ORDER BY run_at, id LIMIT 1",
        args![],
    )
    .await?
    .map(|row| row.get(0))
    .transpose()
}
