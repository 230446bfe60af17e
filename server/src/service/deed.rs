//! An intent, made ready before anything is locked: what it says, rendered, and whom it names, looked up.

use em2_model::action::{
    Action, Base, Content, LabelAdd, MessageAdd, MessageModify, Model, ParticipantAdd,
    ParticipantModify, Proposal,
};
use em2_model::conversation::Conversation;
use em2_model::id::{ActionKey, ConversationKey, Nonce, Salt, Time};
use em2_model::participant::{Format, History, Role};
use em2_model::record::{Record, Verified};
use em2_model::refusal::{Code, Refusal};
use em2_model::wire::intent::Intent;
use em2_model::{Address, Platform};

use super::failure::Failure;
use super::project::Prepared;
use super::recipients::{Invited, Recipient};
use super::{Me, Service};
use crate::store::conversations::Wanted;
use crate::text::Rendered;

/// Something that a person wants done in a conversation.
pub(super) struct Deed {
    content: Content,
    on: On,
    pub(super) prepared: Prepared,
    /// The messages that the rules look at.
    pub(super) messages: Vec<ActionKey>,
    pub(super) nonce: Nonce,
    salt: Salt,
}

/// What the action is about.
enum On {
    /// Something new, perhaps an answer to a message.
    New { parent: Option<ActionKey> },
    /// An item; absent is the conversation itself. Where the person did not say which action of it they saw last, the
    /// newest one counts.
    Item {
        item: Option<ActionKey>,
        follows: Option<ActionKey>,
    },
}

impl Deed {
    /// Checks and renders what does not depend on the conversation.
    pub(super) async fn prepare(service: &Service, intent: Intent) -> Result<Deed, Failure> {
        let mut deed = Deed {
            content: Content::MessageRemove,
            on: On::New { parent: None },
            prepared: Prepared::default(),
            messages: Vec::new(),
            nonce: draw().map(Nonce::from_bytes)?,
            salt: draw().map(Salt::from_bytes)?,
        };
        let message = |item, follows| On::Item {
            item: Some(item),
            follows,
        };
        let ours = |follows| On::Item {
            item: None,
            follows,
        };
        (deed.on, deed.content) = match intent {
            Intent::MessageAdd {
                parent,
                format,
                text,
            } => {
                deed.prepared.rendered = Some(said(format, &text)?);
                (
                    On::New { parent },
                    Content::MessageAdd(MessageAdd {
                        format,
                        text,
                        mail: None,
                    }),
                )
            }
            Intent::MessageModify {
                item,
                follows,
                format,
                text,
            } => {
                deed.prepared.rendered = Some(said(format, &text)?);
                (
                    message(item, follows),
                    Content::MessageModify(MessageModify { format, text }),
                )
            }
            Intent::MessageLock { item, follows, ttl } => (
                message(item, follows),
                Content::MessageLock { ttl: millis(ttl) },
            ),
            Intent::MessageRelease { item, follows } => {
                (message(item, follows), Content::MessageRelease)
            }
            Intent::MessageRemove { item, follows } => {
                (message(item, follows), Content::MessageRemove)
            }
            Intent::MessageRecover { item, follows } => {
                (message(item, follows), Content::MessageRecover)
            }
            Intent::MessageRedact { item, follows } => {
                (message(item, follows), Content::MessageRedact)
            }
            Intent::SubjectModify { follows, subject } => {
                (ours(follows), Content::SubjectModify { subject })
            }
            Intent::SubjectLock { follows, ttl } => {
                (ours(follows), Content::SubjectLock { ttl: millis(ttl) })
            }
            Intent::SubjectRelease { follows } => (ours(follows), Content::SubjectRelease),
            Intent::ExpiryModify { follows, at } => (ours(follows), Content::ExpiryModify { at }),
            Intent::LabelAdd { name, colour } => (On::New { parent: None }, label(name, colour)?),
            Intent::LabelRemove { item, follows } => (message(item, follows), Content::LabelRemove),
            Intent::ParticipantAdd {
                address,
                role,
                history,
                name,
            } => {
                let who = Recipient { address, name };
                let mut invited = service.invite(vec![who]).await?;
                let invited = invited.pop().ok_or_else(|| Refusal::from(Code::Internal))?;
                let add = service.addition(&invited, role, history);
                deed.prepared.added = invited.user().cloned();
                (On::New { parent: None }, Content::ParticipantAdd(add))
            }
            Intent::ParticipantModify {
                item,
                follows,
                role,
            } => {
                let modify = ParticipantModify {
                    role: Some(role),
                    platform: None,
                };
                (message(item, follows), Content::ParticipantModify(modify))
            }
            Intent::ParticipantRemove { item, follows } => {
                (message(item, follows), Content::ParticipantRemove)
            }
            Intent::Seen { .. } | Intent::DraftModify { .. } | Intent::DraftRemove => {
                return Err(
                    Refusal::format("This is not done in a published conversation.").into(),
                );
            }
        };
        deed.messages = deed.touched();
        Ok(deed)
    }

    fn touched(&self) -> Vec<ActionKey> {
        let about = match (self.content.kind().model(), &self.on) {
            (Model::Message, On::New { parent }) => *parent,
            (Model::Message, On::Item { item, .. }) => *item,
            _ => None,
        };
        let from = match &self.content {
            Content::ParticipantAdd(ParticipantAdd {
                history: History::From(message),
                ..
            }) => Some(*message),
            _ => None,
        };
        about.into_iter().chain(from).collect()
    }

    /// Whom it adds on another platform.
    pub(super) fn adds_abroad(&self) -> Option<(&Address, &Platform)> {
        match &self.content {
            Content::ParticipantAdd(add) if self.prepared.added.is_none() => {
                Some((&add.address, &add.platform.as_ref()?.0))
            }
            _ => None,
        }
    }

    /// The action signed for this person before the conversation is looked at, where it does not depend on that.
    pub(super) fn signed(
        &self,
        service: &Service,
        me: &Me,
        conv: ConversationKey,
    ) -> Result<Option<Verified<Record>>, Refusal> {
        let on = match self.on {
            On::New { parent } => Some((None, parent)),
            On::Item { item, follows } => {
                follows.map(|follows| (Some((item.unwrap_or_else(|| conv.into()), follows)), None))
            }
        };
        let now = service.clock.now();
        on.map(|(follows, parent)| self.mint(service, me, conv, (follows, parent, None), now))
            .transpose()
    }

    /// The same as the conversation is now: where the person did not say which action of the item they saw last, the
    /// newest one counts; and where another platform leads, the action names the last commit that is here, so that
    /// two histories do not stay unseen. // spec §5, §13
    pub(super) fn sign(
        &self,
        service: &Service,
        me: &Me,
        conversation: &Conversation,
        now: Time,
    ) -> Result<Verified<Record>, Refusal> {
        let core = conversation.core();
        let (follows, parent) = match self.on {
            On::New { parent } => (None, parent),
            On::Item { item, follows } => {
                let item = item.unwrap_or_else(|| core.key.into());
                let model = self.content.kind().model();
                let newest = follows.or_else(|| conversation.head_of(model, item));
                let gone = "What this is about is not here any more. Look again.";
                let newest = newest.ok_or_else(|| Refusal::new(Code::Conflict, gone))?;
                (Some((item, newest)), None)
            }
        };
        let follows_leader = core.leader != *service.identity.platform();
        let base = follows_leader.then_some(Base {
            seq: core.seq,
            head: core.head,
        });
        self.mint(service, me, core.key, (follows, parent, base), now)
    }

    fn mint(
        &self,
        service: &Service,
        me: &Me,
        conv: ConversationKey,
        (follows, parent, base): (
            Option<(ActionKey, ActionKey)>,
            Option<ActionKey>,
            Option<Base>,
        ),
        now: Time,
    ) -> Result<Verified<Record>, Refusal> {
        let platform = service.identity.platform().clone();
        let proposal = Proposal {
            follows,
            parent,
            base,
            ..Proposal::new(platform, me.address.clone(), self.content.clone()).within(conv)
        };
        let action = Action::mint(proposal, now, self.nonce, self.salt)?;
        Record::signed(action, &service.identity.key())
    }

    /// What of the conversation the action needs.
    pub(super) fn wanted(&self, conv: ConversationKey) -> Wanted<'_> {
        Wanted {
            conv,
            messages: &self.messages,
            added: self.prepared.added.as_ref().map(|user| user.id),
        }
    }
}

impl Service {
    /// The `participant.add` of somebody: people here go by the name that they gave themselves.
    pub(super) fn addition(
        &self,
        invited: &Invited,
        role: Role,
        history: History,
    ) -> ParticipantAdd {
        let (name, platform) = match invited {
            Invited::Here(user) => {
                let own = &self.identity;
                let platform = (own.platform().clone(), own.incarnation());
                (Some(user.name.clone()), platform)
            }
            Invited::There {
                name,
                platform,
                inc,
                ..
            } => (name.clone(), (platform.clone(), *inc)),
        };
        ParticipantAdd {
            address: invited.address().clone(),
            role,
            platform: Some(platform),
            history,
            name,
        }
    }
}

/// What is said, as a page shows it.
pub(super) fn said(format: Format, text: &str) -> Result<Rendered, Refusal> {
    if text.trim().is_empty() {
        return Err(Refusal::format(
            "There is nothing in this message. Write something.",
        ));
    }
    if text.len() > em2_model::action::BODY_MAX {
        let message = "A message has at most 64 kB of text. Make it shorter, or send it in parts.";
        return Err(Refusal::new(Code::TooBig, message).with("limit", em2_model::action::BODY_MAX));
    }
    Ok(match format {
        Format::Markdown => Rendered::markdown(text),
        Format::Plain => Rendered::plain(text),
        Format::Html => {
            return Err(Refusal::format(
                "A message is written as markdown or plain.",
            ));
        }
    })
}

fn label(name: String, colour: String) -> Result<Content, Refusal> {
    if name.trim().is_empty() || name.chars().count() > 64 || colour.chars().count() > 32 {
        return Err(Refusal::format(
            "A label has a name of 1 to 64 characters, and a colour.",
        ));
    }
    Ok(Content::LabelAdd(LabelAdd { name, colour }))
}

/// A lock that is too long is refused by the rules.
fn millis(ttl: u64) -> i64 {
    i64::try_from(ttl).unwrap_or(i64::MAX)
}

/// Random bytes of the system.
pub(super) fn draw<const N: usize>() -> Result<[u8; N], Refusal> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| {
        tracing::error!(%error, "the system gave no random bytes");
        Refusal::from(Code::Internal)
    })?;
    Ok(bytes)
}
