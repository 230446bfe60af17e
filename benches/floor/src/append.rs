//! Verify, commit in groups, answer, push.

use std::sync::Arc;

use axum::extract::State;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use ed25519_dalek::{Signature, VerifyingKey};
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use sqlx::{Connection, SqliteConnection};
use tokio::sync::{broadcast, mpsc, oneshot};

/// How many waiting writes share one commit at most.
const GROUP: usize = 256;

/// A signed action: the header, its signature, its body.
#[derive(Deserialize)]
struct Signed<'a> {
    #[serde(borrow)]
    h: &'a RawValue,
    s: &'a str,
    #[serde(borrow)]
    b: &'a RawValue,
}

struct Write {
    bytes: Bytes,
    done: oneshot::Sender<i64>,
}

struct Floor {
    key: VerifyingKey,
    writes: mpsc::Sender<Write>,
    pushed: broadcast::Sender<Utf8Bytes>,
}

/// `POST /append` and `GET /ws`.
pub(crate) fn routes(
    connection: SqliteConnection,
    key: &str,
) -> Result<axum::Router, Box<dyn std::error::Error>> {
    let key = VerifyingKey::from_bytes(BASE64_URL_SAFE_NO_PAD.decode(key)?.as_slice().try_into()?)?;
    let (writes, waiting) = mpsc::channel(4 * GROUP);
    let (pushed, _) = broadcast::channel(1024);
    tokio::spawn(commit_groups(connection, waiting, pushed.clone()));
    let floor = Arc::new(Floor {
        key,
        writes,
        pushed,
    });
    Ok(axum::Router::new()
        .route("/append", post(append))
        .route("/ws", get(listen))
        .with_state(floor))
}

async fn append(State(floor): State<Arc<Floor>>, bytes: Bytes) -> (StatusCode, String) {
    if !verified(&floor.key, &bytes) {
        return (StatusCode::UNAUTHORIZED, String::new());
    }
    let (done, committed) = oneshot::channel();
    let sent = floor.writes.send(Write { bytes, done }).await;
    match (sent, committed.await) {
        (Ok(()), Ok(seq)) => (StatusCode::OK, format!("{{\"seq\":{seq}}}")),
        _ => (StatusCode::SERVICE_UNAVAILABLE, String::new()),
    }
}

/// Whether the header is signed by the key, and names the body.
fn verified(key: &VerifyingKey, bytes: &[u8]) -> bool {
    let Ok(action) = serde_json::from_slice::<Signed<'_>>(bytes) else {
        return false;
    };
    let body = Sha256::digest(action.b.get());
    let header = Sha256::new()
        .chain_update(b"floor")
        .chain_update(action.h.get())
        .chain_update(body)
        .finalize();
    let signature = BASE64_URL_SAFE_NO_PAD
        .decode(action.s)
        .ok()
        .and_then(|bytes| Signature::from_slice(&bytes).ok());
    signature.is_some_and(|signature| key.verify_strict(&header, &signature).is_ok())
}

/// Takes all writes that wait, commits them with one fsync, answers them, and pushes them.
async fn commit_groups(
    mut connection: SqliteConnection,
    mut waiting: mpsc::Receiver<Write>,
    pushed: broadcast::Sender<Utf8Bytes>,
) {
    let mut group = Vec::new();
    while waiting.recv_many(&mut group, GROUP).await > 0 {
        let Ok(sequenced) = commit(&mut connection, &group).await else {
            return;
        };
        for (write, seq) in group.drain(..).zip(sequenced) {
            // The sender may be gone; the action is committed all the same.
            let _ = write.done.send(seq);
            if let Ok(text) = Utf8Bytes::try_from(write.bytes) {
                let _ = pushed.send(text);
            }
        }
    }
}

async fn commit(
    connection: &mut SqliteConnection,
    group: &[Write],
) -> Result<Vec<i64>, sqlx::Error> {
    let mut transaction = connection.begin().await?;
    let mut sequenced = Vec::with_capacity(group.len());
    for write in group {
        let inserted = sqlx::query("INSERT INTO action (conv, bytes) VALUES (1, $1)")
            .bind(write.bytes.as_ref())
            .execute(&mut *transaction)
            .await?;
        sequenced.push(inserted.last_insert_rowid());
    }
    transaction.commit().await?;
    Ok(sequenced)
}

async fn listen(State(floor): State<Arc<Floor>>, upgrade: WebSocketUpgrade) -> Response {
    let pushed = floor.pushed.subscribe();
    upgrade
        .read_buffer_size(4096)
        .write_buffer_size(0)
        .on_upgrade(move |socket| push(socket, pushed))
}

async fn push(mut socket: WebSocket, mut pushed: broadcast::Receiver<Utf8Bytes>) {
    while let Ok(text) = pushed.recv().await {
        if socket.send(Message::Text(text)).await.is_err() {
            return;
        }
    }
}
