//! The child: writers that send numbered messages, each under its own idempotency key, and say on
//! standard output what was acknowledged.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use em2_model::wire::domestic::{Accepted, Published};
use em2_model::wire::intent::{DraftFields, Intent};
use em2_model::{ConversationKey, ConversationRef, DraftKey, Format};
use server::clock::Clock;
use server::federation::peers::Peers;
use server::identity::{Identity, Wanted};
use server::propagate::Bus;
use server::service::{IdempotencyKey, Me, Service};
use server::store::Store;
use server::store::users::find_user_by_address;

use super::super::{account, address};

/// The variable that makes this process a child.
pub(super) const PLAN: &str = "EM2_CRASH_PLAN";
/// Writers at the same time.
pub(super) const WRITERS: usize = 6;

/// What a child is to do.
pub(super) struct Plan {
    pub(super) address: String,
    pub(super) folder: PathBuf,
    pub(super) conv: ConversationKey,
    /// The number that each writer begins with.
    pub(super) next: [u32; WRITERS],
}

impl Plan {
    pub(super) fn to_text(&self) -> String {
        let next = self.next.map(|n| n.to_string()).join(",");
        format!(
            "{}\n{}\n{}\n{next}",
            self.address,
            self.folder.display(),
            self.conv
        )
    }

    fn parse(text: &str) -> Self {
        let mut lines = text.lines();
        let mut line = || lines.next().unwrap();
        let (address, folder, conv) = (line().to_owned(), line().into(), line().parse().unwrap());
        let next: Vec<u32> = line().split(',').map(|n| n.parse().unwrap()).collect();
        Self {
            address,
            folder,
            conv,
            next: next.try_into().unwrap(),
        }
    }
}

/// The use cases on this database, as the server runs them.
async fn service(store: &Store, folder: &Path) -> (Service, Me) {
    let clock = Clock::default();
    let wanted = Wanted::default();
    let identity = Identity::open(store, folder, wanted, clock.now())
        .await
        .unwrap();
    let peers = Peers::new(store.clone(), clock.clone(), None, identity.clone());
    let service = Service::new(store.clone(), clock, identity, Bus::local(), peers);
    let anna = address("anna@localhost.example");
    let mut conn = store.reader().await.unwrap();
    let user = find_user_by_address(&mut conn, &anna)
        .await
        .unwrap()
        .unwrap();
    (
        service,
        Me {
            user: user.id,
            address: user.address,
            name: user.name,
        },
    )
}

/// Makes two accounts and publishes the conversation that the children write in.
pub(super) async fn found(database: &str, folder: &Path) -> ConversationKey {
    let store = Store::open(database).await.unwrap();
    account(&store, "anna@localhost.example").await;
    account(&store, "bob@localhost.example").await;
    let (service, me) = service(&store, folder).await;
    let key = DraftKey::from_bytes([9; 16]);
    let fields = DraftFields {
        key: Some(key),
        subject: Some("Crash".to_owned()),
        to: Some("bob@localhost.example".to_owned()),
        text: Some("first".to_owned()),
        ..DraftFields::default()
    };
    service.start_draft(&me, fields, None).await.unwrap();
    let published = service
        .publish(&me, key, DraftFields::default(), None)
        .await
        .unwrap();
    store.close().await;
    match published {
        Published::Published { key } => key,
        Published::Held { .. } => panic!("nothing is held here"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "is the child of the tests beside it"]
async fn writes() {
    let Ok(plan) = std::env::var(PLAN) else {
        return;
    };
    let plan = Plan::parse(&plan);
    let store = Store::open(&plan.address).await.unwrap();
    let (service, me) = service(&store, &plan.folder).await;
    let writers = (0..WRITERS).map(|writer| {
        let (service, me) = (service.clone(), me.clone());
        let (conv, first) = (plan.conv, plan.next[writer]);
        tokio::spawn(async move {
            for n in first..first + 100_000 {
                send(&service, &me, conv, &format!("{writer}-{n}")).await;
            }
        })
    });
    futures::future::join_all(writers).await;
}

/// Sends one message and says what became of it, and after how many milliseconds.
async fn send(service: &Service, me: &Me, conv: ConversationKey, text: &str) {
    let intent = Intent::MessageAdd {
        parent: None,
        format: Format::Plain,
        text: text.to_owned(),
    };
    let once = IdempotencyKey::parse(text).unwrap();
    let begun = Instant::now();
    let outcome = service
        .act(me, ConversationRef::Published(conv), intent, Some(once))
        .await;
    let took = begun.elapsed().as_millis();
    let line = match outcome {
        Ok(Accepted::Action { key, .. }) => format!("acknowledged {text} {key} {took}\n"),
        Ok(other) => panic!("{other:?}"),
        Err(refusal) => format!("refused {text} {} {took}\n", refusal.code.as_str()),
    };
    // One write of a short line: whole or not at all.
    let mut out = std::io::stdout().lock();
    out.write_all(line.as_bytes())
        .and_then(|()| out.flush())
        .unwrap();
}
