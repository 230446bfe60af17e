//! The use cases as stories, told on both engines.

mod archive;
mod changes;
mod cost;
mod drafts;
mod feed;
mod identity;
mod keys;
mod lists;
mod past;
mod scope;
mod talk;
mod wave;

use std::time::Duration;

use em2_model::id::{ActionKey, ConversationKey, ConversationRef, DraftKey};
use em2_model::participant::{Format, History, Role};
use em2_model::refusal::{Code, Refusal};
use em2_model::wire::domestic::{
    Accepted, Conversation, Entry, KitchenSink, ListPage, ListQuery, Message, Published, Row,
};
use em2_model::wire::intent::{DraftFields, Intent};
use em2_model::wire::live::{Change, Live};
use em2_model::{Address, Time};
use server::clock::Clock;
use server::federation::peers::Peers;
use server::identity::{Identity, Wanted};
use server::propagate::{Bus, Heard, Subscription};
use server::service::{IdempotencyKey, Me, Service};
use server::store::users::insert_user;
use server::store::{Store, StoreError};

/// Runs each story on a SQLite file and on PostgreSQL, in a world of its own.
macro_rules! on_both {
    ($($(#[$meta:meta])* async fn $name:ident($world:ident: World) $body:block)*) => {$(
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn story($world: crate::service::World) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                let database = crate::support::database::Database::sqlite();
                story(crate::service::World::on(database.open().await).await).await;
                database.remove().await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                let Some(database) = crate::support::database::Database::postgres().await else {
                    return;
                };
                story(crate::service::World::on(database.open().await).await).await;
                database.remove().await;
            }
        }
    )*};
}
use on_both;

/// A platform for a.example with nobody on it yet.
struct World {
    store: Store,
    service: Service,
    identity: Identity,
    clock: Clock,
    folder: tempfile::TempDir,
}

impl World {
    async fn on(store: Store) -> World {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::default();
        let wanted = Wanted {
            platform: Some("em2.a.example".parse().unwrap()),
            domains: vec!["a.example".to_owned()],
        };
        let identity = Identity::open(&store, folder.path(), wanted, clock.now())
            .await
            .unwrap();
        let peers = Peers::new(store.clone(), clock.clone(), None, identity.clone());
        let service = Service::new(
            store.clone(),
            clock.clone(),
            identity.clone(),
            Bus::local(),
            peers,
        );
        World {
            store,
            service,
            identity,
            clock,
            folder,
        }
    }

    /// Somebody with an account, by the first part of their address.
    async fn person(&self, local: &str) -> Person<'_> {
        let address = Address::parse(&format!("{local}@a.example")).unwrap();
        let name = format!("{}{}", local[..1].to_uppercase(), &local[1..]);
        let (stored, named) = (address.clone(), name.clone());
        let user = self
            .store
            .write(move |tx| {
                Box::pin(async move { insert_user(tx, &stored, &named, "x", Time(0)).await })
            })
            .await;
        let user = user.map_err(|error: StoreError| error.to_string()).unwrap();
        Person {
            world: self,
            me: Me {
                user,
                address,
                name,
            },
        }
    }

    async fn people<const N: usize>(&self, locals: [&str; N]) -> [Person<'_>; N] {
        let mut people = Vec::new();
        for local in locals {
            people.push(self.person(local).await);
        }
        people.try_into().unwrap_or_else(|_| unreachable!())
    }
}

/// Somebody who does things here.
#[derive(Clone)]
struct Person<'a> {
    world: &'a World,
    me: Me,
}

impl Person<'_> {
    fn service(&self) -> &Service {
        &self.world.service
    }

    fn address(&self) -> &Address {
        &self.me.address
    }

    /// Publishes a conversation with others of a.example.
    async fn publish(&self, to: &str, subject: &str, text: &str) -> ConversationKey {
        let fields = DraftFields {
            subject: Some(subject.to_owned()),
            to: Some(to.to_owned()),
            text: Some(text.to_owned()),
            ..DraftFields::default()
        };
        let draft = self.draft(fields).await.unwrap();
        match self
            .service()
            .publish(&self.me, draft, DraftFields::default(), None)
            .await
            .unwrap()
        {
            Published::Published { key } => key,
            held => panic!("{held:?}"),
        }
    }

    async fn draft(&self, fields: DraftFields) -> Result<DraftKey, Refusal> {
        match self.service().start_draft(&self.me, fields, None).await? {
            Accepted::Draft { draft } => Ok(draft.key),
            other => panic!("{other:?}"),
        }
    }

    async fn does(&self, conv: ConversationKey, intent: Intent) -> Result<Change, Refusal> {
        match self
            .service()
            .act(&self.me, ConversationRef::Published(conv), intent, None)
            .await?
        {
            Accepted::Action { change, key } => {
                assert_eq!(change.key, key);
                Ok(*change)
            }
            other => panic!("{other:?}"),
        }
    }

    /// Does what has to be refused, and takes no slot.
    async fn may_not(&self, conv: ConversationKey, intent: Intent) -> Refusal {
        let before = self.world.store.reader().await.unwrap();
        let before = seq_of(before, conv).await;
        let refusal = self.does(conv, intent).await.unwrap_err();
        assert_eq!(
            seq_of(self.world.store.reader().await.unwrap(), conv).await,
            before,
            "a slot was taken"
        );
        refusal
    }

    async fn says(&self, conv: ConversationKey, text: &str) -> ActionKey {
        self.does(conv, add(text)).await.unwrap().key
    }

    async fn adds(
        &self,
        conv: ConversationKey,
        who: &Person<'_>,
        role: Role,
        history: History,
    ) -> ActionKey {
        let intent = Intent::ParticipantAdd {
            address: who.address().clone(),
            role,
            history,
            name: None,
        };
        self.does(conv, intent).await.unwrap().key
    }

    async fn removes(&self, conv: ConversationKey, who: &Person<'_>) -> Change {
        let people = self.sees(conv).await.participants;
        let item = people
            .iter()
            .find(|person| person.address == *who.address())
            .unwrap()
            .item;
        self.does(
            conv,
            Intent::ParticipantRemove {
                item,
                follows: None,
            },
        )
        .await
        .unwrap()
    }

    async fn sees(&self, conv: ConversationKey) -> Conversation {
        match self.opens(ConversationRef::Published(conv)).await.unwrap() {
            KitchenSink::Conversation(conversation) => *conversation,
            other => panic!("{other:?}"),
        }
    }

    async fn opens(&self, key: ConversationRef) -> Result<KitchenSink, Refusal> {
        self.service().kitchen_sink(&self.me, key).await
    }

    async fn message(&self, conv: ConversationKey, key: ActionKey) -> Message {
        self.sees(conv)
            .await
            .message(key)
            .expect("the message is on the page")
            .clone()
    }

    async fn list(&self) -> ListPage {
        self.service()
            .list(&self.me, ListQuery::default())
            .await
            .unwrap()
    }

    async fn row(&self, conv: ConversationKey) -> Row {
        let page = self.list().await;
        page.rows
            .into_iter()
            .find(|row| row.key == ConversationRef::Published(conv))
            .expect("it is in the list")
    }

    async fn reads(&self, conv: ConversationKey, seq: u64) -> u64 {
        let intent = Intent::Seen { seq };
        match self
            .service()
            .act(&self.me, ConversationRef::Published(conv), intent, None)
            .await
            .unwrap()
        {
            Accepted::Seen { seen } => seen.seq,
            other => panic!("{other:?}"),
        }
    }

    /// The conversations in which the words are found, with the message.
    async fn finds(&self, q: &str) -> Vec<(ConversationRef, Option<ActionKey>)> {
        let page = self.service().search(&self.me, q, None).await.unwrap();
        page.hits
            .into_iter()
            .map(|hit| (hit.row.key, hit.message))
            .collect()
    }

    /// A connection that knows everything so far.
    async fn listens(&self) -> Ear {
        let mut subscription = self.service().subscribe(self.me.user);
        subscription.after(self.list().await.n);
        Ear(subscription)
    }
}

async fn seq_of(mut conn: server::store::Conn, conv: ConversationKey) -> u64 {
    let row = server::store::conversations::find_conversation(&mut conn, conv)
        .await
        .unwrap();
    row.map_or(0, |row| row.core.seq)
}

/// A live connection.
struct Ear(Subscription);

impl Ear {
    /// The next frame; there has to be one soon.
    async fn hears(&mut self) -> Live {
        match tokio::time::timeout(Duration::from_secs(5), self.0.next()).await {
            Ok(Heard::Frame(frame)) => {
                let live = frame.to_live();
                assert_eq!(
                    serde_json::from_slice::<Live>(&frame.bytes()).unwrap(),
                    live
                );
                live
            }
            other => panic!("nothing was heard: {other:?}"),
        }
    }

    async fn change(&mut self) -> (u64, Change, Row) {
        match self.hears().await {
            Live::Change { n, change, row, .. } => (n, *change, *row),
            other => panic!("{other:?}"),
        }
    }

    /// Nothing more is told.
    async fn hears_nothing(&mut self) {
        let heard = tokio::time::timeout(Duration::from_millis(100), self.0.next()).await;
        assert!(heard.is_err(), "{heard:?}");
    }
}

fn add(text: &str) -> Intent {
    Intent::MessageAdd {
        parent: None,
        format: Format::Markdown,
        text: text.to_owned(),
    }
}

fn modify(item: ActionKey, follows: Option<ActionKey>, text: &str) -> Intent {
    Intent::MessageModify {
        item,
        follows,
        format: Format::Markdown,
        text: text.to_owned(),
    }
}

fn once(key: &str) -> Option<IdempotencyKey> {
    Some(IdempotencyKey::parse(key).unwrap())
}

/// What the timeline shows, in a word or two each.
fn told(entries: &[Entry]) -> Vec<String> {
    use em2_model::wire::domestic::{Standing, What};
    let message = |message: &Message| match &message.standing {
        Standing::Present => message.html.trim().to_owned(),
        Standing::Removed(_) => "removed".to_owned(),
        Standing::Redacted(_) => "redacted".to_owned(),
        Standing::Withheld => "withheld".to_owned(),
        Standing::Expired => "expired".to_owned(),
    };
    let event = |what: &What| match what {
        What::Published => "published".to_owned(),
        What::Forked { .. } => "forked".to_owned(),
        What::SubjectChanged { subject } => format!("subject {subject}"),
        What::PersonAdded { person, .. } => format!("added {}", person.name),
        What::PersonChanged { person, role } => format!("{} may {role}", person.name),
        What::PersonRemoved { person } => format!("removed {}", person.name),
        What::LabelAdded { name, .. } => format!("label {name}"),
        What::LabelRemoved { name } => format!("no label {name}"),
        What::ExpiryChanged { expiry } => format!("expiry {}", expiry.is_some()),
        What::Expired => "expired".to_owned(),
    };
    let each = |entry: &Entry| match entry {
        Entry::Message(entry) => message(entry),
        Entry::Event(entry) => event(&entry.what),
    };
    entries.iter().map(each).collect()
}

#[track_caller]
fn refused(refusal: &Refusal, code: Code) {
    assert_eq!(refusal.code, code, "{refusal}");
}
