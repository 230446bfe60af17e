//! 6 `list_flat`: a page of the list, however long the list is.

use em2_model::wire::domestic::ListPage;

use super::Servers;
use crate::client::Client;
use crate::load::{self, Block, Requests};
use crate::person::Person;
use crate::report::{FIGURES, Report, Table, figures};
use crate::{Outcome, floor};

/// Pages of 50 to walk until a page counts as deep.
const DEEP: u32 = 100;

pub(super) async fn measure(
    servers: &Servers<'_>,
    readers: &[(Person, u64)],
    report: &mut Report,
) -> Outcome<()> {
    let headings: Vec<&str> = ["conversations", "page", "server"]
        .into_iter()
        .chain(FIGURES)
        .collect();
    let note =
        "`GET /d/l/`: 50 rows with the counts of unread conversations and of drafts, one client.";
    let mut table = Table::new("6 list_flat", note, &headings);
    let floor = Requests::new(&servers.floor.url, floor::gets(&servers.floor.url, "/list")).await?;
    let (block, _) = load::run(vec![floor], &servers.floor.watched(), servers.args.seconds).await?;
    let all = readers.last().map_or(0, |(_, size)| *size);
    let cells = [
        all.to_string(),
        "first".to_owned(),
        "floor, as HTML".to_owned(),
    ];
    table.row(cells.into_iter().chain(figures(&block)));
    let mut firsts = Vec::new();
    let mut worst = Block::default();
    for (reader, size) in readers {
        let deep = deep(reader).await?;
        let paths = [
            Some(("first", "/d/l/".to_owned())),
            deep.map(|path| ("deep", path)),
        ];
        for (page, path) in paths.into_iter().flatten() {
            let person = reader.clone();
            let requests = Requests::new(&servers.ours.url, move || person.get(&path)).await?;
            let (block, _) = load::run(
                vec![requests],
                &servers.ours.watched(),
                servers.args.seconds,
            )
            .await?;
            table.row(
                [size.to_string(), page.to_owned(), "em2".to_owned()]
                    .into_iter()
                    .chain(figures(&block)),
            );
            if page == "first" {
                firsts.push(block.within(0.5));
            }
            if worst.operations() == 0 || block.within(0.5) > worst.within(0.5) {
                worst = block;
            }
        }
    }
    if let [smallest, .., largest] = firsts.as_slice() {
        table.at_most(
            "longest list over shortest, p50",
            largest / smallest,
            2.0,
            "",
        );
    }
    table.at_most("worst page, p50", worst.within(0.5), 1.0, " ms");
    table.at_most("worst page, p99", worst.within(0.99), 5.0, " ms");
    report.table(&table);
    Ok(())
}

/// The path of a page far down; nothing where the list is shorter.
async fn deep(reader: &Person) -> Outcome<Option<String>> {
    let mut client = Client::connect(&reader.origin).await?;
    let mut path = "/d/l/".to_owned();
    for _ in 0..DEEP {
        let page: ListPage = client.send(reader.get(&path)).await?.done()?.json()?;
        match page.next {
            Some(next) => path = format!("/d/l/?before={next}"),
            None => return Ok(None),
        }
    }
    Ok(Some(path))
}
