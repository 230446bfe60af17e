//! Whom a request is for.

use em2_model::address::Platform;
use em2_model::refusal::{Code, Refusal};
use http::header::{HOST, HeaderMap, HeaderValue};
use http::uri::{Authority, Uri};

/// Whether a request is for `own`: it names a platform, in its first line or as its `Host`, and no other one than ours.
/// Else 421 `EM2_WRONG_PLATFORM`, whatever its signature is worth. // spec §6
pub fn check_authority(uri: &Uri, headers: &HeaderMap, own: &Platform) -> Result<(), Refusal> {
    let first_line = uri.authority().map(Authority::as_str).map(str::as_bytes);
    let hosts = headers.get_all(HOST).iter().map(HeaderValue::as_bytes);
    let mut named = first_line.into_iter().chain(hosts).peekable();
    if named.peek().is_some() && named.all(|name| is_own(name, own)) {
        Ok(())
    } else {
        Err(Code::WrongPlatform.into())
    }
}

/// Without regard to case, and to the port where it is the one that goes without saying. // RFC 9421 §2.2.3
fn is_own(name: &[u8], own: &Platform) -> bool {
    let own = own.as_str().as_bytes();
    let without_port = name.strip_suffix(b":443").unwrap_or(name);
    name.eq_ignore_ascii_case(own) || without_port.eq_ignore_ascii_case(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(uri: &'static str, hosts: &[&'static str]) -> Result<(), Code> {
        let own = Platform::parse("em2.a.example").unwrap();
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(HOST, HeaderValue::from_static(host));
        }
        let checked = check_authority(&Uri::from_static(uri), &headers, &own);
        checked.map_err(|refusal| refusal.code)
    }

    #[test]
    fn a_request_for_us_says_so_in_any_of_the_forms_of_http() {
        assert_eq!(checked("/f/auth/", &["em2.a.example"]), Ok(()));
        assert_eq!(checked("/f/auth/", &["EM2.a.example:443"]), Ok(()));
        assert_eq!(checked("https://em2.a.example/f/auth/", &[]), Ok(()));
        assert_eq!(
            checked("https://em2.a.example/f/auth/", &["em2.a.example"]),
            Ok(())
        );
    }

    #[test]
    fn security_16_a_request_for_another_platform_is_refused() {
        for (uri, hosts) in [
            ("/f/auth/", [].as_slice()),
            ("/f/auth/", &["em2.b.example"]),
            ("/f/auth/", &["em2.a.example:8025"]),
            ("/f/auth/", &["em2.a.example."]),
            ("/f/auth/", &["em2.a.example", "em2.b.example"]),
            ("https://em2.b.example/f/auth/", &["em2.a.example"]),
            ("https://em2.a.example/f/auth/", &["em2.b.example"]),
            ("https://eve@em2.a.example/f/auth/", &[]),
        ] {
            assert_eq!(
                checked(uri, hosts),
                Err(Code::WrongPlatform),
                "{uri} {hosts:?}"
            );
        }
    }
}
