//! `GET /d/l/?offset=50`: list conversations.

use axum::Json;
use axum::extract::State;
use em2_model::wire::domestic::{ListPage, ListQuery};

use super::Answer;
use crate::routes::extract::caller::Caller;
use crate::routes::extract::key::Asked;
use crate::state::App;

/// GET /d/l/
pub async fn list(
    State(app): State<App>,
    Caller(caller): Caller,
    Asked(query): Asked<ListQuery>,
) -> Answer<ListPage> {
    Ok(Json(app.service.list(&caller.me, query).await?))
}
