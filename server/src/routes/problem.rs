//! The one conversion of a refusal to HTTP (RFC 9457).

use std::time::Instant;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use em2_model::refusal::{Code, Refusal};

use crate::state::App;

/// A refusal as `application/problem+json`.
#[derive(Debug)]
pub struct Problem(pub Refusal);

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Problem {
        Problem(refusal)
    }
}

impl From<Code> for Problem {
    fn from(code: Code) -> Problem {
        Problem(code.into())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (status(self.0.code), Json(&self.0)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(seconds) = retry_after(&self.0) {
            headers.insert(RETRY_AFTER, seconds);
        }
        response.extensions_mut().insert(self.0);
        response
    }
}

/// The status that answers a code.
pub fn status(code: Code) -> StatusCode {
    StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// `Retry-After` of a refusal that says when to come back.
pub fn retry_after(refusal: &Refusal) -> Option<HeaderValue> {
    let seconds = refusal
        .details
        .get("retry_after")
        .and_then(serde_json::Value::as_u64);
    match (seconds, refusal.code.status()) {
        (Some(seconds), _) => Some(seconds.into()),
        (None, 429 | 503) => Some(5u64.into()),
        (None, _) => None,
    }
}

/// The answer to a method that a path does not know.
pub async fn method() -> Response {
    let refusal = Refusal::new(
        Code::NotFound,
        "This address is not answered by that method. See /d/openapi.json.",
    );
    let mut response = Problem(refusal).into_response();
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    response
}

/// The answer where a handler broke down: what broke stands in the log.
pub fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    tracing::error!("a request broke down");
    Problem::from(Code::Internal).into_response()
}

/// Shows a refusal as a page to whoever asked for one.
pub async fn as_page(State(app): State<App>, request: Request, next: Next) -> Response {
    let accept = request
        .headers()
        .get(ACCEPT)
        .and_then(|accept| accept.to_str().ok());
    let wants_page = accept.is_some_and(|accept| accept.contains("text/html"));
    let response = next.run(request).await;
    match response.extensions().get::<Refusal>() {
        Some(refusal) if wants_page => {
            let mut page = crate::render::plain::problem(&app, refusal.clone());
            *page.status_mut() = response.status();
            page
        }
        _ => response,
    }
}

/// One line for each request that failed on our side: method and route, never an address or a body.
pub async fn logged(request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let route = request
        .uri()
        .path()
        .split('/')
        .nth(1)
        .unwrap_or_default()
        .to_owned();
    let started = Instant::now();
    let response = next.run(request).await;
    let (status, ms) = (
        response.status().as_u16(),
        started.elapsed().as_millis() as u64,
    );
    if response.status().is_server_error() {
        tracing::warn!(%method, route, status, ms, "a request failed");
    } else {
        tracing::debug!(%method, route, status, ms, "a request was answered");
    }
    response
}
