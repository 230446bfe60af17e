//! The measures of several platforms.

mod catch_up;
mod dead_peer;
mod join;
mod push;
mod storage;

use std::time::Instant;

use em2_model::id::ConversationKey;

use crate::args::{Args, Engine};
use crate::client::Client;
use crate::live::Socket;
use crate::person::Person;
use crate::report::Report;
use crate::{Outcome, seed};

/// All of them that were asked for.
pub(super) async fn all(args: &Args, engine: &Engine, report: &mut Report) -> Outcome<()> {
    if args.wants("push_federated") {
        push::measure(args, engine, report).await?;
    }
    if args.wants("join_platform") || args.wants("storage") {
        join::measure(args, engine, report).await?;
    }
    if args.wants("catch_up") {
        catch_up::measure(args, engine, report).await?;
    }
    if args.wants("dead_peer") {
        dead_peer::measure(args, engine, report).await?;
    }
    Ok(())
}

/// Somebody on one platform who says something, and those on others who hear it.
struct Speaker {
    client: Client,
    person: Person,
    key: ConversationKey,
    hearers: Vec<Socket>,
    said: u64,
}

impl Speaker {
    /// Says something: how long after the start of the POST each of the hearers had it, in their order.
    async fn say(&mut self) -> Outcome<Vec<std::time::Duration>> {
        self.said += 1;
        // Nobody has said this before, in whatever run of the database.
        let word = format!("said{}said", self.said);
        let text = format!("{word} {}", seed::text(self.said));
        let once = format!("{:.32}-{word}", self.key.to_string());
        let request = self.person.saying(self.key, &text, Some(&once));
        let started = Instant::now();
        let hearing = self.hearers.iter_mut().map(async |hearer| {
            hearer.next(&word).await?;
            Outcome::Ok(started.elapsed())
        });
        let hearing = futures::future::try_join_all(hearing);
        let (answer, heard) = tokio::join!(self.client.send(request), hearing);
        answer?.done()?;
        heard
    }
}
