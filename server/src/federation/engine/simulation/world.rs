//! One platform that sends, many that are sent to, and the time between.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use em2_model::Time;

use super::super::dice::Dice;
use super::super::{AttemptId, Engine, Errand, Input, Output, Outcome, Request, Trouble, Waits};
use super::check::Watch;
use super::far::{Condition, Far, Reply, Verdict};
use super::rows::{Conv, Parcel, Rows, key, number};

/// When everything begins.
const START: Time = Time(1_798_761_600_000);

/// How long the database takes for a page.
const PAGE: i64 = 2;

/// What is wrong, in words.
pub(super) type Wrong = String;

/// Something that happens at its time.
pub(super) enum Event {
    /// A commit in a conversation with these peers.
    Commit { conv: Conv, peers: Vec<usize> },
    /// A request from this peer.
    Speak { peer: usize },
    Become { peer: usize, condition: Condition },
    Skew { peer: usize, skew: i64 },
    /// Between this output and the next one from now; the memory is lost.
    Crash { after: u32, back_in: i64 },
    Start,
    Arrive { sent: Sent, dated: Time },
    Return { sent: Sent, reply: Reply },
    Unsent { sent: Sent, left: bool },
    Page { life: u64, peer: usize, page: Vec<Waits>, more: bool },
}

/// A request under way.
#[derive(Clone)]
pub(super) struct Sent {
    life: u64,
    attempt: AttemptId,
    peer: usize,
    parcels: Vec<Parcel>,
    /// Conversations in which nothing waited any more.
    idle: Vec<Conv>,
}

pub(super) struct World {
    pub(super) now: Time,
    events: BTreeMap<(Time, u64), Event>,
    count: u64,
    pub(super) engine: Option<Engine>,
    life: u64,
    /// So many outputs from now, and for how long.
    crash: Option<(u32, i64)>,
    pub(super) rows: Rows,
    pub(super) fars: Vec<Far>,
    pub(super) watch: Watch,
    dice: Dice,
    /// Of a thousand reads of the database, how many fail.
    pub(super) read_faults: i64,
    /// Everything that was said, where it is wanted.
    pub(super) trace: Option<String>,
}

impl World {
    pub(super) fn new(peers: usize, seed: u64) -> World {
        let mut world = World {
            now: START,
            events: BTreeMap::new(),
            count: 0,
            engine: None,
            life: 0,
            crash: None,
            rows: Rows::new(peers),
            fars: (0..peers).map(|number| Far::new(number, seed)).collect(),
            watch: Watch::new(peers),
            dice: Dice::new(seed),
            read_faults: 0,
            trace: None,
        };
        world.after(0, Event::Start);
        world
    }

    /// Has something happen so many milliseconds from now.
    pub(super) fn after(&mut self, millis: i64, event: Event) {
        self.count += 1;
        let at = (self.now.plus(millis), self.count);
        self.events.insert(at, event);
    }

    /// Lets time pass until so many milliseconds from now.
    pub(super) fn pass(&mut self, millis: i64) -> Result<(), Wrong> {
        let end = self.now.plus(millis);
        while self.happen(end)? {}
        self.now = end;
        Ok(())
    }

    /// The next thing happens, if it does until then.
    pub(super) fn happen(&mut self, end: Time) -> Result<bool, Wrong> {
        let event = self.events.first_key_value().map(|((at, _), _)| *at);
        let tick = self.engine.as_ref().and_then(Engine::next_at);
        let Some(at) = event.into_iter().chain(tick).min().filter(|at| *at <= end) else {
            return Ok(false);
        };
        self.now = at;
        if event == Some(at) {
            let (_, event) = self.events.pop_first().ok_or("nothing happens")?;
            self.take_place(event)?;
        } else {
            self.feed(None, Input::Tick)?;
            let next = self.engine.as_ref().and_then(Engine::next_at);
            if next.is_some_and(|next| next <= at) {
                return Err("it ticks for ever".to_owned());
            }
        }
        Ok(true)
    }

    fn take_place(&mut self, event: Event) -> Result<(), Wrong> {
        match event {
            Event::Commit { conv, peers } => self.commit(conv, &peers),
            Event::Speak { peer } if self.fars[peer].condition == Condition::Fine => {
                let name = self.fars[peer].name.clone();
                self.feed(Some(peer), Input::Alive { peer: name })
            }
            Event::Speak { .. } => Ok(()),
            Event::Become { peer, condition } => {
                self.fars[peer].condition = condition;
                self.watch.changed(peer, condition, self.now);
                Ok(())
            }
            Event::Skew { peer, skew } => {
                self.fars[peer].skew = skew;
                Ok(())
            }
            Event::Crash { after, back_in } => {
                self.crash = self.engine.is_some().then_some((after, back_in));
                Ok(())
            }
            Event::Start => self.start(),
            Event::Arrive { sent, dated } => {
                let far = &mut self.fars[sent.peer];
                let (wait, reply) = far.arrive(self.now, dated, sent.parcels.clone());
                self.after(wait, Event::Return { sent, reply });
                Ok(())
            }
            Event::Return { sent, reply } if sent.life == self.life => self.returned(sent, reply),
            Event::Unsent { sent, left } if sent.life == self.life => {
                let attempt = sent.attempt;
                self.feed(Some(sent.peer), Input::Unsent { attempt, left })
            }
            Event::Page { life, peer, page, more } if life == self.life => {
                let name = self.fars[peer].name.clone();
                let convs = page;
                let input = Input::Backlog { peer: name, convs, more };
                self.feed(Some(peer), input)
            }
            Event::Return { .. } | Event::Unsent { .. } | Event::Page { .. } => Ok(()),
        }
    }

    fn commit(&mut self, conv: Conv, peers: &[usize]) -> Result<(), Wrong> {
        if self.engine.is_none() {
            return Ok(());
        }
        for peer in peers {
            self.rows.raise(*peer, conv);
            self.watch.raised(*peer, conv, &self.rows, self.now);
        }
        for peer in peers {
            let name = self.fars[*peer].name.clone();
            let (convs, more) = (vec![key(conv)], false);
            let input = Input::Raised { peer: name, convs, more };
            self.feed(Some(*peer), input)?;
        }
        Ok(())
    }

    fn start(&mut self) -> Result<(), Wrong> {
        self.life += 1;
        self.engine = Some(Engine::new(self.dice.next()));
        self.watch.started(&self.rows, self.now);
        for peer in 0..self.fars.len() {
            let waiting = self.rows.is_waiting(peer);
            let Some(schedule) = self.rows.platforms[peer].clone().or(waiting.then(Default::default))
            else {
                continue;
            };
            let name = self.fars[peer].name.clone();
            let input = Input::Known { peer: name, schedule, waiting };
            self.feed(Some(peer), input)?;
        }
        Ok(())
    }

    fn returned(&mut self, sent: Sent, reply: Reply) -> Result<(), Wrong> {
        let (attempt, peer) = (sent.attempt, sent.peer);
        let replies = match reply {
            Ok(replies) => replies,
            Err(failure) => {
                let trouble = trouble(&format!("{failure:?}"));
                let input = Input::Failed { attempt, failure, trouble };
                return self.feed(Some(peer), input);
            }
        };
        let idle = sent.idle.iter().map(|conv| (key(*conv), Outcome::Done));
        let mut outcomes: Vec<_> = idle.collect();
        for (parcel, verdict) in replies {
            let outcome = match verdict {
                Verdict::Took if parcel.more => Outcome::More,
                Verdict::Took => Outcome::Done,
                Verdict::Stuck => Outcome::Stuck(trouble("stuck")),
                Verdict::Refused => Outcome::Refused(trouble("refused")),
                Verdict::Unknown => Outcome::Unknown(trouble("unknown")),
            };
            if verdict == Verdict::Took {
                self.rows.acked(peer, parcel.conv, parcel.upto);
            }
            self.watch.heard(peer, parcel, verdict, self.now)?;
            outcomes.push((key(parcel.conv), outcome));
        }
        self.feed(Some(peer), Input::Answered { attempt, outcomes })
    }

    /// Tells the engine, and does what it says.
    fn feed(&mut self, peer: Option<usize>, input: Input) -> Result<(), Wrong> {
        let Some(engine) = &mut self.engine else {
            return Ok(());
        };
        let now = self.now;
        self.watch.before(peer, &input, now);
        if let Some(trace) = &mut self.trace {
            writeln!(trace, "{} < {input:?}", now.as_millis()).unwrap();
        }
        let outputs = engine.step(input, now);
        let mut crashed = None;
        for output in outputs {
            match &mut self.crash {
                Some((0, back_in)) => {
                    crashed = Some(*back_in);
                    break;
                }
                Some((left, _)) => *left -= 1,
                None => {}
            }
            if let Some(trace) = &mut self.trace {
                writeln!(trace, "{} > {output:?}", now.as_millis()).unwrap();
            }
            self.execute(output)?;
        }
        if let Some(back_in) = crashed {
            (self.engine, self.crash) = (None, None);
            self.life += 1;
            self.watch.crashed();
            self.after(back_in, Event::Start);
            return Ok(());
        }
        let named = |peer: usize| {
            let engine = self.engine.as_ref();
            engine.map_or(0, |engine| engine.named(&self.fars[peer].name))
        };
        self.watch.after(peer, &self.rows, now, named)
    }

    fn number(&self, name: &em2_model::Platform) -> usize {
        let number = name.as_str().trim_start_matches("em2.p");
        number.split('.').next().and_then(|number| number.parse().ok()).unwrap_or(0)
    }

    fn execute(&mut self, output: Output) -> Result<(), Wrong> {
        match output {
            Output::Schedule { peer, schedule } => {
                let peer = self.number(&peer);
                self.watch.schedule(peer, &schedule, &self.rows, self.now)?;
                self.rows.platforms[peer] = Some(schedule);
                Ok(())
            }
            Output::Send(request) => self.send(request),
            Output::Load { peer, after, limit } => {
                let (life, peer) = (self.life, self.number(&peer));
                let (page, more) = match self.dice.upto(999) < self.read_faults {
                    true => (Vec::new(), true),
                    false => self.rows.page(peer, after.map(number), limit),
                };
                self.after(PAGE, Event::Page { life, peer, page, more });
                Ok(())
            }
            Output::Rest { peer, conv, until, trouble } => {
                let refused = trouble.code == "refused";
                self.rows.rest(self.number(&peer), number(conv), until, refused);
                Ok(())
            }
            Output::SetAside { peer, conv, alarm, .. } => {
                let peer = self.number(&peer);
                self.rows.set_aside(peer, number(conv));
                self.watch.set_aside(peer, number(conv), alarm)
            }
            Output::Recovered { .. } => Ok(()),
            Output::Told { peer, standing, since } => {
                let peer = self.number(&peer);
                self.watch.told(peer, standing, since, &self.rows, self.now)
            }
            Output::Clock { peer, offset } => {
                let peer = self.number(&peer);
                self.watch.clock(offset, self.fars[peer].skew)
            }
        }
    }

    fn send(&mut self, request: Request) -> Result<(), Wrong> {
        let peer = self.number(&request.peer);
        self.watch.sent(peer, &request, &self.rows, self.now)?;
        let (convs, pushes) = match request.errand {
            Errand::Push { convs, .. } => (convs, true),
            Errand::Greet | Errand::Compare => (Vec::new(), false),
        };
        let mut sent = Sent {
            life: self.life,
            attempt: request.attempt,
            peer,
            parcels: Vec::new(),
            idle: Vec::new(),
        };
        for conv in convs.into_iter().map(number) {
            match self.rows.parcel(peer, conv) {
                Some(parcel) => sent.parcels.push(parcel),
                None => sent.idle.push(conv),
            }
        }
        let left = self.dice.upto(999) < self.read_faults;
        if left || (pushes && sent.parcels.is_empty()) {
            self.after(PAGE, Event::Unsent { sent, left });
            return Ok(());
        }
        let dated = self.now.plus(request.clock_offset);
        let wait = self.fars[peer].way();
        self.after(wait, Event::Arrive { sent, dated });
        Ok(())
    }
}

fn trouble(code: &str) -> Trouble {
    Trouble {
        code: code.to_owned(),
        detail: String::new(),
    }
}
