//! `GET /d/{key}/`: the kitchen sink of one conversation, its older entries, and the versions of a message.

use axum::Json;
use axum::extract::State;
use em2_model::id::{ActionKey, ConversationKey, ConversationRef};
use em2_model::refusal::Refusal;
use em2_model::wire::domestic::{KitchenSink, Older, Versions};
use serde::Deserialize;

use super::Answer;
use crate::routes::extract::caller::Caller;
use crate::routes::extract::key::{Asked, Key};
use crate::state::App;

/// GET /d/{key}/
#[utoipa::path(
    get,
    path = "/d/{key}/",
    params(("key" = ConversationRef, Path)),
    responses((status = 200, body = KitchenSink), (status = "default", description = "Refused.", body = Refusal, content_type = "application/problem+json")),
)]
pub async fn conversation(
    State(app): State<App>,
    Caller(caller): Caller,
    Key(key): Key<ConversationRef>,
) -> Answer<KitchenSink> {
    Ok(Json(app.service.kitchen_sink(&caller.me, key).await?))
}

/// Up to where the entries are known already.
#[derive(Deserialize)]
pub struct OlderQuery {
    before: Option<u64>,
}

/// GET /d/{key}/events/?before=seq
#[utoipa::path(
    get,
    path = "/d/{key}/events/",
    params(
        ("key" = ConversationKey, Path),
        ("before" = Option<u64>, Query, description = "Entries with a smaller slot."),
    ),
    responses((status = 200, body = Older), (status = "default", description = "Refused.", body = Refusal, content_type = "application/problem+json")),
)]
pub async fn events(
    State(app): State<App>,
    Caller(caller): Caller,
    Key(key): Key<ConversationKey>,
    Asked(query): Asked<OlderQuery>,
) -> Answer<Older> {
    // No slot has the highest number: without `before`, the newest entries are answered.
    Ok(Json(
        app.service
            .older(&caller.me, key, query.before.unwrap_or(i64::MAX as u64))
            .await?,
    ))
}

/// GET /d/{key}/messages/{message}/
#[utoipa::path(
    get,
    path = "/d/{key}/messages/{message}/",
    params(("key" = ConversationKey, Path), ("message" = ActionKey, Path)),
    responses((status = 200, body = Versions), (status = "default", description = "Refused.", body = Refusal, content_type = "application/problem+json")),
)]
pub async fn versions(
    State(app): State<App>,
    Caller(caller): Caller,
    Key((key, message)): Key<(ConversationKey, ActionKey)>,
) -> Answer<Versions> {
    Ok(Json(app.service.versions(&caller.me, key, message).await?))
}
