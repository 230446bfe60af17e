//! The judgement, over the databases of servers that have stopped.

use std::collections::{BTreeMap, BTreeSet};

use em2_model::action::Content;
use em2_model::conversation::Conversation;
use em2_model::id::StateHash;
use em2_model::{ActionKey, CommitKey, ConversationKey};
use server::store::Store;
use server::store::actions::list_records_after;
use server::store::conversations::find_conversation;
use server::store::messages::list_messages_before;

use crate::fault::{KINDS, Tally};
use crate::journal::{Deed, Journal, Talk};
use crate::platforms::{DOMAINS, Platforms};
use crate::settle::platforms_of;

/// What one platform holds of one conversation.
struct Held {
    head: CommitKey,
    state: StateHash,
    commits: Vec<CommitKey>,
    /// Each action's places, and whether it was refused there.
    places: BTreeMap<ActionKey, Vec<(u64, bool)>>,
    /// How often each first word of a text was said.
    words: BTreeMap<String, u32>,
}

/// Everything that was acknowledged stands on every platform, once; and all of them hold the same.
pub(crate) async fn judge(platforms: &Platforms, journal: &Journal) {
    let mut held = Vec::new();
    for server in &platforms.servers {
        held.push(read(&server.database(), &journal.talks).await);
    }
    for talk in &journal.talks {
        let there: Vec<&Held> = platforms_of(talk)
            .map(|n| {
                let held = held[n].get(&talk.key);
                held.unwrap_or_else(|| panic!("{} does not hold {}", DOMAINS[n], talk.key))
            })
            .collect();
        for held in &there[1..] {
            assert_eq!(held.head, there[0].head, "heads of {}", talk.key);
            assert_eq!(held.state, there[0].state, "states of {}", talk.key);
            assert_eq!(held.commits, there[0].commits, "logs of {}", talk.key);
        }
        for held in &there {
            let twice = held.words.iter().find(|(_, times)| **times > 1);
            assert_eq!(twice, None, "said twice in {}", talk.key);
        }
        let deeds = journal.deeds.iter().filter(|deed| deed.conv == talk.key);
        for (deed, held) in deeds.flat_map(|deed| there.iter().map(move |held| (deed, held))) {
            stands(deed, held);
        }
    }
}

/// An action that was acknowledged stands in a log once.
fn stands(deed: &Deed, held: &Held) {
    let places = held.places.get(&deed.key).map_or(&[][..], Vec::as_slice);
    let [(_, refused)] = places else {
        panic!("acknowledged, and stands at {places:?}: {deed:?}");
    };
    assert!(
        !refused || (deed.can_lose && !deed.is_done),
        "acknowledged, and refused: {deed:?}"
    );
    if let Some(word) = &deed.word {
        assert_eq!(held.words.get(word), Some(&1), "{deed:?}");
    }
}

/// Reads the logs of a platform, folds each anew, and compares with what is stored and shown.
async fn read(database: &str, talks: &[Talk]) -> BTreeMap<ConversationKey, Held> {
    let store = Store::open(database).await.unwrap();
    let mut conn = store.snapshot().await.unwrap();
    let mut all = BTreeMap::new();
    for talk in talks {
        let conv = talk.key;
        let Some(stored) = find_conversation(&mut conn, conv).await.unwrap() else {
            continue;
        };
        let records = list_records_after(&mut conn, conv, 0, i64::MAX).await;
        let records = records.unwrap();
        let (mut folded, _) = Conversation::begin(&records[0]).unwrap();
        let (mut places, mut words) = (BTreeMap::<_, Vec<_>>::new(), BTreeMap::new());
        let (mut said, mut commits) = (BTreeSet::new(), Vec::new());
        for (n, record) in records.iter().enumerate() {
            if n > 0 {
                folded.apply(record).unwrap();
            }
            let (action, commit) = (record.action(), record.commit().unwrap());
            let refused = commit.refused().is_some();
            let place = (commit.seq(), refused);
            places.entry(action.key()).or_default().push(place);
            commits.push(commit.key());
            let text = match action.content().unwrap() {
                Content::MessageAdd(add) => {
                    said.insert(action.key());
                    &add.text
                }
                Content::MessageModify(modify) => &modify.text,
                _ => continue,
            };
            let word = text.split(' ').next().unwrap().to_owned();
            *words.entry(word).or_default() += 1;
        }
        let core = folded.core();
        assert_eq!(
            &stored.core, core,
            "the log does not fold to what is stored"
        );
        assert_eq!(core.disputed, None, "a commit is disputed in {conv}");
        let shown = list_messages_before(&mut conn, conv, u64::MAX, i64::MAX).await;
        let shown: Vec<ActionKey> = shown.unwrap().iter().map(|message| message.key).collect();
        assert_eq!(shown.len(), said.len(), "messages of {conv}");
        assert_eq!(shown.into_iter().collect::<BTreeSet<_>>(), said);
        let held = Held {
            head: core.head,
            state: core.state_hash().unwrap(),
            commits,
            places,
            words,
        };
        all.insert(conv, held);
    }
    drop(conn);
    store.close().await;
    all
}

/// The chaos was one: each kind of fault befell something, each server was killed, and no server alarmed or broke down.
pub(crate) fn was_chaos(platforms: &Platforms, tally: &Tally) {
    for kind in KINDS {
        assert!(tally.of(kind) > 0, "nothing met “{kind}”:\n{tally}");
    }
    assert!(tally.of("duplicates refused") > 0, "{tally}");
    assert_eq!(tally.of("duplicates taken twice"), 0, "{tally}");
    assert_eq!(tally.of("refused EM2_INTERNAL"), 0, "{tally}");
    for server in &platforms.servers {
        assert!(server.kills > 1, "{} was never killed", server.domain);
        let log = server.log();
        let alarm = |line: &&str| line.contains(" ERROR ") || line.contains("panicked");
        let alarms: Vec<&str> = log.lines().filter(alarm).collect();
        assert!(alarms.is_empty(), "{}: {alarms:#?}", server.domain);
    }
}
