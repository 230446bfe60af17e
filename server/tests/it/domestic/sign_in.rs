//! security.md E: the browser session.

use std::time::{Duration, Instant};

use em2_model::refusal::Code;
use reqwest::Method;
use server::auth::Auth;

use crate::support::server::{PASSWORD, TestServer};
use crate::support::socket::Socket;

#[tokio::test]
async fn somebody_signs_in_goes_where_they_wanted_and_out_again() {
    let server = TestServer::with(&["anna@a.example"]).await;
    let anna = server.browser();
    anna.open("/drafts?x=1")
        .await
        .see_other("/sign-in?next=%2Fdrafts%3Fx%3D1");
    let page = anna.open("/sign-in?next=%2Fdrafts").await;
    assert!(
        page.page().contains(r#"name="next" value="/drafts""#),
        "{}",
        page.text()
    );
    assert!(!page.text().contains("<script"), "a plain page");
    let fields = [
        ("address", "anna@a.example"),
        ("password", PASSWORD),
        ("next", "/drafts"),
    ];
    anna.form("/sign-in", "/sign-in", &fields)
        .await
        .see_other("/drafts");
    anna.open("/drafts").await.page();
    anna.open("/sign-in").await.see_other("/inbox");
    let out = anna.form("/inbox", "/sign-out", &[]).await;
    out.see_other("/sign-in");
    assert_eq!(out.header("clear-site-data"), "\"cache\", \"storage\"");
    anna.get("/d/l/").await.refused(Code::SignIn);
}

#[tokio::test]
async fn a_wrong_password_keeps_the_address_and_never_the_password() {
    let server = TestServer::with(&["anna@a.example"]).await;
    let page = server
        .browser()
        .sign_in("anna@a.example", "wrong horse battery")
        .await;
    assert_eq!(page.status, 401);
    assert!(page.text().contains("anna@a.example") && page.text().contains("is wrong"));
    assert!(!page.text().contains("wrong horse battery"));
}

#[tokio::test]
async fn nobody_is_led_to_another_site() {
    let server = TestServer::with(&["anna@a.example"]).await;
    for next in ["//evil.example", "https://evil.example", "/\\evil.example"] {
        let fields = [
            ("address", "anna@a.example"),
            ("password", PASSWORD),
            ("next", next),
        ];
        server
            .browser()
            .form("/sign-in", "/sign-in", &fields)
            .await
            .see_other("/inbox");
    }
}

/// 46, on loopback: all but `__Host-` and `Secure`, which `auth::cookie` tests.
#[tokio::test]
async fn the_cookie_is_guarded() {
    let server = TestServer::with(&["anna@a.example"]).await;
    let answer = server.browser().sign_in("anna@a.example", PASSWORD).await;
    for cookie in answer.headers.get_all("set-cookie") {
        let cookie = cookie.to_str().unwrap();
        assert!(
            cookie.starts_with(&format!("em2-dev-{}", server.address().port())),
            "{cookie}"
        );
        for guard in ["HttpOnly", "SameSite=Lax", "Path=/"] {
            assert!(cookie.contains(guard), "{cookie}");
        }
    }
}

/// 47
#[tokio::test]
async fn a_planted_session_becomes_another_one() {
    let server = TestServer::with(&["anna@a.example"]).await;
    let anna = server.sign_in("anna@a.example").await;
    let before = anna.cookies();
    anna.sign_in("anna@a.example", PASSWORD)
        .await
        .see_other("/inbox");
    assert_ne!(anna.cookies(), before);
}

/// 48
#[tokio::test]
async fn another_password_ends_the_other_sessions_and_their_sockets_within_a_second() {
    let server = TestServer::with(&["anna@a.example", "bob@a.example"]).await;
    let (anna, bob) = (
        server.sign_in("anna@a.example").await,
        server.sign_in("bob@a.example").await,
    );
    let (mut annas, mut bobs) = (anna.listen(None).await, bob.listen(None).await);
    // As `server user passwd` does it, in a process of its own.
    let store = server::store::Store::open(server.database()).await.unwrap();
    let other = Auth::new(store, server.clock.clone()).unwrap();
    let started = Instant::now();
    other
        .change_password("anna@a.example", "another horse".to_owned())
        .await
        .unwrap();
    assert_eq!(annas.closed().await, 4401);
    anna.get("/d/l/").await.refused(Code::SignIn);
    assert!(
        started.elapsed() <= Duration::from_secs(1),
        "{:?}",
        started.elapsed()
    );
    assert!(bobs.is_quiet().await);
    bob.list().await;
}

#[tokio::test]
async fn signing_out_everywhere_ends_every_session_and_socket() {
    let server = TestServer::with(&["anna@a.example"]).await;
    let (desk, phone) = (
        server.sign_in("anna@a.example").await,
        server.sign_in("anna@a.example").await,
    );
    let mut socket = phone.listen(None).await;
    desk.form("/inbox", "/sign-out/everywhere", &[])
        .await
        .see_other("/sign-in");
    assert_eq!(socket.closed().await, 4401);
    phone.get("/d/l/").await.refused(Code::SignIn);
}

/// 49
#[tokio::test]
async fn a_write_from_another_site_is_refused() {
    let server = TestServer::with(&["anna@a.example"]).await;
    let anna = server.sign_in("anna@a.example").await;
    for headers in [
        vec![("origin", "https://evil.example")],
        vec![("origin", "null")],
        vec![("sec-fetch-site", "cross-site")],
        vec![("sec-fetch-site", "same-site")],
        vec![("sec-fetch-site", "cross-site"), ("origin", anna.origin())],
    ] {
        for path in ["/d/new/", "/sign-out", "/sign-in", "/first-account"] {
            let mut request = anna
                .request(Method::POST, path)
                .json(&serde_json::json!({}));
            for (name, value) in &headers {
                request = request.header(*name, *value);
            }
            anna.send(request).await.refused(Code::Origin);
        }
    }
    anna.list().await;
}

/// 50
#[tokio::test]
async fn a_socket_is_opened_by_our_own_pages_only() {
    let server = TestServer::with(&["anna@a.example"]).await;
    let anna = server.sign_in("anna@a.example").await;
    let (here, cookies) = (server.origin(), anna.cookies());
    for origin in [
        None,
        Some("null"),
        Some("https://evil.example"),
        Some("http://127.0.0.1:1"),
    ] {
        assert_eq!(
            Socket::open_from(&here, origin, &cookies, None).await.err(),
            Some(403),
            "{origin:?}"
        );
    }
    assert_eq!(Socket::open(&here, "", None).await.err(), Some(401));
    Socket::open(&here, &cookies, None)
        .await
        .map(|_| ())
        .unwrap();
}

/// 51
#[tokio::test]
async fn a_session_that_expires_is_over() {
    let server = TestServer::with(&["anna@a.example"]).await;
    let anna = server.sign_in("anna@a.example").await;
    server.clock.advance(31 * 24 * 60 * 60 * 1000);
    anna.get("/d/l/").await.refused(Code::SignIn);
    anna.open("/inbox")
        .await
        .see_other("/sign-in?next=%2Finbox");
}

/// 51: the session is looked at with each ping.
#[tokio::test]
async fn a_session_that_expires_closes_its_socket_within_a_minute() {
    let server = TestServer::with(&["anna@a.example"]).await;
    let anna = server.sign_in("anna@a.example").await;
    let mut socket = anna.listen(None).await;
    server.clock.advance(31 * 24 * 60 * 60 * 1000);
    assert_eq!(socket.closed_within(Duration::from_secs(60)).await, 4401);
}

/// 53
#[tokio::test]
async fn who_has_an_account_is_not_told() {
    let server = TestServer::with(&["anna@a.example"]).await;
    let known = server
        .browser()
        .sign_in("anna@a.example", "wrong horse battery")
        .await;
    let unknown = server
        .browser()
        .sign_in("enno@a.example", "wrong horse battery")
        .await;
    assert_eq!(
        (known.status, known.body.len()),
        (unknown.status, unknown.body.len())
    );
    assert_eq!(
        server.app().auth.hashes(),
        3,
        "one for the account, one for each try"
    );
}

/// 54
#[tokio::test]
async fn the_eleventh_try_has_to_wait_but_not_in_a_known_browser() {
    let server = TestServer::with(&["anna@a.example"]).await;
    let anna = server.sign_in("anna@a.example").await;
    let stranger = server.browser();
    for _ in 0..10 {
        assert_eq!(
            stranger
                .sign_in("anna@a.example", "wrong horse battery")
                .await
                .status,
            401
        );
    }
    let eleventh = stranger.sign_in("anna@a.example", PASSWORD).await;
    assert_eq!(eleventh.status, 429);
    assert!(eleventh.header("retry-after").parse::<u32>().unwrap() <= 901);
    anna.form("/inbox", "/sign-out", &[])
        .await
        .see_other("/sign-in");
    anna.sign_in("anna@a.example", PASSWORD)
        .await
        .see_other("/inbox");
}

/// 55
#[tokio::test]
async fn a_long_password_is_refused_before_any_work() {
    let server = TestServer::with(&["anna@a.example"]).await;
    let before = server.app().auth.hashes();
    let long = "x".repeat(1025);
    assert_eq!(
        server
            .browser()
            .sign_in("anna@a.example", &long)
            .await
            .status,
        400
    );
    let json = serde_json::json!({"address": "anna@a.example", "password": "x".repeat(10 << 20)});
    server
        .browser()
        .post("/sign-in", &json)
        .await
        .refused(Code::Format);
    assert_eq!(server.app().auth.hashes(), before);
}

#[tokio::test]
async fn the_first_account_is_made_on_its_page_once() {
    let server = TestServer::start().await;
    let token = server
        .app()
        .auth
        .first_token()
        .await
        .unwrap()
        .unwrap()
        .text();
    let anna = server.browser();
    assert_eq!(anna.open("/first-account?token=wrong").await.status, 403);
    let page = anna.open(&format!("/first-account?token={token}")).await;
    assert!(page.page().contains("server user add") && !page.text().contains("<script"));
    let fields = |password| {
        [
            ("token", &*token),
            ("address", "anna@a.example"),
            ("name", "Anna"),
            ("password", password),
        ]
    };
    let short = anna
        .form("/first-account", "/first-account", &fields("short"))
        .await;
    assert!(
        short.status == 400
            && short.text().contains("anna@a.example")
            && short.text().contains("too short")
    );
    anna.form("/first-account", "/first-account", &fields(PASSWORD))
        .await
        .see_other("/inbox");
    anna.open("/inbox").await.page();
    anna.open(&format!("/first-account?token={token}"))
        .await
        .see_other("/sign-in");
    assert_eq!(
        server
            .browser()
            .form("/first-account", "/first-account", &fields(PASSWORD))
            .await
            .status,
        403
    );
}
