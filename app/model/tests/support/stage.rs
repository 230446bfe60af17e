//! A conversation on a stage: its leader, a follower that keeps all of it, and a shelf that
//! keeps it in parts as storage does. Whatever the leader commits goes to the other two, and all
//! three must agree.

use std::collections::BTreeMap;

use em2_model::action::{Action, Content, LeaderKey, MessageAdd, MessageModify, Model};
use em2_model::action::{AttachmentAdd, LabelAdd, ParticipantAdd, ParticipantModify, Proposal};
use em2_model::conversation::{Conversation, Core, Item, Opening, Sequenced, Slot, Touch, Verdict};
use em2_model::id::{FileHash, Incarnation};
use em2_model::record::{Record, Verified};
use em2_model::sign::{Kid, PlatformKey};
use em2_model::{ActionKey, Address, Code, Format, History, Nonce, Platform, Refusal, Role};
use em2_model::{Salt, Time};

/// What became of an action.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    Done(ActionKey),
    /// It took a slot and was refused.
    Refused(Code),
    /// It took none.
    NoSlot(Code),
}

impl Outcome {
    pub(crate) fn done(self) -> ActionKey {
        match self {
            Outcome::Done(key) => key,
            other => panic!("{other:?}"),
        }
    }
}

/// Stores a conversation as a server does: the core, and single rows of the rest.
#[derive(Clone, Debug)]
pub(crate) struct Shelf {
    core: String,
    pub(crate) items: BTreeMap<(Model, ActionKey), Item>,
    pub(crate) slots: BTreeMap<Nonce, Slot>,
}

impl Shelf {
    /// Stores a conversation that was just begun.
    pub(crate) fn new(record: &Verified<Record>) -> Shelf {
        let (conversation, change) = Conversation::begin(record).unwrap();
        let core = serde_json::to_string(conversation.core()).unwrap();
        let slots = BTreeMap::from([(change.nonce, change.slot())]);
        Shelf {
            core,
            items: BTreeMap::new(),
            slots,
        }
    }

    pub(crate) fn core(&self) -> Core {
        serde_json::from_str(&self.core).unwrap()
    }

    /// Loads what an action touches, until nothing is missing.
    pub(crate) fn load(&self, part: &mut Conversation, action: &Action) {
        loop {
            let missing = part.missing(action);
            if missing.is_empty() {
                return;
            }
            for touch in missing {
                match touch {
                    Touch::Item(model, key) => {
                        part.load_item(model, key, self.items.get(&(model, key)).cloned());
                    }
                    Touch::Nonce(nonce) => {
                        part.load_slot(nonce, self.slots.get(&nonce).copied());
                    }
                }
            }
        }
    }

    /// Applies a batch of records in one go.
    pub(crate) fn apply(&mut self, batch: &[Verified<Record>]) {
        let mut part = Conversation::part(self.core());
        for record in batch {
            self.load(&mut part, record.action());
            let change = part.apply(record).unwrap();
            assert_eq!(change.dispute, None);
            for item in change.items() {
                let item: Item =
                    serde_json::from_str(&serde_json::to_string(item).unwrap()).unwrap();
                self.items.insert((item.model, item.key), item);
            }
            self.slots.insert(change.nonce, change.slot());
        }
        self.core = serde_json::to_string(&part.into_core()).unwrap();
    }
}

pub(crate) struct Stage {
    pub(crate) leader: Conversation,
    pub(crate) follower: Conversation,
    pub(crate) shelf: Shelf,
    pub(crate) log: Vec<Verified<Record>>,
    pub(crate) now: i64,
    drawn: u128,
}

pub(crate) const ANNA: &str = "anna@a.example";
pub(crate) const BOB: &str = "bob@b.example";
pub(crate) const CARL: &str = "carl@a.example";
pub(crate) const DANA: &str = "dana@b.example";
pub(crate) const MIA: &str = "mia@mail.example";

pub(crate) fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

/// The key of `em2.a.example` or `em2.b.example`.
pub(crate) fn platform_key(name: char) -> PlatformKey {
    let platform = Platform::parse(&format!("em2.{name}.example")).unwrap();
    let mut seed = [name as u8; 32];
    seed[0] = 0;
    PlatformKey::from_seed(platform, Kid::parse("1").unwrap(), &seed).unwrap()
}

/// The platform that speaks for an address; `None`: by SMTP.
pub(crate) fn home(who: &str) -> Option<PlatformKey> {
    match who.split_once('@').unwrap().1.split_once('.').unwrap() {
        (name, "example") if name.len() == 1 => Some(platform_key(name.chars().next().unwrap())),
        _ => None,
    }
}

pub(crate) fn participant(who: &str, role: Role, history: History) -> ParticipantAdd {
    let inc = Incarnation::from_bytes([7; 32]);
    let platform = home(who).map(|key| (key.platform, inc));
    ParticipantAdd {
        address: address(who),
        role,
        platform,
        history,
        name: None,
    }
}

pub(crate) fn opening(subject: &str) -> Opening {
    let key = platform_key('a');
    let bound = LeaderKey {
        platform: key.platform.clone(),
        inc: Incarnation::from_bytes([7; 32]),
        kid: key.kid.clone(),
        public: key.public(),
    };
    Opening {
        platform: key.platform,
        creator: address(ANNA),
        subject: subject.to_owned(),
        keys: vec![bound],
        fork: None,
        people: Vec::new(),
        messages: Vec::new(),
    }
}

pub(crate) fn draw(drawn: &mut u128) -> (Nonce, Salt) {
    *drawn += 1;
    (
        Nonce::from_bytes(drawn.to_be_bytes()),
        Salt::from_bytes(drawn.to_le_bytes()),
    )
}

impl Stage {
    /// Anna publishes a conversation of her own.
    pub(crate) fn new() -> Stage {
        let mut drawn = 0;
        let actions = opening("Plan")
            .mint(Time(1_000), || draw(&mut drawn))
            .unwrap();
        let opened = Conversation::open(actions, Time(1_000), &platform_key('a')).unwrap();
        let (leader, records) = opened;
        let log: Vec<_> = records.into_iter().map(|(record, _)| record).collect();
        let follower = Conversation::begin(&log[0]).unwrap().0;
        let shelf = Shelf::new(&log[0]);
        Stage {
            leader,
            follower,
            shelf,
            log,
            now: 1_000,
            drawn,
        }
    }

    /// The same with Bob on another platform as editor.
    pub(crate) fn with_bob() -> Stage {
        let mut stage = Stage::new();
        stage.add(ANNA, BOB, Role::Edit, History::All).done();
        stage
    }

    pub(crate) fn conversation_item(&self) -> ActionKey {
        self.leader.core().key.into()
    }

    /// Mints what somebody proposes, by the platform that speaks for them.
    pub(crate) fn mint(
        &mut self,
        who: &str,
        fill: impl FnOnce(Proposal) -> Proposal,
        content: Content,
    ) -> Action {
        let platform = home(who).unwrap_or_else(|| platform_key('b')).platform;
        let proposal = Proposal::new(platform, address(who), content);
        let proposal = fill(proposal.within(self.leader.core().key));
        let (nonce, salt) = draw(&mut self.drawn);
        Action::mint(proposal, Time(self.now), nonce, salt).unwrap()
    }

    /// Lets the leader decide, and the others follow.
    pub(crate) fn submit(&mut self, action: Action) -> Outcome {
        let key = if action.header().platform == platform_key('a').platform {
            'a'
        } else {
            'b'
        };
        let record = Record::signed(action, &platform_key(key)).unwrap();
        self.submit_record(record)
    }

    pub(crate) fn submit_record(&mut self, record: Verified<Record>) -> Outcome {
        let before = self.leader.clone();
        let decided = self.leader.decide(record.action(), Time(self.now));
        match self
            .leader
            .sequence(record, Time(self.now), &platform_key('a'))
        {
            Ok(Sequenced::Committed { record, change }) => {
                let follows = self.follower.apply(&record).unwrap();
                assert_eq!(follows, *change, "the follower sees the same change");
                self.shelf.apply(std::slice::from_ref(&record));
                self.log.push(record);
                self.check_agreement();
                match change.refused {
                    None => {
                        assert_eq!(decided, Ok(Verdict::Accept));
                        Outcome::Done(change.action)
                    }
                    Some(code) => {
                        assert!(matches!(decided, Ok(Verdict::Refuse(r)) if r.code == code));
                        Outcome::Refused(code)
                    }
                }
            }
            Ok(Sequenced::Duplicate(slot)) => {
                assert_eq!(before, self.leader);
                slot.st.map_or(Outcome::Done(slot.action), Outcome::Refused)
            }
            Err(Refusal { code, .. }) => {
                assert_eq!(before, self.leader, "what gets no slot changes nothing");
                Outcome::NoSlot(code)
            }
        }
    }

    pub(crate) fn check_agreement(&self) {
        assert_eq!(self.leader, self.follower);
        assert_eq!(*self.leader.core(), self.shelf.core());
        let stored = self.shelf.items.values();
        assert!(
            self.leader.items().eq(stored),
            "the shelf holds the same items"
        );
    }

    /// Makes something new.
    pub(crate) fn make(&mut self, who: &str, content: Content) -> Outcome {
        let action = self.mint(who, |proposal| proposal, content);
        self.submit(action)
    }

    /// Does something to an item as it is now.
    pub(crate) fn on(&mut self, who: &str, item: ActionKey, content: Content) -> Outcome {
        let model = content.kind().model();
        let head = self.leader.head_of(model, item).unwrap_or(item);
        let action = self.mint(who, |proposal| proposal.following(item, head), content);
        self.submit(action)
    }

    /// Does something to the conversation's own subject, expiry or leadership.
    pub(crate) fn of(&mut self, who: &str, content: Content) -> Outcome {
        self.on(who, self.conversation_item(), content)
    }

    /// Makes something that belongs to a message.
    pub(crate) fn under(&mut self, who: &str, parent: ActionKey, content: Content) -> Outcome {
        let action = self.mint(who, |proposal| proposal.under(parent), content);
        self.submit(action)
    }

    pub(crate) fn add(&mut self, who: &str, whom: &str, role: Role, history: History) -> Outcome {
        self.make(
            who,
            Content::ParticipantAdd(participant(whom, role, history)),
        )
    }

    pub(crate) fn say(&mut self, who: &str, text: &str) -> Outcome {
        self.make(who, message(text))
    }

    pub(crate) fn edit(&mut self, who: &str, item: ActionKey, text: &str) -> Outcome {
        self.on(who, item, edited(text))
    }

    /// The participation of somebody who is present.
    pub(crate) fn person(&self, who: &str) -> ActionKey {
        self.leader.core().person(&address(who)).unwrap().item
    }

    pub(crate) fn wait(&mut self, millis: i64) {
        self.now += millis;
    }
}

pub(crate) fn message(text: &str) -> Content {
    let (format, mail) = (Format::Plain, None);
    Content::MessageAdd(MessageAdd {
        format,
        text: text.to_owned(),
        mail,
    })
}

pub(crate) fn edited(text: &str) -> Content {
    Content::MessageModify(MessageModify {
        format: Format::Plain,
        text: text.to_owned(),
    })
}

pub(crate) fn label(name: &str) -> Content {
    Content::LabelAdd(LabelAdd {
        name: name.to_owned(),
        colour: "green".to_owned(),
    })
}

pub(crate) fn subject(text: &str) -> Content {
    Content::SubjectModify {
        subject: text.to_owned(),
    }
}

pub(crate) fn file(name: &str) -> Content {
    Content::AttachmentAdd(AttachmentAdd {
        name: name.to_owned(),
        media_type: "text/plain".to_owned(),
        size: 3,
        sha256: FileHash::from_bytes([1; 32]),
        inline: None,
    })
}

pub(crate) fn role(role: Role) -> Content {
    Content::ParticipantModify(ParticipantModify {
        role: Some(role),
        platform: None,
    })
}

pub(crate) fn expire(stage: &mut Stage) -> Outcome {
    let item = stage.conversation_item();
    let head = stage.leader.core().conversation_head;
    let by_leader = |p: Proposal| Proposal {
        actor: None,
        ..p.following(item, head)
    };
    let action = stage.mint(ANNA, by_leader, Content::Expire);
    stage.submit(action)
}

pub(crate) fn no_key(byte: u8) -> ActionKey {
    ActionKey::from_bytes([byte; 32])
}
