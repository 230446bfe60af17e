//! `GET /d/s/?q=…`: search conversations.

use axum::Json;
use axum::extract::State;
use em2_model::refusal::Refusal;
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
#[utoipa::path(
    get,
    path = "/d/s/",
    params(
        ("q" = String, Query, description = "Words; the last one may be the beginning of one."),
        ("before" = Option<String>, Query, description = "The `next` of the page before."),
    ),
    responses((status = 200, body = SearchPage), (status = "default", description = "Refused.", body = Refusal, content_type = "application/problem+json")),
)]
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
