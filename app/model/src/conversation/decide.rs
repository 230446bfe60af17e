//! Whether an action may be done: the leader decides by it, a follower checks it again.
//! One function for each rule. // spec §8, §9

use super::{ATTACHMENTS_MAX, Conversation, Core, Item, PEOPLE_MAX, PLATFORMS_MAX};
use super::{Person, Slot, Standing};
use crate::action::{Action, Content, Kind, Model};
use crate::address::{Address, Platform};
use crate::faults::{self, Fault};
use crate::id::{ActionKey, Time};
use crate::participant::{History, Role};
use crate::permit;
use crate::refusal::{Code, Refusal};

/// What becomes of a well-formed action. A refusal without a slot is an error instead.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It is done.
    Accept,
    /// It takes a slot, and nothing changes: `EM2_FORBIDDEN`, `EM2_CONFLICT` or `EM2_LOCKED`.
    Refuse(Refusal),
    /// It was there before, or its nonce was: the first result is the answer.
    Duplicate(Slot),
}

impl Conversation {
    /// Decides an action as of leader time `now`, which never lies before the last commit. An
    /// error means that it gets no slot.
    pub fn decide(&self, action: &Action, now: Time) -> Result<Verdict, Refusal> {
        let at = self.core.at.max(now);
        self.check_conversation(action)?;
        self.check_loaded(action)?;
        if let Some(slot) = self.known_nonce(action) {
            return Ok(Verdict::Duplicate(slot));
        }
        self.check_expiry(action, at)?;
        let actor = self.check_actor(action)?;
        if let Some(actor) = actor
            && !self.role_allows(actor, action)?
        {
            return Ok(Verdict::Refuse(Refusal::from(Code::Forbidden)));
        }
        if !self.continues(action, at)? {
            return Ok(Verdict::Refuse(self.conflict(action)));
        }
        if let Some(refusal) = self.locked_by_other(action, at) {
            return Ok(Verdict::Refuse(refusal));
        }
        self.check_limits(action)?;
        Ok(Verdict::Accept)
    }

    /// An action of another conversation is not an action of this one.
    fn check_conversation(&self, action: &Action) -> Result<(), Refusal> {
        if action.conversation() != self.core.key {
            return Err(Refusal::format(
                "This is an action of another conversation.",
            ));
        }
        Ok(())
    }

    /// A nonce is used once in a conversation. // spec §9, §10
    fn known_nonce(&self, action: &Action) -> Option<Slot> {
        if faults::is(Fault::NonceUnchecked) {
            return None;
        }
        self.slot(&action.header().nonce)
    }

    /// After its time only the leader's own `conversation.expire` is left. // spec §16
    fn check_expiry(&self, action: &Action, at: Time) -> Result<(), Refusal> {
        let over = self.core.expired || (self.core.is_due(at) && action.kind() != Kind::Expire);
        if over {
            Err(Refusal::from(Code::Expired))
        } else {
            Ok(())
        }
    }

    /// The actor is present, and the platform may speak for them; `None` where the leader itself
    /// acts. Otherwise the action gets no slot. // spec §8
    fn check_actor(&self, action: &Action) -> Result<Option<&Person>, Refusal> {
        let header = action.header();
        let Some(address) = &header.actor else {
            let leads = header.platform == self.core.leader;
            return if leads {
                Ok(None)
            } else {
                Err(Refusal::from(Code::Forbidden))
            };
        };
        let person = self.check_presence(address)?;
        if !self.core.speaks_for(&header.platform, person) {
            let message = "This platform does not speak for that person.";
            return Err(Refusal::new(Code::Forbidden, message));
        }
        Ok(Some(person))
    }

    /// What the removed send is not sequenced any more. // spec §16
    fn check_presence(&self, address: &Address) -> Result<&Person, Refusal> {
        if let Some(person) = self.core.person(address) {
            return Ok(person);
        }
        Err(match self.core.hears_upto(address) {
            Some(upto) => Refusal::from(Code::Removed).with("upto", upto),
            None => Refusal::from(Code::NotParticipant),
        })
    }

    /// The table of roles; of an unknown item the actor counts as its author, so that acting on
    /// it is a conflict. // spec §9
    fn role_allows(&self, actor: &Person, action: &Action) -> Result<bool, Refusal> {
        let role = actor.role;
        let own = |item: Option<&Item>| item.is_none_or(|item| item.author == actor.address);
        let own_message = own(self.message_of(action));
        Ok(match action.kind() {
            Kind::MessageAdd => permit::add_message(role, action.header().parent.is_some()),
            Kind::MessageModify
            | Kind::MessageRemove
            | Kind::MessageRecover
            | Kind::MessageLock
            | Kind::MessageRelease => permit::change_message(role, own_message),
            Kind::MessageRedact => permit::redact_message(role, own_message),
            Kind::AttachmentAdd => permit::add_attachment(role, own_message),
            Kind::AttachmentRemove => permit::remove_attachment(role, own_message),
            Kind::SubjectModify | Kind::SubjectLock | Kind::SubjectRelease => {
                permit::change_subject(role)
            }
            Kind::LabelAdd | Kind::LabelRemove => permit::change_labels(role),
            Kind::ExpiryModify => permit::change_expiry(role),
            Kind::ParticipantAdd | Kind::ParticipantModify | Kind::ParticipantRemove => {
                self.role_allows_on_people(actor, action)?
            }
            Kind::Transfer => permit::transfer(role, self.core.owner_is_present()),
            Kind::Publish | Kind::Expire => false,
        })
    }

    fn role_allows_on_people(&self, actor: &Person, action: &Action) -> Result<bool, Refusal> {
        let target = self.core.people.get(&action.item());
        Ok(match needed(action)? {
            Content::ParticipantAdd(add) => {
                let from = self.scope_start(&add.history);
                permit::add_participant(actor.role, add.role)
                    && Core::may_give_history(actor, &add.history, from)
            }
            Content::ParticipantModify(modify) => match target {
                Some(them) => permit::modify_participant(actor.role, them.role, modify.role),
                None => actor.role >= Role::Admin,
            },
            _ => match target {
                Some(them) => {
                    permit::remove_participant(actor.role, them.role, them.item == actor.item)
                }
                None => actor.role >= Role::Admin,
            },
        })
    }

    /// Whether the action goes on from where its item is: compare-and-set, and nothing out of
    /// turn. // spec §9, §10
    fn continues(&self, action: &Action, at: Time) -> Result<bool, Refusal> {
        Ok(self.follows_head(action) && self.is_in_turn(action, at)?)
    }

    /// `follows` is the head of the item; an unknown item has none.
    fn follows_head(&self, action: &Action) -> bool {
        let header = action.header();
        match (header.item, header.follows) {
            _ if faults::is(Fault::FollowsUnchecked) => true,
            (Some(item), Some(follows)) => self.head_of(header.kind.model(), item) == Some(follows),
            _ => true,
        }
    }

    fn is_in_turn(&self, action: &Action, at: Time) -> Result<bool, Refusal> {
        let standing = self.message_of(action).map(|message| message.standing);
        let present = standing == Some(Standing::Present);
        let header = action.header();
        Ok(match action.kind() {
            Kind::MessageAdd => header.parent.is_none() || standing.is_some(),
            Kind::MessageModify | Kind::MessageRemove | Kind::MessageLock => present,
            Kind::MessageRelease | Kind::SubjectRelease => self
                .core
                .lock(header.kind.model(), action.item(), at)
                .is_some(),
            Kind::MessageRecover => standing == Some(Standing::Removed),
            Kind::MessageRedact => standing.is_some_and(|s| s != Standing::Redacted),
            Kind::AttachmentAdd => present,
            Kind::AttachmentRemove => {
                let attachment = self.item(Model::Attachment, action.item());
                present && attachment.is_some_and(|item| item.standing == Standing::Present)
            }
            Kind::ParticipantAdd => match needed(action)? {
                Content::ParticipantAdd(add) => {
                    let known = add.history.from_message().is_none()
                        || self.scope_start(&add.history).is_some();
                    known && self.core.person(&add.address).is_none()
                }
                _ => false,
            },
            Kind::Transfer => match needed(action)? {
                Content::Transfer(transfer) => {
                    transfer.epoch > self.core.epoch
                        && transfer.to != self.core.leader
                        && self.core.platforms().contains(&transfer.to)
                }
                _ => false,
            },
            Kind::Expire => self.core.is_due(at),
            Kind::Publish => false,
            Kind::SubjectModify
            | Kind::SubjectLock
            | Kind::ExpiryModify
            | Kind::LabelAdd
            | Kind::LabelRemove
            | Kind::ParticipantModify
            | Kind::ParticipantRemove => true,
        })
    }

    fn conflict(&self, action: &Action) -> Refusal {
        let refusal = Refusal::from(Code::Conflict);
        match self.head_of(action.kind().model(), action.item()) {
            Some(head) => refusal.with("head", head.to_string()),
            None => refusal,
        }
    }

    /// A live lock of somebody else refuses everything but redaction. // spec §11
    fn locked_by_other(&self, action: &Action, at: Time) -> Option<Refusal> {
        match action.kind() {
            Kind::SubjectModify
            | Kind::SubjectLock
            | Kind::SubjectRelease
            | Kind::MessageModify
            | Kind::MessageLock
            | Kind::MessageRelease
            | Kind::MessageRemove
            | Kind::MessageRecover => {}
            _ => return None,
        }
        let at = faults::clock(at);
        let lock = self.core.lock(action.kind().model(), action.item(), at)?;
        if Some(&lock.actor) == action.header().actor.as_ref() {
            return None;
        }
        let message = format!(
            "{} is editing this. Wait until they have finished.",
            lock.actor
        );
        let refusal = Refusal::new(Code::Locked, message).with("until", lock.until.as_millis());
        Some(refusal.with("by", lock.actor.as_str()))
    }

    /// Limits that only the state knows; they cost no slot. // spec §7
    fn check_limits(&self, action: &Action) -> Result<(), Refusal> {
        match action.content() {
            Ok(Content::ParticipantAdd(add)) => {
                check_limit(self.core.people.len() < PEOPLE_MAX, PEOPLE_MAX)?;
                self.check_platforms(add.platform.as_ref().map(|(platform, _)| platform))
            }
            Ok(Content::ParticipantModify(modify)) => {
                self.check_platforms(modify.platform.as_ref().map(|(platform, _)| platform))
            }
            _ if action.kind() == Kind::AttachmentAdd => {
                let attachments = self.message_of(action).map_or(0, |m| m.attachments);
                check_limit(attachments < ATTACHMENTS_MAX, ATTACHMENTS_MAX as usize)
            }
            _ => Ok(()),
        }
    }

    fn check_platforms(&self, added: Option<&Platform>) -> Result<(), Refusal> {
        let mut platforms = self.core.platforms();
        platforms.extend(added);
        check_limit(platforms.len() <= PLATFORMS_MAX, PLATFORMS_MAX)
    }

    /// The message that a scope begins with, if it is one.
    pub(super) fn scope_start(&self, history: &History) -> Option<&Item> {
        let key: ActionKey = history.from_message()?;
        self.item(Model::Message, key)
    }
}

impl Core {
    /// The platform of their `participant.add`; for those reached by SMTP any that takes part,
    /// because each of them may receive the mail. // spec §8, §18
    fn speaks_for(&self, platform: &Platform, person: &Person) -> bool {
        match &person.platform {
            Some(own) => own == platform,
            None => self.platforms().contains(platform),
        }
    }

    fn owner_is_present(&self) -> bool {
        self.people
            .values()
            .any(|person| person.role == Role::Owner)
    }
}

/// A body that the state folds from; it is there unless the conversation has expired.
pub(super) fn needed(action: &Action) -> Result<&Content, Refusal> {
    action.content().map_err(|_| Refusal::from(Code::Gone))
}

fn check_limit(within: bool, limit: usize) -> Result<(), Refusal> {
    if within {
        Ok(())
    } else {
        Err(Refusal::from(Code::TooBig).with("limit", limit))
    }
}
