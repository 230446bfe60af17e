//! The platform's key, and the database that it belongs to.

use super::*;
use std::os::unix::fs::PermissionsExt as _;

on_both! {
    async fn the_key_is_made_once_and_belongs_to_its_database(world: World) {
        let file = world.folder.path().join("platform.key");
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let open = |wanted: Wanted| Identity::open(&world.store, world.folder.path(), wanted, Time(5));
        let named = |name: &str| Wanted { platform: Some(name.parse().unwrap()), domains: Vec::new() };
        let again = open(Wanted::default()).await.unwrap();
        assert_eq!(again.platform().as_str(), "em2.a.example");
        assert!(again.serves("a.example") && !again.serves("b.example") && !again.is_trial());
        assert_eq!(again.log().incarnation(), again.incarnation());
        let wrong = open(named("em2.b.example")).await.unwrap_err().to_string();
        assert!(wrong.contains("em2.a.example") && wrong.contains("em2.b.example"), "{wrong}");

        let text = std::fs::read(&file).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let other = crate::support::database::Database::sqlite();
        let stranger = Identity::open(&other.open().await, folder.path(), named("em2.a.example"), Time(5)).await.unwrap();
        assert_ne!(stranger.incarnation(), again.incarnation());
        std::fs::copy(folder.path().join("platform.key"), &file).unwrap();
        let wrong = open(Wanted::default()).await.unwrap_err().to_string();
        assert!(wrong.contains("another database"), "{wrong}");
        std::fs::remove_file(&file).unwrap();
        let wrong = open(Wanted::default()).await.unwrap_err().to_string();
        assert!(wrong.contains("missing") && wrong.contains("backup"), "{wrong}");
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        let wrong = open(Wanted::default()).await.unwrap_err().to_string();
        assert!(wrong.contains("chmod 600"), "{wrong}");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(open(Wanted::default()).await.unwrap().incarnation(), again.incarnation());
    }
}

/// Seeds that everybody knows: of equal bytes, and those of the vectors. The server does not start with them.
#[tokio::test]
async fn security_12_a_key_that_is_public_knowledge_is_refused() {
    let vectors = include_str!("../../../../app/model/tests/vectors/em2-v1.json");
    let vectors: serde_json::Value = serde_json::from_str(vectors).unwrap();
    let listed = vectors["refused_private_seeds_hex"].as_array().unwrap();
    let keys = vectors["keys"].as_object().unwrap().values();
    let unhex = |text: &str| -> [u8; 32] {
        std::array::from_fn(|n| u8::from_str_radix(&text[2 * n..2 * n + 2], 16).unwrap())
    };
    let published: Vec<_> = listed
        .iter()
        .chain(keys.map(|key| &key["seed_hex"]))
        .collect();
    assert!(published.len() >= 5);
    let database = crate::support::database::Database::sqlite();
    let world = World::on(database.open().await).await;
    let file = world.folder.path().join("platform.key");
    let text = std::fs::read_to_string(&file).unwrap();
    for seed in published {
        let seed = unhex(seed.as_str().unwrap());
        let mut key: serde_json::Value = serde_json::from_str(&text).unwrap();
        key["seed"] = em2_model::id::FileHash::from_bytes(seed).to_string().into();
        std::fs::write(&file, key.to_string()).unwrap();
        let opened = Identity::open(
            &world.store,
            world.folder.path(),
            Wanted::default(),
            Time(5),
        );
        let wrong = opened.await.unwrap_err().to_string();
        assert!(wrong.contains("public knowledge"), "{wrong}");
        let again = world.identity.look(world.clock.now()).await;
        assert!(again.is_err(), "nor does a running one take it");
    }
}

/// A local trial takes any domain, and never speaks to others.
#[tokio::test]
async fn a_platform_without_a_name_is_a_local_trial() {
    let database = crate::support::database::Database::sqlite();
    let folder = tempfile::tempdir().unwrap();
    let identity = Identity::open(
        &database.open().await,
        folder.path(),
        Wanted::default(),
        Time(5),
    )
    .await
    .unwrap();
    assert!(identity.is_trial() && identity.serves("any.example"));
    assert!(
        identity.take_recovery_key().is_none(),
        "it needs no recovery key"
    );
}

/// A data folder and a database that nobody has used yet.
async fn fresh() -> (crate::support::database::Database, Store, tempfile::TempDir) {
    let database = crate::support::database::Database::sqlite();
    let store = database.open().await;
    (database, store, tempfile::tempdir().unwrap())
}

fn named() -> Wanted {
    Wanted {
        platform: Some("em2.a.example".parse().unwrap()),
        domains: Vec::new(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_first_starts_at_once_make_one_platform() {
    let (_database, store, folder) = fresh().await;
    let open = || Identity::open(&store, folder.path(), named(), Time(5));
    let (one, two) = tokio::join!(open(), open());
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(one.incarnation(), two.incarnation());
    assert_eq!(one.log(), two.log());
    assert_eq!(one.log().entries().len(), 2);
    let shown = [&one, &two].map(|identity| identity.take_recovery_key().is_some());
    assert!(shown[0] != shown[1], "one of them shows the recovery key");
    assert!(one.take_recovery_key().is_none() && two.take_recovery_key().is_none());
}

/// The key file was written and the database not; or the database is lost.
#[tokio::test]
async fn a_first_start_goes_on_with_the_key_that_is_there() {
    let (_database, store, folder) = fresh().await;
    let begun = Identity::open(&store, folder.path(), named(), Time(5))
        .await
        .unwrap();
    let (_other, empty, _) = fresh().await;
    let taken = Identity::open(&empty, folder.path(), named(), Time(5))
        .await
        .unwrap();
    assert_eq!(taken.incarnation(), begun.incarnation());
    assert!(taken.log().extends(&begun.log()));
    assert!(
        taken.take_recovery_key().is_some(),
        "nobody may have seen the first one"
    );
}
