//! Signed requests to other platforms, and what their answers mean. // spec §6, §7

use std::time::Duration;

use bytes::Bytes;
use em2_model::id::Time;
use em2_model::refusal::{Code, Refusal};
use em2_model::{ConversationKey, Platform};
use http::header::{DATE, RETRY_AFTER};
use http::{HeaderMap, Method, StatusCode};

use super::signature::{Signed, sign};
use super::unreached::Unreached;
use super::web::{Answer, Limits, Web};
use crate::clock::Clock;
use crate::identity::Identity;

/// What a push may cost. // spec §7
const PUSH: Limits = Limits {
    whole: Duration::from_secs(30),
    body: 1024 * 1024,
    slowest: 0,
};

/// What a page of a log may cost. // spec §7
const BACK_FILL: Limits = Limits {
    whole: Duration::from_secs(120),
    body: 64 * 1024 * 1024,
    slowest: 1024,
};

/// The longest wait that a platform can ask for, in milliseconds. // spec §7
const WAIT_MAX: i64 = 60 * 60 * 1000;

/// Speaks to other platforms in the name of this one. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    web: Web,
    identity: Identity,
    clock: Clock,
}

/// Why a request had no success.
#[derive(Debug)]
pub enum Failed {
    Unreached(Unreached),
    /// Refused with a code of the protocol.
    Refused {
        refusal: Refusal,
        /// Not again before this many milliseconds have passed.
        retry_after: Option<i64>,
        /// The clock of the platform that refused.
        date: Option<Time>,
    },
    /// An answer that the protocol does not know.
    Strange {
        status: u16,
        detail: String,
    },
}

impl Failed {
    /// Something went wrong on this side.
    fn ours(error: &dyn std::fmt::Display) -> Failed {
        Failed::Strange {
            status: 0,
            detail: format!("The request could not be made: {error}."),
        }
    }

    /// The stable code of the failure, for machines.
    pub fn code(&self) -> String {
        match self {
            Failed::Unreached(why) => why.kind.as_str().to_owned(),
            Failed::Refused { refusal, .. } => refusal.code.as_str().to_owned(),
            Failed::Strange { status, .. } => format!("http_{status}"),
        }
    }

    /// The failure as a sentence for operators.
    pub fn detail(&self) -> String {
        match self {
            Failed::Unreached(why) => why.to_string(),
            Failed::Refused { refusal, .. } => refusal.message.clone(),
            Failed::Strange { detail, .. } => detail.clone(),
        }
    }
}

impl Client {
    pub fn new(web: Web, identity: Identity, clock: Clock) -> Client {
        Client {
            web,
            identity,
            clock,
        }
    }

    /// `POST /f/evt/{key}/`
    pub async fn push(
        &self,
        peer: &Platform,
        offset: i64,
        conv: ConversationKey,
        body: Vec<u8>,
    ) -> Result<Bytes, Failed> {
        let path = format!("/f/evt/{conv}/");
        self.send(peer, offset, &path, Some(body.into()), PUSH)
            .await
    }

    /// `POST /f/evt/`
    pub async fn push_batches(
        &self,
        peer: &Platform,
        offset: i64,
        body: Vec<u8>,
    ) -> Result<Bytes, Failed> {
        self.send(peer, offset, "/f/evt/", Some(body.into()), PUSH)
            .await
    }

    /// A `GET` under `/f/`, with its query.
    pub async fn get(&self, peer: &Platform, offset: i64, path: &str) -> Result<Bytes, Failed> {
        self.send(peer, offset, path, None, BACK_FILL).await
    }

    /// Sends a request, signed as of the peer's clock, which is `offset` milliseconds ahead of ours.
    async fn send(
        &self,
        peer: &Platform,
        offset: i64,
        path: &str,
        body: Option<Bytes>,
        limits: Limits,
    ) -> Result<Bytes, Failed> {
        let uri = path.parse().map_err(|error| Failed::ours(&error))?;
        let signed = Signed {
            authority: peer,
            uri: &uri,
            body: body.as_deref(),
        };
        let mut nonce = [0; 16];
        getrandom::fill(&mut nonce).map_err(|error| Failed::ours(&error))?;
        let created = self.clock.now().plus(offset);
        let headers = sign(&signed, &self.identity.key(), created, nonce);
        let headers: HeaderMap = headers.into_iter().collect();
        let method = match body {
            Some(_) => Method::POST,
            None => Method::GET,
        };
        let answer = self
            .web
            .request(peer, method, path, headers, body, limits)
            .await;
        read(answer.map_err(Failed::Unreached)?)
    }
}

/// What an answer means. // spec §7, Errors
fn read(answer: Answer) -> Result<Bytes, Failed> {
    if answer.status == StatusCode::OK {
        return Ok(answer.body);
    }
    let status = answer.status.as_u16();
    let Ok(refusal) = serde_json::from_slice::<Refusal>(&answer.body) else {
        return Err(Failed::Strange {
            status,
            detail: format!(
                "The other platform answered with the status {status} and gave no reason."
            ),
        });
    };
    let text = |name| {
        answer
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let seconds: Option<i64> = text(RETRY_AFTER).and_then(|text| text.parse().ok());
    let date = text(DATE).filter(|_| refusal.code == Code::Clock);
    Err(Failed::Refused {
        retry_after: seconds.map(|seconds| seconds.saturating_mul(1000).clamp(0, WAIT_MAX)),
        date: date
            .and_then(|date| httpdate::parse_http_date(date).ok())
            .and_then(|date| {
                let since = date.duration_since(std::time::UNIX_EPOCH).ok()?;
                i64::try_from(since.as_millis()).ok().map(Time)
            }),
        refusal,
    })
}
