//! Accounts, sessions, the platform and what is known of others.

use em2_model::id::Incarnation;
use em2_model::keys::KeyLog;
use em2_model::sign::{Kid, PlatformKey};
use em2_model::{Platform, Time};
use server::store::StoreError;
use server::store::platform::{
    OwnPlatform, Recipient, find_own_keys, find_platform, find_recipient, insert_platform,
    set_mail_domains, upsert_own_keys, upsert_recipient,
};
use server::store::sessions::{
    Session, TokenHash, delete_session, delete_sessions_of, find_session, insert_session,
    list_sessions, mark_session_seen, prune_sessions,
};
use server::store::users::{
    any_user, find_password, find_user, find_user_by_address, insert_user, list_users,
    list_users_by_address, set_name, set_password,
};

use super::world::key;
use super::{NOW, account, address, commit, on_both};

on_both! {
    async fn an_account_is_found_by_its_address(store: Store) {
        let mut conn = store.reader().await.unwrap();
        assert!(!any_user(&mut conn).await.unwrap());
        let anna = account(&store, "anna@a.example").await;
        let bob = account(&store, "bob@b.example").await;
        assert!(anna < bob);
        assert!(any_user(&mut conn).await.unwrap());

        let found = find_user_by_address(&mut conn, &address("anna@a.example")).await.unwrap();
        let found = found.unwrap();
        assert_eq!((found.id, found.name.as_str(), found.created_at), (anna, "anna", NOW));
        assert_eq!(find_user(&mut conn, bob).await.unwrap().unwrap().address, address("bob@b.example"));
        assert_eq!(find_user_by_address(&mut conn, &address("eve@a.example")).await.unwrap(), None);
        assert_eq!(list_users(&mut conn).await.unwrap().len(), 2);
        let asked = [address("bob@b.example"), address("x@c.example")];
        let here = list_users_by_address(&mut conn, &asked).await.unwrap();
        assert_eq!(here.iter().map(|user| user.id).collect::<Vec<_>>(), [bob]);
        assert!(list_users_by_address(&mut conn, &[]).await.unwrap().is_empty());
    }

    async fn an_address_has_one_account(store: Store) {
        let anna = account(&store, "anna@a.example").await;
        let again = address("anna@a.example");
        let refused = commit!(store, |tx| insert_user(tx, &again, "Other", "x", NOW).await?);
        assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
        let mut conn = store.reader().await.unwrap();
        assert_eq!(find_user(&mut conn, anna).await.unwrap().unwrap().name, "anna");
    }

    async fn a_password_and_a_name_can_be_changed(store: Store) {
        let anna = account(&store, "anna@a.example").await;
        commit!(store, |tx| {
            set_password(tx, anna, "$argon2id$new").await?;
            set_name(tx, anna, "Anna Ångström").await?;
        }).unwrap();
        let mut conn = store.reader().await.unwrap();
        let (user, password) =
            find_password(&mut conn, &address("anna@a.example")).await.unwrap().unwrap();
        assert_eq!((user.name.as_str(), password.as_str()), ("Anna Ångström", "$argon2id$new"));
    }

    async fn sessions_end_one_by_one_all_at_once_and_by_age(store: Store) {
        let anna = account(&store, "anna@a.example").await;
        let session = |n: u8| Session {
            token: TokenHash([n; 32]),
            user: anna,
            device: format!("Browser {n}"),
            address: "127.0.0.1".to_owned(),
            created_at: NOW,
            last_seen_at: NOW.plus(n.into()),
            expires_at: NOW.plus(1000 * i64::from(n)),
        };
        let all = [1, 2, 3, 4].map(session);
        let insert = all.clone();
        commit!(store, |tx| insert.iter().for_each(|s| insert_session(tx, s))).unwrap();

        let mut conn = store.reader().await.unwrap();
        assert_eq!(find_session(&mut conn, all[1].token, NOW).await.unwrap(), Some(all[1].clone()));
        assert_eq!(find_session(&mut conn, all[0].token, NOW.plus(1000)).await.unwrap(), None);
        assert_eq!(find_session(&mut conn, TokenHash([9; 32]), NOW).await.unwrap(), None);
        let listed = list_sessions(&mut conn, anna, NOW).await.unwrap();
        assert_eq!(listed.iter().map(|s| s.token.0[0]).collect::<Vec<_>>(), [4, 3, 2, 1]);

        let token = all[1].token;
        commit!(store, |tx| mark_session_seen(tx, token, NOW.plus(50), NOW.plus(9000))).unwrap();
        let seen = find_session(&mut conn, token, NOW.plus(8000)).await.unwrap().unwrap();
        assert_eq!(seen.last_seen_at, NOW.plus(50));

        assert_eq!(commit!(store, |tx| prune_sessions(tx, NOW.plus(1000)).await?), Ok(1));
        assert_eq!(commit!(store, |tx| delete_session(tx, token).await?), Ok(true));
        assert_eq!(commit!(store, |tx| delete_session(tx, token).await?), Ok(false));
        let mut gone = commit!(store, |tx| delete_sessions_of(tx, anna).await?).unwrap();
        gone.sort();
        assert_eq!(gone, [all[2].token, all[3].token]);
        assert!(list_sessions(&mut conn, anna, NOW).await.unwrap().is_empty());
    }

    async fn the_platform_is_named_once(store: Store) {
        let mut conn = store.reader().await.unwrap();
        assert_eq!(find_platform(&mut conn).await.unwrap(), None);
        let own = OwnPlatform {
            name: Platform::parse("em2.a.example").unwrap(),
            mail_domains: vec!["a.example".to_owned(), "aa.example".to_owned()],
            incarnation: Incarnation::from_bytes([7; 32]),
            trial: true,
            created_at: NOW,
        };
        let (first, second) = (own.clone(), own.clone());
        commit!(store, |tx| insert_platform(tx, &first)).unwrap();
        assert_eq!(find_platform(&mut conn).await.unwrap(), Some(own.clone()));
        let refused = commit!(store, |tx| insert_platform(tx, &second));
        assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
        commit!(store, |tx| set_mail_domains(tx, &["a.example".to_owned()])).unwrap();
        assert_eq!(find_platform(&mut conn).await.unwrap().unwrap().mail_domains, ["a.example"]);
    }

    async fn our_own_key_log_is_kept_whole_and_replaced(store: Store) {
        let mut conn = store.reader().await.unwrap();
        let key = key();
        let first = KeyLog::create(&key, NOW, NOW.plus(1000)).unwrap();
        let early = first.clone();
        let refused = commit!(store, |tx| upsert_own_keys(tx, &early));
        assert!(matches!(refused, Err(StoreError::Conflict(_))), "no platform: {refused:?}");
        let own = OwnPlatform {
            name: key.platform.clone(),
            mail_domains: Vec::new(),
            incarnation: first.incarnation(),
            trial: false,
            created_at: NOW,
        };
        commit!(store, |tx| insert_platform(tx, &own)).unwrap();
        assert_eq!(find_own_keys(&mut conn).await.unwrap(), None);
        let paper = PlatformKey::from_test_seed(key.platform.clone(), Kid::parse("r2").unwrap(), &[8; 32]);
        let grown = first.chain_recovery(&paper, NOW, NOW.plus(9_000), &key).unwrap();
        let grown = grown.revoke(key.kid.clone(), NOW.plus(5), &paper).unwrap();
        for log in [first, grown] {
            let stored = log.clone();
            commit!(store, |tx| upsert_own_keys(tx, &stored)).unwrap();
            assert_eq!(find_own_keys(&mut conn).await.unwrap(), Some(log));
        }
    }

    async fn what_is_known_of_an_address_is_replaced(store: Store) {
        let mut conn = store.reader().await.unwrap();
        let carl = address("carl@c.example");
        assert_eq!(find_recipient(&mut conn, &carl).await.unwrap(), None);
        let by_mail = Recipient { address: carl.clone(), platform: None, expires_at: NOW };
        let on_em2 = Recipient {
            platform: Some(Platform::parse("em2.c.example").unwrap()),
            expires_at: Time(NOW.0 + 1),
            ..by_mail.clone()
        };
        for recipient in [by_mail, on_em2] {
            let insert = recipient.clone();
            commit!(store, |tx| upsert_recipient(tx, &insert)).unwrap();
            assert_eq!(find_recipient(&mut conn, &carl).await.unwrap(), Some(recipient));
        }
    }
}
