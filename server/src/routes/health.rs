//! `GET /health`: whether the server can read its database.

use axum::extract::State;
use axum::http::StatusCode;

use crate::state::App;

/// GET /health
pub async fn health(State(app): State<App>) -> (StatusCode, &'static str) {
    match app.auth.accounts_exist().await {
        Ok(_) => (StatusCode::OK, "ok\n"),
        Err(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the database does not answer\n",
        ),
    }
}
