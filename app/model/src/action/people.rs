//! What `participant.add` and `participant.modify` say. // spec §9

use serde::{Deserialize, Serialize};

use crate::address::{Address, Platform};
use crate::id::{ActionKey, Incarnation};
use crate::participant::{History, Role};
use crate::refusal::Refusal;

/// `participant.add`: send. Without a platform the person is reached by SMTP.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "AddFields", into = "AddFields")]
pub struct ParticipantAdd {
    pub address: Address,
    pub role: Role,
    pub platform: Option<(Platform, Incarnation)>,
    pub history: History,
    pub name: Option<String>,
}

/// `participant.modify`: a new role, or the platform that the person moved to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "ModifyFields", into = "ModifyFields")]
pub struct ParticipantModify {
    pub role: Option<Role>,
    pub platform: Option<(Platform, Incarnation)>,
}

#[derive(Serialize, Deserialize)]
struct AddFields {
    address: Address,
    role: Role,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    platform: Option<Platform>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    inc: Option<Incarnation>,
    history: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<ActionKey>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct ModifyFields {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    role: Option<Role>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    platform: Option<Platform>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    inc: Option<Incarnation>,
}

/// A platform and its incarnation stand together or not at all.
fn both(
    platform: Option<Platform>,
    inc: Option<Incarnation>,
) -> Result<Option<(Platform, Incarnation)>, Refusal> {
    match (platform, inc) {
        (None, None) => Ok(None),
        (Some(platform), Some(inc)) => Ok(Some((platform, inc))),
        _ => Err(Refusal::format("A platform stands together with its inc.")),
    }
}

impl TryFrom<AddFields> for ParticipantAdd {
    type Error = Refusal;

    fn try_from(fields: AddFields) -> Result<ParticipantAdd, Refusal> {
        Ok(ParticipantAdd {
            address: fields.address,
            role: fields.role,
            platform: both(fields.platform, fields.inc)?,
            history: History::parse(&fields.history, fields.from)?,
            name: fields.name,
        })
    }
}

impl From<ParticipantAdd> for AddFields {
    fn from(add: ParticipantAdd) -> AddFields {
        let (platform, inc) = add.platform.unzip();
        AddFields {
            address: add.address,
            role: add.role,
            platform,
            inc,
            history: add.history.scope().to_owned(),
            from: add.history.from_message(),
            name: add.name,
        }
    }
}

impl TryFrom<ModifyFields> for ParticipantModify {
    type Error = Refusal;

    fn try_from(fields: ModifyFields) -> Result<ParticipantModify, Refusal> {
        let platform = both(fields.platform, fields.inc)?;
        Ok(ParticipantModify {
            role: fields.role,
            platform,
        })
    }
}

impl From<ParticipantModify> for ModifyFields {
    fn from(modify: ParticipantModify) -> ModifyFields {
        let (platform, inc) = modify.platform.unzip();
        ModifyFields {
            role: modify.role,
            platform,
            inc,
        }
    }
}
