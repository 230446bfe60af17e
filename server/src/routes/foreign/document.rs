//! `GET /.well-known/em2`: who this platform is, and its keys. // spec §3

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use em2_model::refusal::Code;
use em2_model::wire::foreign::document::PlatformDocument;

use crate::routes::problem::Problem;
use crate::state::App;

/// GET /.well-known/em2
pub async fn document(State(app): State<App>) -> Result<Response, Problem> {
    if app.identity.is_trial() {
        return Err(Problem::from(Code::NotFound));
    }
    let document = PlatformDocument::of(app.identity.platform().clone(), &app.identity.log());
    let bytes = serde_json::to_vec(&document).map_err(|_| Code::Internal)?;
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "public, max-age=86400"),
    ];
    Ok((headers, bytes).into_response())
}
