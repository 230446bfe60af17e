//! `/first-account?token=…`: the page that the first start prints the address of.

use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use em2_model::refusal::{Code, Refusal};
use serde::Deserialize;

use crate::auth::accounts::NewAccount;
use crate::render::plain::{self, FirstAccountForm};
use crate::routes::answer::see_other;
use crate::routes::extract::given::Given;
use crate::routes::extract::{From, browser};
use crate::routes::problem::Problem;
use crate::routes::sign_in::welcome;
use crate::state::App;
use ::app::paths;

/// The one-time token of the printed address.
#[derive(Deserialize)]
pub struct FirstQuery {
    #[serde(default)]
    token: String,
}

/// GET /first-account
pub async fn page(State(app): State<App>, Query(query): Query<FirstQuery>) -> Response {
    match app.auth.may_make_first(&query.token).await {
        Err(refusal) => Problem(refusal).into_response(),
        Ok(true) => {
            let form = FirstAccountForm {
                token: query.token,
                ..FirstAccountForm::default()
            };
            plain::first_account(&app, form)
        }
        Ok(false) => match app.auth.accounts_exist().await {
            Ok(true) => see_other(paths::SIGN_IN),
            Ok(false) => Problem(wrong_token()).into_response(),
            Err(refusal) => Problem(refusal).into_response(),
        },
    }
}

fn wrong_token() -> Refusal {
    Refusal::new(
        Code::Forbidden,
        "Open the address that the server printed when it started; it holds the token. Or run “server user add”.",
    )
}

#[derive(Deserialize)]
struct FirstFields {
    #[serde(default)]
    token: String,
    #[serde(default)]
    address: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
}

/// POST /first-account
pub async fn make(
    State(app): State<App>,
    From(from): From,
    headers: HeaderMap,
    given: Given,
) -> Response {
    let fields: FirstFields = match given.fields() {
        Ok(fields) => fields,
        Err(refusal) => return Problem(refusal).into_response(),
    };
    let FirstFields {
        token,
        address,
        name,
        password,
    } = fields;
    let account = NewAccount {
        address: address.clone(),
        name: name.clone(),
        password,
    };
    match app
        .auth
        .make_first(&token, account, from, browser(&headers))
        .await
    {
        Ok(fresh) => welcome(&app, fresh, given.is_form(), None),
        Err(refusal) if given.is_form() => plain::first_account(
            &app,
            FirstAccountForm {
                token,
                address,
                name,
                refusal: Some(refusal),
            },
        ),
        Err(refusal) => Problem(refusal).into_response(),
    }
}
