//! A proxy between one platform and another that does to requests what networks do.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Duration, Instant, sleep, sleep_until};

use crate::dice::Dice;
use crate::fault::{Deck, Fault, Tally};
use crate::wire::{Message, Pace, Wire};

/// How long a slow message takes at most.
const SLOWEST: Duration = Duration::from_secs(4);

/// One direction between two platforms; gone when it is dropped.
pub(crate) struct Proxy {
    address: SocketAddr,
    road: Arc<Road>,
    accepts: JoinHandle<()>,
}

struct Road {
    to: SocketAddr,
    draws: Mutex<(Deck, Dice)>,
    tally: Arc<Tally>,
    /// Whether everything passes as it is.
    clean: AtomicBool,
    cut: Mutex<Option<Cut>>,
}

/// Nothing passes for a while.
#[derive(Clone, Copy)]
struct Cut {
    until: Instant,
    /// Whether callers are kept waiting, and not refused.
    holds: bool,
}

impl Proxy {
    /// Leads to this address; everything passes until there is chaos.
    pub(crate) async fn to(to: SocketAddr, dice: Dice, tally: Arc<Tally>) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let road = Arc::new(Road {
            to,
            draws: Mutex::new((Deck::default(), dice)),
            tally,
            clean: AtomicBool::new(true),
            cut: Mutex::new(None),
        });
        let accepts = tokio::spawn(accept(listener, road.clone()));
        Proxy {
            address,
            road,
            accepts,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Faults begin.
    pub(crate) fn rage(&self) {
        self.road.clean.store(false, Ordering::SeqCst);
    }

    /// From now on everything passes as it is. What was under way ends as it began.
    pub(crate) fn calm(&self) {
        self.road.clean.store(true, Ordering::SeqCst);
        *self.road.cut.lock().unwrap() = None;
    }

    /// Nothing passes for so long; callers are refused at once, or kept waiting.
    pub(crate) fn cut(&self, time: Duration, holds: bool) {
        let until = Instant::now() + time;
        *self.road.cut.lock().unwrap() = Some(Cut { until, holds });
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepts.abort();
    }
}

async fn accept(listener: TcpListener, road: Arc<Road>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => {
                let (stream, _) = accepted.unwrap();
                stream.set_nodelay(true).unwrap();
                let road = road.clone();
                connections.spawn(async move {
                    let mut caller = Wire::new(stream);
                    // A connection that breaks is what this is about: the caller sees it break.
                    if road.carry(&mut caller).await.is_err() {
                        caller.reset();
                    }
                });
            }
        }
    }
}

impl Road {
    /// Carries requests and answers until one side ends. An error: the caller's connection is to be reset.
    async fn carry(self: &Arc<Road>, caller: &mut Wire) -> io::Result<()> {
        while let Some(request) = caller.read().await? {
            self.tally.count("requests");
            self.pass_cut().await?;
            let fault = match self.clean.load(Ordering::SeqCst) {
                true => None,
                false => self.draw(),
            };
            let Some(fault) = fault else {
                let answer = self.ask(&request, None).await?;
                caller.write(answer.bytes(), None).await?;
                continue;
            };
            self.tally.count(fault.kind());
            if !self.meet(fault, request, caller).await? {
                break;
            }
        }
        Ok(())
    }

    fn draw(&self) -> Option<Fault> {
        let (deck, dice) = &mut *self.draws.lock().unwrap();
        deck.deal(dice)
    }

    /// Refuses, or waits to refuse, while nothing passes.
    async fn pass_cut(&self) -> io::Result<()> {
        let cut = *self.cut.lock().unwrap();
        let Some(cut) = cut.filter(|cut| cut.until > Instant::now()) else {
            return Ok(());
        };
        if cut.holds {
            self.tally.count("held by a partition");
            sleep_until(cut.until).await;
        } else {
            self.tally.count("refused by a partition");
        }
        Err(broken())
    }

    /// Carries one request into this fault. Whether the connection goes on.
    async fn meet(
        self: &Arc<Road>,
        fault: Fault,
        request: Message,
        caller: &mut Wire,
    ) -> io::Result<bool> {
        match fault {
            Fault::Delay(time) => {
                sleep(time).await;
                let answer = self.ask(&request, None).await?;
                caller.write(answer.bytes(), None).await?;
            }
            Fault::Drop { arrives } => {
                if arrives {
                    self.ask(&request, None).await?;
                }
                return Err(broken());
            }
            Fault::HalfClose => {
                let mut server = self.connect().await?;
                server.write(request.bytes(), None).await?;
                server.end().await?;
                let answer = server.read().await?.ok_or_else(broken)?;
                caller.write(answer.bytes(), None).await?;
                return Ok(false);
            }
            Fault::Truncate { answer: false } => {
                let mut server = self.connect().await?;
                server.write(request.half(), None).await?;
                return Err(broken());
            }
            Fault::Truncate { answer: true } => {
                let answer = self.ask(&request, None).await?;
                caller.write(answer.half(), None).await?;
                caller.end().await?;
                return Ok(false);
            }
            Fault::Duplicate { at_once, second } => {
                let (one, two) = match at_once {
                    true => tokio::join!(self.ask(&request, None), self.ask(&request, None)),
                    false => {
                        let one = self.ask(&request, None).await;
                        (one, self.ask(&request, None).await)
                    }
                };
                self.judge(&request, &one, &two);
                let answer = if second { two } else { one };
                caller.write(answer?.bytes(), None).await?;
            }
            Fault::Echo(after) => {
                let answer = self.ask(&request, None).await?;
                caller.write(answer.bytes(), None).await?;
                let road = self.clone();
                tokio::spawn(async move {
                    sleep(after).await;
                    match road.ask(&request, None).await {
                        Ok(echo) if echo.is_replay() => road.tally.count("echoes refused"),
                        Ok(_) => road.tally.count("echoes answered"),
                        Err(_) => road.tally.count("echoes lost"),
                    }
                });
            }
            Fault::Slow { bytes, pause } => {
                let longest = request.bytes().len().div_ceil(bytes) as u32;
                let pause = pause.min(SLOWEST / longest.max(1));
                let pace = Some((bytes, pause));
                let answer = self.ask(&request, pace).await?;
                caller.write(answer.bytes(), pace).await?;
            }
        }
        Ok(true)
    }

    /// A signed POST that arrives twice while its receiver lives is taken once. // spec §6
    fn judge(&self, request: &Message, one: &io::Result<Message>, two: &io::Result<Message>) {
        let (Ok(one), Ok(two)) = (one, two) else {
            return self.tally.count("duplicates cut off");
        };
        if !request.is_post() {
            return;
        }
        if one.is_replay() || two.is_replay() {
            self.tally.count("duplicates refused");
        }
        if one.is_success() && two.is_success() {
            self.tally.count("duplicates taken twice");
        }
    }

    async fn connect(&self) -> io::Result<Wire> {
        let stream = TcpStream::connect(self.to).await?;
        stream.set_nodelay(true)?;
        Ok(Wire::new(stream))
    }

    /// Asks on a connection of its own.
    async fn ask(&self, request: &Message, pace: Pace) -> io::Result<Message> {
        let mut server = self.connect().await?;
        server.write(request.bytes(), pace).await?;
        server.read().await?.ok_or_else(broken)
    }
}

fn broken() -> io::Error {
    io::ErrorKind::ConnectionReset.into()
}
