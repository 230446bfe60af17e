//! The whole HTTP surface.

pub mod answer;
pub mod domestic;
pub mod extract;
pub mod first_account;
pub mod foreign;
pub mod health;
pub mod problem;
pub mod secure;
pub mod sign_in;
pub mod site;

use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::csrf::CsrfLayer;
use tower_http::timeout::TimeoutLayer;

use crate::render;
use crate::state::App;

/// The largest body of a request, in bytes.
const BODY: usize = 128 * 1024;
/// How long a request may take, the arrival of its body included.
const REQUEST: Duration = Duration::from_secs(30);

/// Everything that the server answers.
pub fn router(app: App) -> Router {
    let domestic = Router::new()
        .route("/d/l/", get(domestic::list::list))
        .route("/d/s/", get(domestic::search::search))
        .route("/d/ws/", get(domestic::live::connect))
        .route("/d/openapi.json", get(domestic::openapi::document))
        .route("/d/new/", post(domestic::new::start))
        .route("/d/publish/{key}/", post(domestic::publish::publish))
        .route("/d/evt/{key}/", post(domestic::evt::act))
        .route("/d/retry/{key}/", post(domestic::retry::retry))
        .route("/d/fork/{key}/", post(domestic::fork::fork))
        .route(
            "/d/request/{key}/",
            get(domestic::request::request).post(domestic::request::answer),
        )
        .route("/d/{key}/", get(domestic::conversation::conversation))
        .route("/d/{key}/events/", get(domestic::conversation::events))
        .route(
            "/d/{key}/messages/{message}/",
            get(domestic::conversation::versions),
        );
    let pages = Router::new()
        .route("/", get(render::page))
        .route("/inbox", get(render::page))
        .route("/drafts", get(render::page))
        .route("/sent", get(render::page))
        .route("/requests", get(render::page))
        .route("/requests/{key}", get(render::request::page))
        .route("/search", get(render::page))
        .route("/new", get(render::page))
        .route("/new/{draft}", get(render::page))
        .route("/c/{key}", get(render::page))
        .route("/c/{key}/preview", get(render::preview::page))
        .route("/c/{key}/m/{message}/edit", get(render::page))
        .route("/c/{key}/m/{message}/history", get(render::page))
        .route("/sign-in", get(sign_in::page).post(sign_in::sign_in))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/sign-out/everywhere", post(sign_in::sign_out_everywhere))
        .route(
            "/first-account",
            get(first_account::page).post(first_account::make),
        );
    let foreign = Router::new()
        .route("/f/auth/", get(foreign::auth::auth))
        .route("/f/evt/", post(foreign::evt::batches))
        .route("/f/evt/{key}/", post(foreign::evt::push))
        .route("/f/{key}/", get(foreign::conversation::sink))
        .route("/f/{key}/events/", get(foreign::conversation::events))
        .route("/.well-known/em2", get(foreign::document::document))
        .layer(time_limit())
        .layer(CatchPanicLayer::custom(problem::panicked));
    Router::new()
        .merge(domestic)
        .merge(pages)
        .route("/health", get(health::health))
        .fallback(site::file)
        .method_not_allowed_fallback(problem::method)
        // The outermost comes last.
        .layer(DefaultBodyLimit::max(BODY))
        .layer(time_limit())
        .layer(CsrfLayer::new().with_rejection_response(secure::foreign))
        .layer(CatchPanicLayer::custom(problem::panicked))
        .layer(from_fn_with_state(app.clone(), problem::as_page))
        .layer(CompressionLayer::new().br(true).gzip(true))
        // Answers to other platforms are not compressed. // spec §6
        .merge(foreign)
        .layer(from_fn_with_state(app.clone(), secure::headers))
        .layer(from_fn(problem::logged))
        .with_state(app)
}

/// Whoever takes longer to send a request is not listened to any more. // security.md 20
fn time_limit() -> TimeoutLayer {
    TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, REQUEST)
}
