//! Who takes part, and how what they do gets to their platform.

use std::sync::Arc;

use super::chaos::Chaos;
use super::world::{Told, World};
use crate::action::{Action, Content, LeaderKey, ParticipantAdd, Proposal, Publish};
use crate::address::{Address, Platform};
use crate::id::{Incarnation, Nonce, Salt};
use crate::participant::{History, Role};
use crate::record::{Record, Verified};
use crate::refusal::Code;
use crate::sign::Tag;
use crate::step::{Input, Kept, Message, Outcome};

/// Somebody, and the platform that signs for them; without one any platform does.
#[derive(Clone)]
pub(super) struct Someone {
    pub(super) address: Address,
    pub(super) home: Option<usize>,
}

pub(super) struct People {
    pub(super) all: Vec<Someone>,
    /// Nonces that were used lately: a retry uses one again.
    pub(super) recent: Vec<Nonce>,
    /// Whether somebody has set the end of the conversation, which happens once in a run.
    pub(super) expiry_set: bool,
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

impl World {
    /// The first person of the first platform publishes.
    pub(super) fn publish(&mut self) {
        let key = self.nodes[0].state.key.clone();
        let keys = vec![LeaderKey {
            platform: key.platform.clone(),
            inc: self.keys[&key.platform].incarnation(),
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
        let proposal = Proposal::new(key.platform, actor, Content::Publish(publish));
        // Publishing itself is safe: what comes after is not.
        let chaos = std::mem::replace(&mut self.chaos, Chaos::none());
        self.submit(0, proposal, None);
        self.chaos = chaos;
        for index in 1..self.people.all.len().min(6) {
            self.add(index);
        }
    }

    /// The creator adds somebody who may do nearly everything.
    fn add(&mut self, index: usize) {
        let someone = self.people.all[index].clone();
        let content = Content::ParticipantAdd(ParticipantAdd {
            address: someone.address,
            role: Role::Admin,
            platform: self.binding(someone.home),
            history: History::All,
            name: None,
        });
        let actor = self.people.all[0].address.clone();
        if let Some(proposal) = self.proposal(0, actor, content) {
            self.submit(0, proposal, None);
        }
    }

    /// The platform of somebody who has one, and who owns it.
    pub(super) fn binding(&self, home: Option<usize>) -> Option<(Platform, Incarnation)> {
        let name = &self.nodes[home?].name;
        Some((name.clone(), self.keys[name].incarnation()))
    }

    pub(super) fn proposal(
        &self,
        node: usize,
        actor: Address,
        content: Content,
    ) -> Option<Proposal> {
        let conv = self.nodes[node].state.conversation()?.core().key;
        Some(Proposal::new(self.nodes[node].name.clone(), actor, content).within(conv))
    }

    /// The platform mints and signs; what it tells its person is written down.
    pub(super) fn submit(&mut self, node: usize, proposal: Proposal, nonce: Option<Nonce>) {
        let key = self.nodes[node].state.key.clone();
        let nonce = nonce.unwrap_or_else(|| Nonce::from_bytes(self.random.bytes()));
        let salt = Salt::from_bytes(self.random.bytes());
        let people = self.people.all.iter();
        let own = people.filter(|someone| someone.home == Some(node));
        let mut own = own.map(|someone| Some(&someone.address));
        let told = Told {
            nonce,
            own: own.any(|address| address == proposal.actor.as_ref()),
            outcome: Outcome::Rejected(Code::Down),
            lost_with_its_disks: false,
        };
        let minted = Action::mint(proposal, self.clock(node), nonce, salt);
        let action = minted.unwrap_or_else(|refusal| panic!("{refusal}"));
        let stamp = key.stamp(Tag::Action, action.key().as_bytes());
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

    /// The same submission to a platform that does not lead, or knows nothing of it.
    fn misdirect(&mut self, node: usize, record: &Kept) {
        let to = self.any_node();
        if to == 0 || to == node {
            return;
        }
        let from = self.nodes[node].name.clone();
        let records = vec![record.clone()];
        let message = Message::Submit { records };
        self.count("fault: sent to the wrong platform");
        self.input(to, Input::Received { from, message });
    }
}
