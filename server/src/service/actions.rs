//! The one write path into a conversation.

use em2_model::action::{Action, Model};
use em2_model::conversation::{Conversation, Sequenced, Verdict};
use em2_model::id::{ConversationKey, ConversationRef};
use em2_model::record::Record;
use em2_model::refusal::{Code, Refusal};
use em2_model::wire::domestic::Accepted;
use em2_model::wire::intent::{Fields, Intent};

use super::deed::Deed;
use super::failure::Failure;
use super::once::Once;
use super::project::Projection;
use super::scene::Scene;
use super::{IdempotencyKey, Me, Service};
use crate::store::Tx;
use crate::store::actions::insert_action;
use crate::store::conversations::{Loaded, load_for_write};

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
                self.mark_seen(me, conv, seq, &once).await
            }
            (ConversationRef::Published(conv), intent) => {
                self.act_in(me, conv, intent, &once).await
            }
        };
        once.settle(&self.store, outcome).await
    }

    async fn act_in(
        &self,
        me: &Me,
        conv: ConversationKey,
        intent: Intent,
        once: &Once,
    ) -> Result<Accepted, Failure> {
        let deed = Deed::prepare(self, intent).await?;
        let (service, me, once) = (self.clone(), me.clone(), once.clone());
        self.store
            .write(move |tx| {
                Box::pin(async move { service.perform(tx, &me, conv, &deed, &once).await })
            })
            .await
    }

    async fn perform(
        &self,
        tx: &mut Tx,
        me: &Me,
        conv: ConversationKey,
        deed: &Deed,
        once: &Once,
    ) -> Result<Accepted, Failure> {
        let loaded = load_for_write(tx, conv, deed.wanted()).await?;
        // Whoever never took part learns as much as of a conversation that does not exist. // security.md 38
        let loaded = loaded
            .filter(|loaded| {
                loaded
                    .here
                    .iter()
                    .any(|person| person.user == Some(me.user))
            })
            .ok_or_else(|| no_conversation(conv))?;
        let now = self.clock.now();
        let mut conversation = part(&loaded, deed);
        let action = Action::mint(
            deed.propose(self, me, &conversation)?,
            now,
            deed.nonce,
            deed.salt(),
        )?;
        if let Verdict::Refuse(refusal) = conversation.decide(&action, now)? {
            return Err(explain(refusal, &loaded).into());
        }
        let signed = Record::signed(action, self.identity.key())?;
        let Sequenced::Committed { record, change } =
            conversation.sequence(signed, now, self.identity.key())?
        else {
            return Err(Refusal::from(Code::Internal).into());
        };
        insert_action(tx, &record)?;
        let mut projection = Projection::new(loaded, conversation.into_core(), &change);
        projection.store(tx, deed, &change, &record).await?;
        let mut heard = self.tell_change(tx, &projection, &record, now).await?;
        let mine = projection.reader(me.user);
        let mine = mine.ok_or_else(|| Refusal::from(Code::Internal))?;
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
        once.answered(tx, &accepted, now)?;
        Ok(accepted)
    }
}

/// The part of the conversation that the rules look at.
fn part(loaded: &Loaded, deed: &Deed) -> Conversation {
    let mut conversation = Conversation::part(loaded.row.core.clone());
    conversation.load_slot(deed.nonce, loaded.slot);
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
