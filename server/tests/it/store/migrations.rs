//! Both folders of migrations make the same tables.

use std::collections::BTreeMap;
use std::path::Path;

/// Tables with their columns in order, as the files of one engine declare them, by file.
fn tables(engine: &str) -> BTreeMap<String, BTreeMap<String, Vec<String>>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../migrations")
        .join(engine);
    let mut files = BTreeMap::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        files.insert(name, declared(&text));
    }
    files
}

/// The tables of one file. What only one engine has (full-text search) is marked there by a
/// comment `-- only here`.
fn declared(text: &str) -> BTreeMap<String, Vec<String>> {
    let mut tables = BTreeMap::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("\nCREATE TABLE ") {
        let (name, body) = after.split_once(" (\n").unwrap();
        let (body, after) = body.split_once("\n)").unwrap();
        let columns = body
            .lines()
            .filter(|line| !line.contains("-- only here"))
            .filter_map(|line| line.split_whitespace().next())
            .filter(|word| !["PRIMARY", "UNIQUE", "FOREIGN", "CHECK"].contains(word))
            .map(str::to_owned);
        tables.insert(name.to_owned(), columns.collect());
        rest = after;
    }
    tables
}

#[test]
fn both_engines_have_the_same_numbers_tables_and_columns() {
    let (sqlite, postgres) = (tables("sqlite"), tables("postgres"));
    assert!(sqlite.values().map(BTreeMap::len).sum::<usize>() > 5);
    assert_eq!(sqlite, postgres);
}
