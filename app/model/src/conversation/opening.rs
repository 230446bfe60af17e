//! Publishing a draft: a clean log, minted from what the draft says now. Nothing of the draft's
//! own history gets into it. // spec §9, Drafts

use std::collections::BTreeSet;

use super::{Change, Conversation, Sequenced};
use crate::action::{
    Action, AttachmentAdd, Content, Fork, LeaderKey, MessageAdd, ParticipantAdd, Proposal, Publish,
};
use crate::address::{Address, Platform};
use crate::id::{ConversationKey, Nonce, Salt, Time};
use crate::record::{Record, Verified};
use crate::refusal::Refusal;
use crate::sign::PlatformKey;
use crate::slug::slug;

/// What a conversation begins with.
#[derive(Clone, Debug, PartialEq)]
pub struct Opening {
    /// The creator's platform, which leads.
    pub platform: Platform,
    pub creator: Address,
    pub subject: String,
    /// The keys that publishing binds, the leader's among them.
    pub keys: Vec<LeaderKey>,
    pub fork: Option<Fork>,
    /// Who is added; the creator, and whoever stands there twice, is added once.
    pub people: Vec<ParticipantAdd>,
    pub messages: Vec<Said>,
}

/// A message of a draft.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    pub message: MessageAdd,
    pub attachments: Vec<AttachmentAdd>,
}

impl Opening {
    /// Mints publish, participants, and messages each with its attachments; `draw` gives every
    /// action a random nonce and salt.
    pub fn mint(
        self,
        at: Time,
        mut draw: impl FnMut() -> (Nonce, Salt),
    ) -> Result<Vec<Action>, Refusal> {
        let (platform, creator) = (self.platform, self.creator);
        let mut mint = |conv: Option<ConversationKey>, parent, content| {
            let proposal = Proposal::new(platform.clone(), creator.clone(), content);
            let (nonce, salt) = draw();
            Action::mint(
                Proposal {
                    conv,
                    parent,
                    ..proposal
                },
                at,
                nonce,
                salt,
            )
        };
        let publish = Publish {
            slug: slug(&self.subject),
            subject: self.subject,
            leader: platform.clone(),
            keys: self.keys,
            fork: self.fork,
        };
        let publish = mint(None, None, Content::Publish(publish))?;
        let conv = Some(publish.conversation());
        let mut actions = vec![publish];
        let mut added = BTreeSet::from([creator.clone()]);
        for person in self.people {
            if added.insert(person.address.clone()) {
                actions.push(mint(conv, None, Content::ParticipantAdd(person))?);
            }
        }
        for Said {
            message,
            attachments,
        } in self.messages
        {
            let message = mint(conv, None, Content::MessageAdd(message))?;
            let parent = Some(message.key());
            actions.push(message);
            for attachment in attachments {
                actions.push(mint(conv, parent, Content::AttachmentAdd(attachment))?);
            }
        }
        Ok(actions)
    }
}

/// A record of our own, and what it changed.
pub type Opened = (Verified<Record>, Change);

impl Conversation {
    /// Signs and sequences the actions of an opening, all of them or none.
    pub fn open(
        actions: Vec<Action>,
        now: Time,
        key: &PlatformKey,
    ) -> Result<(Conversation, Vec<Opened>), Refusal> {
        let mut actions = actions
            .into_iter()
            .map(|action| Record::signed(action, key));
        let first = actions
            .next()
            .ok_or_else(|| Refusal::format("There is nothing to publish."))?;
        let (mut conversation, record, change) = Conversation::publish(first?, now, key)?;
        let mut records = vec![(record, change)];
        for action in actions {
            match conversation.sequence(action?, now, key)? {
                Sequenced::Committed { record, change } => match change.refused {
                    Some(code) => return Err(Refusal::from(code)),
                    None => records.push((record, *change)),
                },
                Sequenced::Duplicate(_) => {
                    return Err(Refusal::format("Two actions have the same nonce."));
                }
            }
        }
        Ok((conversation, records))
    }
}
