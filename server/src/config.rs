//! Everything that can be told to the program: an argument counts before an `EM2_*` variable, that before the file
//! named by `--config`, that before the default.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use serde::Deserialize;

/// What the command line, the environment and the file may say; each may leave anything out.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// A toml file with any of these settings
    #[arg(long, env = "EM2_CONFIG", global = true, value_name = "FILE")]
    #[serde(skip)]
    pub config: Option<PathBuf>,
    /// The address to listen on [default: 127.0.0.1:8025]
    #[arg(long, env = "EM2_LISTEN", global = true)]
    pub listen: Option<SocketAddr>,
    /// The folder of the database and the platform's key [default: data]
    #[arg(long, env = "EM2_DATA", global = true, value_name = "FOLDER")]
    pub data: Option<PathBuf>,
    /// sqlite:… or postgres:… [default: em2.sqlite in the data folder]
    #[arg(long, env = "EM2_DATABASE", global = true, value_name = "URL")]
    pub database: Option<String>,
    /// The folder of the built pages' scripts and styles [default: target/site]
    #[arg(long, env = "EM2_SITE", global = true, value_name = "FOLDER")]
    pub site: Option<PathBuf>,
    /// Where people reach the server, such as https://em2.example.com [default: what it listens on]
    #[arg(long, env = "EM2_ORIGIN", global = true, value_name = "URL")]
    pub origin: Option<String>,
    /// The platform's name, given once, at the first start: it is signed for ever [default: a local trial]
    #[arg(long, env = "EM2_PLATFORM", global = true, value_name = "HOST")]
    pub platform: Option<String>,
    /// The mail domains of the platform's people, separated by commas [default: any, in a local trial]
    #[arg(
        long,
        env = "EM2_DOMAINS",
        global = true,
        value_delimiter = ',',
        value_name = "DOMAIN"
    )]
    pub domains: Option<Vec<String>>,
    /// For development: where other platforms are, such as b.test=http://127.0.0.1:4002, and nothing else is reached
    #[arg(long, env = "EM2_ROUTES", global = true, value_name = "NAME=URL,…")]
    pub routes: Option<String>,
    /// A proxy in front tells the caller's address in X-Forwarded-For
    #[arg(long, env = "EM2_BEHIND_PROXY", global = true, num_args = 0..=1, default_missing_value = "true")]
    pub behind_proxy: Option<bool>,
    /// Which log lines to write, such as info or server=debug [default: info]
    #[arg(long, env = "EM2_LOG", global = true, value_name = "FILTER")]
    pub log: Option<String>,
    /// Log lines as JSON
    #[arg(long, env = "EM2_LOG_JSON", global = true, num_args = 0..=1, default_missing_value = "true")]
    pub log_json: Option<bool>,
}

/// The settings in force.
#[derive(Clone, Debug)]
pub struct Config {
    pub listen: SocketAddr,
    pub data: PathBuf,
    pub database: String,
    pub site: PathBuf,
    /// Absent: `http://` and the address that is listened on.
    pub origin: Option<Origin>,
    /// Absent: what the first start decided, or a local trial.
    pub platform: Option<String>,
    pub domains: Vec<String>,
    /// Static routes in place of the DNS, plain HTTP and loopback addresses: for development alone.
    pub routes: Option<String>,
    pub behind_proxy: bool,
    pub log: String,
    pub log_json: bool,
}

/// What is wrong with the settings, as a sentence for the operator.
#[derive(Debug, PartialEq, Eq)]
pub struct Wrong(String);

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Wrong {}

impl Config {
    /// Reads the file that the options name, where they name one, and fills in the defaults.
    pub fn load(options: Options) -> Result<Config, Wrong> {
        let file = match &options.config {
            None => Options::default(),
            Some(path) => {
                let text = std::fs::read_to_string(path).map_err(|error| {
                    Wrong(format!(
                        "The file {} cannot be read: {error}.",
                        path.display()
                    ))
                })?;
                toml::from_str(&text)
                    .map_err(|error| Wrong(format!("{}: {error}", path.display())))?
            }
        };
        Config::from_options(options.or(file))
    }

    fn from_options(options: Options) -> Result<Config, Wrong> {
        let data = options.data.unwrap_or_else(|| PathBuf::from("data"));
        let listen = options
            .listen
            .unwrap_or(SocketAddr::from(([127, 0, 0, 1], 8025)));
        let origin = options
            .origin
            .map(|text| Origin::parse(&text))
            .transpose()?;
        if !listen.ip().is_loopback() && origin.as_ref().is_none_or(|origin| !origin.is_secure()) {
            return Err(Wrong(format!(
                "To listen on {listen}, which others can reach, give --origin https://… with TLS in front of it; \
                 without TLS it listens on 127.0.0.1 only."
            )));
        }
        Ok(Config {
            listen,
            database: options
                .database
                .unwrap_or_else(|| format!("sqlite:{}", data.join("em2.sqlite").display())),
            data,
            site: options.site.unwrap_or_else(|| PathBuf::from("target/site")),
            origin,
            platform: options.platform,
            domains: options.domains.unwrap_or_default(),
            routes: options.routes,
            behind_proxy: options.behind_proxy.unwrap_or(false),
            log: options.log.unwrap_or_else(|| "info".to_owned()),
            log_json: options.log_json.unwrap_or(false),
        })
    }
}

impl Options {
    /// These options, and where they are silent those of `other`.
    fn or(self, other: Options) -> Options {
        Options {
            config: self.config,
            listen: self.listen.or(other.listen),
            data: self.data.or(other.data),
            database: self.database.or(other.database),
            site: self.site.or(other.site),
            origin: self.origin.or(other.origin),
            platform: self.platform.or(other.platform),
            domains: self.domains.or(other.domains),
            routes: self.routes.or(other.routes),
            behind_proxy: self.behind_proxy.or(other.behind_proxy),
            log: self.log.or(other.log),
            log_json: self.log_json.or(other.log_json),
        }
    }
}

/// Scheme and authority under which people reach the server, as a browser sends it in `Origin`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// `https://host[:port]`, or `http://` for a loopback address.
    pub fn parse(text: &str) -> Result<Origin, Wrong> {
        let text = text.trim_end_matches('/').to_ascii_lowercase();
        let wrong = |why: &str| Err(Wrong(format!("“{text}” cannot be the origin: {why}.")));
        let Ok(uri) = text.parse::<http::Uri>() else {
            return wrong("it is not a URL");
        };
        match (uri.scheme_str(), uri.host()) {
            (_, None) => wrong("it names no host"),
            _ if uri.path() != "/" || uri.query().is_some() || text.contains('@') => {
                wrong("it is more than a scheme, a host and a port")
            }
            (Some("https"), _) if uri.port_u16() != Some(443) => Ok(Origin(text)),
            (Some("http"), Some(host)) if is_loopback(host) => Ok(Origin(text)),
            (Some("http"), _) => wrong("plain HTTP is for loopback addresses only"),
            _ => wrong("it has to begin with https://, without the port 443"),
        }
    }

    /// The origin of a server that listens on a loopback address without TLS.
    pub fn of_listener(listen: SocketAddr) -> Origin {
        Origin(format!("http://{listen}"))
    }

    /// Whether a browser that names this origin stands on one of our own pages: this very origin, or, without TLS,
    /// another name of this machine with the same port.
    pub fn is_own(&self, named: &str) -> bool {
        let alike =
            |other: Origin| !self.is_secure() && !other.is_secure() && other.port() == self.port();
        named == self.0 || Origin::parse(named).is_ok_and(alike)
    }

    /// Whether people reach the server through TLS.
    pub fn is_secure(&self) -> bool {
        self.0.starts_with("https://")
    }

    /// The port that stands in it.
    pub fn port(&self) -> Option<u16> {
        self.0.parse::<http::Uri>().ok()?.port_u16()
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || bare
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_a_loopback_server_with_one_file() {
        let config = Config::from_options(Options::default()).unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:8025");
        assert_eq!(config.database, "sqlite:data/em2.sqlite");
    }

    #[test]
    fn an_argument_counts_before_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("em2.toml");
        std::fs::write(&path, "listen = '127.0.0.1:9000'\ndata = '/srv/em2'").unwrap();
        let options = Options {
            config: Some(path),
            listen: "127.0.0.1:7000".parse().ok(),
            ..Options::default()
        };
        let config = Config::load(options).unwrap();
        assert_eq!(config.listen.port(), 7000);
        assert_eq!(config.data, PathBuf::from("/srv/em2"));
    }

    #[test]
    fn an_unknown_setting_in_the_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("em2.toml");
        std::fs::write(&path, "lisen = 'x'").unwrap();
        let wrong = Config::load(Options {
            config: Some(path),
            ..Options::default()
        })
        .unwrap_err();
        assert!(wrong.to_string().contains("lisen"));
    }

    #[test]
    fn others_can_reach_it_only_through_tls() {
        let open = |origin: Option<&str>| {
            Config::from_options(Options {
                listen: "0.0.0.0:8025".parse().ok(),
                origin: origin.map(str::to_owned),
                ..Options::default()
            })
        };
        assert!(open(None).is_err());
        assert!(open(Some("http://127.0.0.1:8025")).is_err());
        assert!(open(Some("https://em2.example.com")).is_ok());
    }

    #[test]
    fn a_page_of_ours_may_name_this_machine_otherwise_on_loopback_only() {
        let here = Origin::parse("http://127.0.0.1:4001").unwrap();
        for (named, own) in [
            ("http://127.0.0.1:4001", true),
            ("http://localhost:4001", true),
            ("http://[::1]:4001", true),
            ("http://localhost:4002", false),
            ("https://localhost:4001", false),
            ("http://evil.example:4001", false),
            ("null", false),
            ("", false),
        ] {
            assert_eq!(here.is_own(named), own, "{named}");
        }
        let there = Origin::parse("https://em2.example.com").unwrap();
        assert!(there.is_own("https://em2.example.com") && !there.is_own("http://127.0.0.1:4001"));
    }

    #[test]
    fn an_origin_is_what_a_browser_sends() {
        for (text, wanted) in [
            ("https://em2.example.com/", Some("https://em2.example.com")),
            (
                "https://em2.example.com:8443",
                Some("https://em2.example.com:8443"),
            ),
            ("http://127.0.0.1:4001", Some("http://127.0.0.1:4001")),
            ("http://localhost:4001", Some("http://localhost:4001")),
            ("http://em2.example.com", None),
            ("https://em2.example.com:443", None),
            ("https://a@em2.example.com", None),
            ("https://em2.example.com/path", None),
            ("em2.example.com", None),
            ("ftp://em2.example.com", None),
            ("", None),
        ] {
            assert_eq!(
                Origin::parse(text).ok().as_ref().map(Origin::as_str),
                wanted,
                "{text}"
            );
        }
    }
}
