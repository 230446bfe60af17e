//! Headers that every answer carries, and those that come from other sites.

use axum::extract::{Request, State};
use axum::http::header::{self, HeaderName};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use em2_model::refusal::Code;

use crate::routes::problem::Problem;
use crate::state::App;
use axum::response::IntoResponse;

const ALWAYS: [(HeaderName, &str); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];
/// What is not a page loads nothing and stands in no frame.
const BARE: &str = "default-src 'none'; frame-ancestors 'none'";

/// Adds the headers that an answer lacks.
pub async fn headers(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    lacking(headers, header::CONTENT_SECURITY_POLICY, BARE);
    lacking(headers, header::CACHE_CONTROL, "no-store");
    if app.origin.is_secure() {
        lacking(
            headers,
            header::STRICT_TRANSPORT_SECURITY,
            "max-age=63072000",
        );
    }
    response
}

fn lacking(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers
        .entry(name)
        .or_insert(HeaderValue::from_static(value));
}

/// The answer to a write that a page of another site has sent.
pub fn foreign(_: tower_http::csrf::ProtectionError) -> Response {
    Problem::from(Code::Origin).into_response()
}

/// Whether a socket is opened by a page of this server: its upgrade is a GET, which no other guard looks at.
pub fn is_own(app: &App, headers: &HeaderMap) -> bool {
    let origin = headers
        .get(header::ORIGIN)
        .and_then(|origin| origin.to_str().ok());
    origin.is_some_and(|origin| app.origin.is_own(origin))
}
