//! Pages: the same components as in the browser, over the service layer, complete before they are sent.

mod backend;
pub mod plain;
pub mod preview;
mod refused;
pub mod request;
mod session;
pub mod site;

use std::sync::{Arc, OnceLock};

use ::app::backend::World;
use ::app::pages::load::{Loaded, Opened};
use ::app::pages::place::{self, Listing, Page};
use ::app::paths;
use ::app::shell::shell;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::Response;
use em2_model::refusal::Code;
use leptos::context::provide_context;
use leptos::nonce::use_nonce;

pub use refused::{RefusedForm, refused};

use crate::auth::SignedIn;
use crate::routes::answer::see_other;
use crate::routes::extract::caller::Caller;
use crate::routes::problem;
use crate::state::App;
use backend::Here;
use session::{offset, session_of};

/// Lets views wait for what they ask; once for each process, later calls change nothing.
pub fn start() {
    if any_spawner::Executor::init_tokio().is_err() {
        tracing::debug!("views could be rendered already");
    }
}

/// GET of a page: whoever is not signed in is sent to the page that does it.
pub async fn page(State(app): State<App>, caller: Option<Caller>, request: Request) -> Response {
    let Some(Caller(caller)) = caller else {
        return to_sign_in(request.uri());
    };
    let scripts = app.site.is_built();
    document(app, caller, request, scripts, || {}).await
}

/// Sends somebody to the page on which they sign in, and from there back.
fn to_sign_in(uri: &Uri) -> Response {
    let wanted = uri.path_and_query().map_or("/", |path| path.as_str());
    let next: String = form_urlencoded::byte_serialize(wanted.as_bytes()).collect();
    see_other(&format!("{}?next={next}", paths::SIGN_IN))
}

/// Renders a page with everything on it. `provide` gives the views further contexts.
async fn document(
    app: App,
    caller: SignedIn,
    request: Request,
    scripts: bool,
    provide: impl Fn() + Clone + Send + Sync + 'static,
) -> Response {
    let session = session_of(&app, &caller, offset(request.headers()));
    let world: World = Arc::new(Here {
        app: app.clone(),
        caller,
    });
    let (listing, page) = whereabouts(request.uri());
    let asked = page.open();
    let loaded = Loaded::read(&world, session, listing, page).await;
    let code = loaded.refusal().map(|refusal| refusal.code);
    match (&loaded.opened, code, asked) {
        (Ok(Opened::Elsewhere(path)), ..) => return see_other(path),
        (_, Some(Code::Request), Some(key)) => return see_other(&paths::request(key)),
        // Signed out between the look at the cookie and the questions of the page.
        (_, Some(Code::SignIn), _) => return see_other(paths::SIGN_IN),
        _ => {}
    }
    let tab = place::tab(request.uri().path());
    let nonce = Arc::new(OnceLock::new());
    let contexts = {
        let nonce = nonce.clone();
        move || {
            if let Some(drawn) = use_nonce() {
                nonce.get_or_init(|| drawn.to_string());
            }
            provide_context(world.clone());
            provide();
        }
    };
    let assets = app.site.assets();
    let render = leptos_axum::render_app_async_with_context(contexts, move || {
        shell(assets.clone(), loaded.clone(), tab, scripts)
    });
    let mut response = render(request.map(Body::new)).await;
    if let Some(code) = code.filter(|_| response.status() == StatusCode::OK) {
        *response.status_mut() = problem::status(code);
    }
    policy(
        &mut response,
        policy_with(&app, nonce.get().map(String::as_str)),
    );
    response
}

/// What this address lists and opens.
fn whereabouts(uri: &Uri) -> (Listing, Page) {
    let query = |name: &str| {
        form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    };
    let listing = Listing::parse(uri.path(), &query).unwrap_or_default();
    (listing, Page::parse(uri.path(), &query))
}

/// What a page may load and run. // security.md 59
fn policy_with(app: &App, nonce: Option<&str>) -> String {
    let scripts = match nonce {
        Some(nonce) => format!("script-src 'self' 'wasm-unsafe-eval' 'nonce-{nonce}'; "),
        None => String::new(),
    };
    // Some browsers do not count a socket as 'self'.
    let socket = app.origin.as_str().replacen("http", "ws", 1);
    format!(
        "default-src 'none'; {scripts}style-src 'self'; img-src 'self' data:; font-src 'self'; \
         connect-src 'self' {socket}; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'"
    )
}

fn policy(response: &mut Response, policy: String) {
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response
            .headers_mut()
            .insert(CONTENT_SECURITY_POLICY, policy);
    }
}

/// An address that no page has.
pub async fn nowhere(State(app): State<App>) -> Response {
    let refusal = em2_model::refusal::Refusal::from(Code::NotFound);
    plain::problem(&app, refusal)
}
