//! `POST /d/retry/{key}/`: what waits for other platforms is tried at once.

use axum::extract::State;
use axum::response::Response;
use em2_model::id::{ConversationKey, ConversationRef};
use em2_model::refusal::Refusal;
use em2_model::wire::domestic::KitchenSink;

use crate::routes::answer::{Natural, Posted};
use crate::routes::extract::key::Key;
use crate::state::App;
use app::paths;

/// POST /d/retry/{key}/
#[utoipa::path(
    post,
    path = "/d/retry/{key}/",
    params(("key" = ConversationKey, Path)),
    responses((status = 200, body = KitchenSink, description = "As it is now; how the try went is told by the live feed."), (status = "default", description = "Refused.", body = Refusal, content_type = "application/problem+json")),
)]
pub async fn retry(
    State(app): State<App>,
    Key(key): Key<ConversationKey>,
    posted: Posted,
) -> Response {
    let done = async {
        let caller = posted.caller()?;
        app.auth.note_use(caller).await?;
        app.service.retry(&caller.me, key).await?;
        let key = ConversationRef::Published(key);
        app.service.kitchen_sink(&caller.me, key).await
    };
    let done = done.await;
    posted
        .answer(&app, done, |_| Natural(paths::conversation(key)))
        .await
}
