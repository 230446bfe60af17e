//! Entering conversations: what steps in them may look at is loaded, for all of them at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use em2_model::action::{Content, Model};
use em2_model::conversation::Conversation;
use em2_model::id::{ActionKey, ConversationKey};
use em2_model::participant::History;
use em2_model::sign::PlatformKey;
use em2_model::step::{Kept, Locator, State};
use em2_model::{Code, Refusal};

use super::{PENDING_MAX, Room};
use crate::service::Service;
use crate::service::failure::Failure;
use crate::service::foreign::log::PartLog;
use crate::service::foreign::ready::Ready;
use crate::store::Tx;
use crate::store::actions::list_records_after;
use crate::store::beside::{Asked, Beside, list_beside};
use crate::store::conversations::{Held, Loaded, Wanted, load_for_write};
use crate::store::feed::Heads;
use crate::store::messages::list_messages_by_key;

/// What steps in one conversation are made with: these records, or an answer that has this locator.
pub(in crate::service::foreign) struct Visit<'a> {
    pub(in crate::service::foreign) conv: ConversationKey,
    pub(in crate::service::foreign) ready: Vec<&'a Ready>,
    pub(in crate::service::foreign) have: &'a Locator,
}

impl Service {
    /// Loads what steps with these records, or with an answer that has this locator, may look at, and keeps other
    /// writers of the conversation waiting.
    pub(in crate::service::foreign) async fn enter(
        &self,
        tx: &mut Tx,
        conv: ConversationKey,
        ready: &[&Ready],
        have: &Locator,
    ) -> Result<Room, Failure> {
        let ready = ready.to_vec();
        let (rooms, heads) = self.enter_each(tx, &[Visit { conv, ready, have }]).await?;
        let room = rooms.into_iter().next();
        let mut room = room.ok_or_else(|| Refusal::from(Code::Internal))?;
        room.heads = heads;
        Ok(room)
    }

    /// The same for several conversations, in their order; whoever makes the steps hands the feed counters from one to
    /// the next.
    pub(in crate::service::foreign) async fn enter_each(
        &self,
        tx: &mut Tx,
        visits: &[Visit<'_>],
    ) -> Result<(Vec<Room>, Heads), Failure> {
        let messages: Vec<Vec<ActionKey>> = visits
            .iter()
            .map(|visit| {
                visit
                    .ready
                    .iter()
                    .flat_map(|it| touched(&it.record))
                    .collect()
            })
            .collect();
        let mut wanted = Vec::with_capacity(visits.len());
        for (Visit { conv, ready, .. }, messages) in visits.iter().zip(&messages) {
            let conv = *conv;
            wanted.push(Wanted {
                conv,
                messages,
                added: None,
            });
            let added = ready
                .iter()
                .filter_map(|ready| ready.prepared.added.as_ref());
            let added: BTreeSet<_> = added.map(|user| user.id).collect();
            wanted.extend(added.into_iter().map(|user| Wanted {
                conv,
                messages: &[],
                added: Some(user),
            }));
        }
        let Held {
            mut conversations,
            heads,
        } = load_for_write(tx, &wanted).await?;
        let known = visits.iter().filter_map(|visit| {
            let head = conversations.get(&visit.conv)?.row.core.seq;
            Some(visit.asks(head))
        });
        let mut beside = list_beside(tx, &known.collect::<Vec<_>>())
            .await?
            .into_iter();
        let mut rooms = Vec::with_capacity(visits.len());
        for visit in visits {
            let loaded = conversations.remove(&visit.conv);
            let loaded = loaded.and_then(|loaded| Some((loaded, beside.next()?)));
            rooms.push(self.room(tx, visit, loaded).await?);
        }
        Ok((rooms, heads))
    }

    async fn room(
        &self,
        tx: &mut Tx,
        visit: &Visit<'_>,
        found: Option<(Loaded, Beside)>,
    ) -> Result<Room, Failure> {
        let (conv, key) = (visit.conv, PlatformKey::clone(&self.identity.key()));
        let mut log = PartLog::default();
        let Some((mut loaded, beside)) = found else {
            return Ok(Room {
                conv,
                waited: Vec::new(),
                state: State::resume(key, None, Vec::new(), Default::default()),
                log,
                standing: Default::default(),
                loaded: None,
                heads: Heads::default(),
                slots: BTreeMap::new(),
                told: BTreeMap::new(),
            });
        };
        let Beside {
            standing,
            pending,
            commits,
            slots,
        } = beside;
        let pending: Vec<Kept> = pending.into_iter().map(Arc::new).collect();
        log.load_commits(commits);
        if standing.is_unsettled() || log.branches(&visit.ready, loaded.row.core.seq) {
            log.load_records(list_records_after(tx, conv, 0, i64::MAX).await?);
        }
        if standing.asking_until().is_some() {
            // What waits is decided once the others have told what they have.
            let touched: Vec<ActionKey> = pending.iter().flat_map(touched).collect();
            let known: BTreeSet<_> = loaded.messages.iter().map(|it| it.key).collect();
            let more = list_messages_by_key(tx, conv, &touched).await?.into_iter();
            let more = more.filter(|it| !known.contains(&it.key));
            loaded.messages.extend(more);
        }
        let conversation = match standing.is_unsettled() {
            true => log.fold()?,
            false => Conversation::part(loaded.row.core.clone()),
        };
        Ok(Room {
            conv,
            waited: pending.clone(),
            state: State::resume(key, Some(conversation), pending, standing.clone()),
            log,
            standing,
            loaded: Some(loaded),
            heads: Heads::default(),
            slots: slots.into_iter().collect(),
            told: BTreeMap::new(),
        })
    }
}

impl Visit<'_> {
    /// What is looked up beside the rows of a conversation that stands at `head`.
    fn asks(&self, head: u64) -> Asked {
        let mut commits: BTreeSet<u64> = self.have.iter().map(|(seq, _)| *seq).collect();
        for commit in self.ready.iter().filter_map(|ready| ready.record.commit()) {
            commits.extend([commit.seq(), commit.seq().saturating_sub(1)]);
        }
        commits.insert(head);
        commits.retain(|seq| (1..=head).contains(seq));
        let commits = commits.into_iter();
        let nonces = self.ready.iter();
        Asked {
            conv: self.conv,
            commits: commits.filter_map(|seq| i64::try_from(seq).ok()).collect(),
            nonces: nonces
                .map(|ready| ready.record.action().header().nonce)
                .collect(),
            pending: PENDING_MAX,
        }
    }
}

/// The messages that a record touches.
pub(super) fn touched(record: &Kept) -> Vec<ActionKey> {
    let action = record.action();
    let header = action.header();
    let from = match action.content() {
        Ok(Content::ParticipantAdd(add)) => match add.history {
            History::From(message) => Some(message),
            History::All | History::Now => None,
        },
        _ => None,
    };
    let about = match action.kind().model() {
        Model::Message | Model::Attachment => [header.item, header.parent],
        _ => [None, None],
    };
    about.into_iter().flatten().chain(from).collect()
}
