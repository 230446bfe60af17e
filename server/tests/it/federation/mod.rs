//! Platforms that talk to each other, as stories.

mod archive;
mod batches;
mod fork;
mod history;
mod late;
mod lying;
mod outage;
mod requests;
mod restore;
mod security;
mod talk;
mod unheard;

use std::time::Duration;

use em2_model::id::ConversationRef;
use em2_model::wire::domestic::{Conversation, Entry, Row};
use em2_model::{Address, ConversationKey, Platform, Time};
use server::store::contacts::{Regard, Who, upsert_contact};
use server::store::users::find_user_by_address;
use server::store::{Store, StoreError};

use crate::support::person::Person;
use crate::support::server::TestServer;

/// Tells each story among three platforms on SQLite files, and among three on PostgreSQL.
macro_rules! on_both {
    ($($(#[$meta:meta])* async fn $name:ident($platforms:ident: Platforms) $body:block)*) => {$(
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn story(#[allow(unused_mut)] mut $platforms: crate::support::platforms::Platforms) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                story(crate::support::platforms::Platforms::start().await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                if let Some(platforms) = crate::support::platforms::Platforms::on_postgres().await {
                    story(platforms).await;
                }
            }
        }
    )*};
}
use on_both;

/// Somebody with an account on a platform, signed in, to whom nobody on the platforms of the tests is a stranger: what
/// they are added to stands in their list at once.
async fn person(server: &TestServer, address: &str) -> Person {
    let person = newcomer(server, address).await;
    acquainted(server, address).await;
    person
}

/// Somebody with an account on a platform, signed in, who knows nobody on the others yet.
async fn newcomer(server: &TestServer, address: &str) -> Person {
    server.account(address).await;
    server.sign_in(address).await
}

/// Has somebody accept everybody on the platforms of the tests, as though they had done so long ago.
async fn acquainted(server: &TestServer, address: &str) {
    let address = Address::parse(address).unwrap();
    let store = Store::open(server.database()).await.unwrap();
    let known = store.write::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            let user = find_user_by_address(tx, &address).await?.unwrap().id;
            for name in ["alpha", "beta", "gamma", "delta", "epsilon"] {
                let platform = Platform::parse(&format!("em2.{name}.test")).unwrap();
                let who = Who::Everybody(&platform);
                upsert_contact(tx, user, who, Regard::Accepted, Time(0));
            }
            Ok(())
        })
    });
    known.await.unwrap();
    store.close().await;
}

/// Waits until something is so. What never becomes so fails the test with what was seen last.
async fn until<T: std::fmt::Debug>(
    mut look: impl AsyncFnMut() -> T,
    is_so: impl Fn(&T) -> bool,
) -> T {
    let mut seen = look().await;
    for _ in 0..400 {
        if is_so(&seen) {
            return seen;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
        seen = look().await;
    }
    panic!("this never came: {seen:#?}");
}

/// Waits until the conversation stands in somebody's list.
async fn listed(person: &Person, key: ConversationKey) -> Row {
    let row = async || {
        let rows = person.list().await.rows;
        rows.into_iter()
            .find(|row| row.key == ConversationRef::Published(key))
    };
    until(row, Option::is_some).await.unwrap()
}

/// The texts of the messages that somebody sees.
fn texts(conversation: &Conversation) -> Vec<String> {
    let text = |entry: &Entry| match entry {
        Entry::Message(message) => {
            let html = message.html.trim();
            let bare = html
                .strip_prefix("<p>")
                .and_then(|html| html.strip_suffix("</p>"));
            Some(bare.unwrap_or(html).to_owned())
        }
        Entry::Event(_) => None,
    };
    conversation.entries.iter().filter_map(text).collect()
}

/// Waits until somebody sees exactly these messages.
async fn reads(person: &Person, key: ConversationKey, wanted: &[&str]) -> Conversation {
    listed(person, key).await;
    until(
        async || person.conversation(key).await,
        |conversation| texts(conversation) == wanted,
    )
    .await
}

/// Waits until all of them hold the same log up to the same commit.
async fn agree(people: &[&Person], key: ConversationKey) {
    let heads = async || {
        let mut heads = Vec::new();
        for person in people {
            let conversation = person.conversation(key).await;
            heads.push((conversation.seq, conversation.head));
        }
        heads
    };
    until(heads, |heads| {
        heads.windows(2).all(|pair| pair[0] == pair[1])
    })
    .await;
}
