//! The tables that a run prints.

use std::fmt::Write as _;
use std::fs;

use crate::args::Args;
use crate::load::Block;
use crate::{Outcome, machine};

/// Everything that was measured so far, as Markdown.
pub(crate) struct Report {
    text: String,
    started: std::time::Instant,
}

/// One measure: what it says about itself, its rows, and whether its targets are met.
pub(crate) struct Table {
    title: String,
    note: String,
    headings: Vec<&'static str>,
    rows: Vec<Vec<String>>,
    targets: Vec<Target>,
}

/// A figure beside what it has to be.
struct Target {
    what: String,
    figure: String,
    wanted: String,
    met: bool,
}

impl Table {
    pub(crate) fn new(
        title: impl Into<String>,
        note: impl Into<String>,
        headings: &[&'static str],
    ) -> Table {
        Table {
            title: title.into(),
            note: note.into(),
            headings: headings.to_vec(),
            rows: Vec::new(),
            targets: Vec::new(),
        }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// A figure that must not fall below a bound.
    pub(crate) fn at_least(
        &mut self,
        what: impl Into<String>,
        figure: f64,
        bound: f64,
        unit: &str,
    ) {
        self.target(
            what.into(),
            figure,
            format!("≥ {bound}{unit}"),
            figure >= bound,
            unit,
        );
    }

    /// A figure that must not rise above a bound.
    pub(crate) fn at_most(&mut self, what: impl Into<String>, figure: f64, bound: f64, unit: &str) {
        self.target(
            what.into(),
            figure,
            format!("≤ {bound}{unit}"),
            figure <= bound,
            unit,
        );
    }

    fn target(&mut self, what: String, figure: f64, wanted: String, met: bool, unit: &str) {
        let figure = format!("{}{unit}", number(figure));
        self.targets.push(Target {
            what,
            figure,
            wanted,
            met,
        });
    }
}

/// Three significant digits, as far as they say something.
pub(crate) fn number(figure: f64) -> String {
    match figure.abs() {
        size if size >= 100.0 => format!("{figure:.0}"),
        size if size >= 10.0 => format!("{figure:.1}"),
        _ => format!("{figure:.2}"),
    }
}

/// CPU, database CPU, p50, p99 and rate of a block.
pub(crate) fn figures(block: &Block) -> Vec<String> {
    let database = if block.database() > 0.0 {
        number(block.database())
    } else {
        "–".to_owned()
    };
    vec![
        number(block.cpu()),
        database,
        number(block.within(0.5)),
        number(block.within(0.99)),
        number(block.rate()),
    ]
}

/// The headings that [`figures`] stands under.
pub(crate) const FIGURES: [&str; 5] = ["CPU µs", "database µs", "p50 ms", "p99 ms", "per s"];

impl Report {
    pub(crate) fn begin(args: &Args) -> Outcome<Report> {
        fs::create_dir_all(&args.work)?;
        let mut text = String::new();
        // Writing to a String cannot fail, here and below.
        let _ = writeln!(
            text,
            "Made by `{}` on {}.\n",
            args.command,
            machine::describe()
        );
        let report = Report {
            text,
            started: std::time::Instant::now(),
        };
        print!("{}", report.text);
        Ok(report)
    }

    /// A heading above the tables that follow.
    pub(crate) fn heading(&mut self, text: &str) {
        self.put(&format!("### {text}\n\n"));
    }

    pub(crate) fn table(&mut self, table: &Table) {
        let mut text = format!("**{}** {}\n\n", table.title, table.note);
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let headings: Vec<String> = table
            .headings
            .iter()
            .map(|heading| (*heading).to_owned())
            .collect();
        let rule: Vec<String> = headings.iter().map(|_| "---".to_owned()).collect();
        text.push_str(&line(&headings));
        text.push_str(&line(&rule));
        for row in &table.rows {
            text.push_str(&line(row));
        }
        text.push('\n');
        for Target {
            what,
            figure,
            wanted,
            met,
        } in &table.targets
        {
            let met = if *met { "met" } else { "**missed**" };
            let _ = writeln!(text, "- {what}: {figure}, wanted {wanted}: {met}");
        }
        if !table.targets.is_empty() {
            text.push('\n');
        }
        self.put(&text);
    }

    fn put(&mut self, text: &str) {
        print!("{text}");
        self.text.push_str(text);
    }

    /// Writes the tables where they were asked for.
    pub(crate) fn end(mut self, args: &Args) -> Outcome<()> {
        let seconds = self.started.elapsed().as_secs();
        self.put(&format!("The run took {seconds} s.\n"));
        if let Some(out) = &args.out {
            fs::write(out, &self.text)?;
        }
        Ok(())
    }
}
