//! 9 `wasm_first_load`: what the browser loads first, and how soon a click works.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use super::WRITERS;
use crate::Outcome;
use crate::args::{Args, Engine};
use crate::place::{self, Place};
use crate::report::{Report, Table, number};
use crate::seed::{self, Reader};

/// What visits a page in Chromium; it needs the npm packages of end2end.
const BROWSER: &str = "end2end/support/first-load.mjs";
/// Messages in the inbox that is visited, ten in each conversation.
const MESSAGES: u64 = 600;

/// target/site/assets.json: the paths under which pages load.
#[derive(Deserialize)]
struct Assets {
    js: String,
    wasm: String,
    css: String,
}

/// What [`BROWSER`] prints: milliseconds since the visit began, and bytes.
#[derive(Deserialize)]
struct Visit {
    alive: f64,
    clicked: f64,
    bytes: f64,
}

pub(crate) async fn measure(args: &Args, report: &mut Report) -> Outcome<()> {
    if !args.wants("wasm_first_load") {
        return Ok(());
    }
    let path = args.site.join("assets.json");
    let text =
        fs::read(&path).map_err(|error| format!("{}: {error}; run “make site”", path.display()))?;
    let assets: Assets = serde_json::from_slice(&text)?;
    let note = "What a first visit of the inbox loads; a click works when it opens a conversation without loading another document.";
    let mut table = Table::new(
        "9 wasm_first_load",
        note,
        &["what", "raw KB", "brotli KB", "ms"],
    );
    let mut sum = 0.0;
    for (name, path) in [
        ("js", &assets.js),
        ("wasm", &assets.wasm),
        ("css", &assets.css),
    ] {
        let (raw, small) = (size(&args.site, path, "")?, size(&args.site, path, ".br")?);
        table.row([name.to_owned(), number(raw), number(small), String::new()]);
        if name != "css" {
            sum += small;
        }
    }
    let visit = visit(args).await?;
    let kilobytes = number(visit.bytes / 1000.0);
    table.row([
        "navigation → alive, all that came".to_owned(),
        String::new(),
        kilobytes,
        number(visit.alive),
    ]);
    let row = ["navigation → conversation shown by a click", "", ""].map(str::to_owned);
    table.row(row.into_iter().chain([number(visit.clicked)]));
    table.at_most("js and wasm, brotli", sum, 250.0, " KB");
    report.heading("The browser's half");
    report.table(&table);
    Ok(())
}

fn size(site: &Path, path: &str, ending: &str) -> Outcome<f64> {
    let path = site.join(format!("{}{ending}", path.trim_start_matches('/')));
    let data = fs::metadata(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(data.len() as f64 / 1000.0)
}

/// Visits the inbox of a server with a page full of conversations.
async fn visit(args: &Args) -> Outcome<Visit> {
    let place = Place::make(args, &Engine::Sqlite, "browser", &WRITERS).await?;
    let server = place.start()?;
    let people = place::sign_in(&server, &WRITERS).await?;
    let reader = Reader {
        address: WRITERS[0],
        conversations: MESSAGES,
    };
    seed::fill(&people[1..], vec![reader], MESSAGES).await?;
    let mut command = Command::new("node");
    command.args([BROWSER, &server.url, people[0].cookies()]);
    let output = tokio::task::spawn_blocking(move || command.output()).await??;
    if output.status.success() {
        return Ok(serde_json::from_slice(&output.stdout)?);
    }
    Err(format!("{BROWSER}: {}", String::from_utf8_lossy(&output.stderr)).into())
}
