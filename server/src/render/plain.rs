//! Pages that never have scripts: sign-in, the first account, and what stands where no page can.

use ::app::pages::error::ErrorPage;
use ::app::pages::first_account::FirstAccount;
use ::app::pages::sign_in::SignIn;
use ::app::shell::Plain;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use em2_model::refusal::Refusal;
use leptos::prelude::*;

use super::{policy, policy_with};
use crate::routes::problem;
use crate::state::App;

/// What the sign-in page is filled with.
pub struct SignInForm {
    pub address: String,
    pub next: Option<String>,
    /// Why the last try failed.
    pub refusal: Option<Refusal>,
}

/// The page on which somebody signs in.
pub fn sign_in(app: &App, form: SignInForm) -> Response {
    let (assets, platform) = (app.site.assets(), app.identity.platform().to_string());
    let SignInForm {
        address,
        next,
        refusal,
    } = form;
    let next = next.unwrap_or_default();
    let answer = refusal.clone();
    let view = move || {
        view! {
            <Plain assets title="Sign in – em2">
                <SignIn platform address refusal next/>
            </Plain>
        }
    };
    send(app, answer.as_ref(), view)
}

/// What the page of the first account is filled with.
#[derive(Default)]
pub struct FirstAccountForm {
    pub token: String,
    pub address: String,
    pub name: String,
    /// Why the last try failed.
    pub refusal: Option<Refusal>,
}

/// The page on which the first account is made.
pub fn first_account(app: &App, form: FirstAccountForm) -> Response {
    let assets = app.site.assets();
    let platform = app.identity.platform().to_string();
    let domain = app
        .identity
        .mail_domains()
        .first()
        .cloned()
        .unwrap_or_else(|| "example.com".to_owned());
    let command = first_command(&domain);
    let FirstAccountForm {
        token,
        address,
        name,
        refusal,
    } = form;
    let answer = refusal.clone();
    let view = move || {
        view! {
            <Plain assets title="The first account – em2">
                <FirstAccount platform domain token command address name refusal/>
            </Plain>
        }
    };
    send(app, answer.as_ref(), view)
}

/// The command that makes an account.
pub fn first_command(domain: &str) -> String {
    format!("server user add anna@{domain} --name \"Anna Lind\"")
}

/// A refusal as a page of its own.
pub fn problem(app: &App, refusal: Refusal) -> Response {
    let (assets, answer) = (app.site.assets(), refusal.clone());
    let view = move || {
        view! {
            <Plain assets title="em2">
                <ErrorPage refusal/>
            </Plain>
        }
    };
    send(app, Some(&answer), view)
}

/// Renders a document without scripts, with the status of what was refused.
pub(super) fn send<V: IntoView>(
    app: &App,
    refusal: Option<&Refusal>,
    view: impl FnOnce() -> V,
) -> Response {
    let html = Owner::new().with(|| view().to_html());
    let status = refusal.map_or(StatusCode::OK, |refusal| problem::status(refusal.code));
    let mut response = (status, Html(html)).into_response();
    policy(&mut response, policy_with(app, None));
    if let Some(seconds) = refusal.and_then(problem::retry_after) {
        response
            .headers_mut()
            .insert(axum::http::header::RETRY_AFTER, seconds);
    }
    response
}
