use std::time::Duration;

use em2_model::address::Address;
use em2_model::id::{ActionKey, CommitKey, ConversationKey, ConversationRef, DraftKey, Time};
use em2_model::wire::domestic::{Row, Seen};
use em2_model::wire::live::{Change, Effect, Live};

use super::*;
use crate::store::Store;
use crate::store::users::{UserId, insert_user};

/// A person of a database that holds nothing else.
async fn somebody() -> UserId {
    somebody_in_a_store().await.1
}

async fn somebody_in_a_store() -> (Store, UserId) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&format!("sqlite:{}", folder.path().join("db").display()))
        .await
        .unwrap();
    let address = Address::parse("ann@a.example").unwrap();
    let user = store
        .write::<_, crate::store::StoreError, _>(move |tx| {
            Box::pin(async move { insert_user(tx, &address, "Ann", "x", Time(0)).await })
        })
        .await;
    (store, user.unwrap())
}

fn numbered(n: u64) -> Frame {
    Frame::live(Live::DraftGone {
        n,
        key: DraftKey::from_bytes([0; 16]),
        became: None,
    })
}

async fn hear(subscription: &mut Subscription) -> Option<u64> {
    match tokio::time::timeout(Duration::from_millis(50), subscription.next()).await {
        Ok(Heard::Frame(frame)) => frame.n(),
        Ok(Heard::Gap | Heard::Lagging) => panic!("frames are missing"),
        Err(_) => None,
    }
}

#[tokio::test]
async fn every_device_hears_and_nobody_else() {
    let bus = Bus::local();
    let ann = somebody().await;
    assert!(!bus.is_heard(ann));
    let (mut phone, mut desk) = (bus.subscribe(ann), bus.subscribe(ann));
    bus.send(ann, &numbered(1));
    assert_eq!(hear(&mut phone).await, Some(1));
    assert_eq!(hear(&mut desk).await, Some(1));
    drop(phone);
    assert!(bus.is_heard(ann));
    drop(desk);
    assert!(!bus.is_heard(ann));
}

#[tokio::test]
async fn frames_come_once_and_in_the_order_of_the_feed() {
    let bus = Bus::local();
    let ann = somebody().await;
    let mut desk = bus.subscribe(ann);
    desk.after(4);
    for n in [3, 6, 5, 5, 8, 7, 4] {
        bus.send(ann, &numbered(n));
    }
    for n in 5..=8 {
        assert_eq!(hear(&mut desk).await, Some(n));
    }
    assert_eq!(hear(&mut desk).await, None);
}

#[tokio::test]
async fn what_has_no_number_passes_at_once() {
    let bus = Bus::local();
    let ann = somebody().await;
    let mut desk = bus.subscribe(ann);
    desk.after(0);
    bus.send(ann, &numbered(2));
    let seen = Seen {
        address: Address::parse("bob@a.example").unwrap(),
        seq: 1,
        at: Time(1),
    };
    bus.send(
        ann,
        &Frame::live(Live::Seen {
            conversation: ConversationKey::from_bytes([1; 32]),
            seen,
        }),
    );
    assert_eq!(hear(&mut desk).await, None, "the one without a number");
    bus.send(ann, &numbered(1));
    assert_eq!(hear(&mut desk).await, Some(1));
    assert_eq!(hear(&mut desk).await, Some(2));
}

#[tokio::test]
async fn a_frame_that_never_comes_is_not_waited_for_without_end() {
    let bus = Bus::local();
    let ann = somebody().await;
    let mut desk = bus.subscribe(ann);
    desk.after(0);
    bus.send(ann, &numbered(2));
    assert!(matches!(desk.next().await, Heard::Gap));
    desk.after(1);
    assert_eq!(hear(&mut desk).await, Some(2), "it goes on");
}

#[tokio::test]
async fn a_slow_connection_is_told_and_holds_no_more_than_its_bound() {
    let bus = Bus::local();
    let ann = somebody().await;
    let mut desk = bus.subscribe(ann);
    desk.after(0);
    for n in 1..=256 {
        bus.send(ann, &numbered(n));
    }
    assert_eq!(hear(&mut desk).await, Some(1), "256 fit");
    bus.send(ann, &numbered(257));
    bus.send(ann, &numbered(258));
    assert!(matches!(desk.next().await, Heard::Lagging));
}

#[test]
fn a_shared_change_reads_as_the_live_frame_that_it_is() {
    let change = Change {
        key: ActionKey::from_bytes([1; 32]),
        seq: 7,
        head: CommitKey::from_bytes([2; 32]),
        at: Time(3),
        by: Address::parse("ann@a.example").unwrap(),
        notable: true,
        effect: Effect::Withheld,
    };
    let conversation = ConversationKey::from_bytes([4; 32]);
    let row = Row {
        key: ConversationRef::Published(conversation),
        subject: "“Budget”".to_owned(),
        people: Vec::new(),
        people_count: 2,
        preview: String::new(),
        preview_by: None,
        at: Time(3),
        unread: true,
        seq: 7,
        last: None,
        labels: Vec::new(),
        present: true,
    };
    let frame = Frame::change(9, conversation, SharedChange::new(change), row);
    let read: Live = serde_json::from_slice(&frame.bytes()).unwrap();
    assert_eq!(read, frame.to_live());
    assert_eq!(frame.n(), Some(9));
    assert_eq!(
        serde_json::to_vec(&frame.to_live()).unwrap(),
        frame.bytes(),
        "byte for byte"
    );
}

#[tokio::test]
async fn who_begins_to_listen_while_something_is_written_reads_the_store() {
    let bus = Bus::local();
    let (store, ann) = somebody_in_a_store().await;
    let (told, telling) = (bus.clone(), bus.clone());
    assert!(!bus.is_heard(ann), "so no frame is made");
    let written = store.write::<_, crate::store::StoreError, _>(move |tx| {
        Box::pin(async move {
            let mut audience = Audience::default();
            audience.miss(ann);
            after_commit(tx, &telling, audience);
            Ok(told.subscribe(ann))
        })
    });
    let mut desk = written.await.unwrap();
    desk.after(0);
    assert!(matches!(desk.next().await, Heard::Gap));
    desk.after(1);
    bus.send(ann, &numbered(2));
    assert_eq!(hear(&mut desk).await, Some(2));
}
