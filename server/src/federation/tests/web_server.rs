//! A web server that sends whatever bytes a test wants, with and without TLS.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A request as it arrived.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) host: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Seen {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// What is sent for it.
pub(super) enum Reply {
    /// These bytes, head and body; the connection stays open for the next request.
    Bytes(Vec<u8>),
    /// These bytes, and then the connection ends.
    Cut(Vec<u8>),
    /// These bytes, and then nothing, for ever.
    Stuck(Vec<u8>),
    /// These bytes, and then more and more.
    Endless(Vec<u8>),
}

impl Reply {
    pub(super) fn new(status: &str, headers: &[&str], body: &str) -> Reply {
        let mut head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n", body.len());
        headers
            .iter()
            .for_each(|header| head.extend([header, "\r\n"]));
        Reply::Bytes(format!("{head}\r\n{body}").into_bytes())
    }

    pub(super) fn json(body: &str) -> Reply {
        Reply::new("200 OK", &["content-type: application/json"], body)
    }
}

type Hosts = fn(&Seen) -> Reply;

pub(super) struct WebServer {
    pub(super) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl WebServer {
    pub(super) async fn over_tls(certificate: Arc<ServerConfig>, hosts: Hosts) -> WebServer {
        WebServer::start(Some(TlsAcceptor::from(certificate)), hosts).await
    }

    pub(super) async fn plain(hosts: Hosts) -> WebServer {
        WebServer::start(None, hosts).await
    }

    async fn start(tls: Option<TlsAcceptor>, hosts: Hosts) -> WebServer {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = WebServer {
            address: listener.local_addr().unwrap(),
            connections: Arc::default(),
            seen: Arc::default(),
        };
        let (connections, seen) = (server.connections.clone(), server.seen.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                let (tls, seen) = (tls.clone(), seen.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, hosts, seen).await,
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => serve(stream, hosts, seen).await,
                            Err(_) => None,
                        },
                    }
                });
            }
        });
        server
    }

    /// How many connections were made to it.
    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Every request so far.
    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

/// Answers until the other side has gone.
async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    hosts: Hosts,
    log: Arc<Mutex<Vec<Seen>>>,
) -> Option<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let seen = read(&mut stream).await?;
        log.lock().unwrap().push(seen.clone());
        match hosts(&seen) {
            Reply::Bytes(bytes) => send(&mut stream, &bytes).await?,
            Reply::Cut(bytes) => {
                send(&mut stream, &bytes).await?;
                return stream.shutdown().await.ok();
            }
            Reply::Stuck(bytes) => {
                send(&mut stream, &bytes).await?;
                return stream.read_u8().await.ok().map(|_| ());
            }
            Reply::Endless(bytes) => {
                send(&mut stream, &bytes).await?;
                loop {
                    send(&mut stream, &[b' '; 4096]).await?;
                }
            }
        }
    }
}

async fn send(stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> Option<()> {
    stream.write_all(bytes).await.ok()?;
    stream.flush().await.ok()
}

async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Seen> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.trim_end().split("\r\n");
    let mut words = lines.next().unwrap().split(' ').map(str::to_owned);
    let (method, target) = (words.next().unwrap(), words.next().unwrap());
    let mut seen = Seen {
        method,
        target,
        ..Seen::default()
    };
    for line in lines {
        let (name, value) = line.split_once(": ").unwrap();
        seen.headers
            .push((name.to_ascii_lowercase(), value.to_owned()));
    }
    seen.host = seen.header("host").unwrap_or_default().to_owned();
    let length = seen
        .header("content-length")
        .map_or(0, |length| length.parse().unwrap());
    seen.body = vec![0; length];
    stream.read_exact(&mut seen.body).await.ok()?;
    Some(seen)
}
