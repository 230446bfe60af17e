//! A list page by key, a search newest first, and a streamed export: one statement each.

use std::fmt::Write;

use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use futures::TryStreamExt;
use serde::Deserialize;
use sqlx::{Row, SqlitePool};

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
}

/// `GET /list`, `GET /search?q=` and `GET /export`.
pub(crate) fn routes(pool: SqlitePool) -> axum::Router {
    axum::Router::new()
        .route("/list", get(list))
        .route("/search", get(search))
        .route("/export", get(export))
        .with_state(pool)
}

fn failed(error: sqlx::Error) -> StatusCode {
    eprintln!("{error}");
    StatusCode::INTERNAL_SERVER_ERROR
}

async fn list(State(pool): State<SqlitePool>) -> Result<Html<String>, StatusCode> {
    let rows = sqlx::query(
        "SELECT conv, at, subject, preview FROM row ORDER BY at DESC, conv DESC LIMIT 50",
    )
    .fetch_all(&pool)
    .await
    .map_err(failed)?;
    let mut page = String::with_capacity(16 * 1024);
    page.push_str("<!doctype html><title>Inbox</title><ul>");
    for row in rows {
        let (conv, at): (i64, i64) = (row.get(0), row.get(1));
        let (subject, preview): (&str, &str) = (row.get(2), row.get(3));
        // Writing to a String cannot fail.
        let _ = write!(
            page,
            "<li><a href=\"/c/{conv}\"><time>{at}</time><b>{subject}</b><span>{preview}</span></a>"
        );
    }
    page.push_str("</ul>");
    Ok(Html(page))
}

async fn search(
    State(pool): State<SqlitePool>,
    Query(asked): Query<Asked>,
) -> Result<String, StatusCode> {
    let rows =
        sqlx::query("SELECT rowid FROM word WHERE word MATCH $1 ORDER BY rowid DESC LIMIT 50")
            .bind(asked.q)
            .fetch_all(&pool)
            .await
            .map_err(failed)?;
    Ok(serde_json::json!(
        rows.iter()
            .map(|row| row.get::<i64, _>(0))
            .collect::<Vec<_>>()
    )
    .to_string())
}

async fn export(State(pool): State<SqlitePool>) -> Response {
    let lines = async_lines(pool);
    (
        [(CONTENT_TYPE, "application/x-ndjson")],
        Body::from_stream(lines),
    )
        .into_response()
}

/// Pages of 500 actions by key, a line each.
fn async_lines(pool: SqlitePool) -> impl futures::Stream<Item = Result<Bytes, sqlx::Error>> {
    futures::stream::try_unfold((pool, 0_i64), |(pool, after)| async move {
        let rows =
            sqlx::query("SELECT seq, bytes FROM action WHERE seq > $1 ORDER BY seq LIMIT 500")
                .bind(after)
                .fetch_all(&pool)
                .await?;
        let Some(last) = rows.last().map(|row| row.get::<i64, _>(0)) else {
            return Ok(None);
        };
        let mut lines = Vec::with_capacity(64 * 1024);
        for row in &rows {
            lines.extend_from_slice(row.get::<&[u8], _>(1));
            lines.push(b'\n');
        }
        Ok(Some((Bytes::from(lines), (pool, last))))
    })
    .into_stream()
}
