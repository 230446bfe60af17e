//! One conversation, held for the steps that one request makes in it.

mod enter;

use std::collections::BTreeMap;

use em2_model::action::{Kind, Model};
use em2_model::conversation::{Change, Conversation, Core, Touch, Verdict};
use em2_model::id::{ActionKey, ConversationKey, Time};
use em2_model::record::{Commit, Record, Verified};
use em2_model::step::{self, Input, Kept, Locator, Log as _, Outcome, Output, Standing, State};
use em2_model::{Code, Nonce, Refusal};

pub(super) use enter::Visit;

use super::begin::{begin, begin_people, begin_row};
use super::log::PartLog;
use super::ready::Ready;
use crate::service::Service;
use crate::service::failure::Failure;
use crate::service::project::{Prepared, Projection};
use crate::store::Tx;
use crate::store::actions::insert_action;
use crate::store::conversations::Loaded;
use crate::store::deliveries::delete_deliveries_but;
use crate::store::feed::Heads;
use crate::store::participants::ParticipantRow;
use crate::store::pending::{delete_pending, insert_pending};
use crate::store::standings::upsert_standing;
use crate::store::unconfirmed::delete_unconfirmed;

/// How many actions wait for a slot in one conversation at most.
pub(in crate::service) const PENDING_MAX: i64 = 1_000;

/// A conversation while it is held: the core's state, the part of the log that it may look at, and the rows.
pub(super) struct Room {
    conv: ConversationKey,
    pub(super) state: State,
    log: PartLog,
    /// As it was when the room was entered.
    standing: Standing,
    /// The actions that waited for a slot then.
    waited: Vec<Kept>,
    loaded: Option<Loaded>,
    heads: Heads,
    slots: BTreeMap<Nonce, em2_model::conversation::Slot>,
    /// What became of actions that people here wait for.
    told: BTreeMap<ActionKey, Outcome>,
}

impl Service {
    /// One step, and what follows from it in the rows. Answers what is left to do.
    pub(super) async fn step(
        &self,
        tx: &mut Tx,
        room: &mut Room,
        input: Input,
        ready: Option<&Ready>,
        now: Time,
    ) -> Result<Vec<Output>, Failure> {
        if let Some(ready) = ready {
            room.load_touched(&ready.record);
        }
        let mut left = Vec::new();
        for output in step::step(&mut room.state, &mut room.log, input, now) {
            match output {
                Output::Applied(record, change) => {
                    let key = record.action().key();
                    let ready = ready.filter(|ready| ready.record.action().key() == key);
                    let prepared = match ready {
                        Some(ready) => ready.prepared.clone(),
                        None => self.prepare(tx, record.action()).await?,
                    };
                    self.apply(tx, room, &record, &change, &prepared, now)
                        .await?;
                }
                Output::RolledBack { to } => self.undo(tx, room, to, now).await?,
                Output::Alarm { seq, code } => {
                    tracing::error!(conv = %room.conv, seq, %code, "the leader of a conversation does not keep to the rules");
                    left.push(Output::Alarm { seq, code });
                }
                Output::Tell { key, outcome } => {
                    let waiting = self.waiting.clone();
                    tx.on_commit(move || waiting.tell(key, outcome));
                    room.told.insert(key, outcome);
                }
                other => left.push(other),
            }
        }
        Ok(left)
    }

    /// One step in a conversation that is entered for it alone, and left.
    pub(super) async fn one_step(
        &self,
        tx: &mut Tx,
        conv: ConversationKey,
        have: &Locator,
        input: Input,
        now: Time,
    ) -> Result<(Room, Vec<Output>), Failure> {
        let mut room = self.enter(tx, conv, &[], have).await?;
        let left = self.step(tx, &mut room, input, None, now).await?;
        self.leave(tx, &room, now).await?;
        Ok((room, left))
    }

    /// A record that has its slot becomes rows, and those who take part are told.
    async fn apply(
        &self,
        tx: &mut Tx,
        room: &mut Room,
        record: &Kept,
        change: &Change,
        prepared: &Prepared,
        now: Time,
    ) -> Result<(), Failure> {
        let core = room.core().cloned();
        let core = core.ok_or_else(|| Refusal::from(Code::Internal))?;
        // What a leader dates later than it can be is shown as of now, or it would stand above everything for years.
        // The rules go by the commit. // security.md 45
        let change = &Change {
            at: change.at.min(now),
            ..change.clone()
        };
        let record: &Verified<Record> = record;
        let mut projection = match room.loaded.take() {
            None => {
                let conversation = begin(core, change);
                begin_row(tx, &conversation, record);
                insert_action(tx, record)?;
                begin_people(tx, conversation, change)
            }
            Some(loaded) => {
                insert_action(tx, record)?;
                let mut projection = Projection::new(loaded, core, change);
                projection.store(tx, prepared, change, record).await?;
                let leader = &projection.conversation.core.leader;
                if change.kind == Kind::MessageAdd && leader != self.identity.platform() {
                    delete_unconfirmed(tx, change.action);
                }
                projection
            }
        };
        projection.readers.sort_unstable();
        self.tell_change(tx, Some(&mut room.heads), &projection, record, now)
            .await?;
        if let Some(user) = projection.asked {
            self.tell_requests(tx, Some(&mut room.heads), user).await?;
        }
        room.loaded = Some(projection.into_loaded());
        Ok(())
    }

    /// Keeps what the steps left beside log and rows.
    pub(super) async fn leave(&self, tx: &mut Tx, room: &Room, now: Time) -> Result<(), Failure> {
        if *room.state.standing() != room.standing {
            upsert_standing(tx, room.conv, room.state.standing());
            let (standings, conv) = (self.standings.clone(), room.conv);
            let standing = room.state.standing().clone();
            tx.on_commit(move || standings.keep(conv, standing));
            if let (Some(_), false, Some(core)) = (
                room.standing.asking_until(),
                room.state.is_asking(),
                room.core(),
            ) {
                // Nothing was pushed while the others were asked.
                self.raise(tx, core, now);
            }
        }
        let is_in = |list: &[Kept], kept: &Kept| {
            let key = kept.action().key();
            list.iter().any(|other| other.action().key() == key)
        };
        let (before, after) = (room.waited.as_slice(), room.state.pending());
        for gone in before.iter().filter(|kept| !is_in(after, kept)) {
            let key = gone.action().key();
            delete_pending(tx, room.conv, key);
            if let Some(
                Outcome::Rejected(code)
                | Outcome::Sequenced {
                    refused: Some(code),
                    ..
                },
            ) = room.told.get(&key)
            {
                self.keep_words(tx, gone, *code, now).await?;
            }
        }
        if let (false, true, Some(core)) = (before.is_empty(), after.is_empty(), room.core())
            && core.leader != *self.identity.platform()
        {
            delete_deliveries_but(tx, room.conv, &core.leader);
        }
        let orphans = after.iter().position(|kept| !is_in(before, kept));
        if let (Some(_), Some(core)) = (orphans, room.core()) {
            let (outbox, leader, conv) = (self.outbox.clone(), core.leader.clone(), room.conv);
            tx.on_commit(move || outbox.raise(&leader, conv));
        }
        for kept in &after[orphans.unwrap_or(after.len())..] {
            if is_in(before, kept) {
                // It waits behind what was undone, which it may be about.
                delete_pending(tx, room.conv, kept.action().key());
            }
            if let Some(author) = &kept.action().header().actor {
                insert_pending(tx, room.conv, author, kept, now);
            }
        }
        Ok(())
    }
}

impl Room {
    /// Hands over the feed counters of its people, which conversations of one write have in turn.
    pub(super) fn exchange(&mut self, heads: &mut Heads) {
        std::mem::swap(&mut self.heads, heads);
    }

    /// Which conversation it is.
    pub(super) fn conv(&self) -> ConversationKey {
        self.conv
    }

    /// The records up to this slot, as far as they were loaded.
    pub(super) fn records_until(&self, to: u64) -> Vec<Kept> {
        (1..=to).map_while(|seq| self.log.record(seq)).collect()
    }

    /// The rows were made again.
    pub(super) fn replace(&mut self, loaded: Loaded) {
        self.loaded = Some(loaded);
    }

    /// The rows, once the conversation is known.
    pub(super) fn loaded(&self) -> Option<&Loaded> {
        self.loaded.as_ref()
    }

    /// What the rules would make of an action now.
    pub(super) fn rule(&mut self, record: &Kept, now: Time) -> Result<Verdict, Refusal> {
        self.load_touched(record);
        let conversation = self.state.conversation();
        let conversation = conversation.ok_or_else(|| Refusal::from(Code::NoConv))?;
        conversation.decide(record.action(), now)
    }

    /// The conversation as it is now, once it is known.
    pub(super) fn core(&self) -> Option<&Core> {
        self.state.conversation().map(Conversation::core)
    }

    /// Its newest slot; 0 where it is not known.
    pub(super) fn head(&self) -> u64 {
        self.core().map_or(0, |core| core.seq)
    }

    /// The record in this slot, where it was loaded.
    pub(super) fn record(&self, seq: u64) -> Option<Kept> {
        self.log.record(seq)
    }

    /// People here who have the conversation in their list, some perhaps as it was when they were removed.
    pub(super) fn here(&self) -> impl Iterator<Item = &ParticipantRow> {
        self.loaded.iter().flat_map(|loaded| &loaded.here)
    }

    /// Whether this commit is in the log.
    pub(super) fn holds(&self, commit: &Commit) -> bool {
        self.log.holds(commit)
    }

    fn load_touched(&mut self, record: &Kept) {
        let Some(conversation) = self.state.conversation_mut() else {
            return;
        };
        loop {
            let missing = conversation.missing(record.action());
            if missing.is_empty() {
                return;
            }
            for touch in missing {
                match touch {
                    Touch::Nonce(nonce) => {
                        conversation.load_slot(nonce, self.slots.get(&nonce).copied())
                    }
                    Touch::Item(model, key) => {
                        let messages = self.loaded.iter().flat_map(|loaded| &loaded.messages);
                        let found = messages
                            .filter(|_| model == Model::Message)
                            .find(|message| message.key == key);
                        conversation.load_item(model, key, found.map(|message| message.item()));
                    }
                }
            }
        }
    }
}
