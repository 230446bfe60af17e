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

/// Seeds that everybody knows; security.md 12.
#[tokio::test]
async fn a_key_that_is_public_knowledge_is_refused() {
    let published = "4mEQ_Glu0hk1_vx_fNmvUQ93tXBBGT4s7Zgh8FnUYs4";
    for seed in ["BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc", published] {
        let database = crate::support::database::Database::sqlite();
        let folder = tempfile::tempdir().unwrap();
        let store = database.open().await;
        let world = World::on(store).await;
        let file = world.folder.path().join("platform.key");
        let text = std::fs::read_to_string(&file).unwrap();
        let mut key: serde_json::Value = serde_json::from_str(&text).unwrap();
        key["seed"] = seed.into();
        let forged = folder.path().join("platform.key");
        std::fs::write(&forged, key.to_string()).unwrap();
        std::fs::set_permissions(&forged, std::fs::Permissions::from_mode(0o600)).unwrap();
        let wrong = Identity::open(&world.store, folder.path(), Wanted::default(), Time(5))
            .await
            .unwrap_err();
        assert!(wrong.to_string().contains("public knowledge"), "{wrong}");
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
}
