//! The platform's keys through their life: replaced in time and by hand, lost, stolen, recovered.

use super::*;

use std::collections::BTreeMap;
use std::path::PathBuf;

use em2_model::Platform;
use em2_model::keys::{KeyEntry, KeyLog, Revocation};
use em2_model::record::{Record, Verified};
use em2_model::sign::{KeyName, Kid};
use server::identity::{Keychain, RecoveryKey};
use server::store::actions::list_records_after;
use server::store::platform::{find_own_keys, upsert_own_keys};

const DAY: i64 = 24 * 3600 * 1000;

impl World {
    fn key_file(&self) -> PathBuf {
        self.folder.path().join("platform.key")
    }

    /// The keys as the command line has them.
    async fn keychain(&self) -> Keychain {
        let found = Keychain::find(&self.store, self.folder.path())
            .await
            .unwrap();
        found.expect("there is a platform")
    }

    /// As the server does every few seconds.
    async fn looks(&self) -> Result<(), String> {
        let looked = self.identity.look(self.clock.now()).await;
        looked.map_err(|wrong| wrong.to_string())
    }

    async fn starts_again(&self) -> Result<Identity, String> {
        let opened = Identity::open(
            &self.store,
            self.folder.path(),
            Wanted::default(),
            self.clock.now(),
        );
        opened.await.map_err(|wrong| wrong.to_string())
    }

    async fn records(&self, conv: ConversationKey) -> Vec<Verified<Record>> {
        let mut conn = self.store.reader().await.unwrap();
        list_records_after(&mut conn, conv, 0, 100).await.unwrap()
    }

    /// The names of the keys that signed the newest action and its commit.
    async fn signed_by(&self, conv: ConversationKey) -> (String, String) {
        let records = self.records(conv).await;
        let newest = records.last().unwrap();
        let name = |key: &KeyName| key.to_string();
        (
            name(&newest.stamps()[0].k),
            name(&newest.commit_stamp().unwrap().k),
        )
    }

    /// Every record counts for a peer, who knows nothing but the log as it is now.
    async fn is_believed(&self, conv: ConversationKey) {
        let keys = abroad(&self.identity.log());
        for record in self.records(conv).await {
            let bytes = record.into_inner().to_bytes();
            let record = Record::parse(&bytes).unwrap();
            record.verify(&keys, self.clock.now()).unwrap();
        }
    }
}

/// The key log as it arrives at a peer.
fn abroad(log: &KeyLog) -> BTreeMap<Platform, KeyLog> {
    let entries = serde_json::to_vec(log.entries()).unwrap();
    let revoked = serde_json::to_vec(log.revoked()).unwrap();
    let entries: Vec<KeyEntry> = serde_json::from_slice(&entries).unwrap();
    let revoked: Vec<Revocation> = serde_json::from_slice(&revoked).unwrap();
    let log = KeyLog::read(entries, revoked).unwrap();
    [("em2.a.example".parse().unwrap(), log)].into()
}

fn kids(log: &KeyLog) -> Vec<String> {
    let kids = log
        .entries()
        .iter()
        .map(|entry| entry.kid.as_str().to_owned());
    kids.collect()
}

fn by(kid: &str) -> (String, String) {
    let name = format!("em2.a.example#{kid}");
    (name.clone(), name)
}

fn kid(name: &str) -> Kid {
    Kid::parse(name).unwrap()
}

on_both! {
    async fn a_key_that_was_replaced_by_hand_is_used_at_once(world: World) {
        let [anna, bob] = world.people(["anna", "bob"]).await;
        let conv = anna.publish("bob@a.example", "Lunch", "At one?").await;
        assert_eq!(world.signed_by(conv).await, by("1"));
        world.keychain().await.rotate(world.clock.now()).await.unwrap();
        bob.says(conv, "The server has not looked yet").await;
        assert_eq!(world.signed_by(conv).await, by("1"));
        world.looks().await.unwrap();
        anna.says(conv, "Now it has").await;
        assert_eq!(world.signed_by(conv).await, by("3"));
        let other = anna.publish("bob@a.example", "Dinner", "At eight?").await;
        assert_eq!(world.signed_by(other).await, by("3"));
        world.is_believed(conv).await;
        world.is_believed(other).await;
        let incarnation = world.identity.incarnation();
        assert_eq!(world.identity.log().incarnation(), incarnation);
        let again = world.starts_again().await.unwrap();
        assert_eq!((again.key().kid.as_str(), again.incarnation()), ("3", incarnation));
        let text = std::fs::read_to_string(world.key_file()).unwrap();
        assert_eq!(text.matches("\"seed\"").count(), 1, "the seed before is gone");
    }

    async fn a_year_passes_and_the_server_goes_on_signing(world: World) {
        let [anna] = world.people(["anna"]).await;
        let conv = anna.publish("", "Diary", "New year").await;
        let upkeep = tokio::spawn(world.identity.clone().keep_up(world.clock.clone()));
        let mut changes = world.identity.changes();
        world.clock.advance(100 * DAY);
        let changed = tokio::time::timeout(Duration::from_secs(30), changes.changed());
        changed.await.expect("it is replaced within half a minute").unwrap();
        upkeep.abort();
        anna.says(conv, "Spring").await;
        assert_eq!(world.signed_by(conv).await, by("3"));
        for (text, key) in [("Summer", "4"), ("Autumn", "5"), ("Winter", "6")] {
            world.clock.advance(85 * DAY);
            world.looks().await.unwrap();
            anna.says(conv, text).await;
            assert_eq!(world.signed_by(conv).await, by(key));
        }
        assert_eq!(kids(&world.identity.log()), ["1", "r2", "3", "4", "5", "6"]);
        world.is_believed(conv).await;
        assert_eq!(world.starts_again().await.unwrap().log(), world.identity.log());
    }

    async fn a_server_that_was_off_for_a_hundred_days_starts_with_a_new_key(world: World) {
        world.clock.advance(100 * DAY);
        let known = world.identity.log().find(&kid("1")).unwrap();
        assert!(!known.counts_at(world.clock.now()), "its key has ended meanwhile");
        let started = world.starts_again().await.unwrap();
        assert_eq!(started.key().kid.as_str(), "3");
        assert!(started.log().find(&kid("3")).unwrap().counts_at(world.clock.now()));
        world.looks().await.unwrap();
        assert_eq!(world.identity.log(), started.log(), "and one that runs beside it takes the same");
    }

    async fn the_paper_brings_a_lost_key_back(world: World) {
        let [anna] = world.people(["anna"]).await;
        let conv = anna.publish("", "Diary", "Before").await;
        let text = world.identity.take_recovery_key().unwrap().text();
        std::fs::remove_file(world.key_file()).unwrap();
        let wrong = world.starts_again().await.unwrap_err();
        assert!(wrong.contains("missing") && wrong.contains("server key recover"), "{wrong}");
        let keychain = world.keychain().await;
        let kept = keychain.read().await.unwrap();
        assert_eq!(kept.log(), &*world.identity.log(), "the log is still known");
        assert!(kept.trouble().is_some());
        assert!(keychain.rotate(world.clock.now()).await.is_err());
        assert!(world.looks().await.unwrap_err().contains("missing"), "the operator is told");
        anna.says(conv, "A running server goes on").await;

        let (_database, elsewhere) = stranger().await;
        let wrong = keychain.recover(&elsewhere, &[], world.clock.now()).await;
        let wrong = wrong.err().unwrap().to_string();
        assert!(wrong.contains("none of em2.a.example"), "{wrong}");
        assert!(!world.key_file().exists());

        let paper = RecoveryKey::parse(&text).unwrap();
        keychain.recover(&paper, &[], world.clock.now()).await.unwrap();
        world.looks().await.unwrap();
        anna.says(conv, "After").await;
        assert_eq!(world.signed_by(conv).await, by("3"));
        world.is_believed(conv).await;
        let again = world.starts_again().await.unwrap();
        assert_eq!(again.log(), world.identity.log());
        assert_eq!(again.incarnation(), world.identity.incarnation());
        // The paper is good for another time, and the new key signs the next one.
        keychain.recover(&paper, &[], world.clock.now()).await.unwrap();
        keychain.rotate(world.clock.now()).await.unwrap();
        assert_eq!(kids(keychain.read().await.unwrap().log()), ["1", "r2", "3", "4", "5"]);
    }

    async fn a_stolen_key_counts_no_more(world: World) {
        let [anna] = world.people(["anna"]).await;
        let conv = anna.publish("", "Diary", "Before").await;
        let stolen = world.identity.key();
        let paper = world.identity.take_recovery_key().unwrap();
        let keychain = world.keychain().await;
        keychain.recover(&paper, &[kid("1")], world.clock.now()).await.unwrap();
        // What the server signs before it has looked is not void.
        anna.says(conv, "Meanwhile").await;
        assert_eq!(world.signed_by(conv).await, by("1"));
        world.looks().await.unwrap();
        anna.says(conv, "After").await;
        assert_eq!(world.signed_by(conv).await, by("3"));
        world.clock.advance(60_000);
        world.is_believed(conv).await;
        let keys = abroad(&world.identity.log());
        let action = world.records(conv).await.pop().unwrap().into_inner().without_commit();
        let forged = Record::signed(action.action().clone(), &stolen).unwrap().into_inner();
        let refusal = forged.verify(&keys, world.clock.now()).unwrap_err();
        refused(&refusal, Code::Sig);
    }

    async fn a_key_file_from_an_old_backup_is_refused(world: World) {
        let old = std::fs::read(world.key_file()).unwrap();
        let keychain = world.keychain().await;
        let paper = keychain.add_recovery(world.clock.now()).await.unwrap();
        std::fs::write(world.key_file(), &old).unwrap();
        assert_eq!(kids(&world.starts_again().await.unwrap().log()), ["1", "r2", "r3"], "the key is the same");
        keychain.rotate(world.clock.now()).await.unwrap();
        world.looks().await.unwrap();
        std::fs::write(world.key_file(), &old).unwrap();
        let wrong = world.starts_again().await.unwrap_err();
        assert!(wrong.contains("older than the database"), "{wrong}");
        assert!(world.looks().await.is_err());
        assert_eq!(world.identity.key().kid.as_str(), "4", "a running server goes on with the newer one");
        keychain.recover(&paper, &[], world.clock.now()).await.unwrap();
        assert_eq!(world.starts_again().await.unwrap().key().kid.as_str(), "5");
    }

    /// The power fails between the key file and its copy in the database.
    async fn the_copy_of_the_log_catches_up(world: World) {
        let early = world.identity.log();
        world.keychain().await.rotate(world.clock.now()).await.unwrap();
        let behind = early.clone();
        let wrote = world.store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                upsert_own_keys(tx, &behind);
                Ok(())
            })
        });
        wrote.await.unwrap();
        world.looks().await.unwrap();
        let mut conn = world.store.reader().await.unwrap();
        let copy = find_own_keys(&mut conn).await.unwrap().unwrap();
        assert_eq!(&copy, &*world.identity.log());
        assert!(copy.extends(&early) && copy != *early);
    }

    async fn those_who_replace_the_key_at_once_follow_one_another(world: World) {
        let (keychain, now) = (world.keychain().await, world.clock.now());
        let all = (0..6).map(|_| keychain.rotate(now));
        let all = futures::future::join_all(all).await;
        assert!(all.iter().all(Result::is_ok));
        assert_eq!(kids(&world.starts_again().await.unwrap().log()), ["1", "r2", "3", "4", "5", "6", "7", "8"]);
    }
}

/// The recovery key of another platform.
async fn stranger() -> (crate::support::database::Database, RecoveryKey) {
    let database = crate::support::database::Database::sqlite();
    let world = World::on(database.open().await).await;
    let paper = world.identity.take_recovery_key().unwrap();
    (database, paper)
}

/// As every platform was that began before there were recovery keys.
#[tokio::test]
async fn a_platform_without_a_recovery_key_gets_one_when_it_is_asked_for() {
    let database = crate::support::database::Database::sqlite();
    let folder = tempfile::tempdir().unwrap();
    let store = database.open().await;
    let open = || Identity::open(&store, folder.path(), Wanted::default(), Time(5));
    let identity = open().await.unwrap();
    assert_eq!(kids(&identity.log()), ["1"]);
    assert_eq!(
        kids(&open().await.unwrap().log()),
        ["1"],
        "no start adds one"
    );
    let found = Keychain::find(&store, folder.path()).await.unwrap();
    let keychain = found.unwrap();
    let paper = keychain.add_recovery(Time(5)).await.unwrap();
    identity.look(Time(5)).await.unwrap();
    assert_eq!(kids(&identity.log()), ["1", "r2"]);
    assert_eq!(identity.key().kid.as_str(), "1", "which signs as before");
    std::fs::remove_file(folder.path().join("platform.key")).unwrap();
    keychain.recover(&paper, &[], Time(9)).await.unwrap();
    assert_eq!(kids(&open().await.unwrap().log()), ["1", "r2", "3"]);
}
