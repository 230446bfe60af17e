//! People with browsers, who ask again under the same key until they are answered.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use em2_model::refusal::{Code, Refusal};
use em2_model::wire::domestic::{Accepted, Published};
use em2_model::wire::intent::{DraftFields, Fields, Intent};
use em2_model::{Address, ConversationKey, DraftKey};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep};

use crate::dice::Dice;
use crate::fault::Tally;
use crate::journal::{Journal, Talk};
use crate::process::{PASSWORD, Process};

/// How long somebody asks again at most. No server is away as long.
const PATIENCE: Duration = Duration::from_secs(60);

/// Somebody who is signed in.
pub(crate) struct Person {
    pub(crate) address: Address,
    pub(crate) platform: usize,
    origin: String,
    http: reqwest::Client,
    pub(crate) dice: Dice,
    pub(crate) journal: Arc<Mutex<Journal>>,
    pub(crate) tally: Arc<Tally>,
    /// How much they have done.
    n: u64,
}

impl Person {
    pub(crate) async fn sign_in(
        server: &Process,
        platform: usize,
        address: Address,
        dice: Dice,
        journal: Arc<Mutex<Journal>>,
        tally: Arc<Tally>,
    ) -> Person {
        let http = reqwest::Client::builder()
            .cookie_store(true)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .tls_certs_only([])
            .timeout(Duration::from_secs(20));
        let person = Person {
            address,
            platform,
            origin: server.origin(),
            http: http.build().unwrap(),
            dice,
            journal,
            tally,
            n: 0,
        };
        let form = [("address", person.address.as_str()), ("password", PASSWORD)];
        let request = person.http.post(format!("{}/sign-in", person.origin));
        let request = request
            .header("accept", "text/html")
            .header("origin", &person.origin);
        let request = request.header("sec-fetch-site", "same-origin").form(&form);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 303, "{} cannot sign in", person.address);
        person
    }

    /// A word that nobody has said before: it is also the key under which a request is repeated.
    pub(crate) fn word(&mut self) -> String {
        self.n += 1;
        format!("{}-{}", self.address.as_str().replace('@', "-"), self.n)
    }

    /// Posts until there is an answer.
    async fn post<T: DeserializeOwned>(
        &mut self,
        path: &str,
        word: &str,
        json: &impl Serialize,
    ) -> Result<T, Refusal> {
        let until = Instant::now() + PATIENCE;
        loop {
            let request = self.http.post(format!("{}{path}", self.origin));
            let request = request.header("idempotency-key", word).json(json);
            let again = match answer(request).await {
                Ok(Ok(bytes)) => return Ok(serde_json::from_slice(&bytes).unwrap()),
                Ok(Err(refusal)) if !is_passing(&refusal) => return Err(refusal),
                Ok(Err(refusal)) => refusal.to_string(),
                Err(error) => error.to_string(),
            };
            self.tally.count("asked again");
            assert!(Instant::now() < until, "{word} was never answered: {again}");
            sleep(self.dice.millis(50..=400)).await;
        }
    }

    /// Wants something done in a conversation.
    pub(crate) async fn act(
        &mut self,
        conv: ConversationKey,
        word: &str,
        intent: Intent,
    ) -> Result<Accepted, Refusal> {
        let path = format!("/d/evt/{conv}/");
        self.post(&path, word, &Fields::from(intent)).await
    }

    /// Begins a conversation with these people, of whom the guest is not told yet.
    pub(crate) async fn start(&mut self, with: Vec<Address>, guest: Option<Address>) {
        let word = self.word();
        let to: Vec<&str> = with.iter().map(Address::as_str).collect();
        let mut key = [0; 16];
        key.fill_with(|| self.dice.number(0..=255) as u8);
        let fields = DraftFields {
            key: Some(DraftKey::from_bytes(key)),
            subject: Some(format!("Subject of {word}")),
            to: Some(to.join(", ")),
            text: Some(word.clone()),
            ..DraftFields::default()
        };
        let draft: Result<Accepted, Refusal> = self.post("/d/new/", &word, &fields).await;
        draft.unwrap();
        let (path, again) = (
            format!("/d/publish/{}/", DraftKey::from_bytes(key)),
            self.word(),
        );
        let published = self.post(&path, &again, &DraftFields::default()).await;
        let key = match published {
            Ok(Published::Published { key }) => key,
            Ok(Published::Held { .. }) => panic!("nothing is held here"),
            // A platform that was never asked for its keys does not answer.
            Err(refusal) => return self.refused(&refusal),
        };
        let mut people = with;
        people.push(self.address.clone());
        let talk = Talk {
            key,
            creator: self.address.clone(),
            people,
            guest,
            said: Vec::new(),
        };
        self.tally.count("conversations");
        self.journal.lock().unwrap().talks.push(talk);
    }

    /// Presses “Retry now” in a conversation.
    pub(crate) async fn retry(&mut self, conv: ConversationKey) {
        let word = self.word();
        let done: Result<serde_json::Value, Refusal> =
            self.post(&format!("/d/retry/{conv}/"), &word, &()).await;
        match done {
            Ok(_) => self.tally.count("retried now"),
            Err(refusal) => self.refused(&refusal),
        }
    }

    pub(crate) fn refused(&self, refusal: &Refusal) {
        self.tally.count(&format!("refused {}", refusal.code));
    }
}

/// What is answered: bytes, a refusal, or nothing.
async fn answer(
    request: reqwest::RequestBuilder,
) -> Result<Result<Vec<u8>, Refusal>, reqwest::Error> {
    let response = request.send().await?;
    let status = response.status();
    let bytes = response.bytes().await?.to_vec();
    if status.is_success() {
        return Ok(Ok(bytes));
    }
    let refusal = serde_json::from_slice(&bytes);
    Ok(Err(refusal.unwrap_or_else(|_| {
        panic!("{status}: {}", String::from_utf8_lossy(&bytes))
    })))
}

/// Whether the same request may be taken later.
fn is_passing(refusal: &Refusal) -> bool {
    matches!(refusal.code, Code::Busy | Code::Slow)
}
