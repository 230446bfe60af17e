//! What another platform may read of the conversations that it takes part in. // spec §7, §16

use std::collections::BTreeMap;

use em2_model::action::{Kind, Missing};
use em2_model::conversation::Core;
use em2_model::id::{ActionKey, ConversationKey, Incarnation};
use em2_model::record::{Record, Verified};
use em2_model::refusal::{Code, Refusal};
use em2_model::wire::foreign::{Auth, Head, KitchenSink, PAGE_MAX, Shared};
use em2_model::{Platform, canonical};

use super::access::admit;
use crate::service::Service;
use crate::service::failure::Failure;
use crate::store::Conn;
use crate::store::actions::{list_places, list_records_after, list_records_before};
use crate::store::conversations::find_conversation;
use crate::store::peers::{count_waiting, list_shared_heads};

/// How many of the newest records the kitchen sink holds.
const NEWEST: i64 = 50;

/// Which records of a log are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stretch {
    /// From the slot after this one on, oldest first.
    After(u64),
    /// The newest `limit` before this slot.
    Before(u64, u64),
    /// From this action on, oldest first.
    From(ActionKey),
}

impl Service {
    /// Who this platform is to `you`, and what the two share.
    pub async fn introduce(&self, you: &Platform) -> Result<Auth, Refusal> {
        Ok(self.read_auth(you).await?)
    }

    async fn read_auth(&self, you: &Platform) -> Result<Auth, Failure> {
        let mut conn = self.store.snapshot().await?;
        let waiting = count_waiting(&mut conn, you).await?;
        let shared = list_shared_heads(&mut conn, you, None, i64::MAX).await?;
        let limits = [("body", 65_536), ("records", 100), ("rps", 50)];
        Ok(Auth {
            v: 1,
            platform: self.identity.platform().clone(),
            you: you.clone(),
            time: self.clock.now(),
            versions: vec![1],
            limits: limits.map(|(name, limit)| (name.to_owned(), limit)).into(),
            waiting,
            shared: Shared::of(shared)?,
        })
    }

    /// Where the shared conversations stand, a page of them after this key.
    pub async fn heads(
        &self,
        you: &Platform,
        after: Option<ConversationKey>,
    ) -> Result<Vec<Head>, Refusal> {
        let mut conn = self.store.reader().await.map_err(Failure::Store)?;
        let heads = list_shared_heads(&mut conn, you, after, PAGE_MAX as i64).await;
        Ok(heads.map_err(Failure::Store)?)
    }

    /// Everything that a platform needs to take part, as canonical bytes. `inc` is that of the key log by which its
    /// request was authenticated.
    pub async fn foreign_sink(
        &self,
        you: &Platform,
        inc: Incarnation,
        conv: ConversationKey,
    ) -> Result<Vec<u8>, Refusal> {
        Ok(self.read_sink(you, inc, conv).await?)
    }

    async fn read_sink(
        &self,
        you: &Platform,
        inc: Incarnation,
        conv: ConversationKey,
    ) -> Result<Vec<u8>, Failure> {
        let mut conn = self.store.snapshot().await?;
        let core = open_to(&mut conn, you, inc, conv).await?;
        let newest = list_records_before(&mut conn, conv, core.seq + 1, NEWEST).await?;
        let first = newest.first().and_then(|record| record.commit());
        let more_before = first.map(|commit| commit.seq()).filter(|seq| *seq > 1);
        let records = withhold(&mut conn, &core, you, newest).await?;
        drop(conn);
        let mut keys = BTreeMap::new();
        let past = core.past.values().flatten();
        let platforms = core.platforms().into_iter().chain([&core.leader]);
        for platform in platforms.chain(past.filter_map(|span| span.platform.as_ref())) {
            if let Ok(log) = self.peers.log(platform).await {
                keys.insert(platform.clone(), log.entries().to_vec());
            }
        }
        let sink = KitchenSink {
            head: core.head,
            state: KitchenSink::state_of(&core)?,
            records: &records,
            keys,
            more_before,
        };
        Ok(canonical::to_bytes(&sink)?)
    }

    /// A page of the log, and whether there is more in that direction. `inc` is that of the key log by which the
    /// request was authenticated.
    pub async fn foreign_events(
        &self,
        you: &Platform,
        inc: Incarnation,
        conv: ConversationKey,
        stretch: Stretch,
    ) -> Result<(Vec<Record>, bool), Refusal> {
        Ok(self.read_events(you, inc, conv, stretch).await?)
    }

    async fn read_events(
        &self,
        you: &Platform,
        inc: Incarnation,
        conv: ConversationKey,
        stretch: Stretch,
    ) -> Result<(Vec<Record>, bool), Failure> {
        let mut conn = self.store.snapshot().await?;
        let core = open_to(&mut conn, you, inc, conv).await?;
        let records = match stretch {
            Stretch::After(seq) => {
                list_records_after(&mut conn, conv, seq, PAGE_MAX as i64).await?
            }
            Stretch::From(key) => {
                let place = list_places(&mut conn, conv, &[key]).await?.pop();
                let none = || Refusal::format("There is no such action in this conversation.");
                let (_, seq) = place.ok_or_else(none)?;
                list_records_after(&mut conn, conv, seq - 1, PAGE_MAX as i64).await?
            }
            Stretch::Before(seq, limit) => {
                let limit = limit.clamp(1, PAGE_MAX) as i64;
                list_records_before(&mut conn, conv, seq, limit).await?
            }
        };
        let place = |record: Option<&Verified<Record>>| {
            record
                .and_then(|record| record.commit())
                .map(|commit| commit.seq())
        };
        let more = match stretch {
            Stretch::After(_) | Stretch::From(_) => {
                place(records.last()).is_some_and(|seq| seq < core.seq)
            }
            Stretch::Before(..) => place(records.first()).is_some_and(|seq| seq > 1),
        };
        Ok((withhold(&mut conn, &core, you, records).await?, more))
    }
}

/// The conversation, if this platform takes part now. // security.md 38, 39
async fn open_to(
    conn: &mut Conn,
    you: &Platform,
    inc: Incarnation,
    conv: ConversationKey,
) -> Result<Core, Failure> {
    let found = find_conversation(conn, conv).await?;
    let core = found.ok_or_else(|| Refusal::from(Code::NoConv))?.core;
    admit(&core, you, inc)?;
    Ok(core)
}

/// The records as this platform may have them: without the words from before the history of its people. // spec §16
pub(super) async fn withhold(
    conn: &mut Conn,
    core: &Core,
    you: &Platform,
    records: Vec<Verified<Record>>,
) -> Result<Vec<Record>, Failure> {
    let since = match core.leader == *you {
        true => 0,
        false => core.platform_since(you).unwrap_or(u64::MAX),
    };
    let about = |record: &Record| -> Option<ActionKey> {
        let header = record.action().header();
        match header.kind {
            Kind::MessageModify => header.item,
            Kind::AttachmentAdd => header.parent,
            _ => None,
        }
    };
    let added: BTreeMap<ActionKey, u64> = match since {
        0 => BTreeMap::new(),
        _ => {
            let items: Vec<ActionKey> = records.iter().filter_map(|record| about(record)).collect();
            list_places(conn, core.key, &items)
                .await?
                .into_iter()
                .collect()
        }
    };
    let each = records.into_iter().map(|record| {
        let place = match record.action().kind() {
            Kind::MessageAdd => record.commit().map(|commit| commit.seq()),
            _ => about(&record).map(|item| added.get(&item).copied().unwrap_or(0)),
        };
        let record = record.into_inner();
        match place.is_some_and(|place| place < since) && record.action().body().is_ok() {
            true => record.without_body(Missing::History),
            false => Ok(record),
        }
    });
    Ok(each.collect::<Result<_, Refusal>>()?)
}
