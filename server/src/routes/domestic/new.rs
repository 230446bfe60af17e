//! `POST /d/new/`: start a draft, or save it where its key is known.

use axum::extract::State;
use axum::response::Response;
use em2_model::refusal::Refusal;
use em2_model::wire::domestic::Accepted;
use em2_model::wire::intent::DraftFields;

use crate::routes::answer::{Natural, Posted};
use crate::state::App;
use app::paths;

/// POST /d/new/
#[utoipa::path(
    post,
    path = "/d/new/",
    params(("Idempotency-Key" = Option<String>, Header)),
    request_body(content((DraftFields = "application/json"), (DraftFields = "application/x-www-form-urlencoded"))),
    responses((status = 200, body = Accepted), (status = "default", description = "Refused.", body = Refusal, content_type = "application/problem+json")),
)]
pub async fn start(State(app): State<App>, posted: Posted) -> Response {
    let done = async {
        let caller = posted.caller()?;
        let fields: DraftFields = posted.given.fields()?;
        let idempotency = posted
            .given
            .idempotency(fields.idempotency_key.as_deref())?;
        app.auth.note_use(caller).await?;
        app.service
            .start_draft(&caller.me, fields, idempotency)
            .await
    };
    let done = done.await;
    posted
        .answer(&app, done, |accepted| match accepted {
            Accepted::Draft { draft } => Natural(paths::draft(draft.key)),
            _ => Natural(paths::DRAFTS.to_owned()),
        })
        .await
}
