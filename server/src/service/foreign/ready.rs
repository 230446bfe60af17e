//! Records from elsewhere, made ready before anything is locked: signatures checked, texts rendered, people looked up.
//! // spec §8

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use em2_model::Address;
use em2_model::action::{Action, Content, Missing};
use em2_model::id::{ActionKey, Time};
use em2_model::record::Record;
use em2_model::refusal::Refusal;
use em2_model::step::Kept;
use em2_model::wire::foreign::Said;

use crate::federation::keyring::Keyring;
use crate::service::Service;
use crate::service::failure::Failure;
use crate::service::project::{Gate, Prepared};
use crate::store::Conn;
use crate::store::users::{User, find_user_by_address, list_users_by_address};
use crate::text::Rendered;

/// A record whose signatures count, and what it needs to become rows.
pub(super) struct Ready {
    pub(super) record: Kept,
    pub(super) prepared: Prepared,
}

impl Ready {
    /// The same, where somebody here comes to hear of it in this way.
    pub(super) fn behind(&self, gate: Gate) -> Ready {
        Ready {
            record: self.record.clone(),
            prepared: Prepared {
                gate,
                ..self.prepared.clone()
            },
        }
    }
}

/// What came in the place of a record: ready, or refused for good.
pub(super) type Checked = Result<Ready, (ActionKey, Refusal)>;

impl Service {
    /// Checks and renders records in their order; one that could not be read keeps its refusal.
    pub(super) async fn check_records(
        &self,
        said: Vec<Said>,
        keys: Keyring,
    ) -> Result<Vec<Result<Checked, Refusal>>, Failure> {
        let now = self.clock.now();
        let checked = tokio::task::spawn_blocking(move || {
            let check = |said: Said| said.map(|record| check(record, &keys, now));
            said.into_iter().map(check).collect::<Vec<_>>()
        });
        let mut checked = checked
            .await
            .map_err(|_| Refusal::from(em2_model::Code::Internal))?;
        let mut added = BTreeSet::new();
        for ready in checked.iter().flatten().flatten() {
            added.extend(self.added_here(ready.record.action()).cloned());
        }
        if added.is_empty() {
            return Ok(checked);
        }
        let added: Vec<Address> = added.into_iter().collect();
        let users = list_users_by_address(&mut self.store.reader().await?, &added).await?;
        let users: BTreeMap<Address, User> = users
            .into_iter()
            .map(|user| (user.address.clone(), user))
            .collect();
        for ready in checked.iter_mut().flatten().flatten() {
            let address = self.added_here(ready.record.action());
            ready.prepared.added = address.and_then(|address| users.get(address)).cloned();
        }
        Ok(checked)
    }

    /// What a record needs that came with no request: one of this platform's own, or one that is projected again.
    pub(super) async fn prepare(
        &self,
        conn: &mut Conn,
        action: &Action,
    ) -> Result<Prepared, Failure> {
        let added = match self.added_here(action) {
            Some(address) => find_user_by_address(conn, address).await?,
            None => None,
        };
        Ok(Prepared {
            rendered: rendered(action),
            added,
            ..Prepared::default()
        })
    }

    /// Whom the action adds, where they are said to be of this platform.
    fn added_here<'a>(&self, action: &'a Action) -> Option<&'a Address> {
        let Ok(Content::ParticipantAdd(add)) = action.content() else {
            return None;
        };
        let (platform, _) = add.platform.as_ref()?;
        (platform == self.identity.platform()).then_some(&add.address)
    }
}

/// What an action says, as it is shown.
fn rendered(action: &Action) -> Option<Rendered> {
    match action.content() {
        Ok(Content::MessageAdd(add)) => Some(Rendered::of(add.format, &add.text)),
        Ok(Content::MessageModify(modify)) => Some(Rendered::of(modify.format, &modify.text)),
        Ok(_) | Err(Missing::History | Missing::Redacted | Missing::Expired) => None,
    }
}

fn check(record: Record, keys: &Keyring, now: Time) -> Checked {
    let key = record.action().key();
    let record = record.verify(keys, now).map_err(|refusal| (key, refusal))?;
    let rendered = rendered(record.action());
    Ok(Ready {
        record: Arc::new(record),
        prepared: Prepared {
            rendered,
            ..Prepared::default()
        },
    })
}
