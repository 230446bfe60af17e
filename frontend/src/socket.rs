//! The live socket `/d/ws/`: goes on from the newest counter after every break, and never gives up.
//!
//! ```text
//! connect ──Hello──▶ live ──silence, close, error──▶ wait (full jitter; at once when the page is looked at or the
//!    ▲                                               device is back online) ──┐
//!    └────────────────────────────────────────────────────────────────────────┘
//! ```

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use app::backend::{Connection, Heard};
use app::json;
use em2_model::wire::live::Live;
use futures::channel::oneshot;
use futures::future::{Either, select};
use futures::{SinkExt, StreamExt};
use gloo_net::websocket::futures::WebSocket;
use gloo_net::websocket::{Message, WebSocketError};
use wasm_bindgen_futures::spawn_local;
use web_sys::Event;

use crate::browser;

/// How long the first greeting may take, in milliseconds.
const GREETING: u32 = 10_000;
/// How long nothing may be heard before the server is asked, in milliseconds.
const QUIET: u32 = 30_000;
/// How long it may take to answer, in milliseconds.
const REPLY: u32 = 10_000;
/// The first and the longest wait before another attempt, in milliseconds; each is drawn between 0 and its bound.
const FIRST_WAIT: f64 = 500.0;
const LONGEST_WAIT: f64 = 30_000.0;
/// The close code of a session that ended (spec §17).
const SESSION_ENDED: u16 = 4401;
/// What the server answers with a greeting.
const PING: &str = "ping";

type Hear = Arc<dyn Fn(Heard) + Send + Sync>;

/// Why a connection ended.
enum End {
    /// Lost; whether it had been greeted.
    Lost {
        greeted: bool,
    },
    SessionEnded,
}

/// Hears the feed after counter `since`, for as long as the page lives.
pub(crate) fn listen(since: u64, hear: Hear) {
    spawn_local(keep(Some(since), hear));
}

async fn keep(mut since: Option<u64>, hear: Hear) {
    let wake = Wake::new();
    let mut attempt = 0;
    loop {
        match connect(&mut since, &hear, &wake).await {
            End::SessionEnded => return hear(Heard::Connection(Connection::SignedOut)),
            End::Lost { greeted } => attempt = if greeted { 0 } else { attempt + 1 },
        }
        hear(Heard::Connection(Connection::Reconnecting));
        wake.or_after(wait(attempt, browser::random())).await;
    }
}

/// Full jitter: anything from nothing to a bound that doubles with each attempt.
fn wait(attempt: i32, random: f64) -> u32 {
    (random * (FIRST_WAIT * 2_f64.powi(attempt.min(16))).min(LONGEST_WAIT)) as u32
}

async fn connect(since: &mut Option<u64>, hear: &Hear, wake: &Wake) -> End {
    let query = since
        .map(|since| format!("?since={since}"))
        .unwrap_or_default();
    let Ok(mut socket) = WebSocket::open(&format!("{}/d/ws/{query}", browser::socket_origin()))
    else {
        return End::Lost { greeted: false };
    };
    let mut greeted = false;
    let mut patience = GREETING;
    let mut asked = false;
    loop {
        let heard = {
            let silence = std::pin::pin!(wake.or_after(patience));
            match select(socket.next(), silence).await {
                Either::Left((message, _)) => Some(message),
                Either::Right(_) => None,
            }
        };
        match heard {
            Some(Some(Ok(Message::Text(text)))) => {
                asked = false;
                patience = QUIET;
                // A frame that this build does not know is for a newer one.
                if let Some(live) = json::read::<Live>(&text) {
                    greeted |= matches!(live, Live::Hello { .. });
                    if !take(live, since, hear) {
                        return End::Lost { greeted };
                    }
                }
            }
            Some(Some(Ok(Message::Bytes(_)))) => {}
            Some(Some(Err(WebSocketError::ConnectionClose(close))))
                if close.code == SESSION_ENDED =>
            {
                return End::SessionEnded;
            }
            Some(Some(Err(_)) | None) => return End::Lost { greeted },
            // Too long silent, or the page is looked at again: is anybody there?
            None if greeted && !asked => {
                if socket.send(Message::Text(PING.to_owned())).await.is_err() {
                    return End::Lost { greeted };
                }
                asked = true;
                patience = REPLY;
            }
            None => return End::Lost { greeted },
        }
    }
}

/// Tells a frame; false where the connection has to be made anew.
fn take(live: Live, since: &mut Option<u64>, hear: &Hear) -> bool {
    match &live {
        Live::Hello { n, .. } => {
            since.get_or_insert(*n);
            hear(Heard::Live(live));
            hear(Heard::Connection(Connection::Live));
            true
        }
        Live::Resync => {
            *since = None;
            hear(Heard::Live(live));
            false
        }
        Live::Change { .. }
        | Live::Draft { .. }
        | Live::DraftGone { .. }
        | Live::Read { .. }
        | Live::Requests { .. }
        | Live::Seen { .. }
        | Live::Waiting { .. }
        | Live::Delivery { .. } => {
            if let Some(n) = live.n() {
                *since = Some(since.map_or(n, |known| known.max(n)));
            }
            hear(Heard::Live(live));
            true
        }
    }
}

/// Ends a wait when the device comes back online or the page is looked at again.
struct Wake {
    waiting: Rc<RefCell<Option<oneshot::Sender<()>>>>,
    visible: Rc<Cell<bool>>,
}

impl Wake {
    fn new() -> Wake {
        let wake = Wake {
            waiting: Rc::default(),
            visible: Rc::new(Cell::new(browser::is_visible())),
        };
        let window = browser::window();
        let waiting = wake.waiting.clone();
        browser::on(&window, "online", move |_: Event| ring(&waiting));
        let (waiting, visible) = (wake.waiting.clone(), wake.visible.clone());
        if let Some(document) = window.document() {
            browser::on(&document, "visibilitychange", move |_: Event| {
                if !visible.replace(browser::is_visible()) && browser::is_visible() {
                    ring(&waiting);
                }
            });
        }
        wake
    }

    /// Ready after so many milliseconds, or when there is a reason to look at once.
    async fn or_after(&self, millis: u32) {
        let (ring, rung) = oneshot::channel();
        self.waiting.replace(Some(ring));
        select(std::pin::pin!(browser::after(millis)), rung).await;
    }
}

fn ring(waiting: &RefCell<Option<oneshot::Sender<()>>>) {
    if let Some(waiting) = waiting.take() {
        // Who no longer waits need not be woken.
        let _ = waiting.send(());
    }
}
