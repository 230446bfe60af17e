//! Names and addresses by which a stranger would send the server into its own network. // security.md 24 to 27, 29, 31

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use http::Method;

use super::*;
use crate::federation::guard::Guarded;
use crate::federation::web::{Answer, Limits};

const LIMITS: Limits = Limits {
    whole: Duration::from_secs(5),
    body: 65_536,
    slowest: 0,
};

async fn ask(world: &World, host: &str) -> Result<Answer, Unreached> {
    world
        .web
        .request(
            &platform(host),
            Method::GET,
            "/",
            Default::default(),
            None,
            LIMITS,
        )
        .await
}

/// security.md 25
#[tokio::test]
async fn security_25_a_name_with_inward_addresses_is_not_connected_to() {
    let inward = [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "0.0.0.0",
        "255.255.255.255",
        "::1",
        "::",
        "fd00::1",
        "fe80::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:93.184.215.14",
        "64:ff9b::7f00:1",
        "64:ff9b:1::7f00:1",
        "2002:7f00:1::",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    ];
    let names = move |question: &Question| match question {
        Question::V4(name) | Question::V6(name) => {
            let index: usize = name.trim_end_matches(".b.example.").parse().unwrap();
            Says::addresses(&[inward[index]])
        }
        other => ordinary(other),
    };
    let world = World::new(names, own_document).await;
    for (index, address) in inward.iter().enumerate() {
        let unreached = ask(&world, &format!("{index}.b.example"))
            .await
            .unwrap_err();
        assert_eq!(unreached.kind, Kind::Refused, "{address}: {unreached}");
    }
    assert_eq!(world.hosts.connections(), 0);
}

/// security.md 25: a public address does not let an inward one through beside it.
#[tokio::test]
async fn security_25_every_address_of_a_name_is_looked_at() {
    let names = NameServer::start(|question| match question {
        Question::V4(name) if name.starts_with("many.") => {
            let many: Vec<String> = (1..200).map(|n| format!("93.184.215.{n}")).collect();
            Says::addresses(&many.iter().map(String::as_str).collect::<Vec<_>>())
        }
        Question::V4(_) => Says::addresses(&["10.0.0.1", PUBLIC, "127.0.0.1", "93.184.215.15"]),
        Question::V6(name) if name.starts_with("many.") => Says::Nothing,
        Question::V6(_) => {
            Says::addresses(&["::1", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "fe80::1"])
        }
        _ => Says::Nothing,
    });
    let guarded = Guarded::by(Dns::at(names.await.address));
    let mut kept = guarded.addresses("mixed.b.example").await.unwrap();
    kept.sort();
    let public = [
        PUBLIC,
        "93.184.215.15",
        "2606:2800:21f:cb07:6820:80da:af6b:8b2c",
    ];
    assert_eq!(kept, public.map(ip));
    assert_eq!(guarded.addresses("many.b.example").await.unwrap().len(), 8);
}

/// security.md 26
#[tokio::test]
async fn security_26_a_name_that_turns_inward_is_not_connected_to_again() {
    let asked = AtomicUsize::new(0);
    let names = move |question: &Question| match question {
        Question::V4(_) if asked.fetch_add(1, Ordering::SeqCst) == 0 => Says::addresses(&[PUBLIC]),
        Question::V4(_) => Says::addresses(&["127.0.0.1"]),
        other => ordinary(other),
    };
    fn closing(_: &Seen) -> Reply {
        Reply::Cut(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".to_vec())
    }
    let world = World::new(names, closing).await;
    assert_eq!(ask(&world, "em2.b.example").await.unwrap().status, 200);
    for _ in 0..3 {
        assert_eq!(kind(ask(&world, "em2.b.example").await), Kind::Refused);
    }
    assert_eq!(world.hosts.connections(), 1);
    assert!(
        world
            .names
            .asked(&Question::V4("em2.b.example.".to_owned()))
            >= 2,
        "asked as it connects"
    );
}

/// security.md 24, 27, 29: what a platform can be called in the model, and not in production.
#[tokio::test]
async fn security_29_literal_hosts_and_other_ports_are_refused_before_any_look_up() {
    let world = World::new(ordinary, own_document).await;
    for host in [
        "127.0.0.1",
        "93.184.215.14",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "017700000001",
        "127.1",
        "1.0x7f",
        "localhost",
        "b.localhost",
        "metadata.internal",
        "metadata.google.internal",
        "printer.local",
        "router.lan",
        "1.0.0.127.in-addr.arpa",
        "em2",
        "em2.b.example:443",
        "em2.b.example:8443",
        "em2.b.example:80",
        "localhost:8025",
    ] {
        assert_eq!(kind(ask(&world, host).await), Kind::Refused, "{host}");
        assert_eq!(
            kind(world.discovery.document(&platform(host)).await),
            Kind::Refused,
            "{host}"
        );
    }
    assert_eq!(
        (world.names.questions().len(), world.hosts.connections()),
        (0, 0)
    );
}

/// security.md 24, 34
#[tokio::test]
async fn security_24_a_record_that_names_an_inward_platform_is_refused() {
    for record in [
        "v=em2v1; p=127.0.0.1; id=1",
        "v=em2v1; p=metadata.internal; id=1",
        "v=em2v1; p=localhost.; id=1",
        "v=em2v1; p=em2.host.example:8443; id=1",
        "v=em2v1; p=http://em2.host.example; id=1",
        "v=em2v1; p=file:///etc/passwd; id=1",
    ] {
        let world = World::announcing(record, own_document).await;
        assert_eq!(
            kind(world.discovery.find("b.example").await),
            Kind::Refused,
            "{record}"
        );
        assert_eq!(
            (world.names.questions().len(), world.hosts.connections()),
            (1, 0)
        );
    }
}

/// security.md 31
#[tokio::test]
async fn security_31_aliases_in_a_circle_and_a_thousand_records_are_errors_in_time() {
    let names = |question: &Question| match question {
        Question::Text(name) | Question::V4(name) | Question::V6(name) | Question::Alias(name) => {
            let target = |target: &str| Says::Alias(target.to_owned());
            match name.as_str() {
                "_em2.self.example." | "self.example." => target(name),
                "_em2.two.example." => target("three.example."),
                "three.example." => target("_em2.two.example."),
                "_em2.many.example." => {
                    let record = |n: usize| vec![format!("{n}{}", "x".repeat(10))];
                    let mut records: Vec<_> = (0..999).map(record).collect();
                    records.push(vec!["v=em2v1; p=em2.b.example; id=1".to_owned()]);
                    Says::Texts(records, 60)
                }
                "_em2.long.example." => Says::Texts(vec![vec!["v=em2v1; p=".to_owned(); 1000]], 60),
                // Every alias has another one, one letter longer; the slow ones take their time.
                name if name.ends_with(".chain.example.") => {
                    target(&format!("a{}", name.trim_start_matches("_em2.")))
                }
                name if name.ends_with(".slow.example.") => {
                    let next = target(&format!("a{}", name.trim_start_matches("_em2.")));
                    Says::Late(Duration::from_millis(1500), Box::new(next))
                }
                _ => Says::NoSuchName,
            }
        }
    };
    let world = World::new(names, own_document).await;
    let expected = [
        ("self.example", Kind::Dns),
        ("two.example", Kind::Dns),
        ("x.chain.example", Kind::Dns),
        ("x.slow.example", Kind::Dns),
        ("many.example", Kind::Answer),
        ("long.example", Kind::Answer),
    ];
    let begun = Instant::now();
    let found = expected.map(|(domain, _)| world.discovery.find(domain));
    let found = futures::future::join_all(found).await;
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
    for (found, (domain, expected)) in found.into_iter().zip(expected) {
        assert_eq!(kind(found), expected, "{domain}");
    }
    assert_eq!(kind(ask(&world, "self.example").await), Kind::Dns);
    assert!(
        world.names.over_tcp() > 0,
        "a thousand records do not fit into a packet"
    );
    assert_eq!(world.hosts.connections(), 0);
}
