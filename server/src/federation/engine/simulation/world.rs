//! One platform that sends, many that are sent to, and the time between.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use em2_model::Time;

use super::super::dice::Dice;
use super::super::{AttemptId, Engine, Input, Outcome, Trouble, Waits};
use super::check::Watch;
use super::far::{Condition, Far, Reply, Verdict};
use super::rows::{Conv, Parcel, Rows, key};

/// When everything begins.
const START: Time = Time(1_798_761_600_000);

/// What is wrong, in words.
pub(super) type Wrong = String;

/// Something that happens at its time.
pub(super) enum Event {
    /// A commit in a conversation with these peers.
    Commit {
        conv: Conv,
        peers: Vec<usize>,
    },
    /// A request from this peer: it is heard, whether or not it hears.
    Speak {
        peer: usize,
    },
    Become {
        peer: usize,
        condition: Condition,
    },
    Skew {
        peer: usize,
        skew: i64,
    },
    /// After so many outputs from now, and before the next one; the memory is lost.
    Crash {
        after: u32,
        back_in: i64,
    },
    Start,
    Arrive {
        sent: Sent,
        dated: Time,
    },
    Return {
        sent: Sent,
        reply: Reply,
    },
    Unsent {
        sent: Sent,
        left: bool,
    },
    /// What was read, if it was, and whether there is more.
    Page {
        life: u64,
        peer: usize,
        page: Option<(Vec<Waits>, bool)>,
    },
}

/// A request under way.
#[derive(Clone)]
pub(super) struct Sent {
    pub(super) life: u64,
    pub(super) attempt: AttemptId,
    pub(super) peer: usize,
    pub(super) parcels: Vec<Parcel>,
    /// Conversations in which nothing waited any more.
    pub(super) idle: Vec<Conv>,
    /// Conversations for which there was no room.
    pub(super) left: Vec<Conv>,
}

pub(super) struct World {
    pub(super) now: Time,
    events: BTreeMap<(Time, u64), Event>,
    count: u64,
    pub(super) engine: Option<Engine>,
    pub(super) life: u64,
    /// So many outputs from now, and for how long.
    crash: Option<(u32, i64)>,
    pub(super) rows: Rows,
    pub(super) fars: Vec<Far>,
    pub(super) watch: Watch,
    pub(super) dice: Dice,
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
            Event::Speak { peer } => {
                let name = self.fars[peer].name.clone();
                self.feed(Some(peer), Input::Alive { peer: name })
            }
            Event::Become { peer, condition } => {
                self.fars[peer].condition = condition;
                self.watch.changed(peer, condition);
                Ok(())
            }
            Event::Skew { peer, skew } => {
                self.fars[peer].skew = skew;
                Ok(())
            }
            Event::Crash { after: 0, back_in } => {
                self.crash(back_in);
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
                let input = match left {
                    true => Input::Unread { attempt },
                    false => Input::Idle { attempt },
                };
                self.feed(Some(sent.peer), input)
            }
            Event::Page { life, peer, page } if life == self.life => {
                let name = self.fars[peer].name.clone();
                let input = match page {
                    Some((convs, more)) => Input::Backlog {
                        peer: name,
                        convs,
                        more,
                    },
                    None => Input::Unloaded { peer: name },
                };
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
            let input = Input::Raised {
                peer: name,
                convs,
                more,
            };
            self.feed(Some(*peer), input)?;
        }
        Ok(())
    }

    /// The memory is lost.
    fn crash(&mut self, back_in: i64) {
        if self.engine.take().is_some() {
            self.crash = None;
            self.life += 1;
            self.watch.crashed();
            self.after(back_in, Event::Start);
        }
    }

    fn start(&mut self) -> Result<(), Wrong> {
        self.life += 1;
        self.engine = Some(Engine::new(self.dice.next()));
        self.watch.started(&self.rows, self.now);
        for peer in 0..self.fars.len() {
            let waiting = self.rows.is_waiting(peer);
            let Some(schedule) = self.rows.platforms[peer]
                .clone()
                .or(waiting.then(Default::default))
            else {
                continue;
            };
            let name = self.fars[peer].name.clone();
            let input = Input::Known {
                peer: name,
                schedule,
                waiting,
            };
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
                let input = Input::Failed {
                    attempt,
                    failure,
                    trouble,
                };
                return self.feed(Some(peer), input);
            }
        };
        let idle = sent.idle.iter().map(|conv| (key(*conv), Outcome::Done));
        let left = sent.left.iter().map(|conv| (key(*conv), Outcome::Left));
        let mut outcomes: Vec<_> = idle.chain(left).collect();
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
        for output in outputs {
            if let Some(trace) = &mut self.trace {
                writeln!(trace, "{} > {output:?}", now.as_millis()).unwrap();
            }
            self.execute(output)?;
            if let Some((left, back_in)) = &mut self.crash {
                *left -= 1;
                let back_in = *back_in;
                if *left == 0 {
                    self.crash(back_in);
                    return Ok(());
                }
            }
        }
        let named = |peer: usize| {
            let engine = self.engine.as_ref();
            engine.map_or(0, |engine| engine.named(&self.fars[peer].name))
        };
        self.watch.after(peer, &self.rows, now, named)
    }
}

fn trouble(code: &str) -> Trouble {
    Trouble {
        code: code.to_owned(),
        detail: String::new(),
    }
}
