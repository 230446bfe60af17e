//! A database that is older than what this platform gave out: before it orders anything again, it asks the others what
//! they have. // spec §14

use std::time::Duration;

use em2_model::refusal::{Code, Refusal};
use em2_model::step::{Input, Message, Output};
use em2_model::wire::foreign::Said;
use em2_model::{ConversationKey, Platform};

use super::evidence::keep_evidence;
use crate::marks::Marked;
use crate::service::Service;
use crate::service::failure::Failure;
use crate::store::Tx;
use crate::store::actions::list_commits;
use crate::store::conversations::list_led;
use crate::store::deliveries::{lower_delivery, raise_deliveries};
use crate::store::standings::list_standings;

/// How many conversations are begun again in one go.
const PAGE: i64 = 200;

/// How often it is looked for conversations in which the wait is over.
const ROUND: Duration = Duration::from_secs(1);

impl Service {
    /// Whether the database lacks what this platform has given out.
    pub async fn lacks(&self, marked: &Marked) -> Result<bool, Refusal> {
        let mut conn = self.store.reader().await.map_err(Failure::Store)?;
        for (conv, seq, commit) in &marked.heads {
            let slot = i64::try_from(*seq).unwrap_or(i64::MAX);
            let ours = list_commits(&mut conn, *conv, vec![slot]).await;
            if !ours.map_err(Failure::Store)?.contains(&(*seq, *commit)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Reads which conversations are not as at first; before anything is served.
    pub async fn load_standings(&self) -> Result<(), Refusal> {
        let mut conn = self.store.reader().await.map_err(Failure::Store)?;
        let known = list_standings(&mut conn).await.map_err(Failure::Store)?;
        for (conv, standing) in known {
            self.standings.keep(conv, standing);
        }
        Ok(())
    }

    /// Has every platform asked what it has of the conversations that are led here, before anything is ordered in them;
    /// says how many.
    pub async fn begin_again(&self) -> Result<usize, Refusal> {
        let (mut after, mut begun) = (None, 0);
        loop {
            let mut conn = self.store.reader().await.map_err(Failure::Store)?;
            let own = self.identity.platform();
            let page = list_led(&mut conn, own, after, PAGE).await;
            drop(conn);
            let page = page.map_err(Failure::Store)?;
            let Some(last) = page.last() else {
                return Ok(begun);
            };
            (after, begun) = (Some(*last), begun + page.len());
            self.begin_page_again(page).await?;
        }
    }

    async fn begin_page_again(&self, convs: Vec<ConversationKey>) -> Result<(), Failure> {
        let service = self.clone();
        let begun = self.store.write::<_, Failure, _>(move |tx| {
            Box::pin(async move {
                for conv in convs {
                    service.begin_one_again(tx, conv).await?;
                }
                Ok(())
            })
        });
        begun.await
    }

    async fn begin_one_again(&self, tx: &mut Tx, conv: ConversationKey) -> Result<(), Failure> {
        let (now, start) = (self.clock.now(), Input::Start { restored: true });
        let (room, _) = self.one_step(tx, conv, &Vec::new(), start, now).await?;
        let silent = room.state.standing().silent().iter();
        let silent: Vec<Platform> = silent.cloned().collect();
        raise_deliveries(tx, conv, &silent, room.head(), now);
        for peer in &silent {
            lower_delivery(tx, conv, peer.as_str(), 0);
        }
        let outbox = self.outbox.clone();
        tx.on_commit(move || silent.iter().for_each(|peer| outbox.raise(peer, conv)));
        Ok(())
    }

    /// Orders again where the wait is over, for as long as it is polled.
    pub async fn order_again(self) {
        loop {
            for conv in self.standings.due(self.clock.now()) {
                if let Err(failure) = self.order_one_again(conv).await {
                    tracing::warn!(%conv, ?failure, "a conversation that was restored waits on");
                }
            }
            tokio::time::sleep(ROUND).await;
        }
    }

    async fn order_one_again(&self, conv: ConversationKey) -> Result<(), Failure> {
        let service = self.clone();
        let ordered = self.store.write::<_, Failure, _>(move |tx| {
            Box::pin(async move {
                let now = service.clock.now();
                let nothing = Vec::new();
                let stepped = service.one_step(tx, conv, &nothing, Input::Tick, now);
                stepped.await.map(|_| ())
            })
        });
        ordered.await?;
        self.tell_delivery(conv).await
    }

    /// Takes what another platform has of a conversation: of one that was restored here what it lacks, of any other
    /// what may contradict it, which is kept as evidence. Whether it brought anything.
    pub async fn take_back(
        &self,
        from: &Platform,
        conv: ConversationKey,
        said: Vec<Said>,
    ) -> Result<bool, Refusal> {
        let keys = self.peers.keyring(said.iter().flatten(), || true).await;
        let mut checked = self.check_records(said, keys).await?;
        let (service, from) = (self.clone(), from.clone());
        let taken = self.store.write::<_, Failure, _>(move |tx| {
            Box::pin(async move {
                let now = service.clock.now();
                let ready: Vec<_> = checked.iter().flatten().flatten().collect();
                let mut room = service.enter(tx, conv, &ready, &Vec::new()).await?;
                let (from_head, mut is_fork) = (room.head(), false);
                // A log goes on where it was left: after what cannot be read nothing fits.
                let fitting = checked
                    .iter_mut()
                    .map_while(|one| one.as_mut().ok()?.as_mut().ok());
                for ready in fitting {
                    let is_here = ready.record.action().conversation() == conv;
                    if !is_here || ready.record.commit().is_none() {
                        break;
                    }
                    ready.prepared.gate = service.gate(tx, &room, ready).await?;
                    let message = Message::Commits {
                        records: vec![ready.record.clone()],
                        epoch: 0,
                    };
                    let input = Input::Received {
                        from: from.clone(),
                        message,
                    };
                    let left = service.step(tx, &mut room, input, Some(ready), now).await?;
                    let forks = |output: &Output| {
                        matches!(output, Output::Alarm { code, .. } if *code == Code::Fork)
                    };
                    if left.iter().any(forks) {
                        keep_evidence(tx, &room, &ready.record, now);
                        is_fork = true;
                        break;
                    }
                }
                service.leave(tx, &room, now).await?;
                Ok((room.head() > from_head, is_fork))
            })
        });
        let (brought, is_fork) = taken.await?;
        if is_fork {
            self.tell_delivery(conv).await?;
        }
        Ok(brought)
    }
}
