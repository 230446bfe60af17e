//! Other platforms as they are and as they should not be: real packets from a name server, real TLS from a web server,
//! both on this machine. // security.md C

mod certificates;
mod finding;
mod hostile_documents;
mod hostile_names;
mod name_server;
mod requests;
mod routed;
mod web_server;

use std::net::IpAddr;

use em2_model::address::Platform;
use em2_model::id::Time;
use em2_model::keys::KeyLog;
use em2_model::sign::{Kid, PlatformKey};
use em2_model::wire::foreign::PlatformDocument;

use super::discovery::Discovery;
use super::dns::Dns;
use super::unreached::{Kind, Unreached};
use super::web::Web;
use certificates::Authority;
use name_server::{NameServer, Question, Says};
use web_server::{Reply, Seen, WebServer};

/// An address that is public; in a test the web server listens in its place.
const PUBLIC: &str = "93.184.215.14";

/// The Internet of one test: names, hosts, and the platform that looks at it through its guard.
struct World {
    names: NameServer,
    hosts: WebServer,
    discovery: Discovery,
    web: Web,
}

/// What the web server answers to each request.
type Hosts = fn(&Seen) -> Reply;

impl World {
    /// `names` answers the questions to the DNS, `hosts` the requests over TLS to `*.b.example` and `*.host.example`.
    async fn new(names: impl Fn(&Question) -> Says + Send + Sync + 'static, hosts: Hosts) -> World {
        let authority = Authority::new();
        let names = NameServer::start(names).await;
        let certificate = authority.certificate(&["*.b.example", "*.host.example"]);
        let hosts = WebServer::over_tls(certificate, hosts).await;
        let web = Web::trial(Dns::at(names.address), authority.root(), hosts.address);
        World {
            names,
            hosts,
            discovery: Discovery::new(web.clone()),
            web,
        }
    }

    /// Every host is at the public address, and `_em2.b.example` has one TXT record.
    async fn announcing(record: &'static str, hosts: Hosts) -> World {
        let names = move |question: &Question| match question {
            Question::Text(name) if name == "_em2.b.example." => Says::texts(&[record]),
            _ => ordinary(question),
        };
        World::new(names, hosts).await
    }
}

/// Every host has a public address, and nothing else is in the DNS.
fn ordinary(question: &Question) -> Says {
    match question {
        Question::V4(_) => Says::addresses(&[PUBLIC]),
        Question::V6(_) | Question::Alias(_) => Says::Nothing,
        Question::Text(_) => Says::NoSuchName,
    }
}

fn platform(name: &str) -> Platform {
    Platform::parse(name).unwrap()
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// The key log of a platform; the same name has the same one.
fn log(name: &str) -> KeyLog {
    let mut seed = [7; 32];
    seed[..name.len().min(32)].copy_from_slice(&name.as_bytes()[..name.len().min(32)]);
    let key = PlatformKey::from_seed(platform(name), Kid::parse("1").unwrap(), &seed).unwrap();
    KeyLog::create(&key, Time(0), Time(90 * 24 * 3_600_000)).unwrap()
}

/// The document of a platform as JSON.
fn document(name: &str) -> String {
    serde_json::to_string(&PlatformDocument::of(platform(name), &log(name))).unwrap()
}

/// Every host answers with its own document.
fn own_document(seen: &Seen) -> Reply {
    Reply::json(&document(&seen.host))
}

fn kind<T: std::fmt::Debug>(result: Result<T, Unreached>) -> Kind {
    let unreached = result.unwrap_err();
    assert!(unreached.detail.ends_with('.'), "a sentence: {unreached}");
    unreached.kind
}
