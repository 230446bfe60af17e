//! The domestic API: what a platform's own people ask and do (spec §17).

pub mod conversation;
pub mod evt;
pub mod fork;
pub mod list;
pub mod live;
pub mod new;
pub mod openapi;
pub mod publish;
pub mod request;
pub mod retry;
pub mod search;

use axum::Json;

use crate::routes::problem::Problem;

/// What a read answers.
pub type Answer<T> = Result<Json<T>, Problem>;
