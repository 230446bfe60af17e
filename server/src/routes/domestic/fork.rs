//! `POST /d/fork/{key}/`: a conversation whose leading platform is gone goes on in another one.

use axum::extract::State;
use axum::response::Response;
use em2_model::id::ConversationKey;
use em2_model::refusal::Refusal;
use em2_model::wire::domestic::Published;

use super::publish::published_at;
use crate::routes::answer::Posted;
use crate::routes::extract::key::Key;
use crate::state::App;

/// POST /d/fork/{key}/
#[utoipa::path(
    post,
    path = "/d/fork/{key}/",
    params(("key" = ConversationKey, Path)),
    responses((status = 200, body = Published, description = "What goes on from it: a new conversation, or the one that does already."), (status = "default", description = "Refused.", body = Refusal, content_type = "application/problem+json")),
)]
pub async fn fork(
    State(app): State<App>,
    Key(key): Key<ConversationKey>,
    posted: Posted,
) -> Response {
    let done = async {
        let caller = posted.caller()?;
        app.auth.note_use(caller).await?;
        app.service.fork(&caller.me, key).await
    };
    let done = done.await;
    posted.answer(&app, done, published_at).await
}
