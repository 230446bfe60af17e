//! Two people and the live feed.

use em2_model::wire::domestic::Entry;
use em2_model::wire::live::{Effect, Live};

use crate::support::database::Database;
use crate::support::server::TestServer;

#[tokio::test]
async fn two_people_hold_a_live_conversation() {
    let server = TestServer::with(&["anna@a.example", "bob@b.example"]).await;
    let (anna, bob) = (
        server.sign_in("anna@a.example").await,
        server.sign_in("bob@b.example").await,
    );
    let mut bobs = bob.listen(None).await;
    let key = anna.start("bob@b.example", "Plan", "Shall we begin?").await;
    let row = loop {
        if let Live::Change {
            row, conversation, ..
        } = bobs.next().await
        {
            assert_eq!(conversation, key);
            if row.seq == anna.conversation(key).await.seq {
                break row;
            }
        }
    };
    assert_eq!(
        (row.subject.as_str(), row.preview.as_str(), row.unread),
        ("Plan", "Shall we begin?", true)
    );

    let mut annas = anna.listen(None).await;
    let said = bob.say(key, "Yes, **now**.").await;
    for socket in [&mut annas, &mut bobs] {
        match socket.next().await {
            Live::Change { change, .. } => match change.effect {
                Effect::Message { message } => {
                    assert_eq!(
                        (message.key, message.author.address.as_str()),
                        (said, "bob@b.example")
                    );
                    assert!(
                        message.html.contains("<strong>now</strong>"),
                        "{}",
                        message.html
                    );
                }
                other => panic!("no message: {other:?}"),
            },
            other => panic!("no change: {other:?}"),
        }
    }
    let entries = anna.conversation(key).await.entries;
    let messages = entries
        .iter()
        .filter(|entry| matches!(entry, Entry::Message(_)))
        .count();
    assert_eq!(messages, 2);
}

#[tokio::test]
async fn a_connection_goes_on_where_it_broke_off_without_loss_or_duplicate() {
    let mut server = TestServer::with(&["anna@a.example", "bob@b.example"]).await;
    let (anna, bob) = (
        server.sign_in("anna@a.example").await,
        server.sign_in("bob@b.example").await,
    );
    let key = anna.start("bob@b.example", "Plan", "1").await;
    let since = bob.list().await.n;
    for number in 2..=5 {
        anna.say(key, &number.to_string()).await;
    }
    server.restart().await;
    let mut socket = bob.listen(Some(since)).await;
    anna.say(key, "6").await;
    for number in 2..=6 {
        match socket.next().await {
            Live::Change { n, change, .. } => {
                assert_eq!(n, since + number - 1);
                let Effect::Message { message } = change.effect else {
                    panic!("no message")
                };
                assert!(
                    message.html.contains(&number.to_string()),
                    "{}",
                    message.html
                );
            }
            other => panic!("no change: {other:?}"),
        }
    }
    assert!(socket.is_quiet().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_between_replay_and_live_while_others_write() {
    writers_and_a_restless_reader(Database::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_on_postgres_where_writers_overtake_each_other() {
    if let Some(database) = Database::postgres().await {
        writers_and_a_restless_reader(database).await;
    }
}

async fn writers_and_a_restless_reader(database: Database) {
    const EACH: u64 = 15;
    let server = TestServer::on(database).await;
    let writers = [
        "anna@a.example",
        "carl@a.example",
        "dana@a.example",
        "emil@a.example",
    ];
    for person in writers.iter().chain(&["bob@b.example"]) {
        server.account(person).await;
    }
    let bob = server.sign_in("bob@b.example").await;
    let since = bob.list().await.n;
    let mut writing = Vec::new();
    for address in writers {
        let writer = server.sign_in(address).await;
        // Conversations of their own: only the feed puts them in order.
        let key = writer.start("bob@b.example", "Plan", "begin").await;
        writing.push(tokio::spawn(async move {
            for _ in 0..EACH {
                writer.say(key, "on").await;
            }
        }));
    }
    // Connections that break off while it is written: each goes on where the last one was. Reading has no frame of
    // its own before somebody reads.
    let mut n = since;
    let mut said = 0;
    while said < EACH * writers.len() as u64 {
        let mut socket = bob.listen(Some(n)).await;
        for _ in 0..20 {
            let frame = socket.next().await;
            assert_eq!(frame.n(), Some(n + 1), "{frame:?}");
            n += 1;
            let Live::Change { change, .. } = frame else {
                continue;
            };
            let Effect::Message { message } = change.effect else {
                continue;
            };
            said += u64::from(message.html.contains("on"));
            if said == EACH * writers.len() as u64 {
                break;
            }
        }
    }
    for writer in writing {
        writer.await.unwrap();
    }
    server.stop().await;
}

#[tokio::test]
async fn who_missed_too_much_is_told_to_load_again() {
    let server = TestServer::with(&["anna@a.example", "bob@b.example"]).await;
    let (anna, bob) = (
        server.sign_in("anna@a.example").await,
        server.sign_in("bob@b.example").await,
    );
    let key = anna.start("bob@b.example", "Plan", "begin").await;
    let since = bob.list().await.n;
    for _ in 0..250 {
        anna.say(key, "on").await;
    }
    let mut socket = bob.listen(Some(since)).await;
    assert_eq!(socket.next().await, Live::Resync);
    anna.say(key, "more").await;
    assert_eq!(socket.next().await.n(), Some(since + 251));
}

#[tokio::test]
async fn a_long_message_ends_the_connection_and_chatter_does_not() {
    let server = TestServer::with(&["anna@a.example"]).await;
    let anna = server.sign_in("anna@a.example").await;
    let mut socket = anna.listen(None).await;
    socket.send("hello".to_owned()).await;
    // Whoever says something is greeted again: somebody is there.
    assert!(matches!(socket.next().await, Live::Hello { .. }));
    anna.draft("", "Plan", "").await;
    assert!(matches!(socket.next().await, Live::Draft { .. }));
    socket.send("x".repeat(64 * 1024 + 1)).await;
    assert!(socket.is_over().await);
}

#[tokio::test]
async fn a_server_that_stops_says_goodbye() {
    let mut server = TestServer::with(&["anna@a.example"]).await;
    let anna = server.sign_in("anna@a.example").await;
    let mut socket = anna.listen(None).await;
    let restarted = server.restart();
    let (code, ()) = tokio::join!(socket.closed(), restarted);
    assert_eq!(code, 1012);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_does_not_read_is_sent_away_and_loads_again() {
    let server = TestServer::with(&["anna@a.example", "bob@b.example"]).await;
    let (anna, bob) = (
        server.sign_in("anna@a.example").await,
        server.sign_in("bob@b.example").await,
    );
    let key = anna.start("bob@b.example", "Plan", "Begin").await;
    let mut bobs = bob.listen(None).await;
    // More than the network takes for somebody who does not read, and than waits for one.
    let long = "okapi ".repeat(8_000);
    for _ in 0..36 {
        let each = (0..10).map(|_| anna.say(key, &long));
        futures::future::join_all(each).await;
    }
    assert_eq!(bobs.closed().await, 1013);
    // It was too much to be sent once more: the page loads what there is.
    let mut again = bob.listen(Some(bobs.n)).await;
    assert!(matches!(again.next().await, Live::Resync));
    let last = bob.conversation(key).await.seq;
    assert!(last > 360, "{last}");
    server.stop().await;
}
