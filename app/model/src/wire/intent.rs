//! What a client wants done: `POST /d/evt/{key}/`, `/d/new/` and `/d/publish/{key}/`. The platform mints and signs.
//!
//! The same flat fields come as JSON or as an HTML form ([`Fields`]); [`Intent`] is what they mean.

mod fields;
mod request;

pub use fields::{DraftFields, Fields};
pub use request::{RequestAnswer, RequestFields};

use crate::address::Address;
use crate::id::{ActionKey, Time};
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

/// The longest time that a lock holds (spec §11).
pub const LOCK_TTL: u64 = 15 * 60 * 1000;

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
