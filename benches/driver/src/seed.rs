//! Fills a database of ours as people do: many at once, through the API, by the one write path.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use em2_model::id::ConversationKey;
use tokio::task::JoinSet;

use crate::Outcome;
use crate::client::Client;
use crate::person::Person;

/// How many messages one conversation holds, as in the floor.
pub(crate) const PER_CONVERSATION: u64 = 10;
/// Clients that write at once: what they write shares commits.
const WRITERS: u64 = 128;

/// The text of message `number`: the floor's words, so that both search the same text.
pub(crate) fn text(number: u64) -> String {
    let mix = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let rare = if number.is_multiple_of(1000) {
        " rare"
    } else {
        ""
    };
    format!(
        "common word{} term{} topic{} about the budget for travel and the plan of the week{rare}",
        mix % 97,
        (mix >> 16) % 9973,
        (mix >> 32) % 499
    )
}

/// Who takes part in how many conversations: the first ones of all.
pub(crate) struct Reader {
    pub(crate) address: &'static str,
    pub(crate) conversations: u64,
}

/// Writes `messages` messages in conversations of ten between a writer and the readers.
pub(crate) async fn fill(writers: &[Person], readers: Vec<Reader>, messages: u64) -> Outcome<()> {
    let (readers, next) = (Arc::new(readers), Arc::new(AtomicU64::new(0)));
    let conversations = messages / PER_CONVERSATION;
    let mut tasks = JoinSet::new();
    for task in 0..WRITERS.min(conversations) {
        let writer = writers[task as usize % writers.len()].clone();
        let (readers, next) = (readers.clone(), next.clone());
        tasks.spawn(async move {
            let mut client = Client::connect(&writer.origin).await?;
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= conversations {
                    return Outcome::Ok(());
                }
                let to = readers
                    .iter()
                    .filter(|reader| number < reader.conversations);
                let to: Vec<&str> = to.map(|reader| reader.address).collect();
                conversation(&writer, &mut client, number, &to.join(", ")).await?;
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(())
}

async fn conversation(writer: &Person, client: &mut Client, number: u64, to: &str) -> Outcome<()> {
    let first = number * PER_CONVERSATION + 1;
    let subject = format!("Subject of conversation {number}");
    let key = writer.start(client, to, &subject, &text(first)).await?;
    for message in first + 1..first + PER_CONVERSATION {
        writer.say(client, key, &text(message)).await?;
    }
    Ok(())
}

/// One conversation of this many messages, said by everybody in turn, eight at once.
pub(crate) async fn long(people: &[Person], messages: u64) -> Outcome<ConversationKey> {
    let to: Vec<&str> = people[1..]
        .iter()
        .map(|person| person.address.as_str())
        .collect();
    let mut client = Client::connect(&people[0].origin).await?;
    let key = people[0]
        .start(&mut client, &to.join(", "), "A long conversation", &text(1))
        .await?;
    let next = Arc::new(AtomicU64::new(2));
    let mut tasks = JoinSet::new();
    for task in 0..WRITERS as usize {
        let (person, next) = (people[task % people.len()].clone(), next.clone());
        tasks.spawn(async move {
            let mut client = Client::connect(&person.origin).await?;
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number > messages {
                    return Outcome::Ok(());
                }
                person.say(&mut client, key, &text(number)).await?;
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(key)
}
