//! What a POST answers: JSON to who sent JSON, a page to who sent the form of a page.

use axum::Json;
use axum::extract::{FromRequest, OptionalFromRequestParts, Request};
use axum::http::header::{LOCATION, REFERER};
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use em2_model::refusal::{Code, Refusal};
use serde::Serialize;

use crate::auth::SignedIn;
use crate::render;
use crate::routes::extract::caller::Caller;
use crate::routes::extract::given::Given;
use crate::routes::extract::texts;
use crate::routes::problem::Problem;
use crate::state::App;

/// The page to go to where a form names none.
pub struct Natural(pub String);

/// A POST of the domestic API: who sent it, from which page, and what.
pub struct Posted {
    pub given: Given,
    caller: Option<SignedIn>,
    /// The path and query of the page that the form stood on.
    page: Option<String>,
    /// Where it was posted to.
    action: String,
}

impl FromRequest<App> for Posted {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Posted, Problem> {
        let (mut parts, body) = request.into_parts();
        let caller =
            <Caller as OptionalFromRequestParts<App>>::from_request_parts(&mut parts, app).await?;
        let page = texts(&parts.headers, REFERER)
            .next()
            .and_then(|referer| own_page(referer, app));
        let action = parts.uri.path().to_owned();
        let given = Given::from_request(Request::from_parts(parts, body), app).await?;
        Ok(Posted {
            given,
            caller: caller.map(|Caller(caller)| caller),
            page,
            action,
        })
    }
}

impl Posted {
    /// The signed-in person.
    pub fn caller(&self) -> Result<&SignedIn, Refusal> {
        self.caller.as_ref().ok_or(Refusal::from(Code::SignIn))
    }

    /// Answers what became of it; `natural` names the page that a form without `next` goes to.
    pub async fn answer<T: Serialize>(
        self,
        app: &App,
        done: Result<T, Refusal>,
        natural: impl FnOnce(&T) -> Natural,
    ) -> Response {
        if !self.given.is_form() {
            return match done {
                Ok(answer) => Json(answer).into_response(),
                Err(refusal) => Problem(refusal).into_response(),
            };
        }
        match done {
            Ok(answer) => {
                let next = self.given.pairs().iter().find(|(name, _)| name == "next");
                let next = next
                    .map(|(_, path)| path.as_str())
                    .filter(|path| is_local(path));
                see_other(next.unwrap_or(&natural(&answer).0))
            }
            Err(refusal) => {
                let form = render::RefusedForm {
                    action: self.action,
                    page: self.page,
                    pairs: self.given.pairs(),
                };
                render::refused(app, self.caller.as_ref(), refusal, form).await
            }
        }
    }
}

/// 303 to a path of this server.
pub fn see_other(path: &str) -> Response {
    match HeaderValue::from_str(path) {
        Ok(location) => (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response(),
        Err(_) => Problem(Refusal::format("This page cannot be gone to.")).into_response(),
    }
}

/// Whether a text is a path of this server, and nothing that a browser could take for another one.
pub fn is_local(path: &str) -> bool {
    path.starts_with('/')
        && !path.starts_with("//")
        && path
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

/// The path and query of a `Referer` on this server.
fn own_page(referer: &str, app: &App) -> Option<String> {
    let uri: Uri = referer.parse().ok()?;
    let origin = format!("{}://{}", uri.scheme_str()?, uri.authority()?);
    let page = uri.path_and_query()?.as_str();
    (app.origin.is_own(&origin) && is_local(page)).then(|| page.to_owned())
}

#[cfg(test)]
mod tests {
    use super::is_local;

    #[test]
    fn a_form_never_leads_to_another_site() {
        for path in ["/inbox", "/c/abc#m-1", "/search?q=a%20b"] {
            assert!(is_local(path), "{path}");
        }
        for path in [
            "",
            "inbox",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/a\r\nSet-Cookie: x",
            "/ä",
            "/\t/evil.example",
        ] {
            assert!(!is_local(path), "{path}");
        }
    }
}
