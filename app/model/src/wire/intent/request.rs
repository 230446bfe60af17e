//! What somebody makes of a request. // spec §16

use serde::{Deserialize, Serialize};

/// The answer to a request. None of them tells anybody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum RequestAnswer {
    /// This conversation.
    Accept,
    /// Whatever this sender adds the reader to, what waits already included.
    Always,
    /// The same for everybody on the sender's platform.
    Platform,
    /// The request goes, and nothing of the conversation is seen.
    Ignore,
    /// The same, and nothing is ever seen of what this sender adds the reader to.
    Block,
}

/// `POST /d/request/{key}/`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RequestFields {
    pub answer: RequestAnswer,
    /// The same write sent twice under one key happens once; also as the header `Idempotency-Key`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
    /// Forms only: the path to go to afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}
