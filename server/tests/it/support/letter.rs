//! A signed request between platforms, which a test can spoil before it is sent.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::person::Answer;

/// How long a test waits for an answer that has to come at once.
const PATIENCE: Duration = Duration::from_secs(10);

/// A request that is not sent yet.
#[derive(Clone)]
pub(crate) struct Letter {
    pub(crate) to: SocketAddr,
    pub(crate) method: Method,
    pub(crate) path: String,
    /// Whose name stands in the `Host` header.
    pub(crate) host: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Letter {
    /// With this header in the place of any of its name.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Letter {
        let value = HeaderValue::from_str(value).unwrap();
        self.headers.insert(HeaderName::from_static(name), value);
        self
    }

    /// With one more header.
    pub(crate) fn and(mut self, name: &'static str, value: &str) -> Letter {
        let value = HeaderValue::from_str(value).unwrap();
        self.headers.append(HeaderName::from_static(name), value);
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Letter {
        assert!(self.headers.remove(name).is_some(), "{name} is there");
        self
    }

    /// With another text in a header that has this one.
    pub(crate) fn edited(self, name: &'static str, from: &str, to: &str) -> Letter {
        let before = self.header(name).to_owned();
        assert!(before.contains(from), "{before}");
        self.with(name, &before.replacen(from, to, 1))
    }

    /// With another body than the one that was signed.
    pub(crate) fn saying(self, body: &[u8]) -> Letter {
        Letter {
            body: body.to_vec(),
            ..self
        }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// Sends it on a connection of this client's.
    pub(crate) async fn send(self, http: &reqwest::Client) -> Answer {
        let mut request = http
            .request(self.method, format!("http://{}{}", self.to, self.path))
            .headers(self.headers)
            .header("host", self.host);
        if !self.body.is_empty() {
            request = request.body(self.body);
        }
        let response = request.send().await.unwrap();
        Answer {
            status: response.status(),
            headers: response.headers().clone(),
            body: response.bytes().await.unwrap().to_vec(),
        }
    }

    /// The head as it goes over the wire, without a word about how long the body is.
    pub(crate) fn head(&self) -> String {
        let (method, path) = (&self.method, &self.path);
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\n", self.host);
        for (name, value) in &self.headers {
            head += &format!("{name}: {}\r\n", value.to_str().unwrap());
        }
        head
    }
}

/// A connection on which bytes are sent as they are.
pub(crate) struct Wire(TcpStream);

impl Wire {
    pub(crate) async fn open(to: SocketAddr) -> Wire {
        Wire(TcpStream::connect(to).await.unwrap())
    }

    /// Whether the other end still takes bytes.
    pub(crate) async fn say(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.0.write_all(bytes.as_ref()).await.is_ok()
    }

    /// Everything that comes until the other end closes the connection; it has to, soon.
    pub(crate) async fn rest(self) -> String {
        self.rest_within(PATIENCE).await
    }

    /// The same while a byte more is said every tenth of a second. Answers what came, and after how long it ended.
    pub(crate) async fn drip(self) -> (String, Duration) {
        let began = Instant::now();
        let (mut from, mut to) = self.0.into_split();
        let dripping = tokio::spawn(async move {
            while to.write_all(b" ").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
        let mut heard = Vec::new();
        let read = async {
            let mut part = [0; 4096];
            while let Ok(n @ 1..) = from.read(&mut part).await {
                heard.extend_from_slice(&part[..n]);
            }
        };
        let closed = tokio::time::timeout(Duration::from_secs(90), read).await;
        dripping.abort();
        assert!(closed.is_ok(), "it stays open");
        (
            String::from_utf8_lossy(&heard).into_owned(),
            began.elapsed(),
        )
    }

    async fn rest_within(mut self, patience: Duration) -> String {
        let mut heard = Vec::new();
        let read = async {
            let mut part = [0; 4096];
            // An end that is not a clean one is an end too.
            while let Ok(n @ 1..) = self.0.read(&mut part).await {
                heard.extend_from_slice(&part[..n]);
            }
        };
        let closed = tokio::time::timeout(patience, read).await;
        let heard = String::from_utf8_lossy(&heard).into_owned();
        assert!(closed.is_ok(), "it stays open: {heard}");
        heard
    }
}
