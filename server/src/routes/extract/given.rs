//! The body of a POST: JSON, or the form of a page. Both hold the same flat fields; the answer follows what was sent.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName};
use em2_model::refusal::{Code, Refusal};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::routes::extract::texts;
use crate::routes::problem::Problem;
use crate::service::IdempotencyKey;
use crate::state::App;

/// The fields of a form as they were sent, in their order.
pub type Pairs = Vec<(String, String)>;

/// What was posted, not yet understood: a refusal has to show a form again.
pub struct Given {
    body: Body,
    /// The header `Idempotency-Key`.
    header: Option<String>,
}

enum Body {
    Json(Bytes),
    Form(Pairs),
}

impl FromRequest<App> for Given {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Given, Problem> {
        let kind = Kind::of(request.headers())?;
        let header = texts(
            request.headers(),
            HeaderName::from_static("idempotency-key"),
        )
        .next()
        .map(str::to_owned);
        let bytes = Bytes::from_request(request, app)
            .await
            .map_err(|rejection| match rejection.status().as_u16() {
                413 => Problem::from(Code::TooBig),
                408 | 504 => Problem::from(Code::Slow),
                _ => Problem(Refusal::format("The request broke off. Send it again.")),
            })?;
        let body = match kind {
            Kind::Json => Body::Json(bytes),
            Kind::Form => Body::Form(
                form_urlencoded::parse(&bytes)
                    .map(|(name, value)| (name.into_owned(), value.into_owned()))
                    .collect(),
            ),
        };
        Ok(Given { body, header })
    }
}

enum Kind {
    Json,
    Form,
}

impl Kind {
    /// No body at all counts as JSON without fields.
    fn of(headers: &HeaderMap) -> Result<Kind, Problem> {
        let given = texts(headers, CONTENT_TYPE).next().unwrap_or_default();
        // Nothing is unpacked, so nothing can unfold. // security.md 21
        if headers
            .get(CONTENT_ENCODING)
            .is_some_and(|coding| coding != "identity")
        {
            return Err(wrong_type());
        }
        match given
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase()
            .as_str()
        {
            "application/json" => Ok(Kind::Json),
            "application/x-www-form-urlencoded" => Ok(Kind::Form),
            "" if headers
                .get("content-length")
                .is_none_or(|length| length == "0")
                && !headers.contains_key("transfer-encoding") =>
            {
                Ok(Kind::Json)
            }
            _ => Err(wrong_type()),
        }
    }
}

fn wrong_type() -> Problem {
    let sentence =
        "Send application/json or application/x-www-form-urlencoded, without compression.";
    Problem(Refusal::new(Code::Type, sentence))
}

impl Given {
    /// Whether a page's form was sent, which is answered by a page.
    pub fn is_form(&self) -> bool {
        matches!(self.body, Body::Form(_))
    }

    /// The fields of the form; none of JSON.
    pub fn pairs(&self) -> &[(String, String)] {
        match &self.body {
            Body::Form(pairs) => pairs,
            Body::Json(_) => &[],
        }
    }

    /// What the fields say. Of a field that comes twice in a form the last counts.
    pub fn fields<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        let read = match &self.body {
            Body::Json(bytes) if bytes.is_empty() => {
                serde_json::from_value(Value::Object(Map::new()))
            }
            Body::Json(bytes) => serde_json::from_slice(bytes),
            Body::Form(pairs) => {
                let fields = pairs
                    .iter()
                    .map(|(name, value)| (name.clone(), Value::String(unix(value))));
                serde_json::from_value(Value::Object(fields.collect()))
            }
        };
        read.map_err(|error| Refusal::format(format!("The fields cannot be read: {error}.")))
    }

    /// The key under which the write happens once: the header, or the hidden field.
    pub fn idempotency(&self, field: Option<&str>) -> Result<Option<IdempotencyKey>, Refusal> {
        let given = self
            .header
            .as_deref()
            .or(field)
            .filter(|key| !key.is_empty());
        given.map(IdempotencyKey::parse).transpose()
    }
}

/// Browsers send the line ends of a form as CR LF.
fn unix(text: &str) -> String {
    text.replace("\r\n", "\n")
}
