//! `POST /d/evt/{key}/`: one thing that a person wants done.

use axum::extract::State;
use axum::response::Response;
use em2_model::id::ConversationRef;
use em2_model::refusal::Refusal;
use em2_model::wire::domestic::Accepted;
use em2_model::wire::intent::{Fields, Intent};

use crate::routes::answer::{Natural, Posted};
use crate::routes::extract::key::Key;
use crate::state::App;
use app::paths;

/// POST /d/evt/{key}/
#[utoipa::path(
    post,
    path = "/d/evt/{key}/",
    params(("key" = ConversationRef, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body(content((Fields = "application/json"), (Fields = "application/x-www-form-urlencoded"))),
    responses((status = 200, body = Accepted), (status = "default", description = "Refused.", body = Refusal, content_type = "application/problem+json")),
)]
pub async fn act(
    State(app): State<App>,
    Key(key): Key<ConversationRef>,
    posted: Posted,
) -> Response {
    let done = async {
        let caller = posted.caller()?;
        let fields: Fields = posted.given.fields()?;
        let idempotency = posted
            .given
            .idempotency(fields.idempotency_key.as_deref())?;
        let intent = Intent::try_from(fields)?;
        app.auth.note_use(caller).await?;
        app.service.act(&caller.me, key, intent, idempotency).await
    };
    let done = done.await;
    posted
        .answer(&app, done, |accepted| natural(key, accepted))
        .await
}

/// Where a form goes that names no `next`.
fn natural(key: ConversationRef, accepted: &Accepted) -> Natural {
    match (key, accepted) {
        (ConversationRef::Published(conversation), Accepted::Action { key, .. }) => {
            Natural(paths::message(conversation, *key))
        }
        (_, Accepted::Discarded { .. }) => Natural(paths::DRAFTS.to_owned()),
        (key, _) => Natural(paths::row(key)),
    }
}
