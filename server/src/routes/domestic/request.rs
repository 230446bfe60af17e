//! `/d/request/{key}/`: somebody unknown has added the reader; what is shown of it, and what the reader answers.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use em2_model::id::{ConversationKey, ConversationRef};
use em2_model::refusal::Refusal;
use em2_model::wire::domestic::{Answered, Request};
use em2_model::wire::intent::{RequestAnswer, RequestFields};

use super::Answer;
use crate::routes::answer::{Natural, Posted};
use crate::routes::extract::caller::Caller;
use crate::routes::extract::key::Key;
use crate::state::App;
use app::paths;

/// GET /d/request/{key}/
#[utoipa::path(
    get,
    path = "/d/request/{key}/",
    params(("key" = ConversationKey, Path)),
    responses((status = 200, body = Request), (status = "default", description = "Refused.", body = Refusal, content_type = "application/problem+json")),
)]
pub async fn request(
    State(app): State<App>,
    Caller(caller): Caller,
    Key(key): Key<ConversationKey>,
) -> Answer<Request> {
    Ok(Json(app.service.request(&caller.me, key).await?))
}

/// POST /d/request/{key}/
#[utoipa::path(
    post,
    path = "/d/request/{key}/",
    params(("key" = ConversationKey, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body(content((RequestFields = "application/json"), (RequestFields = "application/x-www-form-urlencoded"))),
    responses((status = 200, body = Answered), (status = "default", description = "Refused.", body = Refusal, content_type = "application/problem+json")),
)]
pub async fn answer(
    State(app): State<App>,
    Key(key): Key<ConversationKey>,
    posted: Posted,
) -> Response {
    let done = async {
        let caller = posted.caller()?;
        let fields: RequestFields = posted.given.fields()?;
        let idempotency = posted
            .given
            .idempotency(fields.idempotency_key.as_deref())?;
        app.auth.note_use(caller).await?;
        app.service
            .answer_request(&caller.me, key, fields.answer, idempotency)
            .await
    };
    let done = done.await;
    posted
        .answer(&app, done, |answered| match answered.answer {
            RequestAnswer::Accept | RequestAnswer::Always | RequestAnswer::Platform => {
                Natural(paths::row(ConversationRef::Published(answered.key)))
            }
            RequestAnswer::Ignore | RequestAnswer::Block => Natural(paths::REQUESTS.to_owned()),
        })
        .await
}
