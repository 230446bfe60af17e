//! Messages that wait for a slot, as people see them meanwhile: they may still be refused. While the platform that leads
//! is away, the platforms of a conversation tell each other of them. // spec §12

use em2_model::Platform;
use em2_model::action::{Content, Kind};
use em2_model::conversation::{Core, Verdict as Ruling};
use em2_model::id::{ConversationKey, Time};
use em2_model::record::Record;
use em2_model::refusal::{Code, Refusal};
use em2_model::step::{Kept, Outcome};
use em2_model::wire::domestic::{Message, Standing, UNCONFIRMED};
use em2_model::wire::foreign::Verdict;
use em2_model::wire::live::Live;

use super::room::Room;
use crate::propagate::{Frame, after_commit};
use crate::service::Service;
use crate::service::failure::Failure;
use crate::service::pages::Reading;
use crate::service::scene::Scene;
use crate::store::conversations::{Loaded, find_conversation};
use crate::store::deliveries::raise_pending;
use crate::store::peers::find_peer;
use crate::store::pending::{count_pending, list_pending};
use crate::store::unconfirmed::{count_unconfirmed, insert_unconfirmed, list_unconfirmed};
use crate::store::users::UserId;
use crate::store::{Conn, Tx};
use crate::text::Rendered;

/// How many waiting messages of this platform a page shows, and of the others.
const SHOWN: i64 = 50;

/// How many messages of one other platform wait in a conversation at most.
const MOST: u64 = 50;

/// Those of other platforms stand behind those of this one.
const ELSEWHERE: u64 = 1 << 20;

impl Service {
    /// The messages of a conversation that wait for a slot, in their order.
    pub(in crate::service) async fn waiting(
        &self,
        conn: &mut Conn,
        reading: &Reading,
    ) -> Result<Vec<Message>, Failure> {
        if reading.conversation.core.leader == *self.identity.platform() {
            return Ok(Vec::new());
        }
        let conv = reading.conversation.core.key;
        let own = list_pending(conn, conv, SHOWN).await?;
        let others = list_unconfirmed(conn, conv, SHOWN).await?;
        let scene = reading.scene(self.clock.now());
        let own = own.iter().zip(0..);
        let own = own.filter_map(|(record, n)| unconfirmed(&scene, record, n));
        let others = others.iter();
        let others = others
            .filter_map(|(record, n)| unconfirmed(&scene, record, ELSEWHERE.saturating_add(*n)));
        Ok(own.chain(others).collect())
    }

    /// Tells people here, but not this one, of a message that waits.
    pub(super) fn tell_waiting(
        &self,
        tx: &mut Tx,
        loaded: &Loaded,
        message: Message,
        but: Option<UserId>,
    ) {
        let frame = Frame::live(Live::Waiting {
            conversation: loaded.row.core.key,
            message: Box::new(message),
        });
        let present = loaded.here.iter().filter(|person| person.is_present());
        let others = present.filter_map(|person| person.user);
        let others = others.filter(|user| Some(*user) != but);
        let audience = others.map(|user| (user, frame.clone())).collect();
        after_commit(tx, &self.bus, audience);
    }

    /// Has the other platforms, but for the one that leads, shown what waits for it here.
    pub(super) fn share(&self, tx: &mut Tx, core: &Core, now: Time) {
        let own = self.identity.platform();
        let others = core.platforms().into_iter();
        let others = others.filter(|peer| *peer != own && **peer != core.leader);
        let others: Vec<Platform> = others.cloned().collect();
        if others.is_empty() {
            return;
        }
        raise_pending(tx, core.key, &others, now);
        let (outbox, conv) = (self.outbox.clone(), core.key);
        tx.on_commit(move || others.iter().for_each(|peer| outbox.raise(peer, conv)));
    }

    /// The same for conversations of which a request to some platform failed, where that is who leads them.
    pub async fn share_waiting(&self, convs: &[ConversationKey]) -> Result<(), Refusal> {
        for conv in convs {
            let (service, conv) = (self.clone(), *conv);
            let mut conn = self.store.reader().await.map_err(Failure::Store)?;
            if count_pending(&mut conn, conv)
                .await
                .map_err(Failure::Store)?
                == 0
            {
                continue;
            }
            drop(conn);
            let shared = self.store.write::<_, Failure, _>(move |tx| {
                Box::pin(async move {
                    if let Some(row) = find_conversation(tx, conv).await?
                        && service.is_away(tx, &row.core.leader).await?
                    {
                        service.share(tx, &row.core, service.clock.now());
                    }
                    Ok(())
                })
            });
            shared.await?;
        }
        Ok(())
    }

    /// Whether this platform was last seen not to answer.
    pub(super) async fn is_away(&self, tx: &mut Tx, peer: &Platform) -> Result<bool, Failure> {
        let peer = find_peer(tx, peer).await?;
        Ok(peer.is_some_and(|peer| peer.standing.last_code.is_some()))
    }

    /// A message that waits for its slot elsewhere: kept and shown, if the rules would take it now.
    pub(super) async fn take_unconfirmed(
        &self,
        tx: &mut Tx,
        room: &mut Room,
        from: &Platform,
        record: &Kept,
        now: Time,
    ) -> Result<Verdict, Failure> {
        let refusal = match room.rule(record, now) {
            Ok(Ruling::Accept) => None,
            Ok(Ruling::Duplicate(slot)) => {
                let (seq, refused) = (slot.seq, slot.st);
                return Ok(Outcome::Sequenced { seq, refused }.into());
            }
            Ok(Ruling::Refuse(refusal)) | Err(refusal) => Some(refusal),
        };
        if let Some(refusal) = refusal {
            return Ok(Verdict::rejected(refusal));
        }
        let conv = record.action().conversation();
        let (waiting, n) = count_unconfirmed(tx, conv, from).await?;
        if waiting >= MOST {
            return Ok(Outcome::Rejected(Code::Busy).into());
        }
        insert_unconfirmed(tx, conv, from, record, n, now);
        if let Some(loaded) = room.loaded() {
            let scene = Scene {
                conversation: &loaded.row,
                participants: &loaded.here,
                now,
            };
            if let Some(message) = unconfirmed(&scene, record, ELSEWHERE.saturating_add(n)) {
                self.tell_waiting(tx, loaded, message, None);
            }
        }
        Ok(Outcome::Pending.into())
    }
}

/// Whether an action may be shown before it has its slot: what depends on nothing but its author.
pub(super) fn may_wait(record: &Record) -> bool {
    record.commit().is_none()
        && record.action().kind() == Kind::MessageAdd
        && record.action().content().is_ok()
}

/// A message as it waits, `n` before it; nothing where the action adds none.
pub(in crate::service) fn unconfirmed(
    scene: &Scene<'_>,
    record: &Record,
    n: u64,
) -> Option<Message> {
    let action = record.action();
    let Ok(Content::MessageAdd(add)) = action.content() else {
        return None;
    };
    let author = action.header().actor.as_ref()?;
    Some(Message {
        key: action.key(),
        seq: UNCONFIRMED + n,
        touched: 0,
        head: action.key(),
        author: scene.person(author),
        parent: action.header().parent,
        at: action.header().at,
        html: Rendered::of(add.format, &add.text).html,
        text: None,
        format: add.format,
        edited: None,
        lock: None,
        standing: Standing::Present,
    })
}
