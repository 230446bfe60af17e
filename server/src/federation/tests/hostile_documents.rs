//! Answers that are too long, too slow, elsewhere, or not what was asked for. // security.md 28, 30

use super::*;

const RECORD: &str = "v=em2v1; p=em2.b.example; id=1";

async fn found(hosts: Hosts) -> (World, Unreached) {
    let world = World::announcing(RECORD, hosts).await;
    let unreached = world.discovery.find("b.example").await.unwrap_err();
    assert!(unreached.detail.ends_with('.'), "a sentence: {unreached}");
    (world, unreached)
}

/// security.md 28
#[tokio::test]
async fn security_28_a_redirect_is_an_answer_and_not_followed() {
    fn elsewhere(seen: &Seen) -> Reply {
        let to = match seen.host.as_str() {
            "em2.b.example" => "location: https://other.host.example/.well-known/em2",
            _ => panic!("{seen:?}"),
        };
        Reply::new(
            "302 Found",
            &[to, "content-type: application/json"],
            &document("em2.b.example"),
        )
    }
    fn inward(_: &Seen) -> Reply {
        Reply::new(
            "307 Temporary Redirect",
            &["location: http://169.254.169.254/"],
            "",
        )
    }
    for hosts in [elsewhere, inward] {
        let (world, unreached) = found(hosts).await;
        assert_eq!(unreached.kind, Kind::Answer);
        assert!(unreached.detail.contains("30"), "{unreached}");
        assert_eq!(world.hosts.seen().len(), 1);
        let looked_up = |name: &str| world.names.asked(&Question::V4(name.to_owned()));
        assert_eq!(looked_up("other.host.example."), 0);
    }
}

/// security.md 30: cut at 64 KiB, whatever the head promises. That it is also cut at 10 s stands in `requests.rs`, with
/// a shorter time.
#[tokio::test]
async fn security_30_an_endless_document_is_cut() {
    fn promised(_: &Seen) -> Reply {
        Reply::Stuck(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 10737418240\r\n\r\n{".to_vec())
    }
    fn chunked(_: &Seen) -> Reply {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
        // One chunk of 10 GB.
        Reply::Endless(format!("{head}280000000\r\n{{").into_bytes())
    }
    fn until_the_end(_: &Seen) -> Reply {
        Reply::Endless(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{".to_vec())
    }
    for hosts in [promised, chunked, until_the_end] {
        let (_, unreached) = found(hosts).await;
        assert_eq!(unreached.kind, Kind::TooBig, "{unreached}");
    }
}

#[tokio::test]
async fn what_is_not_a_document_is_said_to_be_none() {
    fn html(_: &Seen) -> Reply {
        Reply::new("200 OK", &["content-type: text/html"], "<h1>Welcome</h1>")
    }
    fn untyped(seen: &Seen) -> Reply {
        Reply::new("200 OK", &[], &document(&seen.host))
    }
    fn missing(_: &Seen) -> Reply {
        Reply::new("404 Not Found", &["content-type: application/json"], "{}")
    }
    fn compressed(seen: &Seen) -> Reply {
        let headers = ["content-type: application/json", "content-encoding: gzip"];
        Reply::new("200 OK", &headers, &document(&seen.host))
    }
    fn text(_: &Seen) -> Reply {
        Reply::json("hello")
    }
    fn nested(_: &Seen) -> Reply {
        Reply::json(&"[".repeat(60_000))
    }
    fn later(_: &Seen) -> Reply {
        Reply::json(r#"{"v":2,"platform":"em2.b.example"}"#)
    }
    fn weak(seen: &Seen) -> Reply {
        let key = log(&seen.host).entries()[0].public.to_string();
        Reply::json(
            &document(&seen.host).replace(&key, "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        )
    }
    for hosts in [
        html, untyped, missing, compressed, text, nested, later, weak,
    ] {
        let (_, unreached) = found(hosts).await;
        assert_eq!(unreached.kind, Kind::Answer, "{unreached}");
    }
}

#[tokio::test]
async fn what_is_not_http_breaks_the_request() {
    fn garbage(_: &Seen) -> Reply {
        Reply::Cut(vec![0; 100])
    }
    fn half(_: &Seen) -> Reply {
        Reply::Cut(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{"
                .to_vec(),
        )
    }
    fn endless_head(_: &Seen) -> Reply {
        Reply::Endless(b"HTTP/1.1 200 OK\r\nx: ".to_vec())
    }
    fn silent(_: &Seen) -> Reply {
        Reply::Cut(Vec::new())
    }
    for hosts in [garbage, half, endless_head, silent] {
        let (_, unreached) = found(hosts).await;
        assert_eq!(unreached.kind, Kind::Broken, "{unreached}");
    }
}
