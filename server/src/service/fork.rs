//! A conversation whose leading platform is gone goes on in another one, which this platform leads. // spec §13

use em2_model::action::{Fork, ParticipantAdd};
use em2_model::conversation::{Core, Person};
use em2_model::id::{ConversationKey, Time};
use em2_model::participant::{History, Role};
use em2_model::refusal::{Code, Refusal};
use em2_model::wire::domestic::{self, BEFORE, Entry, Message, Published, What};
use em2_model::{Address, Platform};

use super::failure::Failure;
use super::opening::Beginning;
use super::pages::{Reading, read};
use super::{Me, Service};
use crate::federation::engine::DAY;
use crate::store::Conn;
use crate::store::evidence::find_liar;
use crate::store::forks::{find_fork, find_fork_of};
use crate::store::peers::{PeerRow, list_peers_named};
use crate::store::users::list_users_by_address;

/// After so long without an answer from the platform that leads, a conversation may be forked. // spec §13
const AWAY: i64 = 7 * DAY;

impl Service {
    /// Begins a conversation that goes on from the present head of this one, with the same people, led here. Where there
    /// is one in which this person takes part, it is that one. Refused as long as the platform that leads may come back:
    /// `EM2_CONFLICT`.
    pub async fn fork(&self, me: &Me, conv: ConversationKey) -> Result<Published, Refusal> {
        Ok(self.make_fork(me, conv).await?)
    }

    async fn make_fork(&self, me: &Me, conv: ConversationKey) -> Result<Published, Failure> {
        let mut conn = self.store.snapshot().await?;
        let reading = read(&mut conn, me, conv).await?;
        let core = &reading.conversation.core;
        if let Some(key) = find_fork_of(&mut conn, conv, me.user).await? {
            return Ok(Published::Published { key });
        }
        if core.person(&me.address).is_none() {
            return Err(Refusal::from(Code::NotParticipant).into());
        }
        if !self.may_fork(&mut conn, core).await? {
            return Err(stays(&core.leader, core.leader == *self.identity.platform()).into());
        }
        let others: Vec<&Person> = core.people.values().collect();
        let others = others.into_iter().filter(|it| it.address != me.address);
        let people: Vec<ParticipantAdd> = others.map(again).collect();
        let addresses: Vec<Address> = people.iter().map(|it| it.address.clone()).collect();
        let own = self.identity.platform();
        let is_here = |address: &Address| {
            let person = core.person(address);
            person.is_some_and(|person| person.platform.as_ref() == Some(own))
        };
        let accounts = list_users_by_address(&mut conn, &addresses).await?;
        let accounts = accounts.into_iter().filter(|it| is_here(&it.address));
        let ready = self.open(
            me,
            Beginning {
                subject: core.subject.clone(),
                fork: Some(Fork {
                    conv,
                    seq: core.seq,
                    head: core.head,
                }),
                people,
                accounts: accounts.collect(),
                said: None,
            },
        )?;
        drop(conn);
        let (service, me) = (self.clone(), me.clone());
        let stored = self.store.write::<_, Failure, _>(move |tx| {
            Box::pin(async move {
                let key = match find_fork_of(tx, conv, me.user).await? {
                    // Asked for twice at the same time.
                    Some(made) => made,
                    None => {
                        let key = ready.core.key;
                        service.store_opened(tx, &me, ready).await?;
                        key
                    }
                };
                Ok(Published::Published { key })
            })
        });
        stored.await
    }

    /// Whether this conversation may be forked: another platform leads it, and has not answered for seven days or wrote
    /// two histories of it.
    async fn may_fork(&self, conn: &mut Conn, core: &Core) -> Result<bool, Failure> {
        if core.leader == *self.identity.platform() || core.expired {
            return Ok(false);
        }
        if find_liar(conn, core.key).await?.is_some() {
            return Ok(true);
        }
        let peers = list_peers_named(conn, std::slice::from_ref(&core.leader)).await?;
        Ok(peers
            .first()
            .is_some_and(|peer| is_gone(peer, self.clock.now())))
    }

    /// What goes on from this conversation, or that something may.
    pub(super) async fn fork_of(
        &self,
        conn: &mut Conn,
        reading: &Reading,
    ) -> Result<Option<domestic::Fork>, Failure> {
        let core = &reading.conversation.core;
        let Some(user) = reading.reader.user.filter(|_| reading.reader.is_present()) else {
            return Ok(None);
        };
        Ok(match find_fork_of(conn, core.key, user).await? {
            Some(_) => Some(domestic::Fork::Made),
            None if self.may_fork(conn, core).await? => Some(domestic::Fork::Offered),
            None => None,
        })
    }

    /// Puts before the first entries of a conversation what was said in the one that it goes on from, up to there and as
    /// far as the reader may see that one by themselves.
    pub(super) async fn put_before(
        &self,
        conn: &mut Conn,
        me: &Me,
        conv: ConversationKey,
        entries: &mut Vec<Entry>,
    ) -> Result<(), Failure> {
        let Some(fork) = find_fork(conn, conv).await? else {
            return Ok(());
        };
        let earlier = match read(conn, me, fork.conv).await {
            Ok(reading) => {
                let end = fork.seq.saturating_add(1);
                Some(self.timeline(conn, &reading, end).await?.0)
            }
            Err(Failure::Refused(_)) => None,
            Err(failure) => return Err(failure),
        };
        if let Some(Entry::Event(event)) = entries.first_mut() {
            let origin = earlier.is_some().then_some(fork.conv);
            event.what = What::Forked { origin };
        }
        let earlier = earlier.into_iter().flatten();
        entries.splice(0..0, earlier.filter_map(before));
        Ok(())
    }
}

/// A message of the conversation before: there is nothing to be done with it here.
fn before(entry: Entry) -> Option<Entry> {
    match entry {
        Entry::Event(_) => None,
        Entry::Message(message) => Some(Entry::Message(Message {
            seq: BEFORE,
            touched: BEFORE,
            text: None,
            edited: None,
            lock: None,
            ..message
        })),
    }
}

/// Whether a platform has not answered for so long that its conversations may be forked.
pub(super) fn is_gone(peer: &PeerRow, now: Time) -> bool {
    let since = peer.standing.first_fail_at;
    since.is_some_and(|since| since.plus(AWAY) <= now)
}

/// Somebody who is added to the fork as they took part before: but for the creator, nobody owns a conversation.
fn again(person: &Person) -> ParticipantAdd {
    ParticipantAdd {
        address: person.address.clone(),
        role: person.role.min(Role::Admin),
        platform: person.platform.clone().zip(person.inc),
        history: History::All,
        name: person.name.clone(),
    }
}

fn stays(leader: &Platform, is_own: bool) -> Refusal {
    let message = match is_own {
        true => "This platform leads the conversation itself. Just go on writing.".to_owned(),
        false => format!(
            "{leader} leads this conversation, and may come back. What you write waits for it; after seven days without \
             an answer you can go on without it."
        ),
    };
    Refusal::new(Code::Conflict, message)
}
