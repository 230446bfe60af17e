//! What is made of a parcel that a peer refused as a whole. // spec §7, §12

use std::cmp::Ordering;

use em2_model::Platform;
use em2_model::refusal::{Code, Refusal};
use em2_model::step::{Locator, Outcome};

use super::answered::Left;
use super::locator::shared;
use super::parcel::{Parcel, What};
use super::room::PENDING_MAX;
use crate::service::Service;
use crate::service::failure::Failure;
use crate::store::actions::list_commits;
use crate::store::deliveries::{delete_deliveries_but, lower_delivery, mark_delivered};
use crate::store::pending::{delete_pending, list_pending};

impl Service {
    /// Something is missing before what the peer was sent: it is sent from what both have. // spec §7
    async fn go_back(
        &self,
        peer: &Platform,
        parcel: &Parcel,
        refusal: &Refusal,
    ) -> Result<Left, Refusal> {
        let (conv, acked, name) = (parcel.conv, parcel.acked, peer.clone());
        let (have, now) = (has(refusal), self.clock.now());
        let gone_back = self.store.write::<_, Failure, _>(move |tx| {
            Box::pin(async move {
                let slots = have.iter().filter_map(|(seq, _)| i64::try_from(*seq).ok());
                let ours = list_commits(tx, conv, slots.collect()).await?;
                let common = shared(&have, &ours);
                match common.cmp(&acked) {
                    Ordering::Less => lower_delivery(tx, conv, name.as_str(), common),
                    // It got something in the meantime.
                    Ordering::Greater => mark_delivered(tx, conv, name.as_str(), common, now),
                    Ordering::Equal => return Ok(Left::Stuck(None)),
                }
                Ok(Left::More)
            })
        });
        Ok(gone_back.await?)
    }

    /// The peer has refused a parcel as a whole.
    pub async fn parcel_refused(
        &self,
        peer: &Platform,
        parcel: &Parcel,
        refusal: &Refusal,
    ) -> Result<Left, Refusal> {
        let code = refusal.code;
        let (service, name) = (self.clone(), peer.clone());
        let (conv, acked, what) = (parcel.conv, parcel.acked, parcel.what);
        if let What::Unconfirmed(upto) = what {
            // It is a courtesy: the commit comes from the platform that leads.
            let given_up = self.store.write::<_, Failure, _>(move |tx| {
                Box::pin(async move {
                    mark_delivered(tx, conv, name.as_str(), upto, service.clock.now());
                    Ok(())
                })
            });
            given_up.await?;
            return Ok(Left::Nothing);
        }
        if what == What::Commits {
            if code == Code::Gap {
                return self.go_back(peer, parcel, refusal).await;
            }
            if code != Code::NoConv || acked == 0 {
                return Ok(Left::Stuck(None));
            }
            // It does not know the conversation any more: it is sent from the first record on. // spec §7
            let lowered = self.store.write::<_, Failure, _>(move |tx| {
                Box::pin(async move {
                    lower_delivery(tx, conv, name.as_str(), 0);
                    Ok(())
                })
            });
            lowered.await?;
            return Ok(Left::More);
        }
        if code == Code::NoConv && what == What::Submission && parcel.gives.is_none() {
            let asked = self.store.write::<_, Failure, _>(move |tx| {
                Box::pin(async move { service.ask_leader(tx, &name, conv).await })
            });
            return Ok(match asked.await? {
                true => Left::More,
                false => Left::Stuck(None),
            });
        }
        let is_over = matches!(code, Code::Removed | Code::Expired | Code::Gone);
        if !is_over || what == What::Ask {
            return Ok(Left::Stuck(None));
        }
        // Nothing of this platform gets a slot any more: who waits is told, and keeps the words.
        let refused = self.store.write::<_, Failure, _>(move |tx| {
            Box::pin(async move {
                let now = service.clock.now();
                for record in list_pending(tx, conv, PENDING_MAX).await? {
                    let key = record.action().key();
                    delete_pending(tx, conv, key);
                    service.keep_words(tx, &record, code, now).await?;
                    let waiting = service.waiting.clone();
                    tx.on_commit(move || waiting.tell(key, Outcome::Rejected(code)));
                }
                delete_deliveries_but(tx, conv, &name);
                Ok(())
            })
        });
        refused.await?;
        Ok(Left::Nothing)
    }
}

/// Where the log of a peer ends that something is missing in.
fn has(refusal: &Refusal) -> Locator {
    let have = refusal.details.get("have").cloned();
    let have = have.and_then(|have| serde_json::from_value(have).ok());
    have.unwrap_or_default()
}
