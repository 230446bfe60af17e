//! 8 `ssr_inbox`: the inbox and a thread as pages, rendered for somebody who is signed in.

use em2_model::id::ConversationKey;

use super::Servers;
use crate::client::Client;
use crate::load::{self, Requests};
use crate::person::Person;
use crate::report::{FIGURES, Report, Table, figures, number};
use crate::{Outcome, floor};

pub(super) async fn measure(
    servers: &Servers<'_>,
    reader: &Person,
    thread: ConversationKey,
    report: &mut Report,
) -> Outcome<()> {
    let headings: Vec<&str> = ["page", "encoding", "KB"]
        .into_iter()
        .chain(FIGURES)
        .collect();
    let note = "A page of 50 rows and a thread of 50 messages, until the first bytes, one client; the floor lists 50 rows.";
    let mut table = Table::new("8 ssr_inbox", note, &headings);
    let floor = Requests::new(&servers.floor.url, floor::gets(&servers.floor.url, "/list")).await?;
    let (floor, _) = load::run(vec![floor], &servers.floor.watched(), servers.args.seconds).await?;
    let cells = ["floor's list", "identity", "–"].map(str::to_owned);
    table.row(cells.into_iter().chain(figures(&floor)));
    for (page, path) in [
        ("inbox", "/inbox".to_owned()),
        ("thread", format!("/c/{thread}")),
    ] {
        for encoding in ["identity", "br"] {
            let mut client = Client::connect(&reader.origin).await?;
            let answer = client.send(reader.page(&path, encoding)).await?.done()?;
            let kilobytes = answer.body.len() as f64 / 1024.0;
            let (person, path) = (reader.clone(), path.clone());
            let mut requests =
                Requests::new(&servers.ours.url, move || person.page(&path, encoding)).await?;
            requests.until_first = true;
            let (block, _) = load::run(
                vec![requests],
                &servers.ours.watched(),
                servers.args.seconds,
            )
            .await?;
            let cells = [page.to_owned(), encoding.to_owned(), number(kilobytes)];
            table.row(cells.into_iter().chain(figures(&block)));
            if encoding == "identity" {
                table.at_most(
                    format!("CPU, {page}"),
                    block.cpu() / floor.cpu(),
                    3.0,
                    " floor",
                );
            } else {
                table.at_most(format!("size, {page}"), kilobytes, 12.0, " KB");
            }
        }
    }
    report.table(&table);
    Ok(())
}
