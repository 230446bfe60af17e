//! Who is signed in, and in which time zone they read.

use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use em2_model::wire::domestic::Session;

use crate::auth::SignedIn;
use crate::routes::extract::texts;
use crate::state::App;

/// The cookie in which the browser says how many minutes east of UTC it is.
const OFFSET: &str = "offset";
/// The farthest that a zone is from UTC, in minutes.
const FARTHEST: i32 = 14 * 60;

/// What the pages of a signed-in person begin with.
pub(super) fn session_of(app: &App, caller: &SignedIn, offset: i32) -> Session {
    Session {
        address: caller.me.address.clone(),
        name: caller.me.name.clone(),
        now: app.clock.now(),
        offset,
        build: app.site.build().to_owned(),
    }
}

/// The reader's minutes east of UTC; 0 until the browser has said them.
pub(super) fn offset(headers: &HeaderMap) -> i32 {
    texts(headers, COOKIE)
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == OFFSET)
        .and_then(|(_, minutes)| minutes.parse().ok())
        .filter(|minutes: &i32| minutes.abs() <= FARTHEST)
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(cookies: &str) -> i32 {
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, cookies.parse().unwrap());
        offset(&headers)
    }

    #[test]
    fn the_browser_says_where_it_is() {
        assert_eq!(told("em2=x; offset=-210"), -210);
        assert_eq!(told("offset=840"), 840);
        for nonsense in [
            "",
            "offset=",
            "offset=841",
            "offset=x",
            "offset=-99999999999",
        ] {
            assert_eq!(told(nonsense), 0, "{nonsense}");
        }
    }
}
