//! Keys in paths and fields of queries: what does not parse is a refusal with a sentence, never a bare status.

use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use em2_model::refusal::{Code, Refusal};
use serde::de::DeserializeOwned;

use crate::routes::problem::Problem;
use crate::state::App;

/// The keys of a path. A text that is no key names nothing: 404.
pub struct Key<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Key<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Key<T>, Problem> {
        match Path::<T>::from_request_parts(parts, app).await {
            Ok(Path(key)) => Ok(Key(key)),
            Err(_) => Err(Problem::from(Code::NotFound)),
        }
    }
}

/// The fields of a query.
pub struct Asked<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Asked<T>, Problem> {
        match Query::<T>::from_request_parts(parts, app).await {
            Ok(Query(fields)) => Ok(Asked(fields)),
            Err(error) => Err(Problem(Refusal::format(format!(
                "The query cannot be read: {}.",
                error.body_text()
            )))),
        }
    }
}
