//! Development: routes in place of names, and nothing beyond them. // spec §1

use std::time::Duration;

use em2_model::address::Address;
use http::Method;

use super::*;
use crate::federation::discovery::Found;
use crate::federation::route::check;
use crate::federation::routes::Routes;
use crate::federation::web::Limits;

const LIMITS: Limits = Limits {
    whole: Duration::from_secs(5),
    body: 65_536,
    slowest: 0,
};

async fn routed() -> (WebServer, Discovery, Web) {
    let server = WebServer::plain(own_document).await;
    let text = format!(
        "b.test=http://{0},em2.c.test=http://{0},d.test:90=http://{0}",
        server.address
    );
    let web = Web::development(Routes::parse(&text).unwrap()).unwrap();
    (server, Discovery::new(web.clone()), web)
}

#[tokio::test]
async fn a_platform_is_asked_by_its_name_at_the_end_of_its_route() {
    let (server, discovery, web) = routed().await;
    let answer = web
        .request(
            &platform("d.test:90"),
            Method::GET,
            "/f/auth/",
            Default::default(),
            None,
            LIMITS,
        )
        .await;
    assert_eq!(answer.map(|answer| answer.status.as_u16()), Ok(200));
    let seen = server.seen().pop().unwrap();
    assert_eq!(
        (seen.host.as_str(), seen.target.as_str()),
        ("d.test:90", "/f/auth/")
    );

    for (domain, name) in [("b.test", "b.test"), ("c.test", "em2.c.test")] {
        let found = discovery.find(domain).await.unwrap();
        let Found::Platform { platform, log, .. } = found else {
            panic!("{found:?}")
        };
        assert_eq!((platform.as_str(), log), (name, super::log(name)));
    }
    assert_eq!(
        discovery.document(&platform("b.test")).await.unwrap().1,
        log("b.test")
    );
}

#[tokio::test]
async fn without_a_route_there_is_no_way_out() {
    let (server, discovery, web) = routed().await;
    for name in [
        "x.test",
        "b.test:80",
        "localhost",
        "127.0.0.1",
        "em2.b.example",
        "127.0.0.1:8025",
    ] {
        let answer = web
            .request(
                &platform(name),
                Method::GET,
                "/",
                Default::default(),
                None,
                LIMITS,
            )
            .await;
        assert_eq!(kind(answer), Kind::Refused, "{name}");
        assert_eq!(
            kind(discovery.document(&platform(name)).await),
            Kind::Refused,
            "{name}"
        );
    }
    assert!(matches!(
        discovery.find("x.test").await.unwrap(),
        Found::Mail { .. }
    ));
    assert_eq!(server.connections(), 0);

    let told = check(&discovery, &Address::parse("ann@x.test").unwrap()).await;
    assert_eq!(
        told[0].found.as_deref(),
        Ok("No route is called x.test or em2.x.test: it is reached by mail.")
    );
    let told = check(&discovery, &Address::parse("ann@c.test").unwrap()).await;
    assert_eq!(
        told[0].found.as_deref(),
        Ok("The route of em2.c.test leads there.")
    );
    assert!(
        told[1]
            .found
            .as_ref()
            .unwrap()
            .contains("ann@c.test is reached there")
    );
}
