//! `GET /d/l/?offset=50`: list conversations.

use axum::Json;
use axum::extract::State;
use em2_model::refusal::Refusal;
use em2_model::wire::domestic::{ListPage, ListQuery, ListView};

use super::Answer;
use crate::routes::extract::caller::Caller;
use crate::routes::extract::key::Asked;
use crate::state::App;

/// GET /d/l/
#[utoipa::path(
    get,
    path = "/d/l/",
    params(
        ("view" = Option<ListView>, Query, description = "Which conversations."),
        ("before" = Option<String>, Query, description = "The `next` of the page before."),
        ("offset" = Option<u32>, Query, description = "How many rows to pass over; `before` is faster."),
    ),
    responses((status = 200, body = ListPage), (status = "default", description = "Refused.", body = Refusal, content_type = "application/problem+json")),
)]
pub async fn list(
    State(app): State<App>,
    Caller(caller): Caller,
    Asked(query): Asked<ListQuery>,
) -> Answer<ListPage> {
    Ok(Json(app.service.list(&caller.me, query).await?))
}
