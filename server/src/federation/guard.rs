//! Where the server goes, and where a stranger cannot send it: the guard against forged requests (SSRF).
//!
//! Names are looked at before they are resolved, because a client connects to a literal address without asking any
//! resolver. Addresses are looked at when the connection is made, because what a name resolves to may change between
//! two questions. // security.md 24 to 27, 29

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use em2_model::address::Platform;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::dns::Dns;
use super::unreached::{Kind, Unreached, shown};

/// Last labels that mean something inside of a network, or nothing at all (RFC 6761, RFC 7686, RFC 8375, RFC 9476).
const INWARD: &[&str] = &[
    "alt",
    "arpa",
    "corp",
    "home",
    "internal",
    "intranet",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "onion",
    "private",
];

/// So many addresses of one name are tried: a name is not a list of hosts to knock at.
const ADDRESSES: usize = 8;

/// The name of a platform that production may speak to: lower-case, at least two labels, no port, no number, not
/// inward, in no other text form than its own.
pub(super) fn platform(text: &str) -> Result<Platform, Unreached> {
    let platform = Platform::parse(text).map_err(|_| {
        let shown = shown(text);
        Unreached::new(
            Kind::Refused,
            format!(
                "“{shown}” is not the name of a platform; a name is written like em2.example.org."
            ),
        )
    })?;
    check(&platform)?;
    Ok(platform)
}

/// Whether production may speak to a platform of this name.
pub(super) fn check(platform: &Platform) -> Result<(), Unreached> {
    let refuse = |why: &str| {
        Err(Unreached::new(
            Kind::Refused,
            format!("“{platform}” is refused: {why}."),
        ))
    };
    let last = platform.host().rsplit('.').next().unwrap_or_default();
    if platform.as_str() != platform.host() {
        refuse("platforms are reached on port 443, and their names have none")
    } else if !platform.as_str().contains('.') {
        refuse("a name without a dot belongs to a local network")
    } else if last.starts_with(|c: char| c.is_ascii_digit()) {
        refuse("it is a number and not a name")
    } else if INWARD.contains(&last) {
        refuse(&format!(
            "names that end in “.{last}” belong to a local network"
        ))
    } else {
        Ok(())
    }
}

/// Whether an address belongs to the public Internet. What is reserved, inward, or carries another address inside of
/// it, does not.
pub(super) fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

/// Everything but the registry of special-purpose addresses (RFC 6890), multicast and class E.
fn is_public_v4(ip: Ipv4Addr) -> bool {
    let inward = match ip.octets() {
        // This host, private, loopback.
        [0 | 10 | 127, ..] => true,
        // Carrier-grade NAT, 100.64.0.0/10.
        [100, b, ..] => b & 0b1100_0000 == 64,
        // Link-local, and with it the metadata services of clouds.
        [169, 254, ..] => true,
        // Private, 172.16.0.0/12.
        [172, b, ..] => b & 0b1111_0000 == 16,
        // Protocol assignments, documentation, the 6to4 relays, private.
        [192, 0, 0 | 2, _] | [192, 88, 99, _] | [192, 168, ..] => true,
        // Benchmarks, 198.18.0.0/15, and documentation.
        [198, 18 | 19, ..] | [198, 51, 100, _] | [203, 0, 113, _] => true,
        // Multicast, class E, broadcast.
        [224..=255, ..] => true,
        _ => false,
    };
    !inward
}

/// Only what is given out as global unicast, 2000::/3, and of it only what is an address of its own. Outside are
/// unspecified, loopback, v4-mapped, v4-compatible, NAT64 (64:ff9b::/96 and 64:ff9b:1::/48), discard, unique local,
/// link-local, site-local, multicast.
fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [a, b, c, _, e, f, ..] = ip.segments();
    let reserved = match (a, b, c) {
        // Protocol assignments, 2001::/23: Teredo, benchmarks, ORCHID.
        (0x2001, 0..=0x1ff, _) => true,
        // Documentation.
        (0x2001, 0xdb8, _) | (0x3fff, 0..=0xfff, _) => true,
        // 6to4: an IPv4 address inside.
        (0x2002, ..) => true,
        _ => false,
    };
    // ISATAP (RFC 5214): the last four bytes are an IPv4 address, for a router that unpacks it.
    let isatap = f == 0x5efe && e & !0x0300 == 0;
    a & 0xe000 == 0x2000 && !reserved && !isatap
}

/// The resolver of the client: every address of a name is looked at as the connection is made, and those that are not
/// public are left out.
#[derive(Clone)]
pub(super) struct Guarded {
    /// Absent in development, where routes take the place of names.
    dns: Option<Dns>,
    /// Where a test listens in place of every public address; never set outside of tests.
    diverted: Option<SocketAddr>,
}

impl Guarded {
    pub(super) fn by(dns: Dns) -> Guarded {
        Guarded {
            dns: Some(dns),
            diverted: None,
        }
    }

    /// Resolves nothing.
    pub(super) fn shut() -> Guarded {
        Guarded {
            dns: None,
            diverted: None,
        }
    }

    #[cfg(test)]
    pub(super) fn diverted(dns: Dns, listener: SocketAddr) -> Guarded {
        Guarded {
            dns: Some(dns),
            diverted: Some(listener),
        }
    }

    /// The public addresses of a name, at most eight; the kind `Refused` where it has only others.
    pub(super) async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, Unreached> {
        let Some(dns) = &self.dns else {
            return Err(Unreached::new(
                Kind::Refused,
                format!(
                    "“{}” is not looked up: in development only routes lead out.",
                    shown(host)
                ),
            ));
        };
        let found = dns.addresses(host).await?;
        let public: Vec<IpAddr> = found
            .iter()
            .copied()
            .filter(|ip| is_public(*ip))
            .take(ADDRESSES)
            .collect();
        match found.first() {
            Some(inward) if public.is_empty() => Err(Unreached::new(
                Kind::Refused,
                format!(
                    "{} is refused: its address {inward} is not a public one.",
                    shown(host)
                ),
            )),
            _ => Ok(public),
        }
    }
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let guarded = self.clone();
        Box::pin(async move {
            let public = guarded.addresses(name.as_str()).await?;
            // Port 0 is the one of the scheme.
            let to = move |ip| guarded.diverted.unwrap_or(SocketAddr::new(ip, 0));
            let addresses: Addrs = Box::new(public.into_iter().map(to));
            Ok(addresses)
        })
    }
}

#[cfg(test)]
mod tests;
