//! The flat fields in which an intent travels, the same as JSON and as an HTML form.

use serde::{Deserialize, Deserializer, Serialize};

use super::Intent;
use crate::id::{ActionKey, DraftKey};
use crate::participant::{Format, History};
use crate::refusal::Refusal;

/// The flat fields of an intent. A form sends every field that it has, empty ones too: empty is absent, except for the
/// texts of a draft.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Fields {
    /// `message`, `subject`, `expiry`, `label`, `participant`, `seen` or `draft`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub model: String,
    /// `add`, `modify`, `remove`, `recover`, `redact`, `lock` or `release`; empty for `seen`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub verb: String,
    #[serde(
        default,
        deserialize_with = "filled",
        skip_serializing_if = "Option::is_none"
    )]
    pub item: Option<ActionKey>,
    #[serde(
        default,
        deserialize_with = "filled",
        skip_serializing_if = "Option::is_none"
    )]
    pub follows: Option<ActionKey>,
    #[serde(
        default,
        deserialize_with = "filled",
        skip_serializing_if = "Option::is_none"
    )]
    pub parent: Option<ActionKey>,
    /// `markdown` (the default) or `plain`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The person to add.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// `read`, `comment`, `write` (the default), `edit` or `admin`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// `all` (the default), `from` or `now`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<String>,
    /// The message from which the history is granted, with `history=from`.
    #[serde(
        default,
        deserialize_with = "filled",
        skip_serializing_if = "Option::is_none"
    )]
    pub from: Option<ActionKey>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub colour: Option<String>,
    /// Milliseconds that a lock holds, at most 900,000 (the default).
    #[serde(
        default,
        deserialize_with = "number",
        skip_serializing_if = "Option::is_none"
    )]
    pub ttl: Option<u64>,
    /// When the conversation expires, in milliseconds; absent clears it.
    #[serde(
        default,
        deserialize_with = "number",
        skip_serializing_if = "Option::is_none"
    )]
    pub at: Option<u64>,
    /// With `seen`: the newest slot that was read.
    #[serde(
        default,
        deserialize_with = "number",
        skip_serializing_if = "Option::is_none"
    )]
    pub seq: Option<u64>,
    /// With `draft`: the addresses as typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The same write sent twice under one key happens once; also as the header `Idempotency-Key`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
    /// Forms only: the path to go to afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// `POST /d/new/`, and the optional body of `POST /d/publish/{key}/`: what the draft shall hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DraftFields {
    /// Chosen by the client, so that a repeated request makes one draft; drawn by the server where absent.
    #[serde(
        default,
        deserialize_with = "filled",
        skip_serializing_if = "Option::is_none"
    )]
    pub key: Option<DraftKey>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// An empty form field is an absent one.
fn filled<'de, D: Deserializer<'de>, T: std::str::FromStr<Err = Refusal>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    match Option::<String>::deserialize(from)?.as_deref() {
        None | Some("") => Ok(None),
        Some(text) => text.parse().map(Some).map_err(serde::de::Error::custom),
    }
}

/// A number comes as one in JSON and as text in a form.
fn number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given {
        Number(u64),
        Text(String),
    }
    match Option::<Given>::deserialize(from)? {
        None => Ok(None),
        Some(Given::Number(number)) => Ok(Some(number)),
        Some(Given::Text(text)) if text.is_empty() => Ok(None),
        Some(Given::Text(text)) => text.parse().map(Some).map_err(serde::de::Error::custom),
    }
}

impl From<Intent> for Fields {
    fn from(intent: Intent) -> Fields {
        let fields = |model: &str, verb: &str| Fields {
            model: model.to_owned(),
            verb: verb.to_owned(),
            ..Fields::default()
        };
        let on = |verb: &str, item: ActionKey, follows: Option<ActionKey>| Fields {
            item: Some(item),
            follows,
            ..fields("message", verb)
        };
        let named = |format: Format| Some(format.as_str().to_owned());
        match intent {
            Intent::MessageAdd {
                parent,
                format,
                text,
            } => Fields {
                parent,
                format: named(format),
                text: Some(text),
                ..fields("message", "add")
            },
            Intent::MessageModify {
                item,
                follows,
                format,
                text,
            } => Fields {
                format: named(format),
                text: Some(text),
                ..on("modify", item, follows)
            },
            Intent::MessageLock { item, follows, ttl } => Fields {
                ttl: Some(ttl),
                ..on("lock", item, follows)
            },
            Intent::MessageRelease { item, follows } => on("release", item, follows),
            Intent::MessageRemove { item, follows } => on("remove", item, follows),
            Intent::MessageRecover { item, follows } => on("recover", item, follows),
            Intent::MessageRedact { item, follows } => on("redact", item, follows),
            Intent::SubjectModify { follows, subject } => Fields {
                follows,
                subject: Some(subject),
                ..fields("subject", "modify")
            },
            Intent::SubjectLock { follows, ttl } => Fields {
                follows,
                ttl: Some(ttl),
                ..fields("subject", "lock")
            },
            Intent::SubjectRelease { follows } => Fields {
                follows,
                ..fields("subject", "release")
            },
            Intent::ExpiryModify { follows, at } => Fields {
                follows,
                at: at.map(|at| at.as_millis().max(0) as u64),
                ..fields("expiry", "modify")
            },
            Intent::LabelAdd { name, colour } => Fields {
                name: Some(name),
                colour: Some(colour),
                ..fields("label", "add")
            },
            Intent::LabelRemove { item, follows } => Fields {
                item: Some(item),
                follows,
                ..fields("label", "remove")
            },
            Intent::ParticipantAdd {
                address,
                role,
                history,
                name,
            } => Fields {
                address: Some(address.to_string()),
                role: Some(role.as_str().to_owned()),
                history: Some(history.scope().to_owned()),
                from: if let History::From(message) = history {
                    Some(message)
                } else {
                    None
                },
                name,
                ..fields("participant", "add")
            },
            Intent::ParticipantModify {
                item,
                follows,
                role,
            } => Fields {
                item: Some(item),
                follows,
                role: Some(role.as_str().to_owned()),
                ..fields("participant", "modify")
            },
            Intent::ParticipantRemove { item, follows } => Fields {
                item: Some(item),
                follows,
                ..fields("participant", "remove")
            },
            Intent::Seen { seq } => Fields {
                seq: Some(seq),
                ..fields("seen", "")
            },
            Intent::DraftModify { subject, to, text } => Fields {
                subject,
                to,
                text,
                ..fields("draft", "modify")
            },
            Intent::DraftRemove => fields("draft", "remove"),
        }
    }
}
