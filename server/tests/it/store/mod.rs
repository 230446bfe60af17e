//! One story about the database, told on both engines.

mod conversations;
mod crash;
mod drafts;
mod engine;
mod evidence;
mod migrations;
mod people;
mod requests;
mod search;
mod unconfirmed;
mod unheard;
mod world;

/// Runs each test on a SQLite file and on PostgreSQL, with a store of its own.
macro_rules! on_both {
    ($(async fn $name:ident($store:ident: Store) $body:block)*) => {$(
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn story($store: server::store::Store) $body

            #[tokio::test]
            async fn sqlite() {
                let database = crate::support::database::Database::sqlite();
                story(database.open().await).await;
                database.remove().await;
            }

            #[tokio::test]
            async fn postgres() {
                let Some(database) = crate::support::database::Database::postgres().await else {
                    return;
                };
                story(database.open().await).await;
                database.remove().await;
            }
        }
    )*};
}
use on_both;

/// `commit!(store, |tx| …)`: a write with a body that may use `await` and `?`.
macro_rules! commit {
    ($store:expr, |$tx:ident| $body:expr) => {
        $store
            .write(move |$tx: &mut server::store::Tx| {
                Box::pin(async move {
                    #[allow(unused_variables)]
                    let value = $body;
                    Ok::<_, server::store::StoreError>(value)
                })
            })
            .await
    };
}
use commit;

use em2_model::{Address, Time};
use server::store::Store;
use server::store::users::{UserId, insert_user};

/// A moment; tests count from here.
const NOW: Time = Time(1_800_000_000_000);

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

/// Makes an account and answers its id.
async fn account(store: &Store, text: &str) -> UserId {
    let address = address(text);
    let name = address.local().to_owned();
    commit!(store, |tx| insert_user(
        tx,
        &address,
        &name,
        "$argon2id$",
        NOW
    )
    .await?)
    .unwrap()
}
