//! Live sockets, of ours and of the floor.

use std::time::Duration;

use futures::StreamExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::Outcome;
use crate::client::{authority, dial};
use crate::person::Person;

/// How long a frame may take before the run fails.
const PATIENCE: Duration = Duration::from_secs(10);

/// An open socket that is read.
pub(crate) struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    /// Opens `path`; as this person where it is ours.
    pub(crate) async fn open(url: &str, path: &str, person: Option<&Person>) -> Outcome<Socket> {
        let mut request = format!("ws://{}{path}", authority(url)).into_client_request()?;
        if let Some(person) = person {
            request
                .headers_mut()
                .insert("cookie", person.cookies().parse()?);
            request
                .headers_mut()
                .insert("origin", person.origin.parse()?);
        }
        let (stream, _) = tokio_tungstenite::client_async(request, dial(url).await?).await?;
        Ok(Socket(stream))
    }

    /// The next frame with a text in it that contains `word`.
    pub(crate) async fn next(&mut self, word: &str) -> Outcome<String> {
        loop {
            match timeout(PATIENCE, self.0.next()).await? {
                Some(Ok(Message::Text(text))) if text.contains(word) => return Ok(text.to_string()),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.into()),
                None => return Err("the socket was closed".into()),
            }
        }
    }
}

/// Opens a socket and never reads it: what is left is the server's share.
pub(crate) async fn idle(url: &str, path: &str, person: Option<&Person>) -> Outcome<TcpStream> {
    let mut stream = dial(url).await?;
    let signed_in = person.map_or(String::new(), |person| {
        format!(
            "cookie: {}\r\norigin: {}\r\n",
            person.cookies(),
            person.origin
        )
    });
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n{signed_in}\r\n",
        authority(url)
    );
    stream.write_all(request.as_bytes()).await?;
    let mut head = Vec::new();
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).await?;
        head.push(byte[0]);
    }
    if head.starts_with(b"HTTP/1.1 101") {
        return Ok(stream);
    }
    Err(String::from_utf8_lossy(&head).into())
}
