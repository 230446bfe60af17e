//! `join_platform`: somebody of another platform is added to a conversation that has gone on for long; and
//! `storage`: what a platform that leads and one that follows have on the disk for it afterwards.

use std::time::{Duration, Instant};

use em2_model::id::ConversationKey;

use super::storage;
use crate::Outcome;
use crate::args::{Args, Engine};
use crate::platforms::{self, Platform, acquaint, until};
use crate::report::{Report, Table, number};
use crate::seed;

/// How many actions the conversations have, and within how many seconds they are to be there.
const SIZES: [(u64, f64); 2] = [(1_000, 2.0), (10_000, 6.0)];

pub(super) async fn measure(args: &Args, engine: &Engine, report: &mut Report) -> Outcome<()> {
    let mut platforms = platforms::found(args, engine, "join", 2, 4).await?;
    let empty = storage::sizes(&mut platforms).await?;
    let first = acquaint(&platforms).await?;
    let mut actions = 0;
    let note = "Somebody of another platform is added with all of the history: from the start of that POST until they can \
                read the conversation there (`GET /d/{key}/`, asked every 5 ms), and until their platform has the last slot.";
    let headings = [
        "actions",
        "readable after ms",
        "complete after ms",
        "actions per s",
        "CPU µs per action, both",
    ];
    let mut table = Table::new("join_platform", note, &headings);
    for (size, wanted) in SIZES {
        let key = seed::long(&platforms[0].people, size).await?;
        let joined = join(&platforms, key).await?;
        actions += joined.actions;
        table.row([
            joined.actions.to_string(),
            number(joined.readable.as_secs_f64() * 1e3),
            number(joined.complete.as_secs_f64() * 1e3),
            number(joined.actions as f64 / joined.complete.as_secs_f64()),
            number(joined.cpu.as_secs_f64() * 1e6 / joined.actions as f64),
        ]);
        let took = match size {
            1_000 => ("readable", joined.readable),
            _ => ("complete", joined.complete),
        };
        table.at_most(
            format!("{size} actions, {}", took.0),
            took.1.as_secs_f64(),
            wanted,
            " s",
        );
    }
    if args.wants("join_platform") {
        report.table(&table);
    }
    let seq = platforms[0].people[0]
        .read(&mut platforms[0].client().await?, first)
        .await?;
    actions += seq.map_or(0, |conversation| conversation.seq);
    if args.wants("storage") {
        storage::measure(&mut platforms, &empty, actions, report).await?;
    }
    Ok(())
}

struct Joined {
    actions: u64,
    readable: Duration,
    complete: Duration,
    cpu: Duration,
}

/// The first person of the second platform is added.
async fn join(platforms: &[Platform], key: ConversationKey) -> Outcome<Joined> {
    let [a, b] = platforms else {
        return Err("two platforms".into());
    };
    let (adds, joins) = (&a.people[0], &b.people[0]);
    let (mut adding, mut asking) = (a.client().await?, b.client().await?);
    let both = a.process()?.watched().and(b.process()?);
    let before = both.spent()?;
    let started = Instant::now();
    adds.add(&mut adding, key, &joins.address).await?;
    until("the conversation", async || {
        Ok(joins.read(&mut asking, key).await?.is_some())
    })
    .await?;
    let readable = started.elapsed();
    let leads = adds.read(&mut adding, key).await?;
    let head = leads.ok_or("the conversation is gone")?.seq;
    until("all of the conversation", async || {
        let follows = joins.read(&mut asking, key).await?;
        Ok(follows.is_some_and(|conversation| conversation.seq >= head))
    })
    .await?;
    Ok(Joined {
        actions: head,
        readable,
        complete: started.elapsed(),
        cpu: both.spent()?.server - before.server,
    })
}
