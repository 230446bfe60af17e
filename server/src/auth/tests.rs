use std::net::IpAddr;

use em2_model::refusal::Code;

use super::accounts::NewAccount;
use super::limit::WINDOW;
use super::signing_in::{Fresh, Try};
use super::token::Token;
use super::*;

/// Sign-in on a database of its own.
pub(super) struct House {
    pub(super) auth: Auth,
    clock: Clock,
    _folder: tempfile::TempDir,
}

pub(super) const PASSWORD: &str = "correct horse";

impl House {
    async fn new() -> House {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&format!(
            "sqlite:{}",
            folder.path().join("em2.sqlite").display()
        ))
        .await
        .unwrap();
        let clock = Clock::default();
        House {
            auth: Auth::new(store, clock.clone()).unwrap(),
            clock,
            _folder: folder,
        }
    }

    pub(super) async fn with(people: &[&str]) -> House {
        let house = House::new().await;
        for person in people {
            house.auth.add_account(account(person)).await.unwrap();
        }
        house
    }

    async fn try_from(
        &self,
        from: &str,
        who: &str,
        password: &str,
        device: Option<Token>,
    ) -> Result<Fresh, Refusal> {
        let from: IpAddr = from.parse().unwrap();
        let (address, password, browser) =
            (who.to_owned(), password.to_owned(), "Firefox".to_owned());
        self.auth
            .sign_in(Try {
                address,
                password,
                from,
                browser,
                device,
            })
            .await
    }

    pub(super) async fn sign_in(&self, who: &str, password: &str) -> Result<Fresh, Refusal> {
        self.try_from("192.0.2.1", who, password, None).await
    }
}

fn account(address: &str) -> NewAccount {
    NewAccount {
        address: address.to_owned(),
        name: "Anna".to_owned(),
        password: PASSWORD.to_owned(),
    }
}

fn code<T>(answer: Result<T, Refusal>) -> Option<Code> {
    answer.err().map(|refusal| refusal.code)
}

#[tokio::test]
async fn somebody_signs_in_and_out_again() {
    let house = House::with(&["anna@a.example"]).await;
    let fresh = house.sign_in("Anna@A.example", PASSWORD).await.unwrap();
    let who = house.auth.who(&fresh.token).await.unwrap().unwrap();
    assert_eq!(who.me.address.as_str(), "anna@a.example");
    house.auth.sign_out(who.session).await.unwrap();
    assert!(house.auth.who(&fresh.token).await.unwrap().is_none());
}

/// security.md 53
#[tokio::test]
async fn an_unknown_address_gets_the_same_words_after_the_same_work() {
    let house = House::with(&["anna@a.example"]).await;
    let before = house.auth.hashes();
    let mut words = Vec::new();
    for (number, who) in ["anna@a.example", "nobody@a.example", "no address"]
        .into_iter()
        .enumerate()
    {
        words.push(house.sign_in(who, "wrong horse").await.err().unwrap());
        assert_eq!(
            house.auth.hashes(),
            before + number as u64 + 1,
            "one hash for each try"
        );
    }
    assert!(
        words.iter().all(|refusal| *refusal == words[0]),
        "{words:?}"
    );
}

/// security.md 54
#[tokio::test]
async fn the_eleventh_wrong_password_has_to_wait_but_not_on_a_known_device() {
    let house = House::with(&["anna@a.example"]).await;
    let device = house
        .sign_in("anna@a.example", PASSWORD)
        .await
        .unwrap()
        .device;
    for _ in 0..10 {
        assert_eq!(
            code(house.sign_in("anna@a.example", "wrong horse").await),
            Some(Code::SignIn)
        );
    }
    let before = house.auth.hashes();
    let eleventh = house
        .sign_in("anna@a.example", PASSWORD)
        .await
        .err()
        .unwrap();
    assert_eq!(eleventh.code, Code::Slow);
    assert!(eleventh.details["retry_after"].as_u64().unwrap() <= 901);
    assert_eq!(
        house.auth.hashes(),
        before,
        "no work for who tries too often"
    );
    house
        .try_from("192.0.2.1", "anna@a.example", PASSWORD, Some(device))
        .await
        .unwrap();
    house.clock.advance(WINDOW);
    house.sign_in("anna@a.example", PASSWORD).await.unwrap();
}

/// security.md 54
#[tokio::test]
async fn the_fifty_first_try_from_one_address_has_to_wait() {
    let house = House::with(&["anna@a.example"]).await;
    for number in 0..50 {
        assert_eq!(
            code(
                house
                    .sign_in(&format!("nobody{number}@a.example"), "x")
                    .await
            ),
            Some(Code::SignIn)
        );
    }
    assert_eq!(
        code(house.sign_in("anna@a.example", PASSWORD).await),
        Some(Code::Slow)
    );
    house
        .try_from("192.0.2.2", "anna@a.example", PASSWORD, None)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_device_is_known_for_its_own_person_only() {
    let house = House::with(&["anna@a.example", "bob@a.example"]).await;
    let annas = house
        .sign_in("anna@a.example", PASSWORD)
        .await
        .unwrap()
        .device;
    for _ in 0..10 {
        let wrong = house
            .try_from("192.0.2.1", "bob@a.example", "wrong", Some(annas.clone()))
            .await;
        assert_eq!(code(wrong), Some(Code::SignIn));
    }
    let bobs = house
        .try_from("192.0.2.1", "bob@a.example", PASSWORD, Some(annas))
        .await;
    assert_eq!(code(bobs), Some(Code::Slow));
}

/// security.md 48
#[tokio::test]
async fn another_password_ends_every_session() {
    let house = House::with(&["anna@a.example", "bob@a.example"]).await;
    let annas = house.sign_in("anna@a.example", PASSWORD).await.unwrap();
    let bobs = house.sign_in("bob@a.example", PASSWORD).await.unwrap();
    let mut ends = house.auth.ends();
    house
        .auth
        .change_password("anna@a.example", "battery staple".to_owned())
        .await
        .unwrap();
    assert!(house.auth.who(&annas.token).await.unwrap().is_none());
    assert!(house.auth.who(&bobs.token).await.unwrap().is_some());
    assert_eq!(ends.recv().await.unwrap().session, annas.signed_in.session);
    assert_eq!(
        code(house.sign_in("anna@a.example", PASSWORD).await),
        Some(Code::SignIn)
    );
    house
        .sign_in("anna@a.example", "battery staple")
        .await
        .unwrap();
}

#[tokio::test]
async fn another_process_is_heard_when_it_ends_a_session() {
    let house = House::with(&["anna@a.example"]).await;
    let fresh = house.sign_in("anna@a.example", PASSWORD).await.unwrap();
    let other = Auth::new(house.auth.0.store.clone(), house.clock.clone()).unwrap();
    let mut ends = house.auth.ends();
    let watch = tokio::spawn(house.auth.clone().watch());
    other
        .change_password("anna@a.example", "battery staple".to_owned())
        .await
        .unwrap();
    let second = std::time::Duration::from_secs(1);
    let heard = tokio::time::timeout(second, ends.recv())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(heard.session, fresh.signed_in.session);
    watch.abort();
}

#[tokio::test]
async fn a_session_ends_unused_after_thirty_days_and_used_after_ninety() {
    let house = House::with(&["anna@a.example"]).await;
    let day = 24 * 60 * 60 * 1000;
    let fresh = house.sign_in("anna@a.example", PASSWORD).await.unwrap();
    for _ in 0..4 {
        house.clock.advance(21 * day);
        let who = house.auth.who(&fresh.token).await.unwrap().expect("in use");
        house.auth.note_use(&who).await.unwrap();
    }
    house.clock.advance(7 * day);
    assert!(
        house.auth.who(&fresh.token).await.unwrap().is_none(),
        "ninety days are over"
    );
    let fresh = house.sign_in("anna@a.example", PASSWORD).await.unwrap();
    house.clock.advance(31 * day);
    assert!(
        house.auth.who(&fresh.token).await.unwrap().is_none(),
        "thirty days unused"
    );
}

#[tokio::test]
async fn what_expired_is_swept_and_what_is_good_stays() {
    let house = House::with(&["anna@a.example"]).await;
    let old = house.sign_in("anna@a.example", PASSWORD).await.unwrap();
    house.clock.advance(91 * 24 * 60 * 60 * 1000);
    let fresh = house.sign_in("anna@a.example", PASSWORD).await.unwrap();
    house.auth.sweep().await.unwrap();
    let now = house.clock.now();
    let mut conn = house.auth.0.store.reader().await.unwrap();
    let user = fresh.signed_in.me.user;
    let kept = crate::store::sessions::list_sessions(&mut conn, user, Time(0))
        .await
        .unwrap();
    assert_eq!(
        kept.iter().map(|session| session.token).collect::<Vec<_>>(),
        [fresh.signed_in.session]
    );
    for (device, known) in [(old.device, false), (fresh.device, true)] {
        let found = crate::store::devices::find_device(&mut conn, device.hash(), user, now)
            .await
            .unwrap();
        assert_eq!(found, known);
    }
}

#[tokio::test]
async fn the_first_account_is_made_once_and_with_the_token() {
    let house = House::new().await;
    let token = house.auth.first_token().await.unwrap().unwrap().text();
    let from: IpAddr = "192.0.2.1".parse().unwrap();
    let make = async |token: &str| {
        house
            .auth
            .make_first(token, account("anna@a.example"), from, String::new())
            .await
    };
    let other = Token::fresh().unwrap().text();
    assert_eq!(code(make(&other).await), Some(Code::Forbidden));
    let fresh = make(&token).await.unwrap();
    assert!(house.auth.who(&fresh.token).await.unwrap().is_some());
    assert_eq!(code(make(&token).await), Some(Code::Forbidden));
    assert!(house.auth.first_token().await.unwrap().is_none());
}

#[tokio::test]
async fn an_account_is_refused_with_a_sentence() {
    let house = House::with(&["anna@a.example"]).await;
    for (wrong, word) in [
        (
            NewAccount {
                address: "anna@a.example".to_owned(),
                ..account("")
            },
            "already",
        ),
        (
            NewAccount {
                address: "no address".to_owned(),
                ..account("")
            },
            "address",
        ),
        (
            NewAccount {
                name: "  ".to_owned(),
                ..account("bob@a.example")
            },
            "name",
        ),
        (
            NewAccount {
                name: "B\0b".to_owned(),
                ..account("bob@a.example")
            },
            "name",
        ),
        (
            NewAccount {
                password: "short".to_owned(),
                ..account("bob@a.example")
            },
            "password",
        ),
    ] {
        let refusal = house.auth.add_account(wrong).await.unwrap_err();
        assert_eq!(refusal.code, Code::Format);
        assert!(refusal.message.contains(word), "{refusal}");
    }
}
