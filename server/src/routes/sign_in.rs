//! `/sign-in`, `/sign-out` and `/sign-out/everywhere`.

use axum::Json;
use axum::extract::{Query, State};
use axum::http::header::{COOKIE, HeaderName, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{AppendHeaders, IntoResponse, Response};
use em2_model::refusal::{Code, Refusal};
use serde::{Deserialize, Serialize};

use crate::auth::cookie::Purpose;
use crate::auth::password::too_long;
use crate::auth::signing_in::{Fresh, Try};
use crate::render::plain::{self, SignInForm};
use crate::routes::answer::{is_local, see_other};
use crate::routes::extract::caller::Caller;
use crate::routes::extract::given::Given;
use crate::routes::extract::{From, browser, texts};
use crate::routes::problem::Problem;
use crate::state::App;
use ::app::paths;

/// What the page is told by its address.
#[derive(Deserialize)]
pub struct SignInQuery {
    next: Option<String>,
}

/// GET /sign-in
pub async fn page(
    State(app): State<App>,
    caller: Option<Caller>,
    Query(query): Query<SignInQuery>,
) -> Response {
    let next = query.next.filter(|next| is_local(next));
    if caller.is_some() {
        return see_other(next.as_deref().unwrap_or(paths::INBOX));
    }
    plain::sign_in(
        &app,
        SignInForm {
            address: String::new(),
            next,
            refusal: None,
        },
    )
}

#[derive(Deserialize)]
struct SignInFields {
    #[serde(default)]
    address: String,
    #[serde(default)]
    password: String,
    next: Option<String>,
}

/// Who was signed in.
#[derive(Serialize)]
#[cfg_attr(test, derive(Debug))]
pub struct SignedInAs {
    address: em2_model::Address,
    name: String,
}

/// POST /sign-in
pub async fn sign_in(
    State(app): State<App>,
    From(from): From,
    headers: HeaderMap,
    given: Result<Given, Problem>,
) -> Response {
    let given = match given {
        Ok(given) => given,
        // Whatever is that long is no password. // security.md 55
        Err(Problem(refusal)) if refusal.code == Code::TooBig => {
            return Problem(too_long()).into_response();
        }
        Err(problem) => return problem.into_response(),
    };
    let fields: SignInFields = match given.fields() {
        Ok(fields) => fields,
        Err(refusal) => return Problem(refusal).into_response(),
    };
    let next = fields.next.filter(|next| is_local(next));
    let device = app.cookies.read(Purpose::Device, texts(&headers, COOKIE));
    let address = fields.address;
    let done = app
        .auth
        .sign_in(Try {
            address: address.clone(),
            password: fields.password,
            from,
            browser: browser(&headers),
            device,
        })
        .await;
    match done {
        Ok(fresh) => welcome(&app, fresh, given.is_form(), next.as_deref()),
        Err(refusal) if given.is_form() => plain::sign_in(
            &app,
            SignInForm {
                address,
                next,
                refusal: Some(refusal),
            },
        ),
        Err(refusal) => Problem(refusal).into_response(),
    }
}

/// The answer to somebody who has just been signed in.
pub(super) fn welcome(app: &App, fresh: Fresh, is_form: bool, next: Option<&str>) -> Response {
    let cookies = AppendHeaders([
        set_cookie(app.cookies.set(Purpose::Session, &fresh.token)),
        set_cookie(app.cookies.set(Purpose::Device, &fresh.device)),
    ]);
    let answer = if is_form {
        see_other(next.unwrap_or(paths::INBOX))
    } else {
        let me = fresh.signed_in.me;
        Json(SignedInAs {
            address: me.address,
            name: me.name,
        })
        .into_response()
    };
    (cookies, answer).into_response()
}

/// POST /sign-out
pub async fn sign_out(State(app): State<App>, caller: Option<Caller>, given: Given) -> Response {
    let done = match &caller {
        Some(Caller(caller)) => app.auth.sign_out(caller.session).await,
        None => Ok(()),
    };
    goodbye(&app, done, given.is_form())
}

/// POST /sign-out/everywhere
pub async fn sign_out_everywhere(
    State(app): State<App>,
    caller: Option<Caller>,
    given: Given,
) -> Response {
    let done = match &caller {
        Some(Caller(caller)) => app.auth.sign_out_everywhere(caller.me.user).await,
        None => Ok(()),
    };
    goodbye(&app, done, given.is_form())
}

fn goodbye(app: &App, done: Result<(), Refusal>, is_form: bool) -> Response {
    if let Err(refusal) = done {
        return Problem(refusal).into_response();
    }
    let headers = AppendHeaders([
        set_cookie(app.cookies.clear(Purpose::Session)),
        // What the browser kept of this person goes with the session; the device cookie stays.
        (
            HeaderName::from_static("clear-site-data"),
            HeaderValue::from_static("\"cache\", \"storage\""),
        ),
    ]);
    let answer = if is_form {
        see_other(paths::SIGN_IN)
    } else {
        Json(serde_json::json!({})).into_response()
    };
    (headers, answer).into_response()
}

fn set_cookie(text: String) -> (HeaderName, HeaderValue) {
    // Names, base64url and fixed words: always visible ASCII.
    (
        SET_COOKIE,
        HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("")),
    )
}
