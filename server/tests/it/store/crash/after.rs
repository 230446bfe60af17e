//! What is left after a kill.

use std::collections::BTreeMap;

use em2_model::action::Content;
use em2_model::conversation::Conversation;
use em2_model::{ActionKey, ConversationKey};
use server::store::actions::list_records_after;
use server::store::conversations::find_conversation;
use server::store::feed::{Missed, Told, find_counter, list_feed};
use server::store::fold::Query;
use server::store::list::{ListCursor, ListFilter, list_conversations};
use server::store::messages::list_messages_before;
use server::store::search::search;
use server::store::users::list_users;

use crate::support::database::Database;

/// Every message in the log by its text, with the actions that said it.
pub(super) async fn texts(
    database: &Database,
    conv: ConversationKey,
) -> BTreeMap<String, Vec<ActionKey>> {
    let store = database.open().await;
    let mut conn = store.reader().await.unwrap();
    let mut texts: BTreeMap<String, Vec<ActionKey>> = BTreeMap::new();
    for record in list_records_after(&mut conn, conv, 0, i64::MAX)
        .await
        .unwrap()
    {
        if let Ok(Content::MessageAdd(add)) = record.action().content() {
            texts
                .entry(add.text.clone())
                .or_default()
                .push(record.action().key());
        }
    }
    drop(conn);
    store.close().await;
    texts
}

/// The log folds to the stored core, and every projection says what the log says.
pub(super) async fn everything_agrees(database: &Database, conv: ConversationKey) {
    let store = database.open().await;
    let mut conn = store.snapshot().await.unwrap();
    let records = list_records_after(&mut conn, conv, 0, i64::MAX)
        .await
        .unwrap();
    let (mut folded, _) = Conversation::begin(&records[0]).unwrap();
    for record in &records[1..] {
        folded.apply(record).unwrap();
    }
    let stored = find_conversation(&mut conn, conv).await.unwrap().unwrap();
    assert_eq!(&stored.core, folded.core());
    assert_eq!(stored.core.seq, records.len() as u64);

    let messages = list_messages_before(&mut conn, conv, u64::MAX, i64::MAX)
        .await
        .unwrap();
    let shown: Vec<_> = messages
        .iter()
        .map(|message| (message.key, message.text.as_str()))
        .collect();
    let said: Vec<_> = records
        .iter()
        .filter_map(|record| match record.action().content() {
            Ok(Content::MessageAdd(add)) => Some((record.action().key(), add.text.as_str())),
            _ => None,
        })
        .collect();
    assert_eq!(shown, said);

    let last = messages.last().unwrap();
    for user in list_users(&mut conn).await.unwrap() {
        let rows = list_conversations(&mut conn, user.id, ListFilter::All, ListCursor::TOP, 10);
        let rows = rows.await.unwrap();
        assert_eq!(
            (rows.len(), rows[0].seq, rows[0].preview.as_str()),
            (1, stored.core.seq, last.text.as_str())
        );
        let counter = find_counter(&mut conn, user.id).await.unwrap();
        let Missed::Told(told) = list_feed(&mut conn, user.id, 0, i64::MAX).await.unwrap() else {
            panic!("nothing was pruned");
        };
        let numbers: Vec<u64> = told.iter().map(|(n, _)| *n).collect();
        assert_eq!(numbers, (1..=counter).collect::<Vec<_>>());
        let heard = told.iter().filter(
            |(_, told)| matches!(told, Told::Action { seq, .. } if *seq > stored.core.seq - said.len() as u64),
        );
        assert!(heard.count() >= said.len() - 1, "every message was told of");
        let query = Query::parse(&last.text).unwrap();
        let hits = search(&mut conn, user.id, &query, None, 5).await.unwrap();
        assert_eq!(hits.len(), 1, "the newest message is found");
    }
    drop(conn);
    store.close().await;
}
