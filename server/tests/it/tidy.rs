//! Reads the source tree: who may name whom (docs/ARCHITECTURE.md), and how long a file may grow.

use std::fs;
use std::path::{Path, PathBuf};

/// The library that only some places name: what is looked for, where it may stand, and where it is looked for.
const ONLY: &[(&[&str], &[&str], &str)] = &[
    (
        &["sqlx::", "rusqlite::"],
        &["server/src/store/"],
        "only store names sqlx and rusqlite",
    ),
    (
        &["axum::", "leptos_axum::"],
        &["server/src/routes/", "server/src/render"],
        "only routes and render name axum",
    ),
    (
        &["leptos::", "leptos_router::"],
        &["server/src/render", "app/src/", "frontend/src/"],
        "only the views, and what renders them, name Leptos",
    ),
    (
        &["gloo_net::", "web_sys::", "js_sys::", "wasm_bindgen::"],
        &["frontend/src/"],
        "only frontend names the browser",
    ),
    (
        &["redis::"],
        &["server/src/propagate/bus/redis.rs"],
        "only bus/redis.rs names redis",
    ),
    (
        &["reqwest::", "hickory_resolver::"],
        &["server/src/federation/"],
        "nothing goes out but through the guard of federation",
    ),
    (
        &["lettre::"],
        &["server/src/smtp/outbound.rs"],
        "only smtp/outbound.rs names lettre",
    ),
    (
        &[
            "std::fs::",
            "tokio::",
            "std::net::Tcp",
            "SystemTime",
            "getrandom",
            "rand::",
            "Uuid::new",
        ],
        &["server/src/", "frontend/src/"],
        "the model and the views perform no I/O, read no clock and draw no randomness",
    ),
];

/// Inside the server: a folder, what it may not name, and why.
const ARROWS: &[(&str, &[&str], &str)] = &[
    (
        "server/src/service/",
        &["crate::routes", "crate::render", "http::", "hyper::"],
        "service knows nothing of HTTP",
    ),
    (
        "server/src/store/",
        &[
            "crate::routes",
            "crate::render",
            "crate::service",
            "crate::propagate",
            "crate::auth",
        ],
        "store is asked by the others and asks none of them",
    ),
    (
        "server/src/propagate/",
        &["crate::routes", "crate::render", "crate::service"],
        "propagate is told what was committed",
    ),
    (
        "server/src/auth/",
        &["crate::routes", "crate::render"],
        "auth is asked by the routes",
    ),
    (
        "server/src/text/",
        &[
            "crate::routes",
            "crate::render",
            "crate::service",
            "crate::store",
        ],
        "text turns text into text",
    ),
];

/// Lines; a file that grows past it is split along its nouns.
const LONGEST: usize = 400;

struct Source {
    /// From the root of the repository, with forward slashes.
    path: String,
    /// What is compiled into the program: without the unit tests at its end.
    text: String,
    lines: usize,
}

impl Source {
    /// The first line of code, from 1, that holds one of `names`.
    fn names(&self, names: &[&str]) -> Option<(usize, &str)> {
        let mut lines = self.text.lines().enumerate();
        lines.find_map(|(at, line)| {
            let code = line.split("//").next().unwrap_or_default();
            let is_named = names.iter().any(|name| {
                code.match_indices(name).any(|(start, _)| {
                    let before = code[..start].chars().next_back();
                    !before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_')
                })
            });
            is_named.then_some((at + 1, line.trim()))
        })
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = Vec::new();
    for folder in ["app/model/src", "app/src", "frontend/src", "server/src"] {
        collect(&root, &root.join(folder), &mut found);
    }
    assert!(
        found.len() > 50,
        "the source tree was read: {} files",
        found.len()
    );
    found
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<Source>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            collect(root, &path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !is_test(&path) {
            let whole = fs::read_to_string(&path).unwrap();
            let text = whole
                .split("#[cfg(test)]\nmod tests {")
                .next()
                .unwrap_or_default();
            found.push(Source {
                path: path
                    .strip_prefix(root)
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .replace('\\', "/"),
                lines: whole.lines().count(),
                text: text.to_owned(),
            });
        }
    }
}

fn is_test(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "tests") || path.ends_with("tests.rs")
}

/// Every place where one of `names` stands in a file that `is_forbidden`.
fn offences(names: &[&str], why: &str, is_forbidden: impl Fn(&str) -> bool) -> Vec<String> {
    sources()
        .iter()
        .filter(|source| is_forbidden(&source.path))
        .filter_map(|source| {
            let (line, code) = source.names(names)?;
            Some(format!("{}:{line}: {code} ({why})", source.path))
        })
        .collect()
}

#[test]
fn a_library_is_named_only_in_its_place() {
    let found: Vec<String> = ONLY
        .iter()
        .flat_map(|(names, places, why)| {
            offences(names, why, |path| {
                !places.iter().any(|place| path.starts_with(place))
            })
        })
        .collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn the_arrows_of_the_server_point_one_way() {
    let found: Vec<String> = ARROWS
        .iter()
        .flat_map(|(folder, names, why)| offences(names, why, |path| path.starts_with(folder)))
        .collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn the_views_are_the_same_on_both_sides() {
    let found = offences(
        &["cfg(feature", "cfg(target", "cfg!("],
        "Backend and state are the only seams",
        |path| path.starts_with("app/src/") && path != "app/src/lib.rs",
    );
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn no_file_is_too_long_to_read() {
    let found: Vec<String> = sources()
        .iter()
        .filter(|source| source.lines > LONGEST)
        .map(|source| format!("{}: {} lines", source.path, source.lines))
        .collect();
    assert!(
        found.is_empty(),
        "split along the nouns:\n{}",
        found.join("\n")
    );
}
