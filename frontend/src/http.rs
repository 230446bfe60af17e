//! [`Backend`] over the domestic API (spec §17).

use std::future::Future;
use std::sync::Arc;

use app::backend::{Answer, Backend, Device, Heard};
use app::{json, paths};
use em2_model::id::{ActionKey, ConversationKey, ConversationRef, DraftKey};
use em2_model::refusal::{Code, Refusal};
use em2_model::wire::domestic::{
    Accepted, KitchenSink, ListPage, ListQuery, ListView, Older, Published, SearchPage, Versions,
};
use em2_model::wire::intent::{DraftFields, Fields, Intent};
use gloo_net::http::Request;
use send_wrapper::SendWrapper;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{browser, socket};

/// The signed-in person's platform, at the origin of the page.
pub(crate) struct Domestic;

impl Backend for Domestic {
    fn list(&self, query: ListQuery) -> Answer<ListPage> {
        let view = match query.view {
            ListView::Inbox => "inbox",
            ListView::Drafts => "drafts",
            ListView::Sent => "sent",
            ListView::Requests => "requests",
        };
        let mut url = format!("/d/l/?view={view}");
        if let Some(before) = &query.before {
            url.push_str(&format!("&before={}", escape(before)));
        }
        if let Some(offset) = query.offset {
            url.push_str(&format!("&offset={offset}"));
        }
        boxed(get(url))
    }

    fn search(&self, q: String, before: Option<String>) -> Answer<SearchPage> {
        let mut url = format!("/d/s/?q={}", escape(&q));
        if let Some(before) = before {
            url.push_str(&format!("&before={}", escape(&before)));
        }
        boxed(get(url))
    }

    fn conversation(&self, key: ConversationRef) -> Answer<KitchenSink> {
        boxed(get(format!("/d/{key}/")))
    }

    fn older(&self, key: ConversationKey, before: u64) -> Answer<Older> {
        boxed(get(format!("/d/{key}/events/?before={before}")))
    }

    fn versions(&self, key: ConversationKey, message: ActionKey) -> Answer<Versions> {
        boxed(get(format!("/d/{key}/messages/{message}/")))
    }

    fn act(
        &self,
        key: ConversationRef,
        intent: Intent,
        idempotency_key: String,
    ) -> Answer<Accepted> {
        boxed(post(
            paths::evt(key),
            Fields::from(intent),
            Some(idempotency_key),
        ))
    }

    fn draft(&self, mut fields: DraftFields) -> Answer<Accepted> {
        let key = fields.idempotency_key.take();
        boxed(post(paths::new(), fields, key))
    }

    fn publish(&self, key: DraftKey, mut fields: DraftFields) -> Answer<Published> {
        let idempotency_key = fields.idempotency_key.take();
        boxed(post(paths::publish(key), fields, idempotency_key))
    }

    fn fresh_key(&self) -> String {
        browser::random_uuid()
    }

    fn fresh_draft(&self) -> DraftKey {
        // A random UUID is the text form of a draft's key.
        browser::random_uuid().parse().expect("a random UUID")
    }

    fn listen(&self, since: u64, hear: Arc<dyn Fn(Heard) + Send + Sync>) {
        socket::listen(since, hear);
    }

    fn device(&self) -> Option<Arc<dyn Device>> {
        Some(Arc::new(browser::Here))
    }
}

/// A future of the browser as [`Backend`] wants it: it stays on the one thread that there is.
fn boxed<T: 'static>(answer: impl Future<Output = Result<T, Refusal>> + 'static) -> Answer<T> {
    Box::pin(SendWrapper::new(answer))
}

fn escape(text: &str) -> String {
    js_sys::encode_uri_component(text).into()
}

async fn get<T: DeserializeOwned>(url: String) -> Result<T, Refusal> {
    read(&ask(Request::get(&url).build()).await?)
}

async fn post<T: DeserializeOwned>(
    url: String,
    body: impl Serialize,
    key: Option<String>,
) -> Result<T, Refusal> {
    // Both kinds of body are plain values: they always serialise.
    let body = serde_json::to_string(&body).map_err(|_| unreadable())?;
    let mut request = Request::post(&url).header("Content-Type", "application/json");
    if let Some(key) = &key {
        request = request.header("Idempotency-Key", key);
    }
    read(&ask(request.body(body)).await?)
}

/// Sends a request; the text of a good answer.
async fn ask(request: Result<Request, gloo_net::Error>) -> Result<String, Refusal> {
    let request = request.map_err(|_| unreadable())?;
    request
        .headers()
        .set("Accept", "application/json, application/problem+json");
    let answer = request.send().await.map_err(|_| unreachable())?;
    let (ok, status) = (answer.ok(), answer.status());
    let text = answer.text().await.map_err(|_| unreachable())?;
    if ok {
        return Ok(text);
    }
    Err(json::read(&text).unwrap_or_else(|| refused_by_gateway(status)))
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, Refusal> {
    json::read(text).ok_or_else(unreadable)
}

/// No answer came. Nothing is known of the outcome, so the same request may be sent again under the same key.
fn unreachable() -> Refusal {
    Refusal::new(
        Code::Down,
        "The server could not be reached. What you wrote is safe on this page and is sent when the connection is back.",
    )
    .with("unreachable", true)
}

fn unreadable() -> Refusal {
    Refusal::new(
        Code::Version,
        "The server's answer could not be understood. What you wrote is still here: copy it, then reload the page.",
    )
}

/// Something between here and the server answered in its stead.
fn refused_by_gateway(status: u16) -> Refusal {
    match status {
        401 => Refusal::from(Code::SignIn),
        413 => Refusal::from(Code::TooBig),
        429 => Refusal::from(Code::Slow),
        500.. => unreachable(),
        _ => Refusal::new(
            Code::NotFound,
            format!("The server answered {status}. What you wrote is still here."),
        ),
    }
}
