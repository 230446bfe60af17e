//! 7 `search_flat`: newest first, with the reader's permissions and snippets.

use em2_model::wire::domestic::SearchPage;

use super::Servers;
use crate::args::Engine;
use crate::client::Client;
use crate::load::{self, Requests};
use crate::person::Person;
use crate::report::{FIGURES, Report, Table, figures};
use crate::{Outcome, floor};

/// What is looked for, and the same for the floor's FTS5.
const QUERIES: [(&str, &str, &str); 4] = [
    ("rare", "rare", "rare"),
    ("common", "common", "common"),
    ("two words", "word12 topic45", "word12+topic45"),
    ("prefix", "term42", "term42*"),
];

pub(super) async fn measure(
    servers: &Servers<'_>,
    readers: &[(Person, u64)],
    report: &mut Report,
) -> Outcome<()> {
    let headings: Vec<&str> = ["messages", "query", "server", "hits"]
        .into_iter()
        .chain(FIGURES)
        .collect();
    let note = "`GET /d/s/`: the newest 50 conversations that match among those that the reader sees; the floor answers 50 row numbers.";
    let mut table = Table::new("7 search_flat", note, &headings);
    let mut worst: f64 = 0.0;
    let mut ratio: f64 = 0.0;
    for (name, ours, theirs) in QUERIES {
        let get = floor::gets(&servers.floor.url, &format!("/search?q={theirs}"));
        let floor = Requests::new(&servers.floor.url, get).await?;
        let (block, _) = load::run(
            vec![floor],
            &servers.floor.watched(),
            servers.args.seconds / 2.0,
        )
        .await?;
        let cells = [
            servers.args.messages.to_string(),
            name.to_owned(),
            "floor".to_owned(),
            "–".to_owned(),
        ];
        table.row(cells.into_iter().chain(figures(&block)));
        let least = block.within(0.5);
        for (reader, size) in &readers[1..] {
            let path = format!("/d/s/?q={}", ours.replace(' ', "%20"));
            let mut client = Client::connect(&reader.origin).await?;
            let page: SearchPage = client.send(reader.get(&path)).await?.done()?.json()?;
            let person = reader.clone();
            let requests = Requests::new(&servers.ours.url, move || person.get(&path)).await?;
            let (block, _) = load::run(
                vec![requests],
                &servers.ours.watched(),
                servers.args.seconds / 2.0,
            )
            .await?;
            let messages = size * crate::seed::PER_CONVERSATION;
            let cells = [
                messages.to_string(),
                name.to_owned(),
                "em2".to_owned(),
                page.hits.len().to_string(),
            ];
            table.row(cells.into_iter().chain(figures(&block)));
            worst = worst.max(block.within(0.99));
            ratio = ratio.max(block.within(0.5) / least);
        }
    }
    let bound = match servers.engine {
        Engine::Sqlite => 15.0,
        Engine::Postgres(_) => 25.0,
    };
    table.at_most("worst class, p50", ratio, 3.0, " floor");
    table.at_most("worst class, p99", worst, bound, " ms");
    report.table(&table);
    Ok(())
}
