//! A domain is looked up, and its platform is found, or mail, or neither. // spec §2

use super::*;
use crate::federation::discovery::Found;
use crate::federation::expiry;
use crate::federation::route::{Step, check};
use em2_model::address::Address;
use hickory_resolver::proto::op::ResponseCode;

const HOSTED: &str = "v=em2v1; p=em2.host.example; id=20270101";

fn hosted(seen: &Seen) -> Reply {
    let age = |age: &str, body: &str| {
        let age = format!("cache-control: {age}");
        Reply::new(
            "200 OK",
            &["content-type: application/json; charset=utf-8", &age],
            body,
        )
    };
    match seen.host.as_str() {
        "em2.b.example" => age("max-age=1800", r#"{"v":1,"platform":"em2.host.example"}"#),
        _ => age("max-age=7200", &document(&seen.host)),
    }
}

#[tokio::test]
async fn the_platform_of_a_domain_is_announced_confirmed_and_asked() {
    let world = World::announcing(HOSTED, hosted).await;
    let found = world.discovery.find("b.example").await.unwrap();
    let Found::Platform {
        platform,
        document,
        log,
        ttl,
    } = found
    else {
        panic!("{found:?}")
    };
    assert_eq!(platform.as_str(), "em2.host.example");
    assert_eq!(document.platform, platform);
    assert_eq!(log, super::log("em2.host.example"));
    assert_eq!(
        ttl,
        1800 * 1000,
        "as long as what counts for the shorter time"
    );
    let seen = world.hosts.seen();
    let asked: Vec<_> = seen
        .iter()
        .map(|seen| (seen.host.as_str(), seen.target.as_str()))
        .collect();
    let path = "/.well-known/em2";
    assert_eq!(asked, [("em2.b.example", path), ("em2.host.example", path)]);
    assert_eq!(seen[0].header("accept"), Some("application/json"));
    assert_eq!(seen[0].header("accept-encoding"), None);
}

#[tokio::test]
async fn a_platform_called_em2_and_the_domain_confirms_itself() {
    let world = World::announcing("v=em2v1;p=em2.b.example;id=1;", own_document).await;
    let found = world.discovery.find("b.example").await.unwrap();
    let Found::Platform { platform, ttl, .. } = found else {
        panic!("{found:?}")
    };
    assert_eq!(platform.as_str(), "em2.b.example");
    let day = 24 * 3_600_000;
    assert!((day * 9 / 10..=day * 11 / 10).contains(&ttl), "{ttl}");
    assert_eq!(world.hosts.seen().len(), 1);
}

#[tokio::test]
async fn a_domain_without_a_record_is_reached_by_mail() {
    let names = |question: &Question| match question {
        Question::Text(name) if name == "_em2.none.example." => Says::NoSuchName,
        Question::Text(name) if name == "_em2.empty.example." => Says::Nothing,
        Question::Text(name) if name == "_em2.alias.example." => {
            Says::Alias("nowhere.example.".to_owned())
        }
        Question::Text(name) if name == "_em2.spf.example." => {
            Says::Texts(vec![vec!["v=spf1 -all".to_owned()]], 86_400)
        }
        other => ordinary(other),
    };
    let world = World::new(names, own_document).await;
    let minute = 60_000;
    for (domain, ttl) in [
        ("none.example", 40 * minute),
        ("empty.example", 40 * minute),
        ("alias.example", 40 * minute),
        ("spf.example", expiry::MAIL_CAP),
        (&"a.".repeat(125), 5 * minute),
    ] {
        let found = world.discovery.find(domain).await.unwrap();
        assert_eq!(found, Found::Mail { ttl }, "{domain}");
    }
    assert_eq!(world.hosts.connections(), 0);
}

#[tokio::test]
async fn the_strings_of_a_record_are_one_text() {
    let names = |question: &Question| match question {
        Question::Text(_) => {
            let strings = ["v=em2", "v1; p=em2.b.exa", "mple; id=7"];
            Says::Texts(
                vec![
                    vec!["v=spf1".to_owned()],
                    strings.map(str::to_owned).to_vec(),
                ],
                60,
            )
        }
        other => ordinary(other),
    };
    let world = World::new(names, own_document).await;
    assert!(matches!(
        world.discovery.find("b.example").await.unwrap(),
        Found::Platform { .. }
    ));
}

/// security.md 32: neither is a reason to send mail.
#[tokio::test]
async fn security_32_a_failing_dns_is_an_error_and_never_mail() {
    let names = |question: &Question| match question {
        Question::Text(name) if name.contains("servfail") => Says::Code(ResponseCode::ServFail),
        Question::Text(name) if name.contains("refused") => Says::Code(ResponseCode::Refused),
        Question::Text(name) if name.contains("notimp") => Says::Code(ResponseCode::NotImp),
        Question::Text(name) if name.contains("formerr") => Says::Code(ResponseCode::FormErr),
        Question::Text(name) if name.contains("garbage") => Says::Garbage,
        Question::Text(_) => Says::Silence,
        other => ordinary(other),
    };
    let world = World::new(names, own_document).await;
    for domain in [
        "servfail.example",
        "refused.example",
        "notimp.example",
        "formerr.example",
    ] {
        assert_eq!(
            kind(world.discovery.find(domain).await),
            Kind::Dns,
            "{domain}"
        );
    }
    let begun = tokio::time::Instant::now();
    let (silent, garbage) = tokio::join!(
        world.discovery.find("silent.example"),
        world.discovery.find("garbage.example"),
    );
    assert_eq!([kind(silent), kind(garbage)], [Kind::Dns; 2]);
    assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
    assert_eq!(world.hosts.connections(), 0);
}

#[tokio::test]
async fn a_forged_record_takes_no_domain() {
    fn true_platform(seen: &Seen) -> Reply {
        match seen.host.as_str() {
            "em2.b.example" => Reply::json(&document("em2.b.example")),
            _ => own_document(seen),
        }
    }
    let world = World::announcing(HOSTED, true_platform).await;
    let unreached = world.discovery.find("b.example").await.unwrap_err();
    assert_eq!(unreached.kind, Kind::Answer);
    assert!(
        unreached.detail.contains("says em2.b.example"),
        "{unreached}"
    );
    assert_eq!(world.hosts.seen().len(), 1, "the forger was not asked");
}

#[tokio::test]
async fn the_document_of_another_platform_is_refused() {
    fn borrowed(_: &Seen) -> Reply {
        Reply::json(&document("em2.c.example"))
    }
    let world = World::announcing("v=em2v1; p=em2.b.example; id=1", borrowed).await;
    let unreached = world.discovery.find("b.example").await.unwrap_err();
    assert!(
        unreached.detail.contains("document of em2.c.example"),
        "{unreached}"
    );
}

#[tokio::test]
async fn the_operator_is_told_every_step() {
    let ann = Address::parse("ann@b.example").unwrap();
    let world = World::announcing(HOSTED, hosted).await;
    let steps = check(&world.discovery, &ann).await;
    let told = |steps: &[Step]| {
        let line = |step: &Step| match &step.found {
            Ok(found) => format!("{}: {found}", step.what),
            Err(unreached) => format!("{}: NOT: {unreached}", step.what),
        };
        steps.iter().map(line).collect::<Vec<_>>().join("\n")
    };
    let incarnation = log("em2.host.example").incarnation();
    let expected = format!(
        "TXT _em2.b.example: It names the platform em2.host.example, with the id 20270101.\n\
         https://em2.b.example/.well-known/em2: It names the same platform. This counts for 30 min.\n\
         https://em2.host.example/.well-known/em2: em2.host.example answers. Keys: 1, the newest is “1”; revoked: 0; \
         incarnation: {incarnation}. This counts for 120 min. ann@b.example is reached there."
    );
    assert_eq!(told(&steps), expected);

    let world = World::new(ordinary, own_document).await;
    let steps = check(&world.discovery, &ann).await;
    let expected = "TXT _em2.b.example: No record of version 1: it is reached by mail. This counts for 40 min.";
    assert_eq!(told(&steps), expected);

    let world = World::announcing(HOSTED, |_| Reply::new("404 Not Found", &[], "")).await;
    let steps = check(&world.discovery, &ann).await;
    let expected = "https://em2.b.example/.well-known/em2: NOT: https://em2.b.example/.well-known/em2 cannot be used. It \
                    answered with 404 Not Found.";
    assert_eq!(told(&steps[1..]), expected);
}
