//! The built scripts, styles and icons, as `make site` left them: already compressed, and for ever the same under
//! `/pkg/`, where names carry the hash of the content.

use std::convert::Infallible;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use em2_model::refusal::Code;
use tower::ServiceExt;
use tower_http::services::ServeDir;

use crate::routes::problem::Problem;
use crate::state::App;

const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const A_WHILE: HeaderValue = HeaderValue::from_static("public, max-age=3600");

/// Whatever no other route has: a file of the site, or nothing.
pub async fn file(State(app): State<App>, request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Problem::from(Code::NotFound).into_response();
    }
    let caching = if request.uri().path().starts_with("/pkg/") {
        FOR_EVER
    } else {
        A_WHILE
    };
    let files = ServeDir::new(&app.config.site)
        .append_index_html_on_directories(false)
        .precompressed_br()
        .precompressed_gzip();
    let found: Result<_, Infallible> = files.oneshot(request).await;
    match found {
        Ok(found) if found.status().is_success() || found.status() == StatusCode::NOT_MODIFIED => {
            let mut response = found.map(Body::new);
            response.headers_mut().insert(CACHE_CONTROL, caching);
            response
        }
        Ok(found) if found.status() == StatusCode::RANGE_NOT_SATISFIABLE => found.map(Body::new),
        Ok(_) => Problem::from(Code::NotFound).into_response(),
    }
}
