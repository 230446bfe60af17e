//! What an action says, one variant for each thing that can be done. // spec §9

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Kind, ParticipantAdd, ParticipantModify};
use crate::address::Platform;
use crate::canonical;
use crate::id::{CommitKey, ConversationKey, FileHash, Incarnation, Salt, Time};
use crate::participant::{Format, words};
use crate::refusal::{Code, Refusal};
use crate::sign::{Kid, PublicKey};
use crate::slug::slug;

/// The longest subject, in characters. // spec §7
pub const SUBJECT_MAX: usize = 255;
/// The longest life of a lock, in milliseconds. // spec §11
pub const LOCK_TTL_MAX: i64 = 15 * 60 * 1000;
/// The biggest attachment, in bytes. // spec §7
pub const FILE_MAX: u64 = 100 * 1024 * 1024;

/// A body: what it says, and the salt that keeps it from being guessed from its hash.
#[derive(Clone, Debug, PartialEq)]
pub struct Body {
    pub salt: Salt,
    pub content: Content,
}

/// What a body says.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    Publish(Publish),
    Expire,
    Transfer(Transfer),
    SubjectModify { subject: String },
    SubjectLock { ttl: i64 },
    SubjectRelease,
    ExpiryModify { at: Option<Time> },
    LabelAdd(LabelAdd),
    LabelRemove,
    ParticipantAdd(ParticipantAdd),
    ParticipantModify(ParticipantModify),
    ParticipantRemove,
    MessageAdd(MessageAdd),
    MessageModify(MessageModify),
    MessageRemove,
    MessageRecover,
    MessageRedact,
    MessageLock { ttl: i64 },
    MessageRelease,
    AttachmentAdd(AttachmentAdd),
    AttachmentRemove,
}

/// `conversation.publish`: what the conversation begins with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Publish {
    pub subject: String,
    pub slug: String,
    pub leader: Platform,
    pub keys: Vec<LeaderKey>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fork: Option<Fork>,
}

/// A key that is bound to a platform by publishing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeaderKey {
    pub platform: Platform,
    pub inc: Incarnation,
    pub kid: Kid,
    #[serde(rename = "pub")]
    pub public: PublicKey,
}

/// The point of another conversation that this one continues. // spec §13
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fork {
    pub conv: ConversationKey,
    pub seq: u64,
    pub head: CommitKey,
}

/// `conversation.transfer`: who leads next, and from which epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transfer {
    pub to: Platform,
    pub epoch: u64,
}

/// `label.add`: a label that all participants see.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabelAdd {
    pub name: String,
    pub colour: String,
}

/// `message.add`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessageAdd {
    pub format: Format,
    pub text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<Mail>,
}

/// The mail that a message was born from. // spec §18
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    pub id: String,
    pub auth: MailAuth,
}

words! {
    /// Whether the sender of a mail was proven.
    MailAuth {
        Pass = "pass",
        None = "none",
    }
}

/// `message.modify`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessageModify {
    pub format: Format,
    pub text: String,
}

/// `attachment.add`: the file itself is fetched by its hash. // spec §16
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AttachmentAdd {
    pub name: String,
    #[serde(rename = "type")]
    pub media_type: String,
    /// In bytes.
    pub size: u64,
    pub sha256: FileHash,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inline: Option<bool>,
}

#[derive(Serialize, Deserialize)]
struct SubjectFields {
    subject: String,
}

#[derive(Serialize, Deserialize)]
struct TtlFields {
    ttl: i64,
}

#[derive(Serialize, Deserialize)]
struct ExpiryFields {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<Time>,
}

#[derive(Deserialize)]
struct SaltField {
    salt: Salt,
}

impl Body {
    /// Reads the body of a kind. Unknown fields are ignored here and kept in the bytes.
    pub(super) fn read(kind: Kind, value: Value) -> Result<Body, Refusal> {
        let SaltField { salt } = fields(&value)?;
        let content = Content::read(kind, &value)?;
        content.check()?;
        Ok(Body { salt, content })
    }
}

impl Content {
    fn read(kind: Kind, value: &Value) -> Result<Content, Refusal> {
        Ok(match kind {
            Kind::Publish => Content::Publish(fields(value)?),
            Kind::Expire => Content::Expire,
            Kind::Transfer => Content::Transfer(fields(value)?),
            Kind::SubjectModify => Content::SubjectModify {
                subject: fields::<SubjectFields>(value)?.subject,
            },
            Kind::SubjectLock => Content::SubjectLock {
                ttl: fields::<TtlFields>(value)?.ttl,
            },
            Kind::SubjectRelease => Content::SubjectRelease,
            Kind::ExpiryModify => Content::ExpiryModify {
                at: fields::<ExpiryFields>(value)?.at,
            },
            Kind::LabelAdd => Content::LabelAdd(fields(value)?),
            Kind::LabelRemove => Content::LabelRemove,
            Kind::ParticipantAdd => Content::ParticipantAdd(fields(value)?),
            Kind::ParticipantModify => Content::ParticipantModify(fields(value)?),
            Kind::ParticipantRemove => Content::ParticipantRemove,
            Kind::MessageAdd => Content::MessageAdd(fields(value)?),
            Kind::MessageModify => Content::MessageModify(fields(value)?),
            Kind::MessageRemove => Content::MessageRemove,
            Kind::MessageRecover => Content::MessageRecover,
            Kind::MessageRedact => Content::MessageRedact,
            Kind::MessageLock => Content::MessageLock {
                ttl: fields::<TtlFields>(value)?.ttl,
            },
            Kind::MessageRelease => Content::MessageRelease,
            Kind::AttachmentAdd => Content::AttachmentAdd(fields(value)?),
            Kind::AttachmentRemove => Content::AttachmentRemove,
        })
    }

    /// The kind of action that says this.
    pub fn kind(&self) -> Kind {
        match self {
            Content::Publish(_) => Kind::Publish,
            Content::Expire => Kind::Expire,
            Content::Transfer(_) => Kind::Transfer,
            Content::SubjectModify { .. } => Kind::SubjectModify,
            Content::SubjectLock { .. } => Kind::SubjectLock,
            Content::SubjectRelease => Kind::SubjectRelease,
            Content::ExpiryModify { .. } => Kind::ExpiryModify,
            Content::LabelAdd(_) => Kind::LabelAdd,
            Content::LabelRemove => Kind::LabelRemove,
            Content::ParticipantAdd(_) => Kind::ParticipantAdd,
            Content::ParticipantModify(_) => Kind::ParticipantModify,
            Content::ParticipantRemove => Kind::ParticipantRemove,
            Content::MessageAdd(_) => Kind::MessageAdd,
            Content::MessageModify(_) => Kind::MessageModify,
            Content::MessageRemove => Kind::MessageRemove,
            Content::MessageRecover => Kind::MessageRecover,
            Content::MessageRedact => Kind::MessageRedact,
            Content::MessageLock { .. } => Kind::MessageLock,
            Content::MessageRelease => Kind::MessageRelease,
            Content::AttachmentAdd(_) => Kind::AttachmentAdd,
            Content::AttachmentRemove => Kind::AttachmentRemove,
        }
    }

    /// The canonical bytes of the body with this salt.
    pub(super) fn to_bytes(&self, salt: Salt) -> Result<Vec<u8>, Refusal> {
        let mut value = self
            .to_value()
            .map_err(|_| Refusal::from(Code::NotCanonical))?;
        value["salt"] = Value::String(salt.to_string());
        canonical::to_bytes_of(&value)
    }

    fn to_value(&self) -> Result<Value, serde_json::Error> {
        use serde_json::to_value;
        match self {
            Content::Publish(body) => to_value(body),
            Content::Transfer(body) => to_value(body),
            Content::SubjectModify { subject } => to_value(SubjectFields {
                subject: subject.clone(),
            }),
            Content::SubjectLock { ttl } | Content::MessageLock { ttl } => {
                to_value(TtlFields { ttl: *ttl })
            }
            Content::ExpiryModify { at } => to_value(ExpiryFields { at: *at }),
            Content::LabelAdd(body) => to_value(body),
            Content::ParticipantAdd(body) => to_value(body),
            Content::ParticipantModify(body) => to_value(body),
            Content::MessageAdd(body) => to_value(body),
            Content::MessageModify(body) => to_value(body),
            Content::AttachmentAdd(body) => to_value(body),
            Content::Expire
            | Content::SubjectRelease
            | Content::LabelRemove
            | Content::ParticipantRemove
            | Content::MessageRemove
            | Content::MessageRecover
            | Content::MessageRedact
            | Content::MessageRelease
            | Content::AttachmentRemove => Ok(Value::Object(serde_json::Map::new())),
        }
    }

    /// What types do not say: bounds, and no U+0000 in any text. // spec §7, §9
    fn check(&self) -> Result<(), Refusal> {
        match self {
            Content::Publish(body) => check_publish(body),
            Content::SubjectModify { subject } => check_subject(subject),
            Content::SubjectLock { ttl } | Content::MessageLock { ttl } => check_ttl(*ttl),
            Content::LabelAdd(body) => check_texts(&[&body.name, &body.colour]),
            Content::ParticipantAdd(body) => match &body.name {
                Some(name) => check_texts(&[name]),
                None => Ok(()),
            },
            Content::MessageAdd(body) => check_texts(&[&body.text]),
            Content::MessageModify(body) => check_texts(&[&body.text]),
            Content::AttachmentAdd(body) if body.size > FILE_MAX => Err(Refusal::new(
                Code::TooBig,
                "A file has at most 100 MiB. Send a smaller one.",
            )),
            Content::AttachmentAdd(body) => check_texts(&[&body.name, &body.media_type]),
            _ => Ok(()),
        }
    }
}

fn fields<T: DeserializeOwned>(value: &Value) -> Result<T, Refusal> {
    T::deserialize(value).map_err(|e| Refusal::format(format!("The body cannot be read: {e}.")))
}

fn check_publish(body: &Publish) -> Result<(), Refusal> {
    check_subject(&body.subject)?;
    if body.slug != slug(&body.subject) {
        return Err(Refusal::format("The slug is not the one of the subject."));
    }
    if !body.keys.iter().any(|key| key.platform == body.leader) {
        return Err(Refusal::format("The keys lack the one of the leader."));
    }
    Ok(())
}

fn check_subject(subject: &str) -> Result<(), Refusal> {
    if subject.chars().count() > SUBJECT_MAX {
        let message = "A subject has at most 255 characters. Make it shorter.";
        return Err(Refusal::new(Code::TooBig, message).with("limit", SUBJECT_MAX));
    }
    check_texts(&[subject])
}

fn check_ttl(ttl: i64) -> Result<(), Refusal> {
    if !(1..=LOCK_TTL_MAX).contains(&ttl) {
        return Err(Refusal::format("A lock holds at most 15 minutes."));
    }
    Ok(())
}

fn check_texts(texts: &[&str]) -> Result<(), Refusal> {
    if texts.iter().any(|text| text.contains('\0')) {
        return Err(Refusal::format("A text holds a NUL character. Remove it."));
    }
    Ok(())
}
