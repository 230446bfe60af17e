//! Where the people are reached whom another platform wants to add to a conversation that is led here: the add binds the
//! address to a platform for everybody, so that discovery is asked here, too. // spec §2, §16

use std::collections::BTreeMap;

use em2_model::action::{Action, Content};
use em2_model::id::Incarnation;
use em2_model::record::Record;
use em2_model::refusal::{Code, Refusal};
use em2_model::{Address, Platform};

use super::Federation;

/// A platform and who owns its name, absent by mail alone.
type Reached = Option<(Platform, Incarnation)>;

/// What discovery says of the domains of addresses in adds that have no slot yet.
#[derive(Default)]
pub struct Bindings(BTreeMap<String, Result<Reached, Refusal>>);

impl Federation {
    /// Asks where those are reached whom these records, which `from` has sent, want to add; those of this platform,
    /// for whose domains `ours` holds, are at `own`. What is not known is asked for, not too often.
    pub async fn bindings(
        &self,
        from: &Platform,
        records: impl Iterator<Item = &Record>,
        own: (&Platform, Incarnation),
        ours: impl Fn(&str) -> bool,
    ) -> Bindings {
        let mut known = BTreeMap::new();
        let wanted = records.filter(|record| record.commit().is_none());
        for (address, _) in wanted.filter_map(|record| added(record.action())) {
            let domain = address.domain();
            if known.contains_key(domain) {
                continue;
            }
            let reached = match ours(domain) {
                true => Ok(Some((own.0.clone(), own.1))),
                false => {
                    let may_ask = || self.rates.signer(from);
                    self.peers.find_with(&address, may_ask).await
                }
            };
            known.insert(domain.to_owned(), reached);
        }
        Bindings(known)
    }
}

impl Bindings {
    /// `EM2_FORBIDDEN` where an action binds an address to another platform than discovery does; `EM2_DOWN` where that
    /// cannot be found out now.
    pub fn check(&self, action: &Action) -> Result<(), Refusal> {
        let Some((address, platform)) = added(action) else {
            return Ok(());
        };
        match self.0.get(address.domain()) {
            Some(Ok(reached)) if *reached == platform => Ok(()),
            Some(Ok(_)) => {
                let message =
                    format!("{address} is not reached at the platform that the add names.");
                Err(Refusal::new(Code::Forbidden, message).with("address", address.as_str()))
            }
            Some(Err(_)) | None => {
                let message = format!(
                    "Where {address} is reached cannot be found out now. Send it again later."
                );
                Err(Refusal::new(Code::Down, message).with("address", address.as_str()))
            }
        }
    }
}

/// Whom an action adds, and where.
fn added(action: &Action) -> Option<(Address, Reached)> {
    match action.content() {
        Ok(Content::ParticipantAdd(add)) => Some((add.address.clone(), add.platform.clone())),
        _ => None,
    }
}
