//! 12 `catch_up`: a platform comes back, for which actions have been queued in many conversations.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use em2_model::id::ConversationKey;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::Speaker;
use crate::args::{Args, Engine};
use crate::client::Client;
use crate::live::Socket;
use crate::load::{self, Block, Requests};
use crate::measure::Probe;
use crate::platforms::{self, Platform, acquaint, until};
use crate::report::{Report, Table, number};
use crate::{Outcome, floor, place, seed};

/// Clients that write at once.
const CLIENTS: usize = 64;
/// What lies between two actions of the person who goes on meanwhile.
const PACE: Duration = Duration::from_millis(100);
/// How many of those are said while all is quiet.
const QUIET: usize = 60;

pub(super) async fn measure(args: &Args, engine: &Engine, report: &mut Report) -> Outcome<()> {
    let mut probe = Probe::new();
    probe.take(args)?;
    let floor_rate = floor_rate(args).await?;
    let mut platforms = platforms::found(args, engine, "catch-up", 2, 2).await?;
    acquaint(&platforms).await?;
    let (count, actions) = (args.behind_conversations, args.behind);
    let keys = begin(&platforms, count).await?;
    let [a, b] = platforms.as_mut_slice() else {
        return Err("two platforms".into());
    };
    // The first person goes on, the second one has all that waits.
    let mut speaker = speaker(a, b).await?;
    let mut quiet = Vec::new();
    for _ in 0..QUIET {
        quiet.extend(speaker.say().await?);
        sleep(PACE).await;
    }
    let mut asking = b.client().await?;
    let feed = feed(b, &mut asking, keys[0]).await?;
    let memory = a.process()?.memory()?;
    b.stop();
    let queueing = Instant::now();
    write(a, &keys, actions).await?;
    let queueing = queueing.elapsed();
    let settled = a.process()?.memory()?;

    b.start().await?;
    let back = Instant::now();
    let both = a.process()?.watched().and(b.process()?);
    let before = both.spent()?;
    asking = b.client().await?;
    speaker.hearers = vec![hears(b).await?];
    let (mut first, mut peak, mut missed) = (None, settled, 0_u32);
    let mut during = Vec::new();
    // `feed` counts what the second person was told: an action each.
    let last = loop {
        let now = self::feed(b, &mut asking, keys[0]).await?;
        if now > feed {
            first.get_or_insert_with(|| back.elapsed());
        }
        peak = peak.max(a.process()?.memory()?);
        if now >= feed + actions {
            break back.elapsed();
        }
        if back.elapsed() > Duration::from_secs(1800) {
            return Err(format!("{} of {actions} actions came", now - feed).into());
        }
        match timeout(Duration::from_secs(9), speaker.say()).await {
            Ok(heard) => during.extend(heard?),
            Err(_) => missed += 1,
        }
        sleep(PACE / 4).await;
    };
    let spent = both.spent()?.server - before.server;
    // The counter is not what it is about: every conversation is there to its last slot.
    compare(a, b, &keys).await?;
    probe.take(args)?;

    let rate = actions as f64 / last.as_secs_f64();
    let note = format!(
        "{actions} actions in {count} conversations, written in {} s by {CLIENTS} clients while the other platform was stopped, \
         from when that answers again; meanwhile somebody says something new in another conversation to somebody there. \
         The floor verifies and commits with {CLIENTS} clients.",
        number(queueing.as_secs_f64())
    );
    let headings = [
        "server",
        "per s",
        "all there after s",
        "first after s",
        "CPU µs per action, both",
        "new p50 ms, quiet",
        "p99 ms, quiet",
        "new p50 ms, meanwhile",
        "p99 ms, meanwhile",
        "new, meanwhile",
        "sender MB before",
        "at most",
    ];
    let mut table = Table::new("12 catch_up", note, &headings);
    let dash = || "–".to_owned();
    let mut cells = vec!["floor".to_owned(), number(floor_rate)];
    cells.extend((2..headings.len()).map(|_| dash()));
    table.row(cells);
    let (quiet, heard) = (Block::of(quiet), Block::of(during));
    let first = first.unwrap_or(last).as_secs_f64();
    table.row([
        "em2".to_owned(),
        number(rate),
        number(last.as_secs_f64()),
        number(first),
        number(spent.as_secs_f64() * 1e6 / actions as f64),
        number(quiet.within(0.5)),
        number(quiet.within(0.99)),
        number(heard.within(0.5)),
        number(heard.within(0.99)),
        heard.operations().to_string(),
        number(memory as f64 / 1e6),
        number(peak as f64 / 1e6),
    ]);
    table.row([probe.told()]);
    table.at_least("rate", rate / floor_rate, 0.3, " floor");
    table.at_most("first", first, 1.0, " s");
    table.at_most(
        "p99 of new actions meanwhile",
        heard.within(0.99) / quiet.within(0.99),
        3.0,
        " × quiet",
    );
    table.at_most("new actions that took over 9 s", f64::from(missed), 0.0, "");
    table.at_most("slowest new action", heard.within(1.0) / 1e3, 2.0, " s");
    let growth = peak.saturating_sub(memory) as f64 / (1024.0 * 1024.0);
    table.at_most("growth of the sender", growth, 64.0, " MiB");
    table.at_most("in all", last.as_secs_f64() / 60.0, 10.0, " min");
    report.table(&table);
    Ok(())
}

async fn floor_rate(args: &Args) -> Outcome<f64> {
    let floor = place::floor(args, "catch-up", 0)?;
    let mut clients = Vec::with_capacity(CLIENTS);
    for client in 0..CLIENTS {
        let appends = floor::appends(&floor.url, floor::actions(), client * 7);
        clients.push(Requests::new(&floor.url, appends).await?);
    }
    let (block, _) = load::run(clients, &floor.watched(), args.seconds).await?;
    Ok(block.rate())
}

/// So many conversations of somebody on each platform, which both have.
async fn begin(platforms: &[Platform], count: usize) -> Outcome<Arc<Vec<ConversationKey>>> {
    let [a, b] = platforms else {
        return Err("two platforms".into());
    };
    let hearer = &b.people[1];
    let next = Arc::new(AtomicU64::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..CLIENTS.min(count) {
        let (person, to, next) = (a.people[1].clone(), hearer.address.clone(), next.clone());
        tasks.spawn(async move {
            let (mut client, mut keys) = (Client::connect(&person.origin).await?, Vec::new());
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= count as u64 {
                    return Outcome::Ok(keys);
                }
                let subject = format!("Conversation {number}");
                keys.push(person.start(&mut client, &to, &subject, "Begin").await?);
            }
        });
    }
    let mut keys = Vec::with_capacity(count);
    while let Some(done) = tasks.join_next().await {
        keys.extend(done??);
    }
    compare(a, b, &keys).await?;
    Ok(Arc::new(keys))
}

/// So many actions, spread over the conversations.
async fn write(platform: &Platform, keys: &Arc<Vec<ConversationKey>>, actions: u64) -> Outcome<()> {
    let next = Arc::new(AtomicU64::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..CLIENTS {
        let (person, keys, next) = (platform.people[1].clone(), keys.clone(), next.clone());
        tasks.spawn(async move {
            let mut client = Client::connect(&person.origin).await?;
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= actions {
                    return Outcome::Ok(());
                }
                let key = keys[number as usize % keys.len()];
                person.say(&mut client, key, &seed::text(number)).await?;
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(())
}

/// What the second person on this platform has been told so far.
async fn feed(platform: &Platform, client: &mut Client, key: ConversationKey) -> Outcome<u64> {
    let conversation = platform.people[1].read(client, key).await?;
    Ok(conversation.ok_or("the conversation is gone")?.n)
}

async fn hears(platform: &Platform) -> Outcome<Socket> {
    let person = &platform.people[0];
    Socket::open(&person.origin, "/d/ws/", Some(person)).await
}

async fn speaker(a: &Platform, b: &Platform) -> Outcome<Speaker> {
    let (person, hearer) = (&a.people[0], &b.people[0]);
    let mut client = a.client().await?;
    let key = person
        .start(&mut client, &hearer.address, "Goes on", "Begin")
        .await?;
    let mut asking = b.client().await?;
    until("a conversation", async || {
        Ok(hearer.read(&mut asking, key).await?.is_some())
    })
    .await?;
    Ok(Speaker {
        client,
        person: person.clone(),
        key,
        hearers: vec![hears(b).await?],
        said: 0,
    })
}

/// Waits until the second platform has of each of these conversations what the first one has.
async fn compare(a: &Platform, b: &Platform, keys: &[ConversationKey]) -> Outcome<()> {
    let (mut leads, mut follows) = (a.client().await?, b.client().await?);
    for key in keys {
        let there = a.people[1].read(&mut leads, *key).await?;
        let head = there.ok_or("the conversation is gone")?.head;
        until("all of a conversation", async || {
            let here = b.people[1].read(&mut follows, *key).await?;
            Ok(here.is_some_and(|conversation| conversation.head == head))
        })
        .await?;
    }
    Ok(())
}
