//! Sends what waits for other platforms: the engine decides, this does. // spec §15
//!
//! ```text
//!  outbox ─┐                    ┌─ rows, durable before what follows
//!  answers ┼─► engine.step ─► ──┼─ requests, each a task of its own
//!  time ───┘                    └─ pages of what waits
//! ```

mod errand;
mod verdict;

use em2_model::{ConversationKey, Platform, Time};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Duration, sleep};

use crate::clock::Clock;
use crate::federation::client::Client;
use crate::federation::engine::{Engine, Errand, Input, Output, Request, Schedule, Trouble};
use crate::service::Service;
use crate::service::foreign::Trying;
use errand::run;

/// How long it is waited until a database that does not answer is asked again.
const AGAIN: Duration = Duration::from_secs(1);

/// In how many conversations people are told at once for how long a platform has not answered.
const SHOWN: usize = 200;

/// Who sends, to everybody.
struct Sender {
    service: Service,
    client: Client,
    clock: Clock,
    engine: Engine,
    /// What requests and pages tell the engine.
    tell: mpsc::Sender<Told>,
    /// Requests and pages under way: they end with whoever sends.
    tasks: JoinSet<()>,
}

/// Something for the engine, and the conversations whose people are to hear of it afterwards.
struct Told {
    input: Input,
    convs: Vec<ConversationKey>,
}

/// Sends for as long as it is polled.
pub(crate) async fn send(service: Service, client: Client, clock: Clock) {
    let mut seed = [0; 8];
    if let Err(error) = getrandom::fill(&mut seed) {
        tracing::warn!(%error, "tries of other platforms are not spread");
    }
    let (tell, mut told) = mpsc::channel(256);
    let mut sender = Sender {
        service,
        client,
        clock,
        engine: Engine::new(u64::from_le_bytes(seed)),
        tell,
        tasks: JoinSet::new(),
    };
    sender.begin().await;
    loop {
        let next = sender.engine.next_at();
        let wait = next.map(|at| at.as_millis() - sender.clock.now().as_millis());
        let wait = Duration::from_millis(wait.map_or(60_000, |ms| ms.clamp(0, 60_000) as u64));
        let outbox = sender.service.outbox().clone();
        tokio::select! {
            raised = outbox.raised() => {
                for (peer, raised) in raised {
                    if raised.alive {
                        sender.take(Input::Alive { peer: peer.clone() }, Vec::new()).await;
                    }
                    if raised.doubted {
                        sender.take(Input::Doubted { peer: peer.clone() }, Vec::new()).await;
                    }
                    if !raised.hurried.is_empty() {
                        let input = Input::Hurried { peer: peer.clone(), convs: raised.hurried };
                        sender.take(input, Vec::new()).await;
                    }
                    if raised.more || !raised.convs.is_empty() {
                        let input = Input::Raised { peer, convs: raised.convs, more: raised.more };
                        sender.take(input, Vec::new()).await;
                    }
                }
            }
            Some(_) = sender.tasks.join_next() => {}
            Some(Told { input, convs }) = told.recv() => sender.take(input, convs).await,
            () = sleep(wait) => sender.take(Input::Tick, Vec::new()).await,
        }
    }
}

impl Sender {
    /// Tells the engine of every platform that is known, and for which something waits.
    async fn begin(&mut self) {
        let known = loop {
            match self.service.known_peers().await {
                Ok(known) => break known,
                Err(refusal) => {
                    tracing::warn!(%refusal, "what waits for other platforms cannot be read");
                    sleep(AGAIN).await;
                }
            }
        };
        for (peer, schedule, waiting) in known {
            let input = Input::Known {
                peer,
                schedule,
                waiting,
            };
            self.take(input, Vec::new()).await;
        }
    }

    async fn take(&mut self, input: Input, convs: Vec<ConversationKey>) {
        let outputs = self.engine.step(input, self.clock.now());
        let (mut rows, mut tries, mut rest) = (Vec::new(), Vec::new(), Vec::new());
        for output in outputs {
            match output {
                Output::Schedule { peer, schedule } => rows.push((peer, schedule)),
                Output::Rest {
                    peer,
                    conv,
                    until,
                    refused,
                    trouble,
                } => tries.push(Trying {
                    refused,
                    ..trying(peer, conv, Some(until), trouble)
                }),
                Output::SetAside {
                    peer,
                    conv,
                    trouble,
                    alarm,
                } => {
                    if alarm {
                        tracing::error!(%peer, %conv, "the platform that leads a conversation does not know it");
                    }
                    tries.push(trying(peer, conv, None, trouble));
                }
                other => rest.push(other),
            }
        }
        self.keep(rows, tries).await;
        rest.into_iter().for_each(|output| self.begin_one(output));
        if !convs.is_empty() {
            let service = self.service.clone();
            self.tasks
                .spawn(async move {
                    if let Err(refusal) = service.share_waiting(&convs).await {
                        tracing::warn!(%refusal, "what waits for a slot was not shown to other platforms");
                    }
                    service.tell_deliveries(&convs).await
                });
        }
    }

    /// Nothing is sent before its row is durable: a database that is away is waited for.
    async fn keep(&self, rows: Vec<(Platform, Schedule)>, tries: Vec<Trying>) {
        if rows.is_empty() && tries.is_empty() {
            return;
        }
        while let Err(refusal) = self
            .service
            .keep_schedules(rows.clone(), tries.clone())
            .await
        {
            tracing::warn!(%refusal, "nothing is sent until it can be written down");
            sleep(AGAIN).await;
        }
    }

    fn begin_one(&mut self, output: Output) {
        let (service, tell) = (self.service.clone(), self.tell.clone());
        match output {
            Output::Send(request) => {
                let client = self.client.clone();
                self.tasks
                    .spawn(async move { answer(service, client, request, tell).await });
            }
            Output::Load { peer, after, limit } => {
                self.tasks.spawn(async move {
                    let input = match service.backlog(&peer, after, limit).await {
                        Ok(convs) => Input::Backlog {
                            more: convs.len() == limit,
                            peer,
                            convs,
                        },
                        Err(refusal) => {
                            tracing::warn!(%refusal, "what waits for a platform cannot be read");
                            Input::Unloaded { peer }
                        }
                    };
                    let convs = Vec::new();
                    // Nobody listens any more: the server stops.
                    let _ = tell.send(Told { input, convs }).await;
                });
            }
            Output::Recovered { peer } => {
                tracing::info!(%peer, "a platform takes what it is sent again")
            }
            Output::Told {
                peer,
                standing,
                since,
            } => {
                tracing::warn!(%peer, ?standing, since = since.as_millis(), "delivery to a platform fails");
                // Whoever looks at what waits for it reads for how long.
                self.tasks.spawn(async move {
                    let waiting = service.backlog(&peer, None, SHOWN).await;
                    let convs = waiting.into_iter().flatten().map(|waits| waits.conv);
                    service.tell_deliveries(&convs.collect::<Vec<_>>()).await
                });
            }
            Output::Clock { peer, offset } => {
                tracing::error!(%peer, offset, "the clock of a platform, or ours, is wrong");
            }
            Output::Schedule { .. } | Output::Rest { .. } | Output::SetAside { .. } => {}
        }
    }
}

fn trying(peer: Platform, conv: ConversationKey, until: Option<Time>, trouble: Trouble) -> Trying {
    Trying {
        peer,
        conv,
        until,
        refused: 0,
        code: trouble.code,
        detail: trouble.detail,
    }
}

async fn answer(service: Service, client: Client, request: Request, tell: mpsc::Sender<Told>) {
    let input = run(&service, &client, &request).await;
    let convs = match (&input, request.errand) {
        (Input::Failed { .. }, Errand::Push { convs, .. }) => convs,
        _ => Vec::new(),
    };
    // As above.
    let _ = tell.send(Told { input, convs }).await;
}
