//! A conversation in which nobody of this platform takes part: whoever began it may still add somebody. // spec §16

use em2_model::id::Time;
use em2_model::refusal::Refusal;

use super::room::Room;
use super::widen::Scope;
use crate::service::Service;
use crate::service::failure::Failure;
use crate::store::Tx;
use crate::store::unheard::{delete_unheard, list_unheard, mark_unheard};

/// How long it is kept, in milliseconds.
const KEPT: i64 = 3600 * 1000;

/// How many are dropped in one round.
const DROPPED: i64 = 100;

impl Service {
    /// Notes since when nobody here takes part in what was not known before, and that somebody does.
    pub(super) fn note_unheard(&self, tx: &mut Tx, room: &Room, before: Option<Scope>, now: Time) {
        match (before, self.scope(room)) {
            (None, Some(None)) => mark_unheard(tx, room.conv(), Some(now)),
            (Some(None), Some(Some(_))) => mark_unheard(tx, room.conv(), None),
            _ => {}
        }
    }

    /// Drops conversations to which nobody here was added within an hour; says how many.
    pub async fn drop_unheard(&self) -> Result<usize, Refusal> {
        let before = self.clock.now().plus(-KEPT);
        let mut conn = self.store.reader().await.map_err(Failure::Store)?;
        let unheard = list_unheard(&mut conn, before, DROPPED).await;
        drop(conn);
        let unheard = unheard.map_err(Failure::Store)?;
        let count = unheard.len();
        if count > 0 {
            let dropped = self.store.write::<_, Failure, _>(move |tx| {
                Box::pin(async move {
                    unheard
                        .into_iter()
                        .for_each(|conv| delete_unheard(tx, conv));
                    Ok(())
                })
            });
            dropped.await?;
        }
        Ok(count)
    }
}
