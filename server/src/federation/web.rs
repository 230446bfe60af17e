//! The one client for requests to other platforms, and the only place of the server from which a connection goes out.
//! // spec §7, security.md C
//!
//! It follows no redirect, uses no proxy, unpacks nothing, keeps no cookie, and gives up in time: 5 s to connect, 15 s
//! to the first byte, and what the caller allows to the whole.

mod body;
mod failure;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use em2_model::address::Platform;
use http::header::{CONTENT_ENCODING, HOST, HeaderValue};
use http::{HeaderMap, Method, StatusCode};
use reqwest::{Client, ClientBuilder, Request, Url};
use tokio::time::{Instant, timeout_at};

use super::dns::Dns;
use super::guard::{self, Guarded};
use super::routes::Routes;
use super::unreached::{Kind, Unreached};
use crate::error::Error;
pub use body::Body;

/// How long a connection may take, with its question to the DNS and with TLS. // spec §7
const CONNECT: Duration = Duration::from_secs(5);

/// How long it may take until an answer begins. // spec §7
const FIRST_BYTE: Duration = Duration::from_secs(15);

/// How long a connection is kept that nobody uses, and how many for one platform.
const IDLE: Duration = Duration::from_secs(90);
const IDLE_EACH: usize = 4;

/// How often a connection in use is asked whether it still stands, and how long it has for that.
const ALIVE: Duration = Duration::from_secs(20);

/// Bytes of the headers of an answer over HTTP/2.
const HEADERS_MAX: u32 = 16 * 1024;

/// What one request may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// From the beginning to the last byte.
    pub whole: Duration,
    /// Bytes of the answer's body.
    pub body: u64,
    /// Bytes a second that an answer has to bring after its first 15 s; 0 for any. // spec §7
    pub slowest: u64,
}

/// An answer with its whole body, whatever its status.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// An answer whose body is still coming.
#[derive(Debug)]
pub struct Opened {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Body,
}

/// The client. Its clones share one pool of connections.
#[derive(Clone)]
pub struct Web {
    client: Client,
    way: Arc<Way>,
}

/// How platforms are reached.
pub(super) enum Way {
    /// By their names, over TLS, on port 443, at public addresses.
    Names(Dns),
    /// On this machine, without TLS, and no other.
    Routes(Routes),
}

impl Web {
    /// The client of a server that people use. Certificates are verified by what this machine trusts.
    pub fn production() -> Result<Web, Error> {
        let dns = Dns::system()?;
        let client = common(Guarded::by(dns.clone())).https_only(true).build();
        Ok(Web {
            client: client.map_err(no_client)?,
            way: Arc::new(Way::Names(dns)),
        })
    }

    /// The client of a server that somebody develops with: it reaches what the routes name and nothing else.
    pub fn development(routes: Routes) -> Result<Web, Error> {
        let client = common(Guarded::shut()).build();
        Ok(Web {
            client: client.map_err(no_client)?,
            way: Arc::new(Way::Routes(routes)),
        })
    }

    /// Production with its guard, where a test gives the name server and the only certificate that is trusted, and
    /// listens in place of every public address.
    #[cfg(test)]
    pub(super) fn trial(dns: Dns, root: &[u8], listener: std::net::SocketAddr) -> Web {
        let root = reqwest::Certificate::from_der(root).unwrap();
        let client = common(Guarded::diverted(dns.clone(), listener))
            .https_only(true)
            .tls_certs_only([root]);
        Web {
            client: client.build().unwrap(),
            way: Arc::new(Way::Names(dns)),
        }
    }

    /// Sends a request and reads the whole answer. Every status is an answer, redirects too.
    pub async fn request(
        &self,
        platform: &Platform,
        method: Method,
        path_and_query: &str,
        headers: HeaderMap,
        body: Option<Bytes>,
        limits: Limits,
    ) -> Result<Answer, Unreached> {
        let opened = self
            .open(platform, method, path_and_query, headers, body, limits)
            .await?;
        Ok(Answer {
            status: opened.status,
            headers: opened.headers,
            body: opened.body.whole().await?,
        })
    }

    /// Sends a request and hands the answer on as soon as it begins; its body is read under the same limits.
    pub async fn open(
        &self,
        platform: &Platform,
        method: Method,
        path_and_query: &str,
        headers: HeaderMap,
        body: Option<Bytes>,
        limits: Limits,
    ) -> Result<Opened, Unreached> {
        let mut request = Request::new(method, self.url(platform, path_and_query)?);
        *request.headers_mut() = headers;
        if let Way::Routes(_) = *self.way {
            // The route leads to an address; the platform is asked by its name, as it would be in production.
            let name = HeaderValue::from_str(platform.as_str());
            let name = name.map_err(|_| failure::no_route(platform))?;
            request.headers_mut().insert(HOST, name);
        }
        *request.body_mut() = body.map(Into::into);

        let begun = Instant::now();
        let until = begun + limits.whole;
        let first = until.min(begun + FIRST_BYTE);
        let answer = timeout_at(first, self.client.execute(request)).await;
        let answer = answer
            .map_err(|_| failure::too_late(platform, "did not begin its answer", first - begun))?
            .map_err(|error| failure::of(platform, &error))?;
        if answer
            .headers()
            .get(CONTENT_ENCODING)
            .is_some_and(|coding| coding != "identity")
        {
            let detail = format!("{platform} compressed its answer, which it was not asked for.");
            return Err(Unreached::new(Kind::Answer, detail));
        }
        Ok(Opened {
            status: answer.status(),
            headers: answer.headers().clone(),
            body: Body::begin(platform.clone(), answer, until, limits)?,
        })
    }

    /// How platforms are reached.
    pub(super) fn way(&self) -> &Way {
        &self.way
    }

    /// Where a request goes: exactly to the platform, and exactly with the path that was signed.
    fn url(&self, platform: &Platform, path_and_query: &str) -> Result<Url, Unreached> {
        let base = match &*self.way {
            Way::Names(_) => {
                guard::check(platform)?;
                format!("https://{platform}")
            }
            Way::Routes(routes) => {
                let address = routes.find(platform);
                format!(
                    "http://{}",
                    address.ok_or_else(|| failure::no_route(platform))?
                )
            }
        };
        let refuse = || {
            let detail = format!(
                "A request to {platform} is refused: its path is not one that is sent as it stands."
            );
            Unreached::new(Kind::Refused, detail)
        };
        if !path_and_query.starts_with('/') {
            return Err(refuse());
        }
        // The parser of URLs has its own opinion of hosts and paths: it has to be the same as ours.
        let url = Url::parse(&format!("{base}{path_and_query}")).map_err(|_| refuse())?;
        let parsed = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let is_same_path = parsed == path_and_query && url.fragment().is_none();
        let is_same_host = match &*self.way {
            Way::Names(_) => url.host_str() == Some(platform.as_str()) && url.port().is_none(),
            Way::Routes(_) => true,
        };
        if is_same_path && is_same_host {
            Ok(url)
        } else {
            Err(refuse())
        }
    }
}

/// What both modes have in common.
fn common(guarded: Guarded) -> ClientBuilder {
    // One cryptographic library for the process; an error says that it has been chosen already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    Client::builder()
        .dns_resolver(guarded)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        .referer(false)
        .user_agent("em2")
        .connect_timeout(CONNECT)
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(IDLE_EACH)
        .http2_keep_alive_interval(ALIVE)
        .http2_keep_alive_timeout(ALIVE)
        .http2_max_header_list_size(HEADERS_MAX)
}

fn no_client(error: reqwest::Error) -> Error {
    let reason = failure::root(&error);
    Error::new(format!(
        "Requests to other platforms cannot be sent: {reason}. Check that this machine has certificates to trust (the \
         package ca-certificates)."
    ))
}
