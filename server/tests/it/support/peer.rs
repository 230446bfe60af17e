//! A platform of the test's own: it has a key and a listener, says what the test wants, and sees what it is told.

use std::net::SocketAddr;
use std::sync::Arc;

use em2_model::action::{Action, Content, LeaderKey, MessageAdd, ParticipantAdd, Proposal};
use em2_model::canonical;
use em2_model::conversation::{Conversation, Opening, Said};
use em2_model::id::{BodyRef, Incarnation};
use em2_model::keys::KeyLog;
use em2_model::record::{Record, Verified};
use em2_model::sign::{Kid, PlatformKey, Tag, hash};
use em2_model::wire::foreign::push_to_bytes;
use em2_model::{ConversationKey, History, Nonce, Platform, Role, Salt, Time};
use reqwest::Method;
use serde_json::Value;
use server::clock::Clock;
use server::federation::signature::{Signed, sign};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::desk::Desk;
use super::held::Held;
use super::letter::Letter;
use super::person::Answer;
use super::server::TestServer;

/// 90 days, in milliseconds.
const TERM: i64 = 90 * 24 * 3600 * 1000;

/// `em2.<domain>`, as a test plays it.
pub(crate) struct Peer {
    pub(crate) key: PlatformKey,
    pub(crate) log: KeyLog,
    pub(crate) desk: Arc<Desk>,
    pub(crate) http: reqwest::Client,
    domain: String,
    address: SocketAddr,
    pub(crate) clock: Clock,
    task: JoinHandle<()>,
}

impl Peer {
    /// With a new key, listening.
    pub(crate) async fn start(domain: &str) -> Peer {
        let clock = Clock::default();
        let (key, log) = identity(domain, "1", clock.now());
        let desk = Arc::new(Desk::of(&log, &key.platform));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        Peer {
            task: tokio::spawn(super::desk::serve(listener, desk.clone())),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            domain: domain.to_owned(),
            key,
            log,
            desk,
            address,
            clock,
        }
    }

    /// Somebody else takes over the name, with a key log that begins anew.
    pub(crate) fn change_hands(&mut self, kid: &str) {
        (self.key, self.log) = identity(&self.domain, kid, self.now());
        self.desk.show(&self.log, &self.key.platform);
    }

    /// Listens no more.
    pub(crate) fn hang_up(&self) {
        self.task.abort();
    }

    /// Goes on with a new key, which the old one signs.
    pub(crate) fn rotate(&mut self, kid: &str) {
        let (next, now) = (key(&self.domain, kid), self.now());
        let chained = self.log.chain(&next, now, now.plus(TERM), &self.key);
        (self.key, self.log) = (next, chained.unwrap());
        self.desk.show(&self.log, &self.key.platform);
    }

    /// Has its log say that its key counts until then.
    pub(crate) fn key_until(&mut self, to: Time) {
        self.log = KeyLog::create(&self.key, self.now().plus(-TERM), to).unwrap();
        self.desk.show(&self.log, &self.key.platform);
    }

    pub(crate) fn platform(&self) -> &Platform {
        &self.key.platform
    }

    pub(crate) fn incarnation(&self) -> Incarnation {
        self.log.incarnation()
    }

    /// How others find it.
    pub(crate) fn route(&self) -> String {
        format!("{}=http://{}", self.platform(), self.address)
    }

    pub(crate) fn now(&self) -> Time {
        self.clock.now()
    }

    /// A signed request for this server: a POST where it has a body.
    pub(crate) fn letter(&self, server: &TestServer, path: &str, body: Option<Vec<u8>>) -> Letter {
        self.letter_at(server, path, body, self.now())
    }

    /// The same, signed at another time.
    pub(crate) fn letter_at(
        &self,
        server: &TestServer,
        path: &str,
        body: Option<Vec<u8>>,
        created: Time,
    ) -> Letter {
        let own = server.app().identity.platform().clone();
        self.letter_for(&own, server, path, body, created)
    }

    /// The same, signed for another platform than the one that it is sent to.
    pub(crate) fn letter_for(
        &self,
        authority: &Platform,
        server: &TestServer,
        path: &str,
        body: Option<Vec<u8>>,
        created: Time,
    ) -> Letter {
        let uri = path.parse().unwrap();
        let signed = Signed {
            authority,
            uri: &uri,
            body: body.as_deref(),
        };
        let headers = sign(&signed, &self.key, created, random());
        Letter {
            to: server.address(),
            method: match &body {
                Some(_) => Method::POST,
                None => Method::GET,
            },
            path: path.to_owned(),
            host: authority.to_string(),
            headers: headers.into_iter().collect(),
            body: body.unwrap_or_default(),
        }
    }

    pub(crate) async fn get(&self, server: &TestServer, path: &str) -> Answer {
        self.letter(server, path, None).send(&self.http).await
    }

    /// Sends records of a conversation in their exact bytes.
    pub(crate) async fn push(
        &self,
        server: &TestServer,
        conv: ConversationKey,
        records: &[Vec<u8>],
    ) -> Answer {
        let body = push_to_bytes(1, records, &[]).unwrap();
        self.push_bytes(server, conv, body).await
    }

    /// Sends any bytes about a conversation.
    pub(crate) async fn push_bytes(
        &self,
        server: &TestServer,
        conv: ConversationKey,
        body: Vec<u8>,
    ) -> Answer {
        let path = format!("/f/evt/{conv}/");
        let letter = self.letter(server, &path, Some(body));
        letter.send(&self.http).await
    }

    /// Reads the whole log of a conversation that the server holds.
    pub(crate) async fn follow(&self, server: &TestServer, conv: ConversationKey) -> Held {
        Held::of(self.events(server, conv, "after=0").await)
    }

    /// A page of the log as the server hands it out.
    pub(crate) async fn events(
        &self,
        server: &TestServer,
        conv: ConversationKey,
        query: &str,
    ) -> Vec<Record> {
        let answer = self
            .get(server, &format!("/f/{conv}/events/?{query}"))
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let lines: Vec<&str> = answer.text().lines().collect();
        let records = &lines[..lines.len() - 1];
        let record = |line: &&str| Record::parse(line.as_bytes()).unwrap();
        records.iter().map(record).collect()
    }

    /// What somebody of this platform wants done.
    pub(crate) fn propose(&self, who: &str, content: Content) -> Proposal {
        Proposal::new(self.platform().clone(), who.parse().unwrap(), content)
    }

    pub(crate) fn mint(&self, proposal: Proposal) -> Action {
        self.mint_at(proposal, self.now())
    }

    pub(crate) fn mint_at(&self, proposal: Proposal, at: Time) -> Action {
        let (nonce, salt) = draw();
        Action::mint(proposal, at, nonce, salt).unwrap()
    }

    pub(crate) fn sign(&self, action: Action) -> Verified<Record> {
        Record::signed(action, &self.key).unwrap()
    }

    /// Gives an action of this platform a slot in a conversation that it leads. Answers the record's bytes.
    pub(crate) fn commit(&self, held: &mut Held, proposal: Proposal) -> Vec<u8> {
        let action = self.mint(proposal.within(held.key()));
        held.sequence(self.sign(action), self.now(), &self.key)
    }

    /// Begins a conversation that this platform leads; nobody is told.
    pub(crate) fn publish(&self, creator: &str, people: Vec<ParticipantAdd>, text: &str) -> Held {
        let opening = Opening {
            platform: self.platform().clone(),
            creator: creator.parse().unwrap(),
            subject: "Plan".to_owned(),
            keys: vec![LeaderKey {
                platform: self.platform().clone(),
                inc: self.incarnation(),
                kid: self.key.kid.clone(),
                public: self.key.public(),
            }],
            fork: None,
            people,
            messages: vec![Said {
                message: message(text),
                attachments: Vec::new(),
            }],
        };
        let actions = opening.mint(self.now(), draw).unwrap();
        let opened = Conversation::open(actions, self.now(), &self.key);
        let (conversation, records) = opened.unwrap();
        Held {
            conversation,
            records: records.into_iter().map(|(record, _)| record).collect(),
        }
    }

    /// A record of any header and body, each given its canonical bytes, the header with the hash of the body, signed.
    pub(crate) fn forge(&self, mut header: Value, body: &Value) -> Vec<u8> {
        let body = canonical::to_bytes(body).unwrap();
        header["ref"] = BodyRef::from_bytes(hash(Tag::Body, &body))
            .to_string()
            .into();
        let header = canonical::to_bytes(&header).unwrap();
        let stamp = self.key.stamp(Tag::Action, &hash(Tag::Action, &header));
        let (body, header) = (text(body), text(header));
        let stamp = text(canonical::to_bytes(&stamp).unwrap());
        format!(r#"{{"b":{body},"h":{header},"s":[{stamp}]}}"#).into_bytes()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn key(domain: &str, kid: &str) -> PlatformKey {
    let platform = Platform::parse(&format!("em2.{domain}")).unwrap();
    PlatformKey::from_test_seed(platform, Kid::parse(kid).unwrap(), &random())
}

fn identity(domain: &str, kid: &str, now: Time) -> (PlatformKey, KeyLog) {
    let key = key(domain, kid);
    let log = KeyLog::create(&key, now.plus(-TERM), now.plus(TERM)).unwrap();
    (key, log)
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}

fn draw() -> (Nonce, Salt) {
    (Nonce::from_bytes(random()), Salt::from_bytes(random()))
}

/// What `participant.add` says of somebody.
pub(crate) fn participant(
    address: &str,
    role: Role,
    platform: Option<(&Platform, Incarnation)>,
) -> ParticipantAdd {
    ParticipantAdd {
        address: address.parse().unwrap(),
        role,
        platform: platform.map(|(platform, inc)| (platform.clone(), inc)),
        history: History::All,
        name: None,
    }
}

/// The same of somebody with an account on this server.
pub(crate) fn local(server: &TestServer, address: &str, role: Role) -> ParticipantAdd {
    let identity = &server.app().identity;
    participant(
        address,
        role,
        Some((identity.platform(), identity.incarnation())),
    )
}

fn message(text: &str) -> MessageAdd {
    MessageAdd {
        format: em2_model::Format::Plain,
        text: text.to_owned(),
        mail: None,
    }
}

/// `message.add` of this text.
pub(crate) fn says(text: &str) -> Content {
    Content::MessageAdd(message(text))
}
