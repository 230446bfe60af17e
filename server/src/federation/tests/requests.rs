//! The client itself: what it sends, how long it waits, and whom it trusts. // spec §7, security.md 30, 35

use std::convert::Infallible;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::StreamExt as _;
use http::header::HeaderValue;
use http::{HeaderMap, Method};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::federation::web::{Answer, Limits};

const LIMITS: Limits = Limits {
    whole: Duration::from_secs(10),
    body: 65_536,
    slowest: 0,
};
const SOON: Limits = Limits {
    whole: Duration::from_millis(300),
    ..LIMITS
};

async fn get(web: &Web, host: &str, path: &str, limits: Limits) -> Result<Answer, Unreached> {
    web.request(
        &platform(host),
        Method::GET,
        path,
        HeaderMap::new(),
        None,
        limits,
    )
    .await
}

#[tokio::test]
async fn a_request_arrives_as_it_was_made_and_connections_are_kept() {
    fn echo(seen: &Seen) -> Reply {
        Reply::new(
            "200 OK",
            &["x-em2: yes"],
            &String::from_utf8_lossy(&seen.body),
        )
    }
    let world = World::new(ordinary, echo).await;
    let headers = HeaderMap::from_iter([(http::header::DATE, HeaderValue::from_static("today"))]);
    for path in ["/f/evt/", "/f/ab%2Fc/events/?after=7&x=%20", "/f/auth/?"] {
        let body = Bytes::from_static(b"{\"v\":1}");
        let to = platform("em2.b.example");
        let answer = world
            .web
            .request(&to, Method::POST, path, headers.clone(), Some(body), LIMITS)
            .await
            .unwrap();
        assert_eq!(
            (answer.status.as_u16(), &answer.body[..]),
            (200, &b"{\"v\":1}"[..])
        );
        assert_eq!(answer.headers["x-em2"], "yes");
        let seen = world.hosts.seen().pop().unwrap();
        assert_eq!(
            (
                seen.method.as_str(),
                seen.target.as_str(),
                seen.host.as_str()
            ),
            ("POST", path, "em2.b.example")
        );
        assert_eq!(seen.header("date"), Some("today"));
    }
    assert_eq!(world.hosts.connections(), 1);
}

/// What was signed is what is sent: a path that the client would write otherwise is not sent at all.
#[tokio::test]
async fn a_path_that_would_be_changed_on_the_way_is_refused() {
    let world = World::new(ordinary, own_document).await;
    for path in [
        "",
        "f/",
        "https://c.example/",
        "/a/../b",
        "/a/./b",
        "/a b",
        "/ä",
        "/a#b",
        "/%2e%2e/b",
        "/a\\b",
        "/a\r\nb: c",
    ] {
        assert_eq!(
            kind(get(&world.web, "em2.b.example", path, LIMITS).await),
            Kind::Refused,
            "{path:?}"
        );
    }
    let odd = get(&world.web, "em2.b.example", "//c.example/", LIMITS)
        .await
        .unwrap();
    assert_eq!(
        (odd.status.as_u16(), world.hosts.seen()[0].host.as_str()),
        (200, "em2.b.example")
    );
}

/// security.md 30
#[tokio::test]
async fn security_30_an_answer_that_does_not_come_or_does_not_end_is_given_up_in_time() {
    fn slow(seen: &Seen) -> Reply {
        match seen.target.as_str() {
            "/never" => Reply::Stuck(Vec::new()),
            "/half" => Reply::Stuck(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf".to_vec()),
            _ => Reply::Stuck(b"HTTP/1.1 200 OK\r\n".to_vec()),
        }
    }
    let world = World::new(ordinary, slow).await;
    for path in ["/never", "/half", "/head"] {
        let begun = Instant::now();
        assert_eq!(
            kind(get(&world.web, "em2.b.example", path, SOON).await),
            Kind::Timeout,
            "{path}"
        );
        assert!(
            begun.elapsed() < Duration::from_secs(5),
            "{path}: {:?}",
            begun.elapsed()
        );
    }
}

#[tokio::test]
async fn a_body_is_as_long_as_its_limit_and_no_longer() {
    fn sized(seen: &Seen) -> Reply {
        Reply::new(
            "200 OK",
            &[],
            &"x".repeat(seen.target[1..].parse().unwrap()),
        )
    }
    let world = World::new(ordinary, sized).await;
    let fits = get(&world.web, "em2.b.example", "/65536", LIMITS)
        .await
        .unwrap();
    assert_eq!(fits.body.len(), 65_536);
    assert_eq!(
        kind(get(&world.web, "em2.b.example", "/65537", LIMITS).await),
        Kind::TooBig
    );
}

#[tokio::test]
async fn records_stream_in_as_they_come() {
    fn lines(_: &Seen) -> Reply {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n";
        Reply::Stuck(format!("{head}3\r\n{{}}\n\r\n3\r\n[]\n\r\n").into_bytes())
    }
    // The connection is made within it, too.
    let limits = Limits {
        whole: Duration::from_secs(2),
        ..LIMITS
    };
    let world = World::new(ordinary, lines).await;
    let to = platform("em2.b.example");
    let opened = world
        .web
        .open(
            &to,
            Method::GET,
            "/f/x/events/",
            HeaderMap::new(),
            None,
            limits,
        )
        .await
        .unwrap();
    assert_eq!(opened.headers["content-type"], "application/x-ndjson");
    let stream = opened.body.into_stream();
    let parts: Vec<_> = stream.collect().await;
    let came: Vec<u8> = parts.iter().flatten().flatten().copied().collect();
    assert_eq!(
        came, b"{}\n[]\n",
        "what came is there before the end is known"
    );
    let (last, before) = parts.split_last().unwrap();
    assert_eq!(kind(last.clone()), Kind::Timeout);
    assert!(before.iter().all(Result::is_ok));
}

#[tokio::test]
async fn only_a_certificate_of_the_platform_counts() {
    let world = World::new(ordinary, own_document).await;
    assert_eq!(
        kind(get(&world.web, "em2.c.example", "/", LIMITS).await),
        Kind::Tls
    );
    assert!(get(&world.web, "em2.b.example", "/", LIMITS).await.is_ok());

    let (mine, others) = (Authority::new(), Authority::new());
    let forger = WebServer::over_tls(others.certificate(&["*.b.example"]), own_document).await;
    let web = Web::trial(Dns::at(world.names.address), mine.root(), forger.address);
    assert_eq!(
        kind(get(&web, "em2.b.example", "/", LIMITS).await),
        Kind::Tls
    );

    assert!(forger.seen().is_empty());
}

#[tokio::test]
async fn a_server_without_tls_is_not_spoken_to() {
    let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let names = NameServer::start(ordinary).await;
    let web = Web::trial(
        Dns::at(names.address),
        Authority::new().root(),
        plain.local_addr().unwrap(),
    );
    let server = tokio::spawn(async move {
        let (mut stream, _) = plain.accept().await.unwrap();
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .await
            .unwrap();
        let mut said = Vec::new();
        let _ = stream.read_to_end(&mut said).await;
        said
    });
    assert_eq!(
        kind(get(&web, "em2.b.example", "/secret", LIMITS).await),
        Kind::Tls
    );
    assert!(!String::from_utf8_lossy(&server.await.unwrap()).contains("secret"));
}

#[tokio::test]
async fn platforms_are_spoken_to_over_http_2() {
    let (authority, names) = (Authority::new(), NameServer::start(ordinary).await);
    let mut config = Arc::unwrap_or_clone(authority.certificate(&["em2.b.example"]));
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let web = Web::trial(
        Dns::at(names.address),
        authority.root(),
        listener.local_addr().unwrap(),
    );
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let stream = TlsAcceptor::from(Arc::new(config))
            .accept(stream)
            .await
            .unwrap();
        let seen = |request: http::Request<hyper::body::Incoming>| async move {
            let said = format!("{:?} {}", request.version(), request.uri());
            Ok::<_, Infallible>(http::Response::new(said))
        };
        let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
        server
            .serve_connection(TokioIo::new(stream), hyper::service::service_fn(seen))
            .await
    });
    let requests = ["/f/a/?x=1", "/f/b/"].map(|path| get(&web, "em2.b.example", path, LIMITS));
    let said = futures::future::join_all(requests).await;
    let said: Vec<_> = said
        .into_iter()
        .map(|answer| answer.unwrap().body)
        .collect();
    assert_eq!(
        said,
        [
            "HTTP/2.0 https://em2.b.example/f/a/?x=1",
            "HTTP/2.0 https://em2.b.example/f/b/"
        ]
    );
}

#[tokio::test]
async fn nobody_at_the_address_is_told_from_no_address() {
    let world = World::new(ordinary, own_document).await;
    let gone = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let web = Web::trial(Dns::at(world.names.address), Authority::new().root(), gone);
    assert_eq!(
        kind(get(&web, "em2.b.example", "/", LIMITS).await),
        Kind::Connect
    );

    let names = NameServer::start(|_| Says::NoSuchName).await;
    let web = Web::trial(Dns::at(names.address), Authority::new().root(), gone);
    let unreached = get(&web, "em2.b.example", "/", LIMITS).await.unwrap_err();
    assert_eq!(
        unreached,
        Unreached::new(Kind::Dns, "The DNS has no address for em2.b.example.")
    );
}

/// A listener that takes connections and never says a word of TLS.
#[tokio::test]
async fn a_connection_that_is_not_finished_is_given_up_after_5_seconds() {
    let mute = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let names = NameServer::start(ordinary).await;
    let web = Web::trial(
        Dns::at(names.address),
        Authority::new().root(),
        mute.local_addr().unwrap(),
    );
    let begun = Instant::now();
    let unreached = get(&web, "em2.b.example", "/", LIMITS).await.unwrap_err();
    assert_eq!(
        unreached,
        Unreached::new(
            Kind::Connect,
            "em2.b.example took no connection within 5 s."
        )
    );
    assert!(
        begun.elapsed() < Duration::from_secs(9),
        "{:?}",
        begun.elapsed()
    );
}

/// security.md 35: a second process, because the environment belongs to a process.
#[tokio::test]
async fn security_35_a_proxy_in_the_environment_is_not_used() {
    let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", proxy.local_addr().unwrap());
    let name = "a_request_arrives_as_it_was_made_and_connections_are_kept";
    let name = format!("{}::{name}", module_path!().split_once("::").unwrap().1);
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args([&name, "--exact"]);
    for variable in [
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
    ] {
        child.env(variable, &address);
    }
    child
        .env_remove("no_proxy")
        .env_remove("NO_PROXY")
        .env_remove("REQUEST_METHOD");
    let output = tokio::task::spawn_blocking(move || child.output().unwrap());
    tokio::select! {
        _ = proxy.accept() => panic!("the proxy was used"),
        output = output => {
            let output = output.unwrap();
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success() && said.contains("1 passed"), "{said}");
        }
    }
}

#[tokio::test]
async fn the_client_of_production_can_be_made() {
    let web = Web::production();
    match web {
        Ok(web) => assert_eq!(
            kind(get(&web, "localhost", "/", LIMITS).await),
            Kind::Refused
        ),
        Err(error) => assert!(error.to_string().ends_with('.'), "{error}"),
    }
}
