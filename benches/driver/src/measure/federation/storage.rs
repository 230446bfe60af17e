//! `storage`: bytes on the disk for an action, beyond what it says.

use crate::Outcome;
use crate::platforms::Platform;
use crate::report::{Report, Table, number};
use crate::seed;

/// What an action may take beyond its body, in KiB.
const WANTED: f64 = 1.5;

/// Stops the platforms, folds their logs into the database files, and starts them again: bytes of each file.
pub(super) async fn sizes(platforms: &mut [Platform]) -> Outcome<Vec<u64>> {
    let mut sizes = Vec::with_capacity(platforms.len());
    for platform in platforms {
        platform.stop();
        sizes.push(platform.place.checkpointed().await?);
        platform.start().await?;
    }
    Ok(sizes)
}

/// What so many actions have made of databases that had these sizes.
pub(super) async fn measure(
    platforms: &mut [Platform],
    empty: &[u64],
    actions: u64,
    report: &mut Report,
) -> Outcome<()> {
    let note = "The database file after `PRAGMA wal_checkpoint(TRUNCATE)` with the server stopped, less what it was before the \
                first conversation; no VACUUM. With all indexes, of people, lists and search.";
    let headings = [
        "platform",
        "actions",
        "MB",
        "bytes per action",
        "of these its body",
    ];
    let mut table = Table::new("storage", note, &headings);
    let bodies: usize = (1..=actions).map(|number| body(number).len()).sum();
    let body = bodies as f64 / actions as f64;
    let full = sizes(platforms).await?;
    for ((name, full), empty) in ["leads", "follows"].into_iter().zip(full).zip(empty) {
        let each = full.saturating_sub(*empty) as f64 / actions as f64;
        table.row([
            name.to_owned(),
            actions.to_string(),
            number(full as f64 / 1e6),
            number(each),
            number(body),
        ]);
        let beyond = (each - body) / 1024.0;
        table.at_most(format!("beyond the body, {name}"), beyond, WANTED, " KiB");
    }
    report.table(&table);
    Ok(())
}

/// What an action says that says this text.
fn body(number: u64) -> String {
    format!(
        "{{\"format\":\"markdown\",\"text\":\"{}\"}}",
        seed::text(number)
    )
}
