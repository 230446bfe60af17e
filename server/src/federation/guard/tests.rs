use proptest::prelude::*;

use super::*;

/// Deterministic: a failing case is printed, and kept nowhere.
fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Networks that are not public, by the registries of IANA: base and length.
const RESERVED_V4: &[(&str, u32)] = &[
    ("0.0.0.0", 8),
    ("10.0.0.0", 8),
    ("100.64.0.0", 10),
    ("127.0.0.0", 8),
    ("169.254.0.0", 16),
    ("172.16.0.0", 12),
    ("192.0.0.0", 24),
    ("192.0.2.0", 24),
    ("192.88.99.0", 24),
    ("192.168.0.0", 16),
    ("198.18.0.0", 15),
    ("198.51.100.0", 24),
    ("203.0.113.0", 24),
    ("224.0.0.0", 4),
    ("240.0.0.0", 4),
];

const RESERVED_V6: &[(&str, u32)] = &[
    ("::", 96),
    ("::ffff:0:0", 96),
    ("::ffff:0:0:0", 96),
    ("64:ff9b::", 96),
    ("64:ff9b:1::", 48),
    ("100::", 64),
    ("2001::", 23),
    ("2001:db8::", 32),
    ("2002::", 16),
    ("3fff::", 20),
    ("5f00::", 16),
    ("fc00::", 7),
    ("fe80::", 10),
    ("fec0::", 10),
    ("ff00::", 8),
];

fn reserved_v4() -> impl Iterator<Item = (u32, u32)> {
    RESERVED_V4
        .iter()
        .map(|(base, length)| (base.parse::<Ipv4Addr>().unwrap().to_bits(), *length))
}

fn reserved_v6() -> impl Iterator<Item = (u128, u32)> {
    RESERVED_V6
        .iter()
        .map(|(base, length)| (base.parse::<Ipv6Addr>().unwrap().to_bits(), *length))
}

fn lies_in_v4(ip: u32) -> bool {
    reserved_v4().any(|(base, length)| (ip ^ base) >> (32 - length) == 0)
}

fn lies_in_v6(ip: u128) -> bool {
    reserved_v6().any(|(base, length)| (ip ^ base) >> (128 - length) == 0)
}

fn v4(bits: u32) -> IpAddr {
    Ipv4Addr::from_bits(bits).into()
}

fn v6(bits: u128) -> IpAddr {
    Ipv6Addr::from_bits(bits).into()
}

#[test]
fn security_25_networks_end_where_they_end() {
    for (base, length) in reserved_v4() {
        let last = base | (u32::MAX >> length);
        assert!(!is_public(v4(base)) && !is_public(v4(last)), "{}", v4(base));
        for beside in [base.wrapping_sub(1), last.wrapping_add(1)] {
            assert_eq!(is_public(v4(beside)), !lies_in_v4(beside), "{}", v4(beside));
        }
    }
    for (base, length) in reserved_v6() {
        let last = base | (u128::MAX >> length);
        assert!(!is_public(v6(base)) && !is_public(v6(last)), "{}", v6(base));
    }
}

#[test]
fn security_25_public_addresses_are_public() {
    for ip in [
        "1.1.1.1",
        "9.255.255.255",
        "100.63.255.255",
        "100.128.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "192.0.3.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2001:200::1",
        "2001:4860:4860::8888",
        "2003::1",
        "2606:4700:4700::1111",
        "2a00:1450:4001:801::200e",
        "3ffe::1",
        "3fff:1000::1",
    ] {
        assert!(is_public(ip.parse().unwrap()), "{ip}");
    }
}

#[test]
fn security_25_an_address_inside_of_an_address_is_not_public() {
    for ip in [
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "::ffff:0:127.0.0.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1:a:0:b:10.0.0.1",
        "2002:a00:1::",
        "2001:0:a00:1::",
        "2a00:1450::5efe:10.0.0.1",
        "2a00:1450::200:5efe:127.0.0.1",
    ] {
        assert!(!is_public(ip.parse().unwrap()), "{ip}");
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn security_25_an_ipv4_address_is_public_where_no_registry_keeps_it(bits in any::<u32>()) {
        prop_assert_eq!(is_public(v4(bits)), !lies_in_v4(bits), "{}", v4(bits));
        let ip = Ipv4Addr::from_bits(bits);
        prop_assert!(!is_public(ip.to_ipv6_mapped().into()) && !is_public(ip.to_ipv6_compatible().into()));
        prop_assert!(!is_public(v6(0x64_ff9b << 96 | u128::from(bits))), "NAT64");
        prop_assert!(!is_public(v6(0x2002 << 112 | u128::from(bits) << 80)), "6to4");
    }

    #[test]
    fn security_25_an_ipv6_address_is_public_in_global_unicast_alone(bits in any::<u128>(), prefix in 0u128..0x1_0000) {
        let bits = bits >> 16 | prefix << 112;
        let is_isatap = bits >> 32 & 0xfcff_ffff == 0x5efe;
        let expected = bits >> 125 == 1 && !lies_in_v6(bits) && !is_isatap;
        prop_assert_eq!(is_public(v6(bits)), expected, "{}", v6(bits));
    }

    /// security.md 24, 27: whatever way a number is written, it is no name.
    #[test]
    fn security_24_no_text_form_of_an_address_is_a_platform(
        bits in any::<u32>(),
        six in any::<u128>(),
        forms in prop::collection::vec(0..4usize, 4),
        parts in 1..=4usize,
        dot in any::<bool>(),
    ) {
        let mut text = inet_aton(bits, parts, &forms);
        prop_assert!(is_literal(&text), "the parser of URLs reads it: {text}");
        if dot {
            text.push('.');
        }
        prop_assert!(platform(&text).is_err(), "{text}");
        let six = Ipv6Addr::from_bits(six);
        let mapped = Ipv4Addr::from_bits(bits).to_ipv6_mapped();
        for literal in [six.to_string(), format!("[{six}]"), format!("[{mapped}]")] {
            prop_assert!(platform(&literal).is_err(), "{literal}");
        }
    }

    /// What the guard lets through, the parser of URLs takes for the same name.
    #[test]
    fn security_27_a_name_that_passes_is_never_a_literal(text in r"[a-z0-9x.:%@/\[\]#?*-]{1,24}", tail in "(|\\.example|\\.0x|\\.com)") {
        let text = text + &tail;
        if let Ok(platform) = platform(&text) {
            let url = reqwest::Url::parse(&format!("https://{platform}/")).unwrap();
            prop_assert_eq!(url.host_str(), Some(text.as_str()));
            prop_assert!(!is_literal(&text), "{}", text);
        }
    }
}

/// An IPv4 address as old parsers read it: one to four parts, the last one takes what is left, each decimal,
/// hexadecimal or octal.
fn inet_aton(bits: u32, parts: usize, forms: &[usize]) -> String {
    let head = (0..parts - 1).map(|i| bits >> (24 - 8 * i) & 0xff);
    let rest = u64::from(bits) & ((1u64 << (32 - 8 * (parts - 1))) - 1);
    let write = |(i, part): (usize, u64)| match forms[i] {
        0 => format!("{part}"),
        1 => format!("{part:#x}"),
        2 => format!("0{part:o}"),
        _ => format!("0x{part:08x}"),
    };
    let numbers = head.map(u64::from).chain([rest]);
    numbers.enumerate().map(write).collect::<Vec<_>>().join(".")
}

fn is_literal(host: &str) -> bool {
    let url = reqwest::Url::parse(&format!("https://{host}/"));
    let host = url.as_ref().ok().and_then(|url| url.host_str());
    host.is_some_and(|host| host.parse::<Ipv4Addr>().is_ok() || host.starts_with('['))
}

/// security.md 24, 29
#[test]
fn security_29_names_of_other_networks_and_other_ports_are_refused_with_a_reason() {
    for (name, why) in [
        ("127.0.0.1", "number"),
        ("169.254.169.254", "number"),
        ("0x7f.1", "number"),
        ("[::1]", "not the name"),
        ("localhost", "without a dot"),
        ("localhost.", "not the name"),
        ("a.localhost", "local network"),
        ("metadata.internal", "local network"),
        ("metadata.google.internal", "local network"),
        ("nas.home.arpa", "local network"),
        ("hidden.onion", "local network"),
        ("em2.a.example.", "not the name"),
        ("em2..example", "not the name"),
        ("Em2.a.example", "not the name"),
        ("em2.ä.example", "not the name"),
        ("em2.a.example:8443", "port 443"),
        ("em2.a.example:443", "port 443"),
        ("em2.a.example:", "not the name"),
        ("user@em2.a.example", "not the name"),
        ("em2.a.example/x", "not the name"),
        ("http://em2.a.example", "not the name"),
        ("file:///etc/passwd", "not the name"),
        ("", "not the name"),
    ] {
        let refused = platform(name).expect_err(name);
        assert_eq!(refused.kind, Kind::Refused);
        assert!(refused.detail.contains(why), "{refused}");
    }
    for name in [
        "em2.a.example",
        "a.b",
        "xn--bcher-kva.example",
        "1.a.example",
        "internal.a.example",
    ] {
        assert_eq!(
            platform(name).map(|platform| platform.to_string()),
            Ok(name.to_owned())
        );
    }
}
