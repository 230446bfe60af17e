//! Development: a fixed map from platforms to servers on this machine, in place of DNS and TLS. // spec §1

use std::collections::BTreeMap;
use std::net::SocketAddr;

use em2_model::address::Platform;

use crate::error::Error;

/// Which platform is reached where. What is not in it is not reached at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Routes(BTreeMap<Platform, SocketAddr>);

impl Routes {
    /// Reads `b.test=http://127.0.0.1:4002`, several separated by commas. Only plain HTTP to a loopback address.
    pub fn parse(text: &str) -> Result<Routes, Error> {
        let mut routes = BTreeMap::new();
        for route in text.split(',') {
            let route = route.trim();
            let wrong = || {
                Error::new(format!(
                    "“{route}” is not a route. Write it like b.test=http://127.0.0.1:4002; routes lead to this machine \
                     only."
                ))
            };
            let (platform, base) = route.split_once('=').ok_or_else(wrong)?;
            let platform = Platform::parse(platform.trim()).map_err(|_| wrong())?;
            let address = read_base(base.trim()).ok_or_else(wrong)?;
            if routes.insert(platform.clone(), address).is_some() {
                return Err(Error::new(format!(
                    "There are two routes to {platform}. Leave one out."
                )));
            }
        }
        Ok(Routes(routes))
    }

    pub(super) fn find(&self, platform: &Platform) -> Option<SocketAddr> {
        self.0.get(platform).copied()
    }

    /// The platform of the addresses of a domain: the one that is called like it, or `em2.` and it.
    pub(super) fn serving(&self, domain: &str) -> Option<&Platform> {
        let names = [domain.to_owned(), format!("em2.{domain}")];
        self.0
            .keys()
            .find(|platform| names.iter().any(|name| name == platform.as_str()))
    }
}

fn read_base(base: &str) -> Option<SocketAddr> {
    let authority = base.strip_prefix("http://")?;
    let authority = authority.strip_suffix('/').unwrap_or(authority);
    let address: SocketAddr = match authority.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}").parse().ok()?,
        None => authority.parse().ok()?,
    };
    address.ip().is_loopback().then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn platform(name: &str) -> Platform {
        Platform::parse(name).unwrap()
    }

    #[test]
    fn routes_are_read_and_found() {
        let text = "b.test=http://127.0.0.1:4002, em2.c.test = http://[::1]:4003/,d.test:90=http://localhost:4004";
        let routes = Routes::parse(text).unwrap();
        let found = |name: &str| {
            routes
                .find(&platform(name))
                .map(|address| address.to_string())
        };
        assert_eq!(found("b.test").as_deref(), Some("127.0.0.1:4002"));
        assert_eq!(found("em2.c.test").as_deref(), Some("[::1]:4003"));
        assert_eq!(found("d.test:90").as_deref(), Some("127.0.0.1:4004"));
        assert_eq!((found("d.test"), found("em2.b.test")), (None, None));

        let serving = |domain: &str| routes.serving(domain).map(Platform::as_str);
        assert_eq!(serving("b.test"), Some("b.test"));
        assert_eq!(serving("c.test"), Some("em2.c.test"));
        assert_eq!(
            (serving("test"), serving("x.test"), serving("")),
            (None, None, None)
        );
    }

    #[test]
    fn what_leads_elsewhere_is_no_route() {
        for bad in [
            "",
            ",",
            "b.test",
            "b.test=",
            "b.test=127.0.0.1:4002",
            "b.test=https://127.0.0.1:4002",
            "b.test=http://127.0.0.1",
            "b.test=http://127.0.0.1:4002/path",
            "b.test=http://127.0.0.1:4002?x",
            "b.test=http://u@127.0.0.1:4002",
            "b.test=http://10.0.0.1:4002",
            "b.test=http://0.0.0.0:4002",
            "b.test=http://0x7f.1:4002",
            "b.test=http://example.org:80",
            "b.test=http://localhost:",
            "b.test=http://localhost:70000",
            "B.test=http://127.0.0.1:4002",
            "http://b.test=http://127.0.0.1:4002",
            "b.test=http://127.0.0.1:4002,",
            "b.test=http://127.0.0.1:4002,b.test=http://127.0.0.1:4003",
        ] {
            let wrong = Routes::parse(bad).expect_err(bad);
            assert!(wrong.to_string().ends_with('.'), "{wrong}");
        }
    }
}
