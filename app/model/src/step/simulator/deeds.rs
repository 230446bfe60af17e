//! What people do: mostly sense, sometimes nonsense.

use super::people::Someone;
use super::random::Random;
use super::world::World;
use crate::action::{
    AttachmentAdd, Content, Kind, LabelAdd, MessageAdd, MessageModify, Model, ParticipantAdd,
    ParticipantModify, Proposal,
};
use crate::conversation::{Conversation, Core, Item, Person};
use crate::id::{ActionKey, FileHash, Time};
use crate::participant::{Format, History, Role};

/// What somebody does.
struct Deed {
    content: Content,
    /// On which item, and from which action of it.
    on: Option<(ActionKey, ActionKey)>,
    /// Under which message.
    under: Option<ActionKey>,
}

impl Deed {
    fn new(content: Content) -> Deed {
        let (on, under) = (None, None);
        Deed { content, on, under }
    }

    fn on(content: Content, item: ActionKey, head: ActionKey) -> Deed {
        let on = Some((item, head));
        Deed {
            on,
            ..Deed::new(content)
        }
    }

    fn under(content: Content, message: Option<ActionKey>) -> Deed {
        Deed {
            under: message,
            ..Deed::new(content)
        }
    }
}

/// Any role but that of the owner.
fn role(random: &mut Random) -> Role {
    *random.pick(&Role::ALL[..5]).unwrap_or(&Role::Write)
}

fn items(conversation: &Conversation, model: Model) -> Vec<&Item> {
    let items = conversation.items();
    items.filter(|item| item.model == model).collect()
}

impl World {
    /// Somebody on some platform does something.
    pub(super) fn somebody_acts(&mut self) {
        let node = self.any_node();
        if !self.nodes[node].up {
            return;
        }
        let Some(conversation) = self.nodes[node].state.conversation().cloned() else {
            return;
        };
        if self.random.chance(2) {
            self.end(node, conversation.core());
            return;
        }
        let index = self.random.below(self.people.all.len() as u64) as usize;
        let someone = self.people.all[index].clone();
        // Once in a while a platform signs for somebody who is not its own.
        let speaks = someone.home.is_none_or(|home| home == node);
        if !speaks && !self.random.chance(2) {
            return;
        }
        if self.random.chance(2) {
            self.many_files(node, &conversation, &someone);
            return;
        }
        let kind = if self.random.chance(25) {
            Some(Kind::MessageAdd)
        } else {
            self.random.pick(&Kind::ALL[3..]).copied()
        };
        let deed = kind.and_then(|kind| self.deed(kind, &conversation, &someone));
        let Some(deed) = deed else { return };
        let Some(mut proposal) = self.proposal(node, someone.address, deed.content) else {
            return;
        };
        (proposal.follows, proposal.parent) = (deed.on, deed.under);
        let again = self.random.chance(4);
        let again = again.then(|| self.random.pick(&self.people.recent).copied());
        if let Some(Some(_)) = again {
            self.count("nonce used again");
        }
        self.submit(node, proposal, again.flatten());
    }

    /// Something of this kind, if there is anything that it can be done to.
    fn deed(&mut self, kind: Kind, held: &Conversation, someone: &Someone) -> Option<Deed> {
        match kind.model() {
            Model::Message => self.say(kind, held),
            Model::Attachment => self.attach(kind, held, someone),
            Model::Participant => self.invite(kind, held),
            _ => self.describe(kind, held.core()),
        }
    }

    /// A message, or a change of one.
    fn say(&mut self, kind: Kind, held: &Conversation) -> Option<Deed> {
        let random = &mut self.random;
        let message = random.pick(&items(held, Model::Message)).copied();
        let text = format!("words {}", random.below(1000));
        let ttl = random.between(500, 60_000);
        let format = Format::Plain;
        let content = match kind {
            Kind::MessageAdd => {
                let parent = message.filter(|_| random.chance(40));
                let mail = None;
                let content = Content::MessageAdd(MessageAdd { format, text, mail });
                return Some(Deed::under(content, parent.map(|message| message.key)));
            }
            Kind::MessageModify => Content::MessageModify(MessageModify { format, text }),
            Kind::MessageRemove => Content::MessageRemove,
            Kind::MessageRecover => Content::MessageRecover,
            Kind::MessageRelease => Content::MessageRelease,
            // Most of what there is to say must stay.
            Kind::MessageRedact if random.chance(20) => Content::MessageRedact,
            _ => Content::MessageLock { ttl },
        };
        let message = message?;
        Some(Deed::on(content, message.key, message.head))
    }

    /// A file on one's own message, or the end of any file.
    fn attach(&mut self, kind: Kind, held: &Conversation, someone: &Someone) -> Option<Deed> {
        let random = &mut self.random;
        if kind == Kind::AttachmentRemove {
            let file = *random.pick(&items(held, Model::Attachment))?;
            return Some(Deed::on(Content::AttachmentRemove, file.key, file.head));
        }
        let mut messages = items(held, Model::Message);
        messages.retain(|message| message.author == someone.address);
        let message = random.pick(&messages)?.key;
        Some(Deed::under(file(random.below(1000)), Some(message)))
    }

    /// Who takes part, and as what.
    fn invite(&mut self, kind: Kind, held: &Conversation) -> Option<Deed> {
        let random = &mut self.random;
        if kind == Kind::ParticipantAdd {
            let message = random.pick(&items(held, Model::Message)).copied();
            return Some(Deed::new(self.newcomer(message)));
        }
        let people: Vec<&Person> = held.core().people.values().collect();
        let person = random.pick(&people)?;
        let content = if kind == Kind::ParticipantRemove && random.chance(40) {
            Content::ParticipantRemove
        } else {
            Content::ParticipantModify(ParticipantModify {
                role: Some(role(random)),
                platform: None,
            })
        };
        Some(Deed::on(content, person.item, person.head))
    }

    /// What the conversation is called, how it is labelled, and when it ends.
    fn describe(&mut self, kind: Kind, core: &Core) -> Option<Deed> {
        let own = ActionKey::from(core.key);
        let random = &mut self.random;
        let ttl = random.between(500, 60_000);
        let text = format!("words {}", random.below(1000));
        let on_subject = |content| Some(Deed::on(content, own, core.subject_head));
        match kind {
            Kind::SubjectModify => on_subject(Content::SubjectModify { subject: text }),
            Kind::SubjectLock => on_subject(Content::SubjectLock { ttl }),
            Kind::SubjectRelease => on_subject(Content::SubjectRelease),
            Kind::ExpiryModify => {
                let at = self.expiry();
                let content = Content::ExpiryModify { at };
                Some(Deed::on(content, own, core.expiry_head))
            }
            Kind::LabelAdd => Some(Deed::new(Content::LabelAdd(LabelAdd {
                name: text,
                colour: "green".to_owned(),
            }))),
            Kind::LabelRemove => {
                let labels: Vec<_> = core.labels.values().collect();
                let label = random.pick(&labels)?;
                Some(Deed::on(Content::LabelRemove, label.key, label.head))
            }
            _ => None,
        }
    }

    /// The end, near the end of a run; before that, none.
    fn expiry(&mut self) -> Option<Time> {
        let late = self.acted > 190 && !self.people.expiry_set && self.random.chance(50);
        self.people.expiry_set |= late;
        late.then(|| Time(self.now + self.random.between(1_000, 60_000)))
    }

    /// The platform itself ends the conversation: too early, rightly, or without leading it.
    fn end(&mut self, node: usize, core: &Core) {
        let proposal = Proposal {
            platform: self.nodes[node].name.clone(),
            actor: None,
            conv: Some(core.key),
            follows: Some((ActionKey::from(core.key), core.conversation_head)),
            parent: None,
            base: None,
            content: Content::Expire,
        };
        self.submit(node, proposal, None);
    }

    fn newcomer(&mut self, message: Option<&Item>) -> Content {
        let index = self.random.below(self.people.all.len() as u64) as usize;
        let someone = self.people.all[index].clone();
        let history = match (self.random.below(3), message) {
            (0, Some(message)) => History::From(message.key),
            (1, _) => History::Now,
            _ => History::All,
        };
        Content::ParticipantAdd(ParticipantAdd {
            address: someone.address,
            role: role(&mut self.random),
            platform: self.binding(someone.home),
            history,
            name: None,
        })
    }

    /// More files on one message than it may have.
    fn many_files(&mut self, node: usize, held: &Conversation, someone: &Someone) {
        let messages = items(held, Model::Message);
        let mut own = messages
            .iter()
            .filter(|item| item.author == someone.address);
        let Some(message) = own.find(|item| item.attachments == 0) else {
            return;
        };
        for number in 0..52 {
            if let Some(proposal) = self.proposal(node, someone.address.clone(), file(number)) {
                self.submit(node, proposal.under(message.key), None);
            }
        }
    }
}

fn file(number: u64) -> Content {
    Content::AttachmentAdd(AttachmentAdd {
        name: format!("file {number}"),
        media_type: "text/plain".to_owned(),
        size: 5,
        sha256: FileHash::from_bytes([7; 32]),
        inline: None,
    })
}
