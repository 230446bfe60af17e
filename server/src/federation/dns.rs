//! What the DNS says of a name. Names are asked for as they stand: neither search lists nor the hosts file are read.

use std::net::IpAddr;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ResolveHosts, ResolverOpts};
use hickory_resolver::net::{DnsError, NetError, NoRecords};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, RecordType};

use super::unreached::{Kind, Unreached, shown};
use crate::error::Error;

/// How long a question may take: within the 5 s that a connection has with it, so that the DNS is named where it is the
/// reason. // spec §7
const WITHIN: Duration = Duration::from_secs(4);

/// How long one try of a question may take.
const TRY: Duration = Duration::from_secs(2);

/// How many answers are remembered.
const REMEMBERED: u64 = 4096;

/// How long it counts that there is nothing, where the DNS does not say: 5 min.
const NOTHING_SECONDS: u32 = 5 * 60;

/// The resolver of the server.
#[derive(Clone)]
pub(super) struct Dns(TokioResolver);

/// The TXT records of a name, none if there is no such name or no such record there.
pub(super) struct Texts {
    /// The strings of a record are one text.
    pub(super) texts: Vec<String>,
    /// How long this counts, in seconds.
    pub(super) ttl: u32,
}

impl Dns {
    /// The name servers of this machine, as `/etc/resolv.conf` has them.
    pub(super) fn system() -> Result<Dns, Error> {
        let resolver = TokioResolver::builder_tokio().and_then(|mut builder| {
            set(builder.options_mut());
            builder.build()
        });
        resolver.map(Dns).map_err(|error| {
            Error::new(format!(
                "The name servers of this machine cannot be used: {error}. Other platforms are found by them: check \
                 /etc/resolv.conf."
            ))
        })
    }

    /// One name server.
    #[cfg(test)]
    pub(super) fn at(server: std::net::SocketAddr) -> Dns {
        use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
        let mut ways = vec![ConnectionConfig::udp(), ConnectionConfig::tcp()];
        ways.iter_mut().for_each(|way| way.port = server.port());
        let servers = vec![NameServerConfig::new(server.ip(), true, ways)];
        let config = ResolverConfig::from_name_servers(servers);
        let mut builder = TokioResolver::builder_with_config(config, Default::default());
        set(builder.options_mut());
        Dns(builder.build().unwrap())
    }

    /// The TXT records at a name. An error is never taken for their absence.
    pub(super) async fn texts(&self, name: &str) -> Result<Texts, Unreached> {
        let Ok(asked) = Name::from_ascii(format!("{name}.")) else {
            // Too long for a name: there cannot be one.
            return Ok(Texts {
                texts: Vec::new(),
                ttl: NOTHING_SECONDS,
            });
        };
        let question = async {
            match self.0.lookup(asked, RecordType::TXT).await {
                Err(NetError::Dns(DnsError::NoRecordsFound(none))) => {
                    self.nothing(name, none).await
                }
                Err(error) => Err(failed(name, &error)),
                Ok(found) => {
                    let records = || {
                        found
                            .answers()
                            .iter()
                            .filter(|record| record.record_type() == RecordType::TXT)
                    };
                    let text = |data: &RData| match data {
                        RData::TXT(txt) => {
                            Some(String::from_utf8_lossy(&txt.txt_data.concat()).into_owned())
                        }
                        _ => None,
                    };
                    Ok(Texts {
                        texts: records().filter_map(|record| text(&record.data)).collect(),
                        ttl: records().map(|record| record.ttl).min().unwrap_or_default(),
                    })
                }
            }
        };
        within(name, question).await
    }

    /// Every address of a host, IPv6 first.
    pub(super) async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, Unreached> {
        let question = async {
            let asked = Name::from_ascii(format!("{host}."))
                .map_err(|error| failed(host, &error.into()))?;
            let found = self.0.lookup_ip(asked).await.map_err(|error| match error {
                NetError::Dns(DnsError::NoRecordsFound(_)) => Unreached::new(
                    Kind::Dns,
                    format!("The DNS has no address for {}.", shown(host)),
                ),
                error => failed(host, &error),
            })?;
            Ok(found.iter().collect())
        };
        within(host, question).await
    }

    /// Aliases that lead in a circle look like an alias that leads nowhere: the last one is asked for once more.
    async fn nothing(&self, name: &str, none: NoRecords) -> Result<Texts, Unreached> {
        let is_there = none.response_code == ResponseCode::NoError;
        if is_there
            && self
                .0
                .lookup(none.query.name().clone(), RecordType::CNAME)
                .await
                .is_ok()
        {
            return Err(Unreached::new(
                Kind::Dns,
                format!("The aliases of {} in the DNS do not end.", shown(name)),
            ));
        }
        Ok(Texts {
            texts: Vec::new(),
            ttl: none.negative_ttl.unwrap_or(NOTHING_SECONDS),
        })
    }
}

fn set(options: &mut ResolverOpts) {
    options.timeout = TRY;
    options.attempts = 1;
    options.cache_size = REMEMBERED;
    options.use_hosts_file = ResolveHosts::Never;
}

async fn within<T>(
    name: &str,
    question: impl Future<Output = Result<T, Unreached>>,
) -> Result<T, Unreached> {
    tokio::time::timeout(WITHIN, question)
        .await
        .unwrap_or_else(|_| {
            let seconds = WITHIN.as_secs();
            let detail = format!(
                "The DNS did not answer for {} within {seconds} s.",
                shown(name)
            );
            Err(Unreached::new(Kind::Dns, detail))
        })
}

fn failed(name: &str, error: &NetError) -> Unreached {
    Unreached::new(
        Kind::Dns,
        format!("The DNS failed for {}: {error}.", shown(name)),
    )
}
