//! Who asks: the session cookie of a request.

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::header::COOKIE;
use axum::http::request::Parts;
use em2_model::refusal::Code;

use crate::auth::SignedIn;
use crate::auth::cookie::Purpose;
use crate::routes::extract::texts;
use crate::routes::problem::Problem;
use crate::state::App;

/// A signed-in person; anybody else is told to sign in (401).
pub struct Caller(pub SignedIn);

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Caller, Problem> {
        let caller =
            <Caller as OptionalFromRequestParts<App>>::from_request_parts(parts, app).await?;
        caller.ok_or(Problem::from(Code::SignIn))
    }
}

impl OptionalFromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Option<Caller>, Problem> {
        match app
            .cookies
            .read(Purpose::Session, texts(&parts.headers, COOKIE))
        {
            None => Ok(None),
            Some(token) => Ok(app.auth.who(&token).await?.map(Caller)),
        }
    }
}
