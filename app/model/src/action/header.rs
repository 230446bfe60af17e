//! The signed, permanent part of an action. // spec §5

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Kind;
use crate::address::{Address, Platform};
use crate::canonical;
use crate::id::{ActionKey, BodyRef, CommitKey, ConversationKey, Nonce, Time};
use crate::refusal::{Code, Refusal};

/// The last commit that the author's platform held when it minted the action. // spec §5
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Base {
    pub head: CommitKey,
    pub seq: u64,
}

/// A header whose fields fit its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The platform that signs.
    pub platform: Platform,
    /// Who acts; absent only in `conversation.expire`, where the leader does.
    pub actor: Option<Address>,
    /// When the author's platform says it happened; never used for order.
    pub at: Time,
    pub kind: Kind,
    /// Unique in the conversation.
    pub nonce: Nonce,
    /// The hash of the body.
    pub body_ref: BodyRef,
    /// Absent only in `conversation.publish`.
    pub conv: Option<ConversationKey>,
    /// The item acted on; absent in adds and in publish.
    pub item: Option<ActionKey>,
    /// The action of the item that this one continues; there exactly where `item` is.
    pub follows: Option<ActionKey>,
    /// The message that is answered, or that an attachment belongs to.
    pub parent: Option<ActionKey>,
    pub base: Option<Base>,
}

/// The fields as they stand on the wire; any other is refused. // spec §9
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    v: u64,
    platform: Platform,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    actor: Option<Address>,
    at: Time,
    model: String,
    verb: String,
    nonce: Nonce,
    #[serde(rename = "ref")]
    body_ref: BodyRef,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    conv: Option<ConversationKey>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    item: Option<ActionKey>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    follows: Option<ActionKey>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parent: Option<ActionKey>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base: Option<Base>,
}

impl Header {
    /// Reads a header and checks that its fields fit its kind; `EM2_VERSION` for another version,
    /// else `EM2_FORMAT`.
    pub(super) fn read(value: Value) -> Result<Header, Refusal> {
        check_version(&value)?;
        let fields: Fields = serde_json::from_value(value)
            .map_err(|e| Refusal::format(format!("The header cannot be read: {e}.")))?;
        let header = Header {
            kind: Kind::parse(&fields.model, &fields.verb)?,
            platform: fields.platform,
            actor: fields.actor,
            at: fields.at,
            nonce: fields.nonce,
            body_ref: fields.body_ref,
            conv: fields.conv,
            item: fields.item,
            follows: fields.follows,
            parent: fields.parent,
            base: fields.base,
        };
        header.check_shape()?;
        Ok(header)
    }

    /// The canonical bytes.
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, Refusal> {
        canonical::to_bytes(&Fields {
            v: 1,
            platform: self.platform.clone(),
            actor: self.actor.clone(),
            at: self.at,
            model: self.kind.model().as_str().to_owned(),
            verb: self.kind.verb().to_owned(),
            nonce: self.nonce,
            body_ref: self.body_ref,
            conv: self.conv,
            item: self.item,
            follows: self.follows,
            parent: self.parent,
            base: self.base,
        })
    }

    /// Which of the optional fields a kind has. // spec §5, §9
    fn check_shape(&self) -> Result<(), Refusal> {
        let kind = self.kind;
        let continues = !kind.adds();
        let fits = self.actor.is_none() == (kind == Kind::Expire)
            && self.conv.is_none() == (kind == Kind::Publish)
            && self.item.is_some() == continues
            && self.follows.is_some() == continues
            && match kind {
                Kind::MessageAdd => true,
                Kind::AttachmentAdd => self.parent.is_some(),
                _ => self.parent.is_none(),
            };
        let of_conversation = continues && kind.is_of_conversation();
        if !fits || (of_conversation && self.item != self.conv.map(ActionKey::from)) {
            return Err(Refusal::format(format!("The header does not fit {kind}.")));
        }
        Ok(())
    }
}

/// Looked at first: a later version may have other fields.
fn check_version(value: &Value) -> Result<(), Refusal> {
    match value.get("v").and_then(Value::as_i64) {
        Some(1) => Ok(()),
        Some(_) => Err(Refusal::from(Code::Version).with("versions", vec![1])),
        None => Err(Refusal::format("The header has no version.")),
    }
}
