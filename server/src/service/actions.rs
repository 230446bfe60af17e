//! The one write path into a conversation.

use em2_model::Platform;
use em2_model::action::Model;
use em2_model::conversation::{Change, Conversation, Core, Sequenced, Verdict};
use em2_model::id::{ConversationKey, ConversationRef, Time};
use em2_model::record::{Record, Verified};
use em2_model::refusal::{Code, Refusal};
use em2_model::wire::domestic::Accepted;
use em2_model::wire::intent::{Fields, Intent};

use super::deed::Deed;
use super::failure::Failure;
use super::once::Once;
use super::project::Projection;
use super::scene::Scene;
use super::wave::Act;
use super::{IdempotencyKey, Me, Service};
use crate::store::Tx;
use crate::store::actions::insert_action;
use crate::store::conversations::{Held, Loaded, load_for_write};

impl Service {
    /// Does what a person wants done, once for each idempotency key. What the rules refuse is refused before anything
    /// is stored, and takes no slot.
    pub async fn act(
        &self,
        me: &Me,
        key: ConversationRef,
        intent: Intent,
        idempotency: Option<IdempotencyKey>,
    ) -> Result<Accepted, Refusal> {
        let once = Once::new(me, idempotency, &("evt", key, Fields::from(intent.clone())))?;
        let edit = match (key, &intent) {
            (ConversationRef::Published(conv), Intent::MessageModify { item, text, .. }) => {
                Some((conv, *item, text.clone()))
            }
            _ => None,
        };
        let outcome = match (key, intent) {
            (ConversationRef::Draft(draft), Intent::DraftModify { subject, to, text }) => {
                self.change_draft(me, draft, subject, to, text, &once).await
            }
            (ConversationRef::Draft(draft), Intent::DraftRemove) => {
                self.discard_draft(me, draft, &once).await
            }
            (ConversationRef::Draft(_), _) => Err(Refusal::format(
                "A draft is only saved, discarded or published. Publish it first.",
            )
            .into()),
            (ConversationRef::Published(conv), Intent::Seen { seq }) => {
                let seen = self.mark_seen(me, conv, seq, &once).await;
                self.or_request(me, conv, seen).await
            }
            (ConversationRef::Published(conv), intent) => {
                let acted = self.act_in(me, conv, intent, &once).await;
                self.or_request(me, conv, acted).await
            }
        };
        match (once.settle(&self.store, outcome).await, edit) {
            (Err(refusal), Some((conv, item, text))) => {
                Err(self.compared(me, (conv, item), &text, refusal).await)
            }
            (done, _) => done,
        }
    }

    async fn act_in(
        &self,
        me: &Me,
        conv: ConversationKey,
        intent: Intent,
        once: &Once,
    ) -> Result<Accepted, Failure> {
        let deed = Deed::prepare(self, intent).await?;
        let signed = deed.signed(self, me, conv)?;
        let accepted = self.submit(Act {
            me: me.clone(),
            conv,
            deed,
            signed,
            once: once.clone(),
        });
        match accepted.await? {
            pending @ Accepted::Pending { .. } => self.confirmed(me, conv, pending).await,
            accepted => Ok(accepted),
        }
    }

    /// Loads what these actions need, and does them in their order, each as the ones before it left the conversation.
    /// Who is refused has written nothing; any other failure is one of the whole write.
    pub(super) async fn perform(
        &self,
        tx: &mut Tx,
        acts: &[Act],
    ) -> Result<Vec<Result<Accepted, Refusal>>, Failure> {
        let wanted: Vec<_> = acts.iter().map(|act| act.deed.wanted(act.conv)).collect();
        let mut held = load_for_write(tx, &wanted).await?;
        let now = self.clock.now();
        let mut outcomes = Vec::with_capacity(acts.len());
        for act in acts {
            outcomes.push(match self.decide(&held, act, now) {
                Ok(decided) => self.store(tx, &mut held, act, decided, now).await?,
                Err(refusal) => Err(refusal),
            });
        }
        Ok(outcomes)
    }

    /// Takes the action, if the rules allow it: as the leader gives it its slot, elsewhere to be submitted to who leads.
    fn decide(&self, held: &Held, act: &Act, now: Time) -> Result<Decided, Refusal> {
        let loaded = held.conversations.get(&act.conv);
        // Whoever never took part learns as much as of a conversation that does not exist. // security.md 38
        let takes_part = |loaded: &&Loaded| {
            let mut here = loaded.here.iter();
            here.any(|person| person.user == Some(act.me.user))
        };
        let loaded = loaded
            .filter(takes_part)
            .ok_or_else(|| no_conversation(act.conv))?;
        let mut conversation = part(loaded, &act.deed);
        let leads = conversation.core().leader == *self.identity.platform();
        let record = match &act.signed {
            Some(record) if leads => record.clone(),
            _ => act.deed.sign(self, &act.me, &conversation, now)?,
        };
        if let Verdict::Refuse(refusal) = conversation.decide(record.action(), now)? {
            return Err(explain(refusal, loaded));
        }
        let standing = self.standings.find(act.conv).unwrap_or_default();
        if !leads || standing.asking_until().is_some() {
            let leader = conversation.into_core().leader;
            return Ok(Decided::Submitted { record, leader });
        }
        conversation.begin_epoch(standing.epoch());
        let Sequenced::Committed { record, change } =
            conversation.sequence(record, now, &self.identity.key())?
        else {
            return Err(Refusal::from(Code::Internal));
        };
        let core = Box::new(conversation.into_core());
        Ok(Decided::Committed {
            record,
            change,
            core,
        })
    }

    /// Stores what was decided and everything that follows from it; answers what the client is told.
    async fn store(
        &self,
        tx: &mut Tx,
        held: &mut Held,
        act: &Act,
        decided: Decided,
        now: Time,
    ) -> Result<Result<Accepted, Refusal>, Failure> {
        let (record, change, core) = match decided {
            Decided::Committed {
                record,
                change,
                core,
            } => (record, change, *core),
            Decided::Submitted { record, leader } => {
                let loaded = held.conversations.get(&act.conv);
                return self.keep(tx, act, loaded, &record, leader, now).await;
            }
        };
        let internal = || Refusal::from(Code::Internal);
        let loaded = held.conversations.remove(&act.conv);
        insert_action(tx, &record)?;
        act.acquaint(tx, now);
        let mut projection = Projection::new(loaded.ok_or_else(internal)?, core, &change);
        projection
            .store(tx, &act.deed.prepared, &change, &record)
            .await?;
        let heads = Some(&mut held.heads);
        let mut heard = self
            .tell_change(tx, heads, &projection, &record, now)
            .await?;
        let mine = projection.reader(act.me.user).ok_or_else(internal)?;
        let scene = Scene {
            conversation: &projection.conversation,
            participants: &projection.here,
            now,
        };
        let message = projection.message.as_ref();
        let change = heard.views.of(scene.view(message, mine), || {
            scene.change(&record, message, &heard.names, mine)
        })?;
        let change = change.change().clone();
        let accepted = Accepted::Action {
            key: change.key,
            change: Box::new(change),
        };
        act.once.answered(tx, &accepted, now)?;
        held.conversations
            .insert(act.conv, projection.into_loaded());
        Ok(Ok(accepted))
    }
}

/// What the rules made of an action.
enum Decided {
    Committed {
        record: Verified<Record>,
        change: Box<Change>,
        core: Box<Core>,
    },
    /// Another platform leads.
    Submitted {
        record: Verified<Record>,
        leader: Platform,
    },
}

/// The part of the conversation that the rules look at.
fn part(loaded: &Loaded, deed: &Deed) -> Conversation {
    let mut conversation = Conversation::part(loaded.row.core.clone());
    // It was drawn here and now; should it not be the only one, the database refuses it.
    conversation.load_slot(deed.nonce, None);
    for key in &deed.messages {
        let found = loaded.messages.iter().find(|message| message.key == *key);
        conversation.load_item(Model::Message, *key, found.map(|message| message.item()));
    }
    conversation
}

/// There is no such conversation for this person.
pub(super) fn no_conversation(conv: ConversationKey) -> Refusal {
    let message = "There is no such conversation, or you take no part in it. Check the address.";
    Refusal::new(Code::NoConv, message).with("conversation", conv.to_string())
}

/// A refusal in the words of a page: who is editing is said by name.
fn explain(refusal: Refusal, loaded: &Loaded) -> Refusal {
    let by = refusal.details.get("by").and_then(|by| by.as_str());
    let person = by.and_then(|by| {
        loaded
            .here
            .iter()
            .find(|person| person.address.as_str() == by)
    });
    match person {
        Some(person) if refusal.code == Code::Locked => Refusal {
            message: format!(
                "{} is editing this. Wait until they have finished.",
                person.name
            ),
            ..refusal
        },
        _ => refusal,
    }
}
