//! What every page and answer carries.

use em2_model::refusal::Code;
use reqwest::Method;

use crate::support::server::{TestServer, Watch, put};

/// security.md 59
#[tokio::test]
async fn a_page_says_what_it_may_load_and_who_may_frame_it() {
    let server = TestServer::with(&["anna@a.example"]).await;
    let anna = server.sign_in("anna@a.example").await;
    let page = anna.open("/inbox").await;
    page.page();
    let policy = page.header("content-security-policy");
    for part in [
        "default-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "'wasm-unsafe-eval' 'nonce-",
    ] {
        assert!(policy.contains(part), "{part} is missing: {policy}");
    }
    for never in ["'unsafe-inline'", "'unsafe-eval'", " *", "http://*"] {
        assert!(!policy.contains(never), "{never}: {policy}");
    }
    assert_eq!(page.header("cache-control"), "no-store");
    assert_ne!(
        policy,
        anna.open("/inbox").await.header("content-security-policy"),
        "a nonce is used once"
    );
    for path in ["/inbox", "/d/l/", "/sign-in", "/nowhere", "/health"] {
        let answer = anna.open(path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
        assert!(
            answer
                .header("content-security-policy")
                .contains("frame-ancestors 'none'"),
            "{path}"
        );
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_said_with_the_status() {
    let server = TestServer::with(&["anna@a.example"]).await;
    let anna = server.sign_in("anna@a.example").await;
    let gone = anna.open(&format!("/c/{}", "0".repeat(64))).await;
    assert_eq!(gone.status, 404);
    assert!(gone.text().contains("<!DOCTYPE html>"));
}

#[tokio::test]
async fn built_files_are_sent_small_and_kept_for_ever() {
    let server = TestServer::start().await;
    put(
        &server.site().join("pkg/main.0123.css"),
        b"body { color: black }",
    );
    put(&server.site().join("pkg/main.0123.css.br"), b"brotli");
    put(&server.site().join("pkg/main.0123.css.gz"), b"gzip");
    put(&server.site().join("favicon.svg"), b"<svg/>");
    let somebody = server.browser();
    let get = |coding: &'static str| {
        let request = somebody
            .request(Method::GET, "/pkg/main.0123.css")
            .header("accept-encoding", coding);
        somebody.send(request)
    };
    let (plain, br, gzip) = (
        get("identity").await,
        get("br, gzip").await,
        get("gzip").await,
    );
    assert_eq!(
        (plain.text(), br.text(), gzip.text()),
        ("body { color: black }", "brotli", "gzip")
    );
    assert_eq!(
        (
            br.header("content-encoding"),
            gzip.header("content-encoding")
        ),
        ("br", "gzip")
    );
    assert_eq!(
        br.header("cache-control"),
        "public, max-age=31536000, immutable"
    );
    assert_eq!(br.header("content-type"), "text/css");
    let icon = somebody.get("/favicon.svg").await;
    assert_eq!(
        (icon.status.as_u16(), icon.header("cache-control")),
        (200, "public, max-age=3600")
    );
    somebody.get("/pkg/other.css").await.refused(Code::NotFound);
}

#[tokio::test]
async fn pages_and_answers_are_compressed() {
    let server = TestServer::with(&["anna@a.example"]).await;
    let anna = server.sign_in("anna@a.example").await;
    for path in ["/inbox", "/d/openapi.json"] {
        for coding in ["br", "gzip"] {
            let answer = anna
                .send(
                    anna.request(Method::GET, path)
                        .header("accept-encoding", coding),
                )
                .await;
            assert_eq!(answer.header("content-encoding"), coding, "{path}");
        }
    }
}

/// security.md 52
#[tokio::test]
async fn looking_changes_nothing() {
    let server = TestServer::with(&["anna@a.example"]).await;
    let anna = server.sign_in("anna@a.example").await;
    server.clock.advance(2 * 60 * 60 * 1000);
    let mut watch = Watch::on(server.database()).await;
    for path in [
        "/",
        "/inbox",
        "/drafts",
        "/sent",
        "/search?q=x",
        "/new",
        "/sign-in",
        "/first-account",
        "/health",
        "/d/l/",
        "/d/s/?q=x",
        "/d/openapi.json",
        "/new/00000000-0000-4000-8000-000000000000",
        "/sign-out",
        "/sign-out/everywhere",
        "/d/new/",
        "/d/00000000-0000-4000-8000-000000000000/",
    ] {
        anna.open(path).await;
        anna.get(path).await;
    }
    assert!(!watch.is_changed().await);
    anna.draft("bob@a.example", "Plan", "").await;
    assert!(watch.is_changed().await, "the watch would have seen it");
}
