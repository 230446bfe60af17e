//! `GET /f/auth/`: both sides prove who they are, and compare what they share. // spec §7

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use em2_model::ConversationKey;
use serde::Deserialize;

use super::signed::Signed;
use crate::routes::extract::key::Asked;
use crate::routes::problem::Problem;
use crate::state::App;

/// Whether the heads themselves are asked for, and after which.
#[derive(Deserialize)]
pub struct AuthQuery {
    heads: Option<u8>,
    after: Option<ConversationKey>,
}

/// GET /f/auth/
pub async fn auth(
    State(app): State<App>,
    Asked(query): Asked<AuthQuery>,
    signed: Signed,
) -> Result<Response, Problem> {
    Ok(match query.heads {
        Some(1) => Json(app.service.heads(&signed.platform, query.after).await?).into_response(),
        _ => Json(app.service.introduce(&signed.platform).await?).into_response(),
    })
}
