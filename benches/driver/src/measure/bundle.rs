//! 9 `wasm_first_load`: what the browser loads first, and how soon a click works.

use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::Outcome;
use crate::args::Args;
use crate::report::{Report, Table, number};

/// target/site/assets.json: the paths under which pages load.
#[derive(Deserialize)]
struct Assets {
    js: String,
    wasm: String,
    css: String,
}

pub(crate) async fn measure(args: &Args, report: &mut Report) -> Outcome<()> {
    if !args.wants("wasm_first_load") {
        return Ok(());
    }
    let path = args.site.join("assets.json");
    let text =
        fs::read(&path).map_err(|error| format!("{}: {error}; run “make site”", path.display()))?;
    let assets: Assets = serde_json::from_slice(&text)?;
    let mut table = Table::new(
        "9 wasm_first_load",
        "What a first visit loads.",
        &["file", "KB", "brotli KB"],
    );
    let mut sum = 0.0;
    for (name, path) in [
        ("js", &assets.js),
        ("wasm", &assets.wasm),
        ("css", &assets.css),
    ] {
        let (raw, small) = (size(&args.site, path, "")?, size(&args.site, path, ".br")?);
        table.row([name.to_owned(), number(raw), number(small)]);
        if name != "css" {
            sum += small;
        }
    }
    report.heading("The browser's half");
    table.at_most("js and wasm, brotli", sum, 250.0, " KB");
    report.table(&table);
    Ok(())
}

fn size(site: &Path, path: &str, ending: &str) -> Outcome<f64> {
    let path = site.join(format!("{}{ending}", path.trim_start_matches('/')));
    let data = fs::metadata(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(data.len() as f64 / 1000.0)
}
