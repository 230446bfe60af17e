//! How a file is made, altered and sealed again.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use em2_model::id::FileHash;
use em2_model::keys::{KeyEntry, KeyLog};
use em2_model::record::Record;
use em2_model::sign::{Kid, PlatformKey, sha256};
use em2_model::{ActionKey, Platform, Time};
use serde_json::Value;

use crate::archive::lines::{First, Last};
use crate::archive::{Checked, Wrong, verify};

/// The frozen vectors.
pub(super) fn vectors() -> &'static Value {
    static VECTORS: LazyLock<Value> = LazyLock::new(|| {
        serde_json::from_str(include_str!(
            "../../../../app/model/tests/vectors/em2-v1.json"
        ))
        .unwrap()
    });
    &VECTORS
}

pub(super) fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap()
}

/// The records of the vectors' conversation.
pub(super) fn vector_lines() -> Vec<Vec<u8>> {
    let records = vectors()["records"].as_array().unwrap();
    records
        .iter()
        .map(|record| text(record, "wire").as_bytes().to_vec())
        .collect()
}

/// A private key of the vectors by its name there.
pub(super) fn vector_key(name: &str) -> PlatformKey {
    let key = &vectors()["keys"][name];
    let platform = Platform::parse(text(key, "platform")).unwrap();
    let seed: ActionKey = text(key, "seed_hex").parse().unwrap();
    PlatformKey::from_test_seed(
        platform,
        Kid::parse(text(key, "kid")).unwrap(),
        seed.as_bytes(),
    )
}

/// The key logs of both platforms of the vectors.
pub(super) fn vector_keys() -> BTreeMap<Platform, KeyLog> {
    let document = vectors()["platform_document"]["keys"].clone();
    let entries: Vec<KeyEntry> = serde_json::from_value(document).unwrap();
    let (from, to) = (entries[0].from, entries[0].to);
    let b = vector_key("b");
    let a = KeyLog::read(entries, Vec::new()).unwrap();
    let log_b = KeyLog::create(&b, from, to).unwrap();
    BTreeMap::from([(vector_key("a").platform, a), (b.platform, log_b)])
}

/// A file of these records, which the vectors' keys have signed.
pub(super) fn file(records: &[Vec<u8>]) -> Vec<u8> {
    file_with(&vector_keys(), records)
}

/// A file of these records and keys.
pub(super) fn file_with(keys: &BTreeMap<Platform, KeyLog>, records: &[Vec<u8>]) -> Vec<u8> {
    let read = |line: &Vec<u8>| Record::parse(line).unwrap().verify(keys, Time(0)).unwrap();
    let last = read(records.last().unwrap());
    let commit = last.commit().unwrap();
    let conv = last.action().conversation();
    let line = First {
        conv,
        keys: keys.clone(),
    }
    .to_bytes()
    .unwrap();
    let lines: Vec<&[u8]> = [&line]
        .into_iter()
        .chain(records)
        .map(Vec::as_slice)
        .collect();
    let mut bytes = [&lines.join(&b'\n')[..], b"\n"].concat();
    let last = Last {
        end: true,
        head: commit.key(),
        seq: commit.seq(),
        sha256: FileHash::from_bytes(sha256(&bytes)),
    };
    bytes.extend(last.to_bytes().unwrap());
    bytes.push(b'\n');
    bytes
}

/// The file after an alteration by somebody who knows how its last line is made: the hash in it fits again.
pub(super) fn resealed(file: &[u8], alter: impl FnOnce(String) -> String) -> Vec<u8> {
    let altered = alter(String::from_utf8(file.to_vec()).unwrap());
    resealed_bytes(altered.into_bytes())
}

/// The same of bytes that were altered before their last line.
pub(super) fn resealed_bytes(mut file: Vec<u8>) -> Vec<u8> {
    const BEGIN: &[u8] = b"{\"end\"";
    let end = file
        .windows(BEGIN.len())
        .rposition(|part| part == BEGIN)
        .unwrap();
    let hash = FileHash::from_bytes(sha256(&file[..end])).to_string();
    let at = end
        + file[end..]
            .windows(10)
            .position(|part| part == b"\"sha256\":\"")
            .unwrap()
        + 10;
    file[at..at + hash.len()].copy_from_slice(hash.as_bytes());
    file
}

pub(super) fn checked(file: &[u8]) -> Checked {
    verify(file)
        .unwrap()
        .unwrap_or_else(|wrong| panic!("{wrong}"))
}

pub(super) fn wrong(file: &[u8]) -> Wrong {
    verify(file)
        .unwrap()
        .expect_err("it checks, and should not")
}

pub(super) fn sentence(file: &[u8]) -> String {
    wrong(file).to_string()
}
