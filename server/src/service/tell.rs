//! Telling people of an action: a number in the feed of each, and a frame for those who are connected.

use em2_model::conversation::Core;
use em2_model::id::Time;
use em2_model::record::{Record, Verified};
use em2_model::refusal::Refusal;
use em2_model::wire::live::{Change, Live};

use super::Service;
use super::failure::Failure;
use super::project::Projection;
use super::scene::{LabelNames, Scene, View};
use crate::propagate::{Audience, Frame, SharedChange, after_commit};
use crate::store::Tx;
use crate::store::deliveries::raise_deliveries;
use crate::store::feed::{self, Heads, Told};
use crate::store::users::UserId;

/// What was told, as far as the answer needs it.
pub(super) struct Shown {
    pub(super) names: LabelNames,
    pub(super) views: Views,
}

impl Service {
    /// Tells everybody who hears of this action, here and on other platforms. `held` are their feed counters, where the
    /// write holds them.
    pub(super) async fn tell_change(
        &self,
        tx: &mut Tx,
        held: Option<&mut Heads>,
        projection: &Projection,
        record: &Verified<Record>,
        now: Time,
    ) -> Result<Shown, Failure> {
        let core = &projection.conversation.core;
        self.raise(tx, core, now);
        let told = Told::Action {
            conv: core.key,
            seq: core.seq,
        };
        let numbers = match held {
            None => feed::tell(tx, &projection.readers, told).await?,
            Some(held) => feed::tell_held(tx, held, &projection.readers, told),
        };
        let names: LabelNames = projection.label.clone().into_iter().collect();
        let scene = Scene {
            conversation: &projection.conversation,
            participants: &projection.here,
            now,
        };
        let mut audience = Audience::default();
        let mut views = Views::default();
        for (user, n) in numbers {
            let Some(reader) = projection.reader(user).filter(|_| self.bus.is_heard(user)) else {
                audience.miss(user);
                continue;
            };
            let view = scene.view(projection.message.as_ref(), reader);
            let change = views.of(view, || {
                scene.change(record, projection.message.as_ref(), &names, reader)
            })?;
            audience.tell(user, Frame::change(n, core.key, change, scene.row(reader)));
        }
        after_commit(tx, &self.bus, audience);
        Ok(Shown { names, views })
    }

    /// Tells one person of something that is theirs alone.
    pub(super) async fn tell_own(
        &self,
        tx: &mut Tx,
        user: UserId,
        told: Told,
        frame: impl Fn(u64) -> Live,
    ) -> Result<(), Failure> {
        let numbers = feed::tell(tx, &[user], told).await?;
        let mut audience = Audience::default();
        for (user, n) in numbers {
            match self.bus.is_heard(user) {
                true => audience.tell(user, Frame::live(frame(n))),
                false => audience.miss(user),
            }
        }
        after_commit(tx, &self.bus, audience);
        Ok(())
    }
}

/// Changes as readers see them: those who see alike share one.
#[derive(Default)]
pub(super) struct Views(Vec<(View, SharedChange)>);

impl Views {
    pub(super) fn of(
        &mut self,
        view: View,
        make: impl FnOnce() -> Result<Change, Refusal>,
    ) -> Result<SharedChange, Failure> {
        if let Some((_, known)) = self.0.iter().find(|(known, _)| *known == view) {
            return Ok(known.clone());
        }
        let shared = SharedChange::new(make()?);
        self.0.push((view, shared.clone()));
        Ok(shared)
    }
}

impl Service {
    /// Has other platforms told how far somebody has read: the one that leads, or by it all others. // spec §7
    pub(super) fn raise_seen(&self, tx: &mut Tx, core: &Core) {
        let own = self.identity.platform();
        let peers: Vec<_> = match core.leader == *own {
            true => core
                .platforms()
                .into_iter()
                .filter(|peer| *peer != own)
                .cloned()
                .collect(),
            false => vec![core.leader.clone()],
        };
        if !peers.is_empty() {
            let (outbox, conv) = (self.outbox.clone(), core.key);
            tx.on_commit(move || peers.iter().for_each(|peer| outbox.raise(peer, conv)));
        }
    }

    /// Has every other platform that takes part get the log up to where it is, and one that lost its last participant by
    /// this action the removal. The platform that leads pushes; others do not. // spec §12, §15, §16
    pub(super) fn raise(&self, tx: &mut Tx, core: &Core, now: Time) {
        let own = self.identity.platform();
        if core.leader != *own {
            return;
        }
        let mut targets = core.platforms();
        let past = core.past.values().flatten();
        let removed_now = past.filter(|span| span.upto == core.seq);
        targets.extend(removed_now.filter_map(|span| span.platform.as_ref()));
        targets.remove(own);
        if targets.is_empty() {
            return;
        }
        let targets: Vec<_> = targets.into_iter().cloned().collect();
        raise_deliveries(tx, core.key, &targets, core.seq, now);
        let (outbox, marks) = (self.outbox.clone(), self.given_out.clone());
        let (conv, seq, head) = (core.key, core.seq, core.head);
        tx.on_commit(move || {
            marks.note((conv, seq, head));
            targets.iter().for_each(|peer| outbox.raise(peer, conv));
        });
    }
}
