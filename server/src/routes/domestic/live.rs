//! `WS /d/ws/?since=n`: events as they happen. A frame is numbered by the reader's feed counter, so that a connection
//! goes on where the last one broke off, without loss and without a duplicate.
//!
//! ```text
//!  subscribe ─► hello ─► replay of the feed after `since` ─► live frames with a higher number
//!      └────── frames that are committed meanwhile wait here ──────┘
//! ```

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{FromRequestParts, Request, State};
use axum::response::{IntoResponse, Response};
use em2_model::refusal::{Code, Refusal};
use em2_model::wire::live::Live;
use serde::Deserialize;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tokio::time::{Instant, interval_at, timeout};

use crate::auth::SignedIn;
use crate::propagate::{Frame, Heard, Subscription};
use crate::routes::extract::caller::Caller;
use crate::routes::extract::key::Asked;
use crate::routes::problem::Problem;
use crate::routes::secure::is_own;
use crate::service::FeedPage;
use crate::state::App;

const PING: Duration = Duration::from_secs(25);
/// Pings without an answer after which a connection is dropped.
const MISSES: u32 = 2;
/// How long the network may take to accept a frame.
const SEND: Duration = Duration::from_secs(30);
/// The longest message that a client may send, in bytes.
const LONGEST: usize = 64 * 1024;
/// Small buffers: thousands of sockets are idle most of the time.
const READ_BUFFER: usize = 2048;

/// Where the reader broke off.
#[derive(Deserialize)]
pub struct Since {
    since: Option<u64>,
}

/// GET /d/ws/
#[utoipa::path(
    get,
    path = "/d/ws/",
    params(("since" = Option<u64>, Query, description = "The counter `n` up to which everything is known.")),
    responses((status = 101, description = "A WebSocket of `Live` frames."), (status = "default", description = "Refused.", body = Refusal, content_type = "application/problem+json")),
)]
pub async fn connect(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    // The upgrade is a GET with the cookie of whoever opens it: only our own pages may. // security.md 50
    if !is_own(&app, request.headers()) {
        return Err(Problem::from(Code::Origin));
    }
    let (mut parts, _) = request.into_parts();
    let Caller(caller) = Caller::from_request_parts(&mut parts, &app).await?;
    let Asked(Since { since }) = Asked::from_request_parts(&mut parts, &app).await?;
    let upgrade = match WebSocketUpgrade::from_request_parts(&mut parts, &app).await {
        Ok(upgrade) => upgrade,
        Err(rejection) => return Ok(rejection.into_response()),
    };
    Ok(upgrade
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_message_size(LONGEST)
        .max_frame_size(LONGEST)
        .on_upgrade(move |socket| async move {
            let mut connection = Connection {
                socket,
                live: app.service.subscribe(caller.me.user),
                caller,
                app,
                sent: 0,
            };
            let end = connection.run(since).await;
            Box::pin(connection.close(end)).await;
        }))
}

/// Done when the server stops.
async fn closed(closing: &mut watch::Receiver<bool>) {
    // An error says that the server is gone altogether.
    let _ = closing.wait_for(|closing| *closing).await;
}

/// Why a connection ends.
enum End {
    /// The client went away, or does not take what it is sent.
    Gone,
    /// More than 256 frames wait: load the pages again.
    Slow,
    SignedOut,
    /// The server stops.
    Closing,
    /// The database does not answer.
    Fault,
}

/// One open socket. What it does now and then is boxed: thousands do nothing most of the time, and each would hold the
/// room for all of it.
struct Connection {
    socket: WebSocket,
    live: Subscription,
    caller: SignedIn,
    app: App,
    /// The number of the last frame that was sent.
    sent: u64,
}

impl Connection {
    async fn run(&mut self, since: Option<u64>) -> End {
        // From now on an end is heard; one between the request and now is found by looking.
        let mut ends = self.app.auth.ends();
        let begun = Box::pin(async {
            self.check().await?;
            self.replay(since).await
        });
        if let Err(end) = begun.await {
            return end;
        }
        let mut closing = self.app.closing.clone();
        let mut pings = interval_at(Instant::now() + PING, PING);
        let mut unanswered = 0;
        loop {
            let step = tokio::select! {
                heard = self.live.next() => match heard {
                    Heard::Frame(frame) => Box::pin(self.send(&frame)).await,
                    Heard::Gap => Box::pin(self.catch_up(self.sent)).await,
                    Heard::Lagging => Err(End::Slow),
                },
                message = self.socket.recv() => match message {
                    Some(Ok(Message::Close(_)) | Err(_)) | None => Err(End::Gone),
                    // A page cannot see pings: it asks in words whether somebody is there, and is greeted again.
                    Some(Ok(Message::Text(_))) => {
                        unanswered = 0;
                        Box::pin(self.greet(self.sent)).await
                    }
                    Some(Ok(_)) => {
                        unanswered = 0;
                        Ok(())
                    }
                },
                _ = pings.tick() => {
                    unanswered += 1;
                    if unanswered > MISSES { Err(End::Gone) } else { Box::pin(self.ping()).await }
                }
                ended = ends.recv() => match ended {
                    Ok(ended) if ended.session == self.caller.session => Err(End::SignedOut),
                    Ok(_) => Ok(()),
                    Err(RecvError::Lagged(_)) => Box::pin(self.check()).await,
                    Err(RecvError::Closed) => Err(End::Closing),
                },
                () = closed(&mut closing) => Err(End::Closing),
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    /// Greets, and sends what happened since the last connection.
    async fn replay(&mut self, since: Option<u64>) -> Result<(), End> {
        let (n, frames) = self.missed(since.unwrap_or(u64::MAX)).await?;
        self.greet(n).await?;
        self.go_on(n, frames).await
    }

    async fn greet(&mut self, n: u64) -> Result<(), End> {
        let build = self.app.site.build().to_owned();
        self.send(&Frame::live(Live::Hello { n, build })).await
    }

    /// Sends what the store holds after number `since`.
    async fn catch_up(&mut self, since: u64) -> Result<(), End> {
        let (n, frames) = self.missed(since).await?;
        self.go_on(n, frames).await
    }

    /// What was told after number `since`, and the number that this leads to.
    async fn missed(&mut self, since: u64) -> Result<(u64, Vec<Frame>), End> {
        match self.app.service.feed_since(&self.caller.me, since).await {
            Ok(FeedPage::Frames { n, frames }) => Ok((n, frames)),
            Ok(FeedPage::Resync { n }) => Ok((n, vec![Frame::live(Live::Resync)])),
            Err(_) => Err(End::Fault),
        }
    }

    async fn go_on(&mut self, n: u64, frames: Vec<Frame>) -> Result<(), End> {
        for frame in &frames {
            self.send(frame).await?;
        }
        self.sent = n;
        self.live.after(n);
        Ok(())
    }

    async fn ping(&mut self) -> Result<(), End> {
        if self.app.clock.now() >= self.caller.expires_at {
            self.check().await?;
        }
        self.put(Message::Ping(Default::default())).await
    }

    /// Looks the session up again.
    async fn check(&mut self) -> Result<(), End> {
        match self.app.auth.is_good(self.caller.session).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(End::SignedOut),
            Err(_) => Err(End::Fault),
        }
    }

    async fn send(&mut self, frame: &Frame) -> Result<(), End> {
        self.sent = frame.n().unwrap_or(self.sent);
        match frame.bytes().try_into() {
            Ok(text) => self.put(Message::Text(text)).await,
            Err(_) => Err(End::Fault),
        }
    }

    async fn put(&mut self, message: Message) -> Result<(), End> {
        match timeout(SEND, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(End::Gone),
        }
    }

    /// Says why, where somebody is left to hear it.
    async fn close(&mut self, end: End) {
        let (code, reason) = match end {
            End::Gone => return,
            End::Slow => (1013, "load the pages again"),
            End::SignedOut => (4401, "signed out"),
            End::Closing => (1012, "the server restarts"),
            End::Fault => (1011, "the server failed"),
        };
        // Whoever does not take it is gone anyway.
        let _ = self
            .put(Message::Close(Some(CloseFrame {
                code,
                reason: reason.into(),
            })))
            .await;
    }
}
