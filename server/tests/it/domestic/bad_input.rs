//! Whatever is sent: an answer with a sentence, and never a 500.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use em2_model::refusal::Code;
use reqwest::Method;
use serde_json::json;

use crate::support::server::TestServer;

#[tokio::test]
async fn a_body_is_bounded_before_it_is_read() {
    let server = TestServer::with(&["anna@a.example"]).await;
    let anna = server.sign_in("anna@a.example").await;
    let big = json!({ "text": "x".repeat(128 * 1024) });
    anna.post("/d/new/", &big).await.refused(Code::TooBig);
    let request = anna
        .request(Method::POST, "/d/new/")
        .header("accept", "text/html");
    let page = anna
        .send(request.form(&[("text", "x".repeat(128 * 1024))]))
        .await;
    assert_eq!(
        (page.status.as_u16(), page.header("content-type")),
        (413, "text/html; charset=utf-8")
    );
}

#[tokio::test]
async fn only_json_and_forms_are_read() {
    let server = TestServer::with(&["anna@a.example"]).await;
    let anna = server.sign_in("anna@a.example").await;
    for kind in [
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/jsonx",
        "",
    ] {
        let request = anna
            .request(Method::POST, "/d/new/")
            .header("content-type", kind)
            .body("{}");
        anna.send(request).await.refused(Code::Type);
    }
    let compressed = anna
        .request(Method::POST, "/d/new/")
        .header("content-encoding", "gzip");
    anna.send(compressed.json(&json!({})))
        .await
        .refused(Code::Type);
}

#[tokio::test]
async fn nothing_that_is_sent_breaks_the_server() {
    let server = TestServer::with(&["anna@a.example"]).await;
    let anna = server.sign_in("anna@a.example").await;
    let key = "0".repeat(64);
    let deep = "[".repeat(10_000);
    let bodies = [
        "",
        "{",
        "null",
        "[]",
        "17",
        "\"x\"",
        "{}",
        "{\"model\":3}",
        "{\"model\":null}",
        "{\"model\":\"message\"}",
        "{\"model\":\"message\",\"verb\":\"add\",\"text\":\"a\\u0000b\"}",
        "{\"seq\":-1}",
        "{\"seq\":1e400}",
        "{\"model\":\"seen\",\"seq\":18446744073709551615}",
        "\u{fffd}",
        "{\"item\":\"xyz\"}",
        &deep,
    ];
    let paths = [
        "/d/new/".to_owned(),
        format!("/d/evt/{key}/"),
        "/d/evt/x/".to_owned(),
        format!("/d/publish/{key}/"),
        "/d/publish/00000000-0000-4000-8000-000000000000/".to_owned(),
        "/sign-in".to_owned(),
        "/first-account".to_owned(),
        "/d/evt/00000000-0000-4000-8000-000000000000/".to_owned(),
        "/d/evt/%00/".to_owned(),
        "/d/evt/%ff/".to_owned(),
    ];
    for path in &paths {
        for body in bodies {
            for kind in ["application/json", "application/x-www-form-urlencoded"] {
                let request = anna
                    .request(Method::POST, path)
                    .header("content-type", kind)
                    .body(body.to_owned());
                let answer = anna.send(request).await;
                assert!(
                    !answer.status.is_server_error(),
                    "{path} {kind} {body:.80}: {}",
                    answer.text()
                );
            }
        }
    }
    let queries = [
        "/d/l/?offset=-1",
        "/d/l/?offset=99999999999",
        "/d/l/?before=%00",
        "/d/l/?before=x",
        "/d/l/?view=x",
        "/d/s/?q=%00",
        "/d/s/?q=%22%27*()%5E-%3A",
        "/d/s/?q=%ff",
        "/d/s/?before=x",
        "/d/ws/?since=x",
        "/d/x/",
        "/d/%00/",
        "/d//",
        "/d/",
        "/c/x",
        "/c/%00",
        "/new/x",
        "/search?q=%22",
        "/inbox?before=x",
        "/%00",
        "/..%2f..%2fetc%2fpasswd",
        "/pkg/../assets.json",
        "/sign-in?next=%00",
        "/first-account?token=%ff",
    ];
    for path in queries {
        for accept in ["application/json", "text/html"] {
            let answer = anna
                .send(anna.request(Method::GET, path).header("accept", accept))
                .await;
            assert!(
                !answer.status.is_server_error(),
                "{path}: {}",
                answer.text()
            );
        }
    }
    let long = format!("/d/s/?q={}", "%22x".repeat(3000));
    assert!(!anna.get(&long).await.status.is_server_error());
}

#[tokio::test]
async fn an_unknown_address_is_a_page_or_a_problem() {
    let server = TestServer::with(&["anna@a.example"]).await;
    let anna = server.sign_in("anna@a.example").await;
    anna.get("/nowhere").await.refused(Code::NotFound);
    let page = anna.open("/nowhere").await;
    assert_eq!(
        (page.status.as_u16(), page.header("content-type")),
        (404, "text/html; charset=utf-8")
    );
    assert_eq!(
        anna.send(anna.request(Method::DELETE, "/d/l/"))
            .await
            .status,
        405
    );
}

/// The slow client of a thousand open connections.
#[tokio::test]
async fn headers_that_do_not_come_are_not_waited_for() {
    let server = TestServer::start().await;
    let address = server.address();
    let waited = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        stream
            .write_all(b"GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: ")
            .unwrap();
        let started = Instant::now();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
        started.elapsed()
    });
    assert!(waited.await.unwrap() < Duration::from_secs(15));
}
