//! What is done without anybody asking: conversations whose time has come expire, and what was kept for a while goes.

use std::time::Duration;

use em2_model::action::{Action, Content, Proposal};
use em2_model::conversation::{Conversation, Sequenced, Verdict};
use em2_model::id::{ActionKey, ConversationKey, Nonce, Salt};
use em2_model::record::Record;
use em2_model::refusal::{Code, Refusal};

use super::Service;
use super::deed::draw;
use super::failure::Failure;
use super::project::{Prepared, Projection};
use crate::store::Tx;
use crate::store::actions::insert_action;
use crate::store::conversations::{Wanted, list_expiring, load_for_write};
use crate::store::feed::prune_feed;
use crate::store::idempotency::prune_answers;
use crate::store::unconfirmed::prune_unconfirmed;

/// How often it is looked for conversations that expire.
const ROUND: Duration = Duration::from_secs(30);

/// How many rounds pass between two times of throwing away what was kept: an hour.
const SWEEP: u32 = 120;

/// How long an answer can be repeated, in milliseconds. It may hold the text of a message that is redacted meanwhile,
/// whose bytes have to be gone within 24 hours. // spec §16
const ANSWERS: i64 = 23 * 3600 * 1000;

/// How long messages of other platforms are shown that get no slot, in milliseconds. // spec §12
const UNCONFIRMED: i64 = 7 * 24 * 3600 * 1000;

/// How many changes each person's feed holds; who missed more loads the pages again.
const FEED: u64 = 2_000;

/// How many conversations expire in one round.
const EXPIRING: i64 = 100;

impl Service {
    /// Keeps up for as long as it is polled. What fails is tried again in the next round.
    pub async fn keep_up(self) {
        let mut round = 0_u32;
        loop {
            let due = round.is_multiple_of(SWEEP);
            if let Err(refusal) = self.round(due).await {
                tracing::warn!(%refusal, "upkeep is tried again");
            }
            round = round.wrapping_add(1);
            tokio::time::sleep(ROUND).await;
        }
    }

    async fn round(&self, sweeps: bool) -> Result<(), Refusal> {
        self.expire_due().await?;
        self.drop_unheard().await?;
        match sweeps {
            true => self.sweep().await,
            false => Ok(()),
        }
    }

    /// Throws away answers and changes that nobody comes back for.
    pub async fn sweep(&self) -> Result<(), Refusal> {
        let now = self.clock.now();
        let before = now.plus(-ANSWERS);
        let swept = self.store.write::<_, Failure, _>(move |tx| {
            Box::pin(async move {
                prune_answers(tx, before).await?;
                prune_feed(tx, FEED).await?;
                prune_unconfirmed(tx, now.plus(-UNCONFIRMED));
                Ok(())
            })
        });
        Ok(swept.await?)
    }

    /// Has conversations expire whose time has come; says how many. Each is an action of the leader, in a transaction of
    /// its own. // spec §16
    pub async fn expire_due(&self) -> Result<usize, Refusal> {
        let now = self.clock.now();
        let mut conn = self.store.reader().await.map_err(Failure::Store)?;
        let due = list_expiring(&mut conn, now, EXPIRING)
            .await
            .map_err(Failure::Store)?;
        drop(conn);
        for conv in &due {
            let (service, conv) = (self.clone(), *conv);
            let expired = self.store.write::<_, Failure, _>(move |tx| {
                Box::pin(async move { service.expire(tx, conv).await })
            });
            expired.await?;
        }
        Ok(due.len())
    }

    async fn expire(&self, tx: &mut Tx, conv: ConversationKey) -> Result<(), Failure> {
        let (nonce, salt) = (Nonce::from_bytes(draw()?), Salt::from_bytes(draw()?));
        let wanted = Wanted {
            conv,
            messages: &[],
            added: None,
        };
        let mut held = load_for_write(tx, &[wanted]).await?;
        let Some(loaded) = held.conversations.remove(&conv) else {
            return Ok(());
        };
        let now = self.clock.now();
        let standing = self.standings.find(conv).unwrap_or_default();
        if standing.asking_until().is_some() {
            return Ok(());
        }
        let (key, core) = (self.identity.key(), loaded.row.core.clone());
        let proposal = Proposal {
            platform: key.platform.clone(),
            actor: None,
            conv: Some(conv),
            follows: Some((ActionKey::from(conv), core.conversation_head)),
            parent: None,
            base: None,
            content: Content::Expire,
        };
        let mut conversation = Conversation::part(core);
        conversation.load_slot(nonce, None);
        let action = Action::mint(proposal, now, nonce, salt)?;
        // Another platform leads it, it has expired, or somebody set another time meanwhile.
        if !matches!(conversation.decide(&action, now), Ok(Verdict::Accept)) {
            return Ok(());
        }
        conversation.begin_epoch(standing.epoch());
        let signed = Record::signed(action, &key)?;
        let Sequenced::Committed { record, change } = conversation.sequence(signed, now, &key)?
        else {
            return Err(Refusal::from(Code::Internal).into());
        };
        insert_action(tx, &record)?;
        let mut projection = Projection::new(loaded, conversation.into_core(), &change);
        projection
            .store(tx, &Prepared::default(), &change, &record)
            .await?;
        self.tell_change(tx, Some(&mut held.heads), &projection, &record, now)
            .await?;
        Ok(())
    }
}
