//! The cookies of sign-in. Behind TLS they have the `__Host-` prefix; on plain-HTTP loopback a development name with
//! the port, because browsers share the cookies of one host between its ports.

use crate::auth::token::Token;
use crate::config::Origin;

/// Seconds for which a browser keeps a cookie.
const KEPT: i64 = 90 * 24 * 60 * 60;

/// What a cookie is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Who is signed in.
    Session,
    /// That somebody signed in from this browser before: their tries are counted apart.
    Device,
}

/// Names, writes and reads the cookies of one server.
#[derive(Clone, Debug)]
pub struct Cookies {
    session: String,
    device: String,
    secure: bool,
}

impl Cookies {
    /// The cookies of a server that people reach under `origin`.
    pub fn new(origin: &Origin) -> Cookies {
        let name = match (origin.is_secure(), origin.port()) {
            (true, _) => "__Host-em2".to_owned(),
            (false, Some(port)) => format!("em2-dev-{port}"),
            (false, None) => "em2-dev-80".to_owned(),
        };
        Cookies {
            device: format!("{name}-device"),
            session: name,
            secure: origin.is_secure(),
        }
    }

    /// The name of a cookie.
    pub fn name(&self, purpose: Purpose) -> &str {
        match purpose {
            Purpose::Session => &self.session,
            Purpose::Device => &self.device,
        }
    }

    /// The `Set-Cookie` that gives a token to the browser.
    pub fn set(&self, purpose: Purpose, token: &Token) -> String {
        self.write(purpose, &token.text(), KEPT)
    }

    /// The `Set-Cookie` that takes it away.
    pub fn clear(&self, purpose: Purpose) -> String {
        self.write(purpose, "", 0)
    }

    /// The token among the `Cookie` headers of a request.
    pub fn read<'a>(
        &self,
        purpose: Purpose,
        headers: impl Iterator<Item = &'a str>,
    ) -> Option<Token> {
        let name = self.name(purpose);
        headers
            .flat_map(|header| header.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(key, _)| *key == name)
            .and_then(|(_, value)| Token::parse(value))
    }

    fn write(&self, purpose: Purpose, value: &str, age: i64) -> String {
        let name = self.name(purpose);
        let secure = if self.secure { "; Secure" } else { "" };
        format!("{name}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cookies(origin: &str) -> Cookies {
        Cookies::new(&Origin::parse(origin).unwrap())
    }

    #[test]
    fn behind_tls_a_cookie_has_every_guard() {
        let token = Token::fresh().unwrap();
        let set = cookies("https://em2.example.com").set(Purpose::Session, &token);
        let (pair, guards) = set.split_once("; ").unwrap();
        assert_eq!(pair, format!("__Host-em2={}", token.text()));
        for guard in ["Path=/", "Secure", "HttpOnly", "SameSite=Lax"] {
            assert!(
                guards.split("; ").any(|it| it == guard),
                "{guard} is missing: {guards}"
            );
        }
        assert!(!guards.contains("Domain"));
    }

    #[test]
    fn on_loopback_two_servers_keep_their_cookies_apart() {
        let (one, two) = (
            cookies("http://127.0.0.1:4001"),
            cookies("http://127.0.0.1:4002"),
        );
        assert_ne!(one.name(Purpose::Session), two.name(Purpose::Session));
        assert!(!one.clear(Purpose::Session).contains("Secure"));
    }

    #[test]
    fn a_token_is_found_among_other_cookies() {
        let (cookies, token) = (cookies("https://a.example"), Token::fresh().unwrap());
        let header = format!(
            "theme=dark; __Host-em2-device=x; __Host-em2={}; y=",
            token.text()
        );
        assert!(
            cookies
                .read(Purpose::Session, [header.as_str()].into_iter())
                .unwrap()
                .is(&token)
        );
        assert!(
            cookies
                .read(Purpose::Device, [header.as_str()].into_iter())
                .is_none()
        );
        assert!(
            cookies
                .read(Purpose::Session, ["", ";;=", "__Host-em2"].into_iter())
                .is_none()
        );
    }
}
