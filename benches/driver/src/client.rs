//! One HTTP connection, as light as it can be: the machine is shared with the servers.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;

use crate::Outcome;

/// A connection that is kept open, and opened again when it was closed because nothing was asked for long.
pub(crate) struct Client {
    url: String,
    sender: SendRequest<Full<Bytes>>,
}

/// What was answered, and when.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// From the start of the request to the first bytes of the answer.
    pub(crate) first: Duration,
}

impl Client {
    /// Connects to the host of `http://host:port…`.
    pub(crate) async fn connect(url: &str) -> Outcome<Client> {
        let (sender, connection) = handshake(TokioIo::new(dial(url).await?)).await?;
        tokio::spawn(async move {
            // A connection that breaks fails the request that waits on it.
            let _ = connection.await;
        });
        Ok(Client {
            url: url.to_owned(),
            sender,
        })
    }

    /// Sends a request and reads all of the answer.
    pub(crate) async fn send(&mut self, request: Request<Full<Bytes>>) -> Outcome<Answer> {
        if self.sender.is_closed() {
            *self = Client::connect(&self.url).await?;
        }
        let started = Instant::now();
        self.sender.ready().await?;
        let (head, body) = self.sender.send_request(request).await?.into_parts();
        let first = started.elapsed();
        let body = body.collect().await?.to_bytes();
        Ok(Answer {
            status: head.status,
            headers: head.headers,
            body,
            first,
        })
    }

    /// Sends a request and counts the bytes of the answer as they come, keeping none.
    pub(crate) async fn count(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Outcome<(Duration, u64, u64)> {
        let started = Instant::now();
        self.sender.ready().await?;
        let mut body = self.sender.send_request(request).await?.into_body();
        let mut first = None;
        let (mut bytes, mut lines) = (0, 0);
        while let Some(frame) = body.frame().await {
            if let Some(data) = frame?.data_ref() {
                first.get_or_insert_with(|| started.elapsed());
                bytes += data.len() as u64;
                lines += data.iter().filter(|byte| **byte == b'\n').count() as u64;
            }
        }
        Ok((first.unwrap_or_else(|| started.elapsed()), bytes, lines))
    }
}

impl Answer {
    /// The answer to what has to succeed.
    pub(crate) fn done(self) -> Outcome<Answer> {
        if self.status.is_success() || self.status.is_redirection() {
            return Ok(self);
        }
        Err(format!("{}: {}", self.status, String::from_utf8_lossy(&self.body)).into())
    }

    pub(crate) fn json<T: DeserializeOwned>(&self) -> Outcome<T> {
        Ok(serde_json::from_slice(&self.body)?)
    }
}

/// A TCP connection to the host of a URL, without Nagle's delay.
pub(crate) async fn dial(url: &str) -> Outcome<TcpStream> {
    let stream = TcpStream::connect(authority(url)).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// `host:port` of `http://host:port/path`.
pub(crate) fn authority(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}
