//! Taking a push: commits from the platform that leads, or actions that want a slot from one that follows.

use em2_model::id::{ActionKey, Incarnation, Time};
use em2_model::record::Record;
use em2_model::refusal::{Code, Refusal};
use em2_model::step::{Input, Message, Output};
use em2_model::wire::foreign::{Answer, SeenMark, Verdict};
use em2_model::wire::live::Live;
use em2_model::{ConversationKey, Platform};

use super::access::admit;
use super::evidence::{Bases, keep_evidence};
use super::first::Counted;
use super::ready::{Checked, Ready};
use super::room::Room;
use super::unconfirmed::may_wait;
use crate::propagate::{Frame, after_commit};
use crate::service::Service;
use crate::service::failure::Failure;
use crate::service::project::Gate;
use crate::store::Tx;
use crate::store::participants::{ParticipantRow, list_participants_here, mark_seen};

impl Service {
    /// Makes the steps for what was said about one conversation: what is answered, but for what is here then.
    pub(super) async fn take(
        &self,
        tx: &mut Tx,
        room: &mut Room,
        received: &Received,
        now: Time,
    ) -> Result<Answer, Failure> {
        let (conv, from) = (received.conv, &received.from);
        let scope = self.scope(room);
        let mut answer = Answer::default();
        let mut first_contacts = Vec::new();
        for (index, checked) in received.checked.iter().enumerate() {
            let ready = match checked {
                Ok(Ok(ready)) => ready,
                Ok(Err((key, refusal))) => {
                    let verdict = Verdict::rejected(refusal.clone());
                    answer.results.insert(key.to_string(), verdict);
                    if refusal.code == Code::Down {
                        continue;
                    }
                    // A log goes on where it was left: after this one nothing fits.
                    break;
                }
                Err(refusal) => {
                    let verdict = Verdict::rejected(refusal.clone());
                    answer.results.insert(format!("#{index}"), verdict);
                    break;
                }
            };
            let action = ready.record.action();
            if action.conversation() != conv {
                let refusal = Refusal::format("This action is of another conversation.");
                answer
                    .results
                    .insert(action.key().to_string(), Verdict::rejected(refusal));
                break;
            }
            let gate = self.gate(tx, room, ready).await?;
            if !matches!(gate, Gate::Open) {
                match self.first_contacts.count(from, now) {
                    Ok(counted) => first_contacts.push(counted),
                    // Somebody here has what came before it. The rest comes again, and is told when.
                    Err(_)
                        if index > 0
                            && (room.here().any(ParticipantRow::is_present)
                                || !first_contacts.is_empty()) =>
                    {
                        break;
                    }
                    Err(slow) => return Err(slow.with("conversation", conv.to_string()).into()),
                }
            }
            let ready = &ready.behind(gate);
            let neither_leads = room.core().is_some_and(|core| {
                core.leader != *from && core.leader != *self.identity.platform()
            });
            if neither_leads && may_wait(&ready.record) {
                let (key, record) = (action.key(), ready.record.clone());
                let taken = self.take_unconfirmed(tx, room, from, &record, now);
                answer.results.insert(key.to_string(), taken.await?);
                continue;
            }
            let records = vec![ready.record.clone()];
            let message = match ready.record.commit() {
                Some(_) => Message::Commits {
                    records,
                    epoch: received.epoch,
                },
                None => Message::Submit { records },
            };
            let input = Input::Received {
                from: from.clone(),
                message,
            };
            let mut alarm = None;
            for output in self.step(tx, room, input, Some(ready), now).await? {
                match output {
                    Output::Alarm { code, .. } => alarm = Some(code),
                    output => note(&mut answer, output),
                }
            }
            let Some(commit) = ready.record.commit() else {
                continue;
            };
            let verdict = match alarm {
                _ if room.holds(commit) => Verdict::Sequenced {
                    seq: commit.seq(),
                    st: commit.refused(),
                },
                Some(Code::Fork) => Verdict::rejected(keep_evidence(tx, room, &ready.record, now)),
                Some(code) => Verdict::rejected(code.into()),
                // Something before it is missing, or it is of a branch that was left: what is here says so.
                None => break,
            };
            answer.results.insert(action.key().to_string(), verdict);
            if !room.holds(commit) {
                break;
            }
        }
        if received.checked.is_empty() {
            // Whoever sends nothing asks: what is here is the answer, and in which epoch. // spec §14
            let message = Message::Ask {
                have: Vec::new(),
                epoch: received.epoch,
            };
            let input = Input::Received {
                from: from.clone(),
                message,
            };
            let outputs = self.step(tx, room, input, None, now).await?;
            outputs
                .into_iter()
                .for_each(|output| note(&mut answer, output));
        }
        if room.head() == 0 {
            return Err(Refusal::from(Code::NoConv).into());
        }
        let said = received.checked.iter().flatten().flatten();
        let bases = Bases::of(conv, said.map(|ready| -> &Record { &ready.record }));
        self.doubt(tx, room, bases).await?;
        self.widen(tx, room, scope).await?;
        self.note_unheard(tx, room, scope, now);
        self.leave(tx, room, now).await?;
        tx.on_commit(move || first_contacts.into_iter().for_each(Counted::stays));
        Ok(answer)
    }

    /// A participant elsewhere has read up to here: the newest such mark counts. // spec §7, §9
    pub(super) async fn take_seen(
        &self,
        tx: &mut Tx,
        from: &Platform,
        room: &Room,
        mark: &SeenMark,
        now: Time,
    ) -> Result<(), Failure> {
        let Some(core) = room.core() else {
            return Ok(());
        };
        let of_sender =
            |platform: Option<&Platform>| platform == Some(from) || core.leader == *from;
        let person = core.person(&mark.actor);
        let speaks = person.is_some_and(|person| of_sender(person.platform.as_ref()));
        let at = mark.at.min(now);
        if !speaks || !mark_seen(tx, core.key, &mark.actor, mark.commit, mark.seq, at).await? {
            return Ok(());
        }
        let frame = Frame::live(Live::Seen {
            conversation: core.key,
            seen: em2_model::wire::domestic::Seen {
                address: mark.actor.clone(),
                seq: mark.seq,
                at,
            },
        });
        let here = list_participants_here(tx, core.key).await?;
        let present = here.iter().filter(|person| person.is_present());
        let audience = present.filter_map(|person| Some((person.user?, frame.clone())));
        after_commit(tx, &self.bus, audience.collect());
        if core.leader == *self.identity.platform() {
            self.raise_seen(tx, core);
        }
        Ok(())
    }
}

/// A push whose records were checked.
pub(super) struct Received {
    pub(super) from: Platform,
    pub(super) incarnation: Incarnation,
    pub(super) conv: ConversationKey,
    pub(super) checked: Vec<Result<Checked, Refusal>>,
    pub(super) seen: Vec<SeenMark>,
    pub(super) epoch: u64,
}

impl Received {
    /// The records that steps are made for.
    pub(super) fn ready(&self) -> Vec<&Ready> {
        self.checked.iter().flatten().flatten().collect()
    }

    /// Whether the sender may say anything about this conversation. Whoever never took part is answered as for one that
    /// does not exist. // spec §3, §7, security.md 33, 38, 39
    pub(super) fn admit(&self, room: &Room) -> Result<(), Refusal> {
        let admitted = room
            .core()
            .map(|core| admit(core, &self.from, self.incarnation));
        match admitted {
            None => self.admit_first(),
            // What is wrong with the first record is said first, whether the conversation is known or not.
            Some(Err(refusal)) if refusal.code == Code::NoConv && self.gives_back(room) => Ok(()),
            Some(Err(refusal)) if refusal.code == Code::NoConv => {
                Err(self.admit_first().err().unwrap_or(refusal))
            }
            Some(admitted) => admitted,
        }
    }

    /// A platform that was added by a commit that was lost here gives back what it has: it shows the first record,
    /// which nobody has who never took part. // spec §14
    fn gives_back(&self, room: &Room) -> bool {
        let Some(Ok(Ok(first))) = self.checked.first() else {
            return false;
        };
        let shows = first.record.action().key() == ActionKey::from(self.conv);
        shows && first.record.commit().is_none() && room.state.standing().was_restored()
    }

    /// A conversation that is not known begins with its first record, from the platform that leads it. // spec §16
    fn admit_first(&self) -> Result<(), Refusal> {
        let first = match self.checked.first() {
            Some(Ok(Ok(ready))) => ready.record.commit(),
            Some(Ok(Err((_, refusal))) | Err(refusal)) => return Err(refusal.clone()),
            None => None,
        };
        let begins = first.is_some_and(|commit| commit.seq() == 1 && *commit.leader() == self.from);
        match begins {
            true => Ok(()),
            false => Err(Refusal::from(Code::NoConv)),
        }
    }
}

/// What a step says to the sender.
fn note(answer: &mut Answer, output: Output) {
    let Output::Send {
        message: Message::Answer { epoch, results, .. },
        ..
    } = output
    else {
        return;
    };
    answer.epoch = answer.epoch.max(epoch);
    for (key, outcome) in results {
        answer.results.insert(key.to_string(), outcome.into());
    }
}
