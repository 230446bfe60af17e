//! What a participant does: a signed header, which stays for ever, and a body, which may be
//! withheld or deleted. // spec §5, §9

mod body;
mod header;
mod kind;
mod people;

use serde_json::Value;

pub use body::{
    AttachmentAdd, Body, Content, FILE_MAX, Fork, LOCK_TTL_MAX, LabelAdd, LeaderKey, Mail,
    MailAuth, MessageAdd, MessageModify, Publish, SUBJECT_MAX, Transfer,
};
pub use header::{Base, Header};
pub use kind::{Kind, Model};
pub use people::{ParticipantAdd, ParticipantModify};

use crate::address::{Address, Platform};
use crate::canonical;
use crate::id::{ActionKey, BodyRef, ConversationKey, Nonce, Salt, Time};
use crate::participant::words;
use crate::refusal::{Code, Refusal};
use crate::sign::{Tag, hash};

/// The longest header, in bytes. // spec §7
pub const HEADER_MAX: usize = 4 * 1024;
/// The longest body, in bytes. // spec §7
pub const BODY_MAX: usize = 64 * 1024;

words! {
    /// Why a record comes without its body. // spec §5
    Missing {
        /// It is from before the receiver's history begins.
        History = "history",
        /// It was redacted.
        Redacted = "redacted",
        /// The conversation has expired.
        Expired = "expired",
    }
}

/// A header and, unless it is missing, its body, with the exact bytes of both.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    key: ActionKey,
    header: Header,
    body: Result<Body, Missing>,
    header_bytes: Vec<u8>,
    body_bytes: Vec<u8>,
}

/// What somebody wants to do, before it has a time, a nonce and a salt.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    pub platform: Platform,
    /// Absent only where the leader itself acts, in `conversation.expire`.
    pub actor: Option<Address>,
    /// Absent only in `conversation.publish`.
    pub conv: Option<ConversationKey>,
    /// The item and the action of it that this one continues; of subject, expiry and conversation
    /// the item is the conversation key.
    pub follows: Option<(ActionKey, ActionKey)>,
    pub parent: Option<ActionKey>,
    pub base: Option<Base>,
    pub content: Content,
}

impl Proposal {
    /// A proposal without item, parent and base.
    pub fn new(platform: Platform, actor: Address, content: Content) -> Proposal {
        Proposal {
            platform,
            actor: Some(actor),
            conv: None,
            follows: None,
            parent: None,
            base: None,
            content,
        }
    }

    /// In this conversation.
    pub fn within(self, conv: ConversationKey) -> Proposal {
        Proposal {
            conv: Some(conv),
            ..self
        }
    }

    /// On this item, continuing this action of it.
    pub fn following(self, item: ActionKey, head: ActionKey) -> Proposal {
        Proposal {
            follows: Some((item, head)),
            ..self
        }
    }

    /// Answering, or attached to, this message.
    pub fn under(self, parent: ActionKey) -> Proposal {
        Proposal {
            parent: Some(parent),
            ..self
        }
    }
}

impl Action {
    /// Gives a proposal its time, nonce and salt, and with them its bytes and its key. Refuses
    /// what a reader of these bytes would refuse.
    pub fn mint(proposal: Proposal, at: Time, nonce: Nonce, salt: Salt) -> Result<Action, Refusal> {
        let Proposal {
            platform,
            actor,
            conv,
            follows,
            parent,
            base,
            content,
        } = proposal;
        let kind = content.kind();
        let body_bytes = minted(content.to_bytes(salt))?;
        let (item, follows) = follows.unzip();
        let header = Header {
            platform,
            actor,
            at,
            kind,
            nonce,
            body_ref: body_ref(&body_bytes),
            conv,
            item,
            follows,
            parent,
            base,
        };
        let header_bytes = minted(header.to_bytes())?;
        Action::parse(&header_bytes, Ok(&body_bytes))
    }

    /// Reads the bytes of header and body in the order of spec §8: size, canonical form, shape,
    /// hash of the body.
    pub fn parse(header: &[u8], body: Result<&[u8], Missing>) -> Result<Action, Refusal> {
        check_sizes(header, body)?;
        let header_value = canonical::parse(header, canonical::DEPTH)?;
        let body_value = body.map(|bytes| canonical::parse(bytes, canonical::DEPTH));
        let body_value = match body_value {
            Ok(value) => Ok(value?),
            Err(missing) => Err(missing),
        };
        Action::read(header, header_value, body, body_value)
    }

    /// The same for bytes whose size and canonical form were checked as part of a record.
    pub(crate) fn read(
        header_bytes: &[u8],
        header_value: Value,
        body_bytes: Result<&[u8], Missing>,
        body_value: Result<Value, Missing>,
    ) -> Result<Action, Refusal> {
        let header = Header::read(header_value)?;
        let body = match body_value {
            Ok(value) => Ok(Body::read(header.kind, value)?),
            Err(missing) if header.kind.may_lack_body(missing) => Err(missing),
            Err(_) => return Err(Refusal::format("This action needs its body.")),
        };
        if let Ok(Body {
            content: Content::Publish(publish),
            ..
        }) = &body
            && publish.leader != header.platform
        {
            return Err(Refusal::format("The platform that publishes leads."));
        }
        if body_bytes.is_ok_and(|bytes| body_ref(bytes) != header.body_ref) {
            return Err(Refusal::from(Code::Hash));
        }
        Ok(Action {
            key: ActionKey::from_bytes(hash(Tag::Action, header_bytes)),
            header,
            body,
            header_bytes: header_bytes.to_vec(),
            body_bytes: body_bytes.unwrap_or_default().to_vec(),
        })
    }

    /// The hash of the header.
    pub fn key(&self) -> ActionKey {
        self.key
    }

    /// The header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// What is done.
    pub fn kind(&self) -> Kind {
        self.header.kind
    }

    /// The body, or why it is missing.
    pub fn body(&self) -> Result<&Body, Missing> {
        self.body.as_ref().map_err(|missing| *missing)
    }

    /// What the body says, or why it is missing.
    pub fn content(&self) -> Result<&Content, Missing> {
        self.body().map(|body| &body.content)
    }

    /// The conversation; of the action that publishes it, its own key.
    pub fn conversation(&self) -> ConversationKey {
        self.header.conv.unwrap_or_else(|| self.key.into())
    }

    /// What the action is about: its own key where it adds something.
    pub fn item(&self) -> ActionKey {
        self.header.item.unwrap_or(self.key)
    }

    /// The exact bytes of the header.
    pub fn header_bytes(&self) -> &[u8] {
        &self.header_bytes
    }

    /// The exact bytes of the body, or why they are missing.
    pub fn body_bytes(&self) -> Result<&[u8], Missing> {
        self.body().map(|_| self.body_bytes.as_slice())
    }

    /// The same action without its body; `EM2_FORMAT` where it could not be folded any more.
    pub fn without_body(self, missing: Missing) -> Result<Action, Refusal> {
        if !self.header.kind.may_lack_body(missing) {
            return Err(Refusal::format("This action cannot do without its body."));
        }
        Ok(Action {
            body: Err(missing),
            body_bytes: Vec::new(),
            ..self
        })
    }
}

/// Bytes that we make ourselves fail only where a number is out of bounds. // spec §4
fn minted(bytes: Result<Vec<u8>, Refusal>) -> Result<Vec<u8>, Refusal> {
    bytes.map_err(|_| Refusal::format("A number is out of bounds. Choose a smaller one."))
}

fn body_ref(bytes: &[u8]) -> BodyRef {
    BodyRef::from_bytes(hash(Tag::Body, bytes))
}

/// `EM2_TOO_BIG` past 4 KiB of header or 64 KiB of body. // spec §7
pub(crate) fn check_sizes(header: &[u8], body: Result<&[u8], Missing>) -> Result<(), Refusal> {
    if header.len() > HEADER_MAX || body.is_ok_and(|body| body.len() > BODY_MAX) {
        return Err(Refusal::from(Code::TooBig).with("limit", BODY_MAX));
    }
    Ok(())
}
