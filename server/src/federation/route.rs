//! `server route check ann@b.example`: how an address is reached, step by step, for the operator who wonders why not.

use em2_model::address::{Address, Platform};
use em2_model::wire::foreign::document;

use super::discovery::{Discovery, Said, front_name, record_name, said};
use super::unreached::Unreached;
use super::web::Way;

/// One step, and what it brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What was asked.
    pub what: String,
    /// A sentence; as an error the reason why it ended here.
    pub found: Result<String, Unreached>,
}

/// Goes the way of discovery and says what it finds. The last step is an error where the address is not reached.
pub async fn check(discovery: &Discovery, address: &Address) -> Vec<Step> {
    let mut steps = Vec::new();
    let domain = address.domain();
    let Some(platform) = find_platform(discovery, domain, &mut steps).await else {
        return steps;
    };
    let found = discovery.document(&platform).await.map(|(document, log, ttl)| {
        let newest = log.entries().last().map_or("", |entry| entry.kid.as_str());
        format!(
            "{platform} answers. Keys: {}, the newest is “{newest}”; revoked: {}; incarnation: {}. This counts for {}. \
             {address} is reached there.",
            document.keys.len(),
            document.revoked.len(),
            log.incarnation(),
            minutes(ttl)
        )
    });
    let what = format!("https://{platform}{}", document::PATH);
    steps.push(Step { what, found });
    steps
}

/// The platform, or none where the steps say why.
async fn find_platform(
    discovery: &Discovery,
    domain: &str,
    steps: &mut Vec<Step>,
) -> Option<Platform> {
    let mut step =
        |what: String, found: Result<String, Unreached>| steps.push(Step { what, found });
    let dns = match discovery.way() {
        Way::Names(dns) => dns,
        Way::Routes(routes) => {
            let platform = routes.serving(domain).cloned();
            let found = match &platform {
                Some(platform) => format!("The route of {platform} leads there."),
                None => {
                    format!("No route is called {domain} or em2.{domain}: it is reached by mail.")
                }
            };
            step("routes of this server (development)".to_owned(), Ok(found));
            return platform;
        }
    };
    let what = format!("TXT {}", record_name(domain));
    let said = match said(dns, domain).await {
        Err(unreached) => {
            step(what, Err(unreached));
            return None;
        }
        Ok(Said::Mail { ttl }) => {
            let found = format!(
                "No record of version 1: it is reached by mail. This counts for {}.",
                minutes(ttl)
            );
            step(what, Ok(found));
            return None;
        }
        Ok(Said::Platform(said)) => said,
    };
    step(
        what,
        Ok(format!(
            "It names the platform {}, with the id {}.",
            said.platform, said.id
        )),
    );
    let front = front_name(domain);
    if said.platform.as_str() == front {
        return Some(said.platform);
    }
    let confirmed = discovery.confirm(domain, &said.platform).await;
    let is_confirmed = confirmed.is_ok();
    let found = confirmed.map(|ttl| {
        format!(
            "It names the same platform. This counts for {}.",
            minutes(ttl)
        )
    });
    step(format!("https://{front}{}", document::PATH), found);
    is_confirmed.then_some(said.platform)
}

fn minutes(millis: i64) -> String {
    format!("{} min", millis / 60_000)
}
