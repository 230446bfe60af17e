//! `server export` and `server verify`, and the program of `docs/` beside them.

use std::collections::BTreeMap;

use em2_model::id::FileHash;
use em2_model::keys::{KeyEntry, KeyLog};
use em2_model::sign::{Kid, PlatformKey, Tag, hash, sha256};
use em2_model::{ActionKey, Platform, canonical};
use serde_json::{Value, json};
use server::archive::lines::{First, Last};

use super::command_line::{run, serve, text};
use crate::support::archive::{check, disproven, proven, python};
use crate::support::person::Person;

#[tokio::test]
async fn a_conversation_is_exported_while_the_server_runs_and_checked_without_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let added = run(
        folder,
        &["user", "add", "anna@a.example"],
        "correct horse battery\n",
    )
    .await;
    assert!(added.status.success(), "{}", text(&added.stderr));
    let (server, address) = serve(folder).await;
    let anna = Person::new(address);
    anna.sign_in("anna@a.example", "correct horse battery")
        .await
        .see_other("/inbox");
    let key = anna.start("", "Note", "To myself").await;
    anna.say(key, "And on").await;
    let head = anna.conversation(key).await.head;

    let path = folder.join("note.em2");
    let path = path.to_str().unwrap();
    let key = key.to_string();
    let written = run(folder, &["export", &key, "--out", path], "").await;
    assert!(written.status.success(), "{}", text(&written.stderr));
    assert!(
        text(&written.stdout).starts_with("3 actions are in "),
        "{}",
        text(&written.stdout)
    );
    let again = run(folder, &["export", &key, "--out", path], "").await;
    assert!(!again.status.success() && text(&again.stderr).contains("is there already"));
    let printed = run(folder, &["export", &key], "").await;
    let file = std::fs::read(path).unwrap();
    assert!(printed.status.success() && printed.stdout == file);
    drop(server);

    // Elsewhere: without the database, and with settings that nothing could start with.
    let elsewhere = tempfile::tempdir().unwrap();
    let verify = [
        "verify",
        path,
        "--config",
        "/none",
        "--data",
        "/none/either",
    ];
    let checked = run(elsewhere.path(), &verify, "").await;
    assert!(checked.status.success(), "{}", text(&checked.stderr));
    let said = text(&checked.stdout);
    let told = format!(
        "Conversation {key}\nHead {head}\n3 actions, 1 participants\nSigned by localhost, "
    );
    assert!(
        said.starts_with(&told) && said.ends_with("\nEverything checks.\n"),
        "{said}"
    );
    proven(&file);

    let altered = String::from_utf8(file).unwrap().replace("And on", "And om");
    std::fs::write(path, altered).unwrap();
    let wrong = run(elsewhere.path(), &["verify", path], "").await;
    assert_eq!(
        (wrong.status.code(), text(&wrong.stdout)),
        (Some(1), String::new())
    );
    assert_eq!(
        text(&wrong.stderr),
        "server: Line 4 (place 3): the body is not the one that was signed (EM2_HASH).\n"
    );
}

#[tokio::test]
async fn where_there_is_no_platform_nothing_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let key = "00".repeat(32);
    let none = run(folder.path(), &["export", &key], "").await;
    assert!(!none.status.success() && text(&none.stderr).contains("There is no platform in "));
    assert!(!folder.path().join("data").exists());
    let short = run(folder.path(), &["export", "0011223344556677"], "").await;
    assert!(!short.status.success() && text(&short.stderr).contains("64 lower-case hex"));
    let missing = run(folder.path(), &["verify", "/none"], "").await;
    assert!(!missing.status.success() && text(&missing.stderr).contains("cannot be read"));
}

fn vectors() -> Value {
    serde_json::from_str(include_str!(
        "../../../../app/model/tests/vectors/em2-v1.json"
    ))
    .unwrap()
}

/// The lines of a file with the last line that belongs to them.
fn sealed(mut bytes: Vec<u8>, head: &str, seq: u64) -> Vec<u8> {
    let last = Last {
        end: true,
        head: head.parse().unwrap(),
        seq,
        sha256: FileHash::from_bytes(sha256(&bytes)),
    };
    bytes.extend(last.to_bytes().unwrap());
    bytes.push(b'\n');
    bytes
}

/// Made by an independent program, the records of the vectors in a file are what both programs can check.
#[test]
fn the_records_of_the_vectors_check_as_a_file() {
    let vectors = vectors();
    let entries: Vec<KeyEntry> =
        serde_json::from_value(vectors["platform_document"]["keys"].clone()).unwrap();
    let b = &vectors["keys"]["b"];
    let seed: ActionKey = b["seed_hex"].as_str().unwrap().parse().unwrap();
    let name = Platform::parse(b["platform"].as_str().unwrap()).unwrap();
    let kid = Kid::parse(b["kid"].as_str().unwrap()).unwrap();
    let key = PlatformKey::from_test_seed(name.clone(), kid, seed.as_bytes());
    let log_b = KeyLog::create(&key, entries[0].from, entries[0].to).unwrap();
    let log_a = KeyLog::read(entries, Vec::new()).unwrap();
    let first = First {
        conv: vectors["conversation"].as_str().unwrap().parse().unwrap(),
        keys: BTreeMap::from([("em2.a.example".parse().unwrap(), log_a), (name, log_b)]),
    };
    let mut bytes = first.to_bytes().unwrap();
    for record in vectors["records"].as_array().unwrap() {
        bytes.push(b'\n');
        bytes.extend(record["wire"].as_str().unwrap().as_bytes());
    }
    bytes.push(b'\n');
    let file = sealed(bytes, vectors["head"].as_str().unwrap(), 64);
    let checked = proven(&file);
    assert_eq!((checked.actions, checked.participants), (64, Some(3)));

    let altered = String::from_utf8(file)
        .unwrap()
        .replace("An answer", "No answer");
    disproven(altered.as_bytes(), 9);
}

/// Nobody's keys are needed to write a file in which people sign for themselves. It must not check.
#[test]
fn a_person_signs_for_no_platform() {
    let stamp = json!({"k": "eve@e.example#1", "v": "A".repeat(86)});
    let platform = "eve@e.example";
    let body = json!({
        "keys": [{"inc": "A".repeat(43), "kid": "1", "platform": platform, "pub": "A".repeat(43)}],
        "leader": platform, "salt": "A".repeat(22), "slug": "x", "subject": "x",
    });
    let bytes = |value: &Value| canonical::to_bytes_of(value).unwrap();
    let header = json!({
        "actor": platform, "at": 1, "model": "conversation", "nonce": "A".repeat(22), "platform": platform,
        "ref": FileHash::from_bytes(hash(Tag::Body, &bytes(&body))), "v": 1, "verb": "publish",
    });
    let key = ActionKey::from_bytes(hash(Tag::Action, &bytes(&header)));
    let commit = json!({
        "act": key, "at": 1, "conv": key, "epoch": 1, "leader": platform, "prev": key, "seq": 1, "v": 1,
    });
    let head = ActionKey::from_bytes(hash(Tag::Commit, &bytes(&commit))).to_string();
    let record = json!({"b": body, "c": commit, "cs": stamp, "h": header, "s": [stamp]});
    let first = json!({"conv": key, "em2": 1, "keys": {}});
    let lines = [bytes(&first), bytes(&record), Vec::new()].join(&b'\n');
    let file = sealed(lines, &head, 1);
    assert_eq!(check(&file).unwrap_err().line, 2);
    if let Some(said) = python(&file) {
        assert_eq!(
            said.unwrap_err(),
            "Line 2: this is not signed by its author and the leader (EM2_SIG).\n"
        );
    }
}
