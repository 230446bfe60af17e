//! Who takes part, and what they do: mostly sense, sometimes nonsense.

use std::sync::Arc;

use super::random::Random;
use super::world::{Told, World};
use crate::action::{
    Action, AttachmentAdd, Content, Kind, LabelAdd, LeaderKey, MessageAdd, MessageModify, Model,
    ParticipantAdd, ParticipantModify, Proposal, Publish,
};
use crate::address::{Address, Platform};
use crate::conversation::{Conversation, Item};
use crate::id::{ActionKey, FileHash, Incarnation, Nonce, Salt, Time};
use crate::participant::{Format, History, Role};
use crate::record::{Record, Verified};
use crate::sign::{PlatformKey, Tag};
use crate::step::{Input, Message, Outcome};

/// Somebody, and the platform that signs for them; without one any platform does.
#[derive(Clone)]
pub(super) struct Someone {
    address: Address,
    home: Option<usize>,
}

pub(super) struct People {
    all: Vec<Someone>,
    /// Nonces that were used lately: a retry uses one again.
    recent: Vec<Nonce>,
    /// Whether somebody has set the end of the conversation, which happens once in a run.
    expiry_set: bool,
}

fn address(text: &str) -> Address {
    Address::parse(text).unwrap_or_else(|refusal| panic!("{refusal}"))
}

impl People {
    /// Two people on each platform, and one who is reached by mail.
    pub(super) fn new(platforms: usize) -> People {
        let mut all = Vec::new();
        for home in 0..platforms {
            for name in ["anna", "bob"] {
                let address = address(&format!("{name}@p{home}.example"));
                all.push(Someone {
                    address,
                    home: Some(home),
                });
            }
        }
        all.push(Someone {
            address: address("mia@mail.example"),
            home: None,
        });
        People {
            all,
            recent: Vec::new(),
            expiry_set: false,
        }
    }
}

fn incarnation(home: usize) -> Incarnation {
    Incarnation::from_bytes([home as u8; 32])
}

fn role(random: &mut Random) -> Role {
    *random.pick(&Role::ALL[..5]).unwrap_or(&Role::Write)
}

impl World {
    /// The first person of the first platform publishes.
    pub(super) fn publish(&mut self) {
        let key = self.nodes[0].state.key.clone();
        let keys = vec![LeaderKey {
            platform: key.platform.clone(),
            inc: incarnation(0),
            kid: key.kid.clone(),
            public: key.public(),
        }];
        let publish = Publish {
            subject: "Simulated".to_owned(),
            slug: "simulated".to_owned(),
            leader: key.platform.clone(),
            keys,
            fork: None,
        };
        let actor = self.people.all[0].address.clone();
        self.submit(
            0,
            Proposal::new(key.platform, actor, Content::Publish(publish)),
            None,
        );
        // Publishing itself is safe: what comes after is not.
        while self.nodes[0].state.conversation().is_none() {
            self.restart(0, false);
        }
        for index in 1..self.people.all.len().min(6) {
            self.add(0, index, Role::Admin);
        }
    }

    fn add(&mut self, node: usize, index: usize, role: Role) {
        let someone = self.people.all[index].clone();
        let platform = someone
            .home
            .map(|home| (self.nodes[home].name.clone(), incarnation(home)));
        let content = Content::ParticipantAdd(ParticipantAdd {
            address: someone.address,
            role,
            platform,
            history: History::All,
            name: None,
        });
        let actor = self.people.all[0].address.clone();
        if let Some(proposal) = self.proposal(node, actor, content) {
            self.submit(node, proposal, None);
        }
    }

    fn proposal(&self, node: usize, actor: Address, content: Content) -> Option<Proposal> {
        let conv = self.nodes[node].state.conversation()?.core().key;
        Some(Proposal::new(self.nodes[node].name.clone(), actor, content).within(conv))
    }

    /// Somebody on some platform does something.
    pub(super) fn somebody_acts(&mut self) {
        let node = self.random.below(self.nodes.len() as u64) as usize;
        if !self.nodes[node].up {
            return;
        }
        let Some(conversation) = self.nodes[node].state.conversation().cloned() else {
            return;
        };
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
        let Some((content, item, parent)) = self.something(&conversation, &someone) else {
            return;
        };
        let Some(mut proposal) = self.proposal(node, someone.address, content) else {
            return;
        };
        if let Some((item, follows)) = item {
            proposal = proposal.following(item, follows);
        }
        if let Some(parent) = parent {
            proposal = proposal.under(parent);
        }
        let again = self.random.chance(4);
        let nonce = if again {
            self.random.pick(&self.people.recent).copied()
        } else {
            None
        };
        if nonce.is_some() {
            self.count("nonce used again");
        }
        self.submit(node, proposal, nonce);
    }

    /// What somebody does, on which item from which head, answering what.
    fn something(
        &mut self,
        conversation: &Conversation,
        someone: &Someone,
    ) -> Option<(Content, Option<(ActionKey, ActionKey)>, Option<ActionKey>)> {
        let core = conversation.core();
        let own = ActionKey::from(core.key);
        let random = &mut self.random;
        let messages: Vec<&Item> = conversation
            .items()
            .filter(|item| item.model == Model::Message)
            .collect();
        let message = random.pick(&messages).copied();
        let text = format!("words {}", random.below(1000));
        let ttl = random.between(500, 60_000);
        let kind = *random.pick(&Kind::ALL[3..])?;
        let on = |item: &Item| Some((item.key, item.head));
        Some(
            match if random.chance(25) {
                Kind::MessageAdd
            } else {
                kind
            } {
                Kind::MessageAdd => {
                    let body = MessageAdd {
                        format: Format::Plain,
                        text,
                        mail: None,
                    };
                    let parent = message.filter(|_| random.chance(40)).map(|item| item.key);
                    (Content::MessageAdd(body), None, parent)
                }
                Kind::MessageModify => {
                    let body = MessageModify {
                        format: Format::Plain,
                        text,
                    };
                    (Content::MessageModify(body), on(message?), None)
                }
                Kind::MessageRemove => (Content::MessageRemove, on(message?), None),
                Kind::MessageRecover => (Content::MessageRecover, on(message?), None),
                Kind::MessageRedact if random.chance(20) => {
                    (Content::MessageRedact, on(message?), None)
                }
                Kind::MessageRedact | Kind::MessageLock => {
                    (Content::MessageLock { ttl }, on(message?), None)
                }
                Kind::MessageRelease => (Content::MessageRelease, on(message?), None),
                Kind::SubjectModify => (
                    Content::SubjectModify { subject: text },
                    Some((own, core.subject_head)),
                    None,
                ),
                Kind::SubjectLock => (
                    Content::SubjectLock { ttl },
                    Some((own, core.subject_head)),
                    None,
                ),
                Kind::SubjectRelease => (
                    Content::SubjectRelease,
                    Some((own, core.subject_head)),
                    None,
                ),
                Kind::ExpiryModify => {
                    let at = self.expiry();
                    (
                        Content::ExpiryModify { at },
                        Some((own, core.expiry_head)),
                        None,
                    )
                }
                Kind::LabelAdd => {
                    let label = LabelAdd {
                        name: text,
                        colour: "green".to_owned(),
                    };
                    (Content::LabelAdd(label), None, None)
                }
                Kind::LabelRemove => {
                    let labels: Vec<_> = core.labels.values().collect();
                    let label = random.pick(&labels)?;
                    (Content::LabelRemove, Some((label.key, label.head)), None)
                }
                Kind::ParticipantAdd => (self.newcomer(message), None, None),
                Kind::ParticipantModify | Kind::ParticipantRemove => {
                    let people: Vec<_> = core.people.values().collect();
                    let person = random.pick(&people)?;
                    let item = Some((person.item, person.head));
                    if kind == Kind::ParticipantRemove && random.chance(40) {
                        return Some((Content::ParticipantRemove, item, None));
                    }
                    let role = Some(role(random));
                    let content = ParticipantModify {
                        role,
                        platform: None,
                    };
                    (Content::ParticipantModify(content), item, None)
                }
                Kind::AttachmentAdd => {
                    let own = messages
                        .iter()
                        .filter(|item| item.author == someone.address);
                    let own: Vec<_> = own.collect();
                    let parent = random.pick(&own)?.key;
                    (attachment(text), None, Some(parent))
                }
                Kind::AttachmentRemove => {
                    let files = conversation
                        .items()
                        .filter(|item| item.model == Model::Attachment);
                    let files: Vec<_> = files.collect();
                    let file = random.pick(&files)?;
                    (Content::AttachmentRemove, Some((file.key, file.head)), None)
                }
                Kind::Publish | Kind::Expire | Kind::Transfer => return None,
            },
        )
    }

    /// The end, near the end of a run; before that, none.
    fn expiry(&mut self) -> Option<Time> {
        let late = self.acted > 190 && !self.people.expiry_set && self.random.chance(50);
        self.people.expiry_set |= late;
        late.then(|| Time(self.now + self.random.between(1_000, 60_000)))
    }

    fn newcomer(&mut self, message: Option<&Item>) -> Content {
        let index = self.random.below(self.people.all.len() as u64) as usize;
        let someone = self.people.all[index].clone();
        let history = match (self.random.below(3), message) {
            (0, Some(message)) => History::From(message.key),
            (1, _) => History::Now,
            _ => History::All,
        };
        let platform = someone
            .home
            .map(|home| (self.nodes[home].name.clone(), incarnation(home)));
        Content::ParticipantAdd(ParticipantAdd {
            address: someone.address,
            role: role(&mut self.random),
            platform,
            history,
            name: None,
        })
    }

    /// More files on one message than it may have.
    fn many_files(&mut self, node: usize, conversation: &Conversation, someone: &Someone) {
        let own = conversation.items().find(|item| {
            item.model == Model::Message && item.author == someone.address && item.attachments == 0
        });
        let Some(message) = own.map(|item| item.key) else {
            return;
        };
        for number in 0..52 {
            let content = attachment(format!("file {number}"));
            if let Some(proposal) = self.proposal(node, someone.address.clone(), content) {
                self.submit(node, proposal.under(message), None);
            }
        }
    }

    /// The platform mints and signs; what it tells its person is written down.
    fn submit(&mut self, node: usize, proposal: Proposal, nonce: Option<Nonce>) {
        let key: PlatformKey = self.nodes[node].state.key.clone();
        let nonce = nonce.unwrap_or_else(|| Nonce::from_bytes(self.random.bytes()));
        let salt = Salt::from_bytes(self.random.bytes());
        let minted = Action::mint(proposal, self.clock(node), nonce, salt);
        let action = minted.unwrap_or_else(|refusal| panic!("{refusal}"));
        let stamp = key.stamp(Tag::Action, action.key().as_bytes());
        let told = Told {
            nonce,
            outcome: Outcome::Rejected(crate::refusal::Code::Down),
            lost_with_its_disks: false,
        };
        self.told.insert(action.key(), told);
        self.people.recent.push(nonce);
        if self.people.recent.len() > 8 {
            self.people.recent.remove(0);
        }
        let record = Record::submitted(action, vec![stamp]);
        let record = record.unwrap_or_else(|refusal| panic!("{refusal}"));
        let record = Arc::new(Verified::trusted(record));
        self.acted += 1;
        self.count("action");
        if self.random.chance(2) {
            self.misdirect(node, &record);
        }
        self.input(node, Input::Submit(record));
    }

    /// The same submission to a platform that does not lead.
    fn misdirect(&mut self, node: usize, record: &crate::step::Kept) {
        let to = self.random.below(self.nodes.len() as u64) as usize;
        if to == 0 || to == node || self.nodes[to].state.conversation().is_none() {
            return;
        }
        let from: Platform = self.nodes[node].name.clone();
        let message = Message::Submit {
            records: vec![record.clone()],
        };
        self.count("fault: sent to the wrong platform");
        self.input(to, Input::Received { from, message });
    }
}

fn attachment(name: String) -> Content {
    Content::AttachmentAdd(AttachmentAdd {
        name,
        media_type: "text/plain".to_owned(),
        size: 5,
        sha256: FileHash::from_bytes([7; 32]),
        inline: None,
    })
}
