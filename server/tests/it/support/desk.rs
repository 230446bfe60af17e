//! Where a platform of the test receives others: it shows its document, takes what it is sent, and keeps it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use em2_model::keys::KeyLog;
use em2_model::record::Record;
use em2_model::step::Locator;
use em2_model::wire::foreign::document::PlatformDocument;
use em2_model::wire::foreign::{Answer, Answers, Auth, Entry, Head, Push, Shared, Verdict};
use em2_model::{Code, ConversationKey, Platform, Refusal, Time};
use serde_json::json;
use tokio::net::TcpListener;

/// What a platform shows, and what it was told.
pub(crate) struct Desk {
    platform: Platform,
    document: Mutex<Vec<u8>>,
    fetched: AtomicUsize,
    told: Mutex<Vec<(ConversationKey, Record)>>,
}

impl Desk {
    pub(crate) fn of(log: &KeyLog, platform: &Platform) -> Desk {
        let desk = Desk {
            platform: platform.clone(),
            document: Mutex::default(),
            fetched: AtomicUsize::new(0),
            told: Mutex::default(),
        };
        desk.show(log, platform);
        desk
    }

    /// From now on shows the document of this log.
    pub(crate) fn show(&self, log: &KeyLog, platform: &Platform) {
        let document = PlatformDocument::of(platform.clone(), log);
        self.show_bytes(serde_json::to_vec(&document).unwrap());
    }

    pub(crate) fn show_bytes(&self, document: Vec<u8>) {
        *self.document.lock().unwrap() = document;
    }

    /// The document as it is shown now.
    pub(crate) fn document(&self) -> Vec<u8> {
        self.document.lock().unwrap().clone()
    }

    /// How often the document was fetched.
    pub(crate) fn fetched(&self) -> usize {
        self.fetched.load(Ordering::SeqCst)
    }

    /// The records of a conversation that it was sent, in the order in which they came.
    pub(crate) fn told(&self, conv: ConversationKey) -> Vec<Record> {
        let told = self.told.lock().unwrap();
        let of_it = told.iter().filter(|(key, _)| *key == conv);
        of_it.map(|(_, record)| record.clone()).collect()
    }

    /// Loses what it was sent of a conversation after this slot.
    pub(crate) fn lose(&self, conv: ConversationKey, after: u64) {
        let is_late = |record: &Record| record.commit().is_some_and(|it| it.seq() > after);
        let mut told = self.told.lock().unwrap();
        told.retain(|(key, record)| *key != conv || !is_late(record));
    }

    /// Takes what it is sent, unless something is missing before it; what has no slot has to wait for one.
    fn take(&self, push: Push) -> Result<Answer, Refusal> {
        let have = self.have(push.conv);
        let next = have.first().map_or(1, |(seq, _)| seq + 1);
        let first = push.records.iter().flatten().find_map(Record::commit);
        if first.is_some_and(|commit| commit.seq() > next) {
            return Err(Refusal::from(Code::Gap).with("have", json!(have)));
        }
        let records: Vec<Record> = push.records.into_iter().map(Result::unwrap).collect();
        let waiting = records.iter().filter(|record| record.commit().is_none());
        let results = waiting
            .map(|record| {
                let key = record.action().key().to_string();
                (key, Verdict::Pending { pending: true })
            })
            .collect();
        let told = records.into_iter().map(|record| (push.conv, record));
        self.told.lock().unwrap().extend(told);
        Ok(Answer {
            have: self.have(push.conv),
            epoch: 0,
            results,
        })
    }

    /// Every commit of a conversation, the newest first.
    fn have(&self, conv: ConversationKey) -> Locator {
        let told = self.told(conv);
        let commits = told.iter().filter_map(Record::commit);
        let slots: BTreeMap<_, _> = commits.map(|it| (it.seq(), it.key())).collect();
        slots.into_iter().rev().collect()
    }

    fn auth(&self) -> Auth {
        Auth {
            v: 1,
            platform: self.platform.clone(),
            you: self.platform.clone(),
            time: Time(0),
            versions: vec![1],
            limits: BTreeMap::new(),
            waiting: 0,
            shared: Shared::of(Vec::new()).unwrap(),
        }
    }
}

/// Answers the connections of a listener for as long as it is polled.
#[expect(
    clippy::disallowed_methods,
    reason = "who connects is the server under test"
)]
pub(crate) async fn serve(listener: TcpListener, desk: Arc<Desk>) {
    let router = Router::new().fallback(answer).with_state(desk);
    axum::serve(listener, router).await.unwrap();
}

async fn answer(State(desk): State<Arc<Desk>>, method: Method, uri: Uri, body: Bytes) -> Response {
    let path: Vec<&str> = uri.path().trim_matches('/').split('/').collect();
    match (method, path.as_slice()) {
        (Method::GET, [".well-known", "em2"]) => {
            desk.fetched.fetch_add(1, Ordering::SeqCst);
            ([(CONTENT_TYPE, "application/json")], desk.document()).into_response()
        }
        (Method::GET, ["f", "auth"]) => match uri.query() {
            Some(_) => Json(Vec::<Head>::new()).into_response(),
            None => Json(desk.auth()).into_response(),
        },
        (Method::POST, ["f", "evt", conv]) => {
            let push = Push::parse(conv.parse().unwrap(), &body).unwrap();
            match desk.take(push) {
                Ok(answer) => Json(answer).into_response(),
                Err(refusal) => (StatusCode::CONFLICT, Json(refusal)).into_response(),
            }
        }
        (Method::POST, ["f", "evt"]) => {
            let pushes = Push::parse_batches(&body).unwrap().into_iter();
            let answer = |push: Push| {
                let conv = push.conv;
                let entry = desk.take(push).map(Entry::Answer);
                let entry = entry.unwrap_or_else(|refusal| Entry::Problem {
                    code: refusal.code,
                    details: refusal.details,
                });
                (conv, entry)
            };
            let answers = pushes.map(answer).collect();
            Json(Answers { answers }).into_response()
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}
