//! What a client wants done: `POST /d/evt/{key}/`, `/d/new/` and `/d/publish/{key}/`. The platform mints and signs.
//!
//! The same flat fields come as JSON or as an HTML form ([`Fields`]); [`Intent`] is what they mean.

use serde::{Deserialize, Deserializer, Serialize};

use crate::address::Address;
use crate::id::{ActionKey, DraftKey, Time};
use crate::participant::{Format, History, Role};
use crate::refusal::Refusal;

/// One thing that a person wants done. `follows` names the head that the person saw; where it is absent the platform
/// takes the present one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Intent {
    MessageAdd {
        parent: Option<ActionKey>,
        format: Format,
        text: String,
    },
    MessageModify {
        item: ActionKey,
        follows: Option<ActionKey>,
        format: Format,
        text: String,
    },
    MessageLock {
        item: ActionKey,
        follows: Option<ActionKey>,
        ttl: u64,
    },
    MessageRelease {
        item: ActionKey,
        follows: Option<ActionKey>,
    },
    MessageRemove {
        item: ActionKey,
        follows: Option<ActionKey>,
    },
    MessageRecover {
        item: ActionKey,
        follows: Option<ActionKey>,
    },
    MessageRedact {
        item: ActionKey,
        follows: Option<ActionKey>,
    },
    SubjectModify {
        follows: Option<ActionKey>,
        subject: String,
    },
    SubjectLock {
        follows: Option<ActionKey>,
        ttl: u64,
    },
    SubjectRelease {
        follows: Option<ActionKey>,
    },
    ExpiryModify {
        follows: Option<ActionKey>,
        at: Option<Time>,
    },
    LabelAdd {
        name: String,
        colour: String,
    },
    LabelRemove {
        item: ActionKey,
        follows: Option<ActionKey>,
    },
    ParticipantAdd {
        address: Address,
        role: Role,
        history: History,
        name: Option<String>,
    },
    ParticipantModify {
        item: ActionKey,
        follows: Option<ActionKey>,
        role: Role,
    },
    ParticipantRemove {
        item: ActionKey,
        follows: Option<ActionKey>,
    },
    /// "I have read up to here": not an action, never in the log.
    Seen {
        seq: u64,
    },
    /// A draft is saved; fields that are absent stay.
    DraftModify {
        subject: Option<String>,
        to: Option<String>,
        text: Option<String>,
    },
    DraftRemove,
}

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

/// The longest time that a lock holds (spec §11).
pub const LOCK_TTL: u64 = 15 * 60 * 1000;

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

fn need<T>(field: Option<T>, name: &str) -> Result<T, Refusal> {
    field.ok_or_else(|| Refusal::format(format!("The field “{name}” is missing.")))
}

/// What a fixed word means, or a refusal that lists the words there are.
fn word<T: std::str::FromStr>(
    field: Option<String>,
    default: T,
    choices: &str,
) -> Result<T, Refusal> {
    match field.filter(|text| !text.is_empty()) {
        None => Ok(default),
        Some(text) => text
            .parse()
            .map_err(|_| Refusal::format(format!("“{text}” is not one of {choices}."))),
    }
}

impl TryFrom<Fields> for Intent {
    type Error = Refusal;

    fn try_from(fields: Fields) -> Result<Intent, Refusal> {
        let Fields {
            item,
            follows,
            parent,
            text,
            subject,
            ..
        } = fields;
        let written = |text: Option<String>| need(text, "text");
        let message_format =
            |field: Option<String>| word(field, Format::Markdown, "markdown, plain");
        let role =
            |field: Option<String>| word(field, Role::Write, "read, comment, write, edit, admin");
        let ttl = fields.ttl.unwrap_or(LOCK_TTL);
        Ok(match (fields.model.as_str(), fields.verb.as_str()) {
            ("message", "add") => Intent::MessageAdd {
                parent,
                format: message_format(fields.format)?,
                text: written(text)?,
            },
            ("message", "modify") => Intent::MessageModify {
                item: need(item, "item")?,
                follows,
                format: message_format(fields.format)?,
                text: written(text)?,
            },
            ("message", "lock") => Intent::MessageLock {
                item: need(item, "item")?,
                follows,
                ttl,
            },
            ("message", "release") => Intent::MessageRelease {
                item: need(item, "item")?,
                follows,
            },
            ("message", "remove") => Intent::MessageRemove {
                item: need(item, "item")?,
                follows,
            },
            ("message", "recover") => Intent::MessageRecover {
                item: need(item, "item")?,
                follows,
            },
            ("message", "redact") => Intent::MessageRedact {
                item: need(item, "item")?,
                follows,
            },
            ("subject", "modify") => Intent::SubjectModify {
                follows,
                subject: need(subject, "subject")?,
            },
            ("subject", "lock") => Intent::SubjectLock { follows, ttl },
            ("subject", "release") => Intent::SubjectRelease { follows },
            ("expiry", "modify") => Intent::ExpiryModify {
                follows,
                at: fields
                    .at
                    .map(|at| Time(i64::try_from(at).unwrap_or(i64::MAX))),
            },
            ("label", "add") => Intent::LabelAdd {
                name: need(fields.name, "name")?,
                colour: fields
                    .colour
                    .filter(|text| !text.is_empty())
                    .unwrap_or_else(|| "grey".to_owned()),
            },
            ("label", "remove") => Intent::LabelRemove {
                item: need(item, "item")?,
                follows,
            },
            ("participant", "add") => Intent::ParticipantAdd {
                address: Address::parse_typed(&need(fields.address, "address")?)?,
                role: role(fields.role)?,
                history: match fields.history.as_deref() {
                    None | Some("" | "all") => History::All,
                    Some("from") => History::From(need(fields.from, "from")?),
                    Some("now") => History::Now,
                    Some(other) => {
                        return Err(Refusal::format(format!(
                            "“{other}” is not one of all, from, now."
                        )));
                    }
                },
                name: fields.name.filter(|text| !text.is_empty()),
            },
            ("participant", "modify") => Intent::ParticipantModify {
                item: need(item, "item")?,
                follows,
                role: role(fields.role)?,
            },
            ("participant", "remove") => Intent::ParticipantRemove {
                item: need(item, "item")?,
                follows,
            },
            ("seen", _) => Intent::Seen {
                seq: need(fields.seq, "seq")?,
            },
            ("draft", "modify") => Intent::DraftModify {
                subject,
                to: fields.to,
                text,
            },
            ("draft", "remove") => Intent::DraftRemove,
            (model, verb) => {
                return Err(Refusal::format(format!(
                    "There is nothing that could be done by “{model}.{verb}”."
                )));
            }
        })
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
