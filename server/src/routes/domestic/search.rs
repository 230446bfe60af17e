//! `GET /d/s/?q=…`: search conversations.

use axum::Json;
use axum::extract::State;
use em2_model::wire::domestic::SearchPage;
use serde::Deserialize;

use super::Answer;
use crate::routes::extract::caller::Caller;
use crate::routes::extract::key::Asked;
use crate::state::App;

/// What is looked for, and where the page begins.
#[derive(Deserialize)]
pub struct SearchQuery {
    #[serde(default)]
    q: String,
    before: Option<String>,
}

/// GET /d/s/
pub async fn search(
    State(app): State<App>,
    Caller(caller): Caller,
    Asked(query): Asked<SearchQuery>,
) -> Answer<SearchPage> {
    Ok(Json(
        app.service
            .search(&caller.me, &query.q, query.before.as_deref())
            .await?,
    ))
}
