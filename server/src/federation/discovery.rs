//! From the domain of an address to its platform, and from a platform to its document. // spec §2

use std::time::Duration;

use em2_model::address::Platform;
use em2_model::keys::KeyLog;
use em2_model::wire::foreign::PlatformDocument;
use em2_model::wire::foreign::document;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method, StatusCode};

use super::announcement::{Announcement, read_txt};
use super::dns::Dns;
use super::expiry;
use super::guard;
use super::unreached::{Kind, Unreached, shown};
use super::web::{Answer, Limits, Way, Web};

/// What asking for a document may cost. // spec §2, security.md 30
const LIMITS: Limits = Limits {
    whole: Duration::from_secs(10),
    body: document::SIZE_MAX as u64,
    slowest: 0,
};

/// Half of the randomness, where the system has none to give: neither early nor late.
const MIDDLE: u16 = u16::MAX / 2;

/// Who serves the addresses of a domain. How long that counts is in milliseconds.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// A platform, with its document as it is now.
    Platform {
        platform: Platform,
        document: PlatformDocument,
        log: KeyLog,
        ttl: i64,
    },
    /// Nobody: the addresses are reached by mail.
    Mail { ttl: i64 },
}

/// What the DNS says of a domain, before any platform was asked.
pub(super) enum Said {
    Platform(Announcement),
    Mail { ttl: i64 },
}

/// Asks the DNS and other platforms; it remembers nothing itself.
#[derive(Clone)]
pub struct Discovery {
    web: Web,
}

impl Discovery {
    pub fn new(web: Web) -> Discovery {
        Discovery { web }
    }

    /// The platform of a domain. That there is none is an answer; that it could not be found out is an error, after
    /// which nobody may be sent mail instead. // spec §2, security.md 32
    pub async fn find(&self, domain: &str) -> Result<Found, Unreached> {
        let (platform, confirmed) = match self.web.way() {
            Way::Routes(routes) => match routes.serving(domain) {
                Some(platform) => (platform.clone(), expiry::CAP),
                None => {
                    return Ok(Found::Mail {
                        ttl: expiry::MAIL_CAP,
                    });
                }
            },
            Way::Names(dns) => match said(dns, domain).await? {
                Said::Mail { ttl } => return Ok(Found::Mail { ttl }),
                Said::Platform(said) => {
                    let confirmed = self.confirm(domain, &said.platform).await?;
                    (said.platform, confirmed)
                }
            },
        };
        let (document, log, ttl) = self.document(&platform).await?;
        Ok(Found::Platform {
            platform,
            document,
            log,
            ttl: ttl.min(confirmed),
        })
    }

    /// A platform's document, its key log verified, and how long they count in milliseconds.
    pub async fn document(
        &self,
        platform: &Platform,
    ) -> Result<(PlatformDocument, KeyLog, i64), Unreached> {
        let answer = self.get(platform).await?;
        let (document, log) = PlatformDocument::parse(&answer.body)
            .map_err(|refusal| unusable(platform, &refusal.message))?;
        if document.platform != *platform {
            let why = format!("It is the document of {}.", document.platform);
            return Err(unusable(platform, &why));
        }
        Ok((document, log, ttl(&answer)))
    }

    /// The second step: the domain itself names the same platform, over TLS, so that whoever forges the DNS does not get
    /// its mail. Answers how long that counts in milliseconds.
    pub(super) async fn confirm(
        &self,
        domain: &str,
        platform: &Platform,
    ) -> Result<i64, Unreached> {
        let front = front_name(domain);
        if platform.as_str() == front {
            return Ok(expiry::CAP);
        }
        let front = guard::platform(&front)?;
        let answer = self.get(&front).await?;
        let named =
            document::name(&answer.body).map_err(|refusal| unusable(&front, &refusal.message))?;
        if named != *platform {
            let domain = shown(domain);
            let detail = format!(
                "The DNS says that {domain} belongs to {platform}, and https://{front} says {named}. One of them is \
                 wrong; the operator of {domain} has to mend it."
            );
            return Err(Unreached::new(Kind::Answer, detail));
        }
        Ok(ttl(&answer))
    }

    /// How platforms are reached.
    pub(super) fn way(&self) -> &Way {
        self.web.way()
    }

    async fn get(&self, platform: &Platform) -> Result<Answer, Unreached> {
        let headers =
            HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json"))]);
        let web = &self.web;
        let answer = web
            .request(platform, Method::GET, document::PATH, headers, None, LIMITS)
            .await?;
        if answer.status != StatusCode::OK {
            return Err(unusable(
                platform,
                &format!("It answered with {}.", answer.status),
            ));
        }
        let media_type = answer
            .headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        let media_type = media_type.unwrap_or_default();
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/json") {
            let why = format!("It is “{}” and not application/json.", shown(media_type));
            return Err(unusable(platform, &why));
        }
        Ok(answer)
    }
}

/// The first step: the record in the DNS.
pub(super) async fn said(dns: &Dns, domain: &str) -> Result<Said, Unreached> {
    let found = dns.texts(&record_name(domain)).await?;
    Ok(match read_txt(&found.texts)? {
        Some(announcement) => Said::Platform(announcement),
        None => Said::Mail {
            ttl: expiry::mail(found.ttl),
        },
    })
}

/// Where the record of a domain stands.
pub(super) fn record_name(domain: &str) -> String {
    format!("_em2.{domain}")
}

/// The host that has to name the same platform.
pub(super) fn front_name(domain: &str) -> String {
    format!("em2.{domain}")
}

fn unusable(platform: &Platform, why: &str) -> Unreached {
    let path = document::PATH;
    Unreached::new(
        Kind::Answer,
        format!("https://{platform}{path} cannot be used. {why}"),
    )
}

fn ttl(answer: &Answer) -> i64 {
    let lines = answer.headers.get_all(CACHE_CONTROL);
    let lines: Vec<&str> = lines
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect();
    expiry::document(&lines.join(","), draw())
}

fn draw() -> u16 {
    let mut bytes = [0; 2];
    match getrandom::fill(&mut bytes) {
        Ok(()) => u16::from_le_bytes(bytes),
        Err(_) => MIDDLE,
    }
}
