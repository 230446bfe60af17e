//! The live feed as a client hears it.

use std::time::Duration;

use em2_model::wire::live::Live;
use futures::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// How long a test waits for a frame.
const PATIENCE: Duration = Duration::from_secs(5);

/// An open socket, past its greeting.
pub(crate) struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// The counter of the greeting.
    pub(crate) n: u64,
}

impl Socket {
    /// Opens it as a page of `origin` does; the status is answered where it is refused.
    pub(crate) async fn open(
        origin: &str,
        cookies: &str,
        since: Option<u64>,
    ) -> Result<Socket, u16> {
        Socket::open_from(origin, Some(origin), cookies, since).await
    }

    /// Opens it as a page of another site would.
    pub(crate) async fn open_from(
        server: &str,
        origin: Option<&str>,
        cookies: &str,
        since: Option<u64>,
    ) -> Result<Socket, u16> {
        let query = since.map(|n| format!("?since={n}")).unwrap_or_default();
        let url = format!("{}/d/ws/{query}", server.replacen("http", "ws", 1));
        let mut request = url.into_client_request().unwrap();
        request
            .headers_mut()
            .insert("cookie", cookies.parse().unwrap());
        if let Some(origin) = origin {
            request
                .headers_mut()
                .insert("origin", origin.parse().unwrap());
        }
        let stream = match connect_async(request).await {
            Ok((stream, _)) => stream,
            Err(Error::Http(response)) => return Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        };
        let mut socket = Socket { stream, n: 0 };
        match socket.next().await {
            Live::Hello { n, .. } => socket.n = n,
            other => panic!("no greeting: {other:?}"),
        }
        Ok(socket)
    }

    /// The next frame.
    pub(crate) async fn next(&mut self) -> Live {
        loop {
            match timeout(PATIENCE, self.stream.next())
                .await
                .expect("no frame came")
            {
                Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).unwrap(),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("no frame: {other:?}"),
            }
        }
    }

    /// Whether nothing comes for a while.
    pub(crate) async fn is_quiet(&mut self) -> bool {
        timeout(Duration::from_millis(300), self.stream.next())
            .await
            .is_err()
    }

    /// The code with which it is closed.
    pub(crate) async fn closed(&mut self) -> u16 {
        self.closed_within(PATIENCE).await
    }

    /// The code with which it is closed after at most this silence.
    pub(crate) async fn closed_within(&mut self, patience: Duration) -> u16 {
        loop {
            match timeout(patience, self.stream.next())
                .await
                .expect("it was not closed")
            {
                Some(Ok(Message::Close(Some(frame)))) => return frame.code.into(),
                Some(Ok(_)) => {}
                other => panic!("it broke off: {other:?}"),
            }
        }
    }

    /// Whether it was ended, in whatever way.
    pub(crate) async fn is_over(&mut self) -> bool {
        loop {
            match timeout(PATIENCE, self.stream.next()).await {
                Ok(None | Some(Err(_) | Ok(Message::Close(_)))) => return true,
                Ok(Some(Ok(_))) => {}
                Err(_) => return false,
            }
        }
    }

    pub(crate) async fn send(&mut self, text: String) {
        // Whether it arrives is for the test to see.
        let _ = self.stream.send(Message::text(text)).await;
    }
}
