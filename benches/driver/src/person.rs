//! Somebody signed in to ours.

use bytes::Bytes;
use em2_model::id::{ConversationKey, ConversationRef, DraftKey};
use em2_model::wire::domestic::{Accepted, Conversation, KitchenSink, Published};
use em2_model::wire::intent::{DraftFields, Fields, RequestAnswer, RequestFields};
use http::{HeaderValue, Request};
use http_body_util::Full;
use serde::Serialize;

use crate::Outcome;
use crate::client::{Answer, Client, authority};

/// Everybody's password.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// Who asks, and where.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) address: String,
    pub(crate) origin: String,
    host: HeaderValue,
    cookies: HeaderValue,
}

#[derive(Serialize)]
struct SignIn<'a> {
    address: &'a str,
    password: &'a str,
}

impl Person {
    /// Signs in.
    pub(crate) async fn sign_in(origin: &str, address: &str) -> Outcome<Person> {
        let mut person = Person {
            address: address.to_owned(),
            origin: origin.to_owned(),
            host: authority(origin).parse()?,
            cookies: HeaderValue::from_static(""),
        };
        let fields = SignIn {
            address,
            password: PASSWORD,
        };
        let answer = person
            .post(
                &mut Client::connect(origin).await?,
                "/sign-in",
                &fields,
                None,
            )
            .await?;
        let set = answer.headers.get_all("set-cookie").into_iter();
        let pairs: Vec<&str> = set
            .filter_map(|cookie| cookie.to_str().ok()?.split(';').next())
            .collect();
        person.cookies = pairs.join("; ").parse()?;
        Ok(person)
    }

    /// The header that says who asks.
    pub(crate) fn cookies(&self) -> &str {
        // Cookies are visible ASCII.
        self.cookies.to_str().unwrap_or_default()
    }

    fn begin(&self, method: &str, path: &str) -> http::request::Builder {
        Request::builder()
            .method(method)
            .uri(path)
            .header("host", &self.host)
            .header("cookie", &self.cookies)
    }

    /// `GET` of a path.
    pub(crate) fn get(&self, path: &str) -> Request<Full<Bytes>> {
        // The path was made of words that are given in this program, or of keys.
        self.begin("GET", path)
            .body(Full::default())
            .expect("a request")
    }

    /// `GET` of a page, as a browser asks for it.
    pub(crate) fn page(&self, path: &str, encoding: &str) -> Request<Full<Bytes>> {
        let request = self
            .begin("GET", path)
            .header("accept", "text/html")
            .header("accept-encoding", encoding);
        // As in `get`.
        request.body(Full::default()).expect("a request")
    }

    /// `POST` of JSON, once under this key.
    pub(crate) fn posted(
        &self,
        path: &str,
        json: Vec<u8>,
        once: Option<&str>,
    ) -> Request<Full<Bytes>> {
        let mut request = self
            .begin("POST", path)
            .header("content-type", "application/json")
            .header("origin", &self.origin);
        if let Some(once) = once {
            request = request.header("idempotency-key", once);
        }
        // As in `get`; the key is made of digits.
        request.body(Full::new(json.into())).expect("a request")
    }

    async fn post(
        &self,
        client: &mut Client,
        path: &str,
        json: &impl Serialize,
        once: Option<&str>,
    ) -> Outcome<Answer> {
        client
            .send(self.posted(path, serde_json::to_vec(json)?, once))
            .await?
            .done()
    }

    /// Starts a conversation.
    pub(crate) async fn start(
        &self,
        client: &mut Client,
        to: &str,
        subject: &str,
        text: &str,
    ) -> Outcome<ConversationKey> {
        let fields = DraftFields {
            to: Some(to.to_owned()),
            subject: Some(subject.to_owned()),
            text: Some(text.to_owned()),
            ..DraftFields::default()
        };
        let draft: DraftKey = match self.post(client, "/d/new/", &fields, None).await?.json()? {
            Accepted::Draft { draft } => draft.key,
            other => return Err(format!("no draft: {other:?}").into()),
        };
        let path = format!("/d/publish/{draft}/");
        match self
            .post(client, &path, &DraftFields::default(), None)
            .await?
            .json()?
        {
            Published::Published { key } => Ok(key),
            Published::Held { .. } => Err("publishing is held".into()),
        }
    }

    /// Says something.
    pub(crate) async fn say(
        &self,
        client: &mut Client,
        key: ConversationKey,
        text: &str,
    ) -> Outcome<()> {
        client.send(self.saying(key, text, None)).await?.done()?;
        Ok(())
    }

    /// The request that says something, once under this key.
    pub(crate) fn saying(
        &self,
        key: ConversationKey,
        text: &str,
        once: Option<&str>,
    ) -> Request<Full<Bytes>> {
        let fields = Fields {
            model: "message".to_owned(),
            verb: "add".to_owned(),
            text: Some(text.to_owned()),
            ..Fields::default()
        };
        // Strings only.
        let json = serde_json::to_vec(&fields).expect("JSON");
        self.posted(
            &format!("/d/evt/{}/", ConversationRef::Published(key)),
            json,
            once,
        )
    }

    /// Adds somebody with all of the history.
    pub(crate) async fn add(
        &self,
        client: &mut Client,
        key: ConversationKey,
        address: &str,
    ) -> Outcome<()> {
        let fields = Fields {
            model: "participant".to_owned(),
            verb: "add".to_owned(),
            address: Some(address.to_owned()),
            ..Fields::default()
        };
        let path = format!("/d/evt/{}/", ConversationRef::Published(key));
        self.post(client, &path, &fields, None).await?;
        Ok(())
    }

    /// Takes whatever people of the other platform add the reader to, once this first conversation is here. Whether it was.
    pub(crate) async fn accept(&self, client: &mut Client, key: ConversationKey) -> Outcome<bool> {
        let fields = RequestFields {
            answer: RequestAnswer::Platform,
            idempotency_key: None,
            next: None,
        };
        let json = serde_json::to_vec(&fields)?;
        let request = self.posted(&format!("/d/request/{key}/"), json, None);
        Ok(client.send(request).await?.done().is_ok())
    }

    /// The conversation as it stands at this person's platform; `None` as long as it is not there.
    pub(crate) async fn read(
        &self,
        client: &mut Client,
        key: ConversationKey,
    ) -> Outcome<Option<Box<Conversation>>> {
        let answer = client.send(self.get(&format!("/d/{key}/"))).await?;
        if !answer.status.is_success() {
            return Ok(None);
        }
        Ok(match answer.json()? {
            KitchenSink::Conversation(conversation) => Some(conversation),
            _ => None,
        })
    }
}
