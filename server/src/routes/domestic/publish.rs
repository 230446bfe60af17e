//! `POST /d/publish/{key}/`: publish a draft as its fields leave it.

use axum::extract::State;
use axum::response::Response;
use em2_model::id::DraftKey;
use em2_model::refusal::Refusal;
use em2_model::wire::domestic::Published;
use em2_model::wire::intent::DraftFields;

use crate::routes::answer::{Natural, Posted};
use crate::routes::extract::key::Key;
use crate::state::App;
use app::paths;

/// POST /d/publish/{key}/
#[utoipa::path(
    post,
    path = "/d/publish/{key}/",
    params(("key" = DraftKey, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body(content((DraftFields = "application/json"), (DraftFields = "application/x-www-form-urlencoded"))),
    responses((status = 200, body = Published), (status = "default", description = "Refused.", body = Refusal, content_type = "application/problem+json")),
)]
pub async fn publish(State(app): State<App>, Key(key): Key<DraftKey>, posted: Posted) -> Response {
    let done = async {
        let caller = posted.caller()?;
        let fields: DraftFields = posted.given.fields()?;
        let idempotency = posted
            .given
            .idempotency(fields.idempotency_key.as_deref())?;
        app.auth.note_use(caller).await?;
        app.service
            .publish(&caller.me, key, fields, idempotency)
            .await
    };
    let done = done.await;
    posted.answer(&app, done, published_at).await
}

/// Where a form finds what it published.
pub(super) fn published_at(published: &Published) -> Natural {
    match published {
        Published::Published { key } => Natural(paths::conversation(*key)),
        Published::Held { .. } => Natural(paths::SENT.to_owned()),
    }
}
