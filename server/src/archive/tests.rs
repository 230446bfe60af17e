//! Files made of the frozen vectors: what checks, and what is named where it does not.

mod alter;
mod expired;
mod hostile;
mod stage;

use std::collections::BTreeMap;

use em2_model::action::Missing;
use em2_model::record::Record;
use stage::{checked, file, resealed, sentence, text, vector_lines, vectors, wrong};

#[test]
fn the_conversation_of_the_vectors_checks() {
    let checked = checked(&file(&vector_lines()));
    let vectors = vectors();
    assert_eq!(checked.conv.to_string(), text(vectors, "conversation"));
    assert_eq!(checked.head.to_string(), text(vectors, "head"));
    assert_eq!((checked.actions, checked.participants), (64, Some(3)));
    let incs: Vec<String> = checked
        .platforms
        .values()
        .map(ToString::to_string)
        .collect();
    let known = &vectors["incarnations"];
    assert_eq!(incs, [text(known, "a"), text(known, "b")]);
    assert!(checked.missing.is_empty());
}

#[test]
fn a_body_may_be_withheld_where_the_protocol_allows_it() {
    let mut lines = vector_lines();
    lines[2] = text(vectors(), "withheld").as_bytes().to_vec();
    let checked = checked(&file(&lines));
    assert_eq!(checked.missing, BTreeMap::from([(Missing::History, 1)]));

    let added = String::from_utf8(lines[1].clone()).unwrap();
    let body = &added[..added.find(",\"c\":").unwrap() + 1];
    let without = added.replacen(body, "{", 1);
    let without = format!("{},\"w\":\"history\"}}", &without[..without.len() - 1]);
    let bytes = resealed(&file(&lines), |file| file.replace(&added, &without));
    assert_eq!(
        sentence(&bytes),
        "Line 3 (place 2): this action needs its body (EM2_FORMAT)."
    );
}

#[test]
fn the_first_thing_that_is_wrong_is_named() {
    let whole = file(&vector_lines()[..8]);
    let line = |n: usize| {
        let text = std::str::from_utf8(&whole).unwrap();
        format!("{}\n", text.lines().nth(n - 1).unwrap())
    };
    let stamp = |n: usize, name: &str| {
        let text = line(n);
        let from = text.find(name).unwrap() + name.len();
        let from = from + text[from..].find("\"v\":\"").unwrap() + 5;
        text[from..from + 86].to_owned()
    };
    let exchange = |a: String, b: String| move |file: String| file.replace(&a, &b);
    let take_out = |n: usize| exchange(line(n), String::new());
    let (three, four) = (line(4), line(5));
    for (altered, said) in [
        (
            resealed(&whole, exchange("An answer".into(), "An Answer".into())),
            "Line 9 (place 8): the body is not the one that was signed (EM2_HASH).",
        ),
        (
            resealed(&whole, exchange(stamp(9, "\"s\":"), stamp(8, "\"s\":"))),
            "Line 9 (place 8): the author's signature does not count (EM2_SIG).",
        ),
        (
            resealed(&whole, exchange(stamp(9, "\"cs\":"), stamp(8, "\"cs\":"))),
            "Line 9 (place 8): the leader's signature does not count (EM2_SIG).",
        ),
        (
            resealed(
                &whole,
                exchange(
                    "{\"k\":\"em2.b.example#2026a\"".into(),
                    "{\"k\":\"em2.b.example#2026c\"".into(),
                ),
            ),
            "Line 5 (place 4): the key of the author's signature is not in line 1 (EM2_KEY_UNKNOWN).",
        ),
        (
            resealed(&whole, take_out(4)),
            "Line 4 (place 3): place 3 is expected, and this is place 4 (EM2_GAP).",
        ),
        (
            resealed(&whole, take_out(2)),
            "Line 2 (place 1): place 1 is expected, and this is place 2 (EM2_GAP).",
        ),
        (
            resealed(&whole, exchange(three.clone() + &four, four + &three)),
            "Line 4 (place 3): place 3 is expected, and this is place 4 (EM2_GAP).",
        ),
        (
            resealed(&whole, take_out(9)),
            "Line 9: it says that there are 8 records, and there are 7 (EM2_GAP).",
        ),
        (
            resealed(&whole, exchange("\n{\"b\"".into(), "\n {\"b\"".into())),
            "Line 2 (place 1): the bytes are not in canonical form (EM2_NOT_CANONICAL).",
        ),
        (
            [b"\xef\xbb\xbf", &whole[..]].concat(),
            "Line 1: the bytes are not in canonical form (EM2_NOT_CANONICAL).",
        ),
        (
            whole[..whole.len() - 1].to_vec(),
            "Line 10: the file ends within this line (EM2_FORMAT).",
        ),
        (
            whole[..line(1).len()].to_vec(),
            "Line 2: the file ends before its last line (EM2_GAP).",
        ),
        (
            [&whole[..], b"\n"].concat(),
            "Line 11: the line before says that it is the last (EM2_FORMAT).",
        ),
        (
            Vec::new(),
            "Line 1: the file ends before its last line (EM2_GAP).",
        ),
    ] {
        assert_eq!(sentence(&altered), said);
    }
}

#[test]
fn what_the_last_line_says_is_what_was_found() {
    let whole = file(&vector_lines()[..8]);
    let of_seven = file(&vector_lines()[..7]);
    let last = |bytes: &[u8], member: &str| {
        let text = std::str::from_utf8(bytes).unwrap().lines().last().unwrap();
        let value: serde_json::Value = serde_json::from_str(text).unwrap();
        value[member].as_str().unwrap().to_owned()
    };
    for (member, said) in [
        (
            "head",
            "Line 10: its head is not the last commit (EM2_HASH).",
        ),
        (
            "sha256",
            "Line 10: something before it was altered that no signature covers: the hash is another one (EM2_HASH).",
        ),
    ] {
        let bytes = String::from_utf8(whole.clone()).unwrap();
        let end = bytes.rfind("{\"end\"").unwrap();
        let (records, ending) = bytes.split_at(end);
        let ending = ending.replace(&last(&whole, member), &last(&of_seven, member));
        assert_eq!(sentence(format!("{records}{ending}").as_bytes()), said);
    }
}

/// A person's own signature is for those who hold the directory: the hash of the file covers it.
#[test]
fn what_no_signature_covers_is_covered_by_the_hash() {
    let mut lines = vector_lines();
    lines.truncate(3);
    let record = String::from_utf8(lines[2].clone()).unwrap();
    let from = record.rfind("\"v\":\"").unwrap() + 5;
    let stamp = &record[from..from + 86];
    let more = format!("{{\"k\":\"anna@a.example#1\",\"v\":\"{stamp}\"}}]}}");
    let record = format!("{},{more}", record.strip_suffix("]}").unwrap());
    Record::parse(record.as_bytes()).unwrap();
    lines[2] = record.clone().into_bytes();
    let whole = file(&lines);
    checked(&whole);
    let at = whole.len() - 1 - whole.iter().rev().position(|byte| *byte == b'#').unwrap();
    let mut altered = whole.clone();
    altered[at + 1] = b'2';
    assert_eq!(wrong(&altered).line, 5);
    checked(&resealed(&altered, |file| file));
}
