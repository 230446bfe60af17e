//! A form that was refused: the page that it stood on, with the sentence and what was entered, which is never lost.

use ::app::components::problem::Problem;
use ::app::components::text_area::TextArea;
use ::app::paths;
use ::app::refused::Refused;
use ::app::shell::Plain;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use em2_model::refusal::{Code, Refusal};
use em2_model::wire::intent::{DraftFields, Fields};
use leptos::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{document, plain};
use crate::auth::SignedIn;
use crate::routes::problem;
use crate::state::App;

/// What was sent, from where, and where to.
pub struct RefusedForm<'a> {
    /// The path that it was posted to.
    pub action: String,
    /// The path and query of the page that it stood on, where the browser told.
    pub page: Option<String>,
    pub pairs: &'a [(String, String)],
}

/// The fields that a person wrote, and the words for them.
const WRITTEN: [(&str, &str); 3] = [("to", "To"), ("subject", "Subject"), ("text", "Text")];

/// Shows a refused form again, without scripts.
pub async fn refused(
    app: &App,
    caller: Option<&SignedIn>,
    refusal: Refusal,
    form: RefusedForm<'_>,
) -> Response {
    // Nothing was written that could be lost.
    if form.action.starts_with("/d/request/") {
        return plain::problem(app, refusal);
    }
    let page = form
        .page
        .as_deref()
        .and_then(|page| Request::get(page).body(Body::empty()).ok());
    let (Some(caller), Some(request)) = (caller, page) else {
        return again(app, refusal, &form);
    };
    let status = problem::status(refusal.code);
    let context = if form.action.starts_with("/d/evt/") {
        Refused {
            refusal: refusal.clone(),
            fields: understood::<Fields>(form.pairs),
        }
    } else {
        Refused::draft(refusal.clone(), understood::<DraftFields>(form.pairs))
    };
    let mut response = document(app.clone(), caller.clone(), request, false, move || {
        provide_context(context.clone())
    })
    .await;
    if !response.status().is_success() {
        return again(app, refusal, &form);
    }
    *response.status_mut() = status;
    if let Some(seconds) = problem::retry_after(&refusal) {
        response
            .headers_mut()
            .insert(axum::http::header::RETRY_AFTER, seconds);
    }
    response
}

/// The fields that can be understood: where one cannot, those that are mere text.
fn understood<T: DeserializeOwned + Default>(pairs: &[(String, String)]) -> T {
    let texts = [
        "model", "verb", "format", "text", "subject", "address", "role", "history", "name", "to",
        "next",
    ];
    let read = |wanted: &dyn Fn(&str) -> bool| {
        let fields = pairs.iter().filter(|(name, _)| wanted(name));
        let fields = fields.map(|(name, value)| (name.clone(), Value::String(value.clone())));
        serde_json::from_value::<T>(Value::Object(fields.collect::<Map<_, _>>()))
    };
    read(&|_| true)
        .or_else(|_| read(&|name| texts.contains(&name)))
        .unwrap_or_default()
}

/// The bare form with everything in it, to be sent again.
fn again(app: &App, refusal: Refusal, form: &RefusedForm<'_>) -> Response {
    let assets = app.site.assets();
    let action = form.action.clone();
    let signed_out = refusal.code == Code::SignIn;
    let (written, kept): (Vec<_>, Vec<_>) = form
        .pairs
        .iter()
        .cloned()
        .partition(|(name, _)| WRITTEN.iter().any(|(known, _)| known == name));
    let answer = refusal.clone();
    let view = move || {
        let kept = kept
            .into_iter()
            .map(|(name, value)| view! { <input type="hidden" name=name value=value/> });
        let written = written.into_iter().filter_map(|(name, value)| {
            let (name, label) = WRITTEN.into_iter().find(|(known, _)| *known == name)?;
            Some(view! {
                <label class="field">
                    <span>{label}</span>
                    <TextArea name label text=RwSignal::new(value)/>
                </label>
            })
        });
        view! {
            <Plain assets title="Not sent – em2">
                <main class="plain">
                    <form class="card" method="post" action=action>
                        <h1>"This was not sent"</h1>
                        <Problem refusal/>
                        {signed_out.then(|| view! {
                            <p>
                                <a href=paths::SIGN_IN target="_blank" rel="noopener">"Sign in"</a>
                                " on another page, then send it again here."
                            </p>
                        })}
                        {kept.collect_view()}
                        {written.collect_view()}
                        <button class="button" data-kind="primary">"Send again"</button>
                    </form>
                </main>
            </Plain>
        }
    };
    plain::send(app, Some(&answer), view)
}
