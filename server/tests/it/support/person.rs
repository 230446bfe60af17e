//! Somebody with a browser: pages, forms and the typed domestic API.

use std::sync::Arc;

use em2_model::id::{ActionKey, ConversationKey, ConversationRef, DraftKey};
use em2_model::refusal::{Code, Refusal};
use em2_model::wire::domestic::{
    Accepted, Conversation, KitchenSink, ListPage, Published, SearchPage,
};
use em2_model::wire::intent::{DraftFields, Fields, Intent};
use em2_model::wire::live::Change;
use reqwest::cookie::{CookieStore as _, Jar};
use reqwest::header::{HeaderMap, HeaderName};
use reqwest::{Method, StatusCode, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::socket::Socket;

/// A browser with its cookies; it follows no redirect by itself.
#[derive(Clone)]
pub(crate) struct Person {
    origin: String,
    http: reqwest::Client,
    jar: Arc<Jar>,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Person {
    pub(crate) fn new(origin: String) -> Person {
        let jar = Arc::new(Jar::default());
        let http = reqwest::Client::builder()
            .cookie_provider(jar.clone())
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            // To read the certificates of this machine would take longer than most tests.
            .tls_certs_only([])
            .build()
            .unwrap();
        Person { origin, http, jar }
    }

    /// The same person's browser, as one more device would not be: cookies are shared.
    pub(crate) fn cookies(&self) -> String {
        let url: Url = self.origin.parse().unwrap();
        self.jar
            .cookies(&url)
            .map(|cookies| cookies.to_str().unwrap().to_owned())
            .unwrap_or_default()
    }

    /// A request that is not sent yet.
    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.origin))
    }

    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        Answer {
            status,
            headers,
            body: response.bytes().await.unwrap().to_vec(),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// Looks at a page as a browser does.
    pub(crate) async fn open(&self, path: &str) -> Answer {
        self.send(
            self.request(Method::GET, path)
                .header("accept", "text/html"),
        )
        .await
    }

    pub(crate) async fn post(&self, path: &str, json: &impl Serialize) -> Answer {
        self.send(self.request(Method::POST, path).json(json)).await
    }

    /// Sends the form of a page as a browser without scripts does.
    pub(crate) async fn form(&self, page: &str, action: &str, fields: &[(&str, &str)]) -> Answer {
        let request = self.request(Method::POST, action).form(fields);
        let request = request
            .header("accept", "text/html")
            .header("origin", &self.origin);
        let request = request.header("sec-fetch-site", "same-origin");
        self.send(request.header("referer", format!("{}{page}", self.origin)))
            .await
    }

    pub(crate) async fn sign_in(&self, address: &str, password: &str) -> Answer {
        self.form(
            "/sign-in",
            "/sign-in",
            &[("address", address), ("password", password)],
        )
        .await
    }

    pub(crate) async fn list(&self) -> ListPage {
        self.get("/d/l/").await.ok()
    }

    pub(crate) async fn search(&self, q: &str) -> SearchPage {
        let query: String = form_urlencoded::byte_serialize(q.as_bytes()).collect();
        self.get(&format!("/d/s/?q={query}")).await.ok()
    }

    /// A published conversation.
    pub(crate) async fn conversation(&self, key: ConversationKey) -> Conversation {
        match self.get(&format!("/d/{key}/")).await.ok() {
            KitchenSink::Conversation(conversation) => *conversation,
            other => panic!("no conversation: {other:?}"),
        }
    }

    pub(crate) async fn act(
        &self,
        key: impl Into<ConversationRef>,
        intent: Intent,
    ) -> Result<Accepted, Refusal> {
        let fields = Fields::from(intent);
        self.post(&format!("/d/evt/{}/", key.into()), &fields)
            .await
            .result()
    }

    /// Does what becomes an action, and answers with its key and what it changed.
    pub(crate) async fn change(&self, key: ConversationKey, intent: Intent) -> (ActionKey, Change) {
        match self.act(key, intent).await.unwrap() {
            Accepted::Action { key, change } => (key, *change),
            other => panic!("no action: {other:?}"),
        }
    }

    /// Says something.
    pub(crate) async fn say(&self, key: ConversationKey, text: &str) -> ActionKey {
        let format = em2_model::Format::Markdown;
        self.change(
            key,
            Intent::MessageAdd {
                parent: None,
                format,
                text: text.to_owned(),
            },
        )
        .await
        .0
    }

    pub(crate) async fn draft(&self, to: &str, subject: &str, text: &str) -> DraftKey {
        let fields = DraftFields {
            to: Some(to.to_owned()),
            subject: Some(subject.to_owned()),
            text: Some(text.to_owned()),
            ..DraftFields::default()
        };
        match self.post("/d/new/", &fields).await.ok() {
            Accepted::Draft { draft } => draft.key,
            other => panic!("no draft: {other:?}"),
        }
    }

    pub(crate) async fn publish(&self, key: DraftKey) -> ConversationKey {
        match self
            .post(&format!("/d/publish/{key}/"), &DraftFields::default())
            .await
            .ok()
        {
            Published::Published { key } => key,
            Published::Held { .. } => panic!("held"),
        }
    }

    /// Starts a conversation.
    pub(crate) async fn start(&self, to: &str, subject: &str, text: &str) -> ConversationKey {
        self.publish(self.draft(to, subject, text).await).await
    }

    /// Listens to the live feed.
    pub(crate) async fn listen(&self, since: Option<u64>) -> Socket {
        Socket::open(&self.origin, &self.cookies(), since)
            .await
            .unwrap()
    }

    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }
}

impl Answer {
    /// The body as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// A header, or nothing.
    pub(crate) fn header(&self, name: impl Into<String>) -> &str {
        let name: HeaderName = name.into().parse().unwrap();
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// What a 200 says.
    pub(crate) fn ok<T: DeserializeOwned>(&self) -> T {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text());
        serde_json::from_slice(&self.body).unwrap()
    }

    /// What was answered, or why not.
    pub(crate) fn result<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        if self.status.is_success() {
            Ok(self.ok())
        } else {
            Err(self.problem())
        }
    }

    /// The problem that was answered.
    pub(crate) fn problem(&self) -> Refusal {
        assert_eq!(
            self.header("content-type"),
            "application/problem+json",
            "{}",
            self.text()
        );
        let refusal: Refusal = serde_json::from_slice(&self.body).unwrap();
        assert!(refusal.message.ends_with('.'), "not a sentence: {refusal}");
        refusal
    }

    /// A problem of this code, with its status.
    #[track_caller]
    pub(crate) fn refused(&self, code: Code) {
        let refusal = self.problem();
        assert_eq!(
            (refusal.code, self.status.as_u16()),
            (code, code.status()),
            "{refusal}"
        );
    }

    /// A page.
    #[track_caller]
    pub(crate) fn page(&self) -> &str {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text());
        assert_eq!(self.header("content-type"), "text/html; charset=utf-8");
        self.text()
    }

    /// 303 to this path.
    #[track_caller]
    pub(crate) fn see_other(&self, path: &str) {
        assert_eq!(
            (self.status.as_u16(), self.header("location")),
            (303, path),
            "{}",
            self.text()
        );
    }
}
