//! Files by people who know the form, and have keys of their own.

use std::collections::BTreeMap;

use em2_model::action::{Action, Content, MessageAdd, Missing, ParticipantAdd, Proposal};
use em2_model::keys::{KeyEntry, KeyLog, Revocation};
use em2_model::record::{Commit, Record};
use em2_model::sign::{Kid, PlatformKey, Tag, sha256};
use em2_model::{
    Address, CommitKey, ConversationKey, Format, History, Nonce, Platform, Role, Salt, Time,
    canonical,
};
use serde_json::{Value, json};

use super::stage::{
    checked, file, file_with, resealed, sentence, text, vector_key, vector_keys, vector_lines,
    vectors, wrong,
};
use crate::archive::lines::FIRST_MAX;

/// The records with which the vectors' conversation begins.
fn beginning(n: usize) -> Vec<Record> {
    let lines = vector_lines();
    lines[..n]
        .iter()
        .map(|line| Record::parse(line).unwrap())
        .collect()
}

/// The action in the next place, whatever the rules say; `change` alters the commit before it is signed.
fn commit(before: &Record, record: &Record, change: impl FnOnce(&mut Value)) -> Record {
    let (leader, last) = (vector_key("a"), before.commit().unwrap());
    let action = record.action().clone();
    let mut fields = json!({
        "act": action.key(),
        "at": last.at().as_millis() + 1,
        "conv": last.conv(),
        "epoch": 1,
        "leader": leader.platform,
        "prev": last.key(),
        "seq": last.seq() + 1,
        "v": 1,
    });
    change(&mut fields);
    let commit = Commit::parse(&canonical::to_bytes(&fields).unwrap()).unwrap();
    let stamp = leader.stamp(Tag::Commit, commit.key().as_bytes());
    Record::new(action, record.stamps().to_vec(), Some((commit, stamp))).unwrap()
}

fn lines(records: &[Record]) -> Vec<Vec<u8>> {
    records.iter().map(Record::to_bytes).collect()
}

#[test]
fn a_leader_that_lies_is_named() {
    let three = beginning(3);
    for (change, said) in [
        (
            json!({"st": "EM2_FORBIDDEN"}),
            "Line 4 (place 3): the rules decide otherwise than the leader did (EM2_FORBIDDEN).",
        ),
        (
            json!({"at": 5}),
            "Line 4 (place 3): the key of the author's signature did not count at that time (EM2_SIG).",
        ),
        (
            json!({"at": 1_798_761_600_001_i64}),
            "Line 4 (place 3): its time lies before that of the commit before it (EM2_CLOCK).",
        ),
        (json!({"epoch": 7}), ""),
        (
            json!({"prev": CommitKey::from_bytes([7; 32])}),
            "Line 4 (place 3): it does not follow the commit before it (EM2_GAP).",
        ),
        (
            json!({"leader": "em2.b.example"}),
            "Line 4 (place 3): the commit is not signed by its leader (EM2_SIG).",
        ),
    ] {
        let lie = commit(&three[1], &three[2], |fields| {
            let fields = fields.as_object_mut().unwrap();
            fields.extend(change.as_object().unwrap().clone());
        });
        let mut told = lines(&three);
        told[2] = lie.to_bytes();
        // The last line is that of the truth: it is not reached.
        let told = resealed(&file(&lines(&three)), |file| {
            file.replace(
                std::str::from_utf8(&lines(&three)[2]).unwrap(),
                std::str::from_utf8(&told[2]).unwrap(),
            )
        });
        match said {
            // A restored leader begins an epoch: that is no lie, and another head than the last line has.
            "" => assert_eq!(wrong(&told).line, 5),
            said => assert_eq!(sentence(&told), said),
        }
    }
    let mut twice = three.clone();
    twice.push(commit(&three[2], &three[2], |_| {}));
    assert_eq!(
        sentence(&file(&lines(&twice))),
        "Line 5 (place 4): its nonce was used before (EM2_REPLAY)."
    );
    let mut lied = beginning(64);
    lied[63] = commit(&lied[62], &lied[63], |fields| {
        fields["state"] = json!("00".repeat(32))
    });
    assert_eq!(
        sentence(&file(&lines(&lied))),
        "Line 65 (place 64): the state after it is not the one that the leader signed (EM2_HASH)."
    );
}

#[test]
fn a_leader_that_lies_is_named_also_where_the_bodies_are_gone() {
    let three = beginning(3);
    for (change, said) in [
        (
            json!({"at": 1_798_761_600_001_i64}),
            "Line 4 (place 3): its time lies before that of the commit before it (EM2_CLOCK).",
        ),
        (
            json!({"prev": CommitKey::from_bytes([7; 32])}),
            "Line 4 (place 3): it does not follow the commit before it (EM2_GAP).",
        ),
    ] {
        let lie = commit(&three[1], &three[2], |fields| {
            let fields = fields.as_object_mut().unwrap();
            fields.extend(change.as_object().unwrap().clone());
        });
        let told = [three[0].clone(), three[1].clone(), lie];
        let bare = told.map(|record| record.without_body(Missing::Expired).unwrap());
        assert_eq!(sentence(&file(&lines(&bare))), said);
    }
}

#[test]
fn keys_that_the_conversation_does_not_name_do_not_count() {
    let (platform, kid) = (vector_key("b").platform, vector_key("b").kid);
    let impostor = PlatformKey::from_test_seed(platform.clone(), kid, &[3; 32]);
    let mut keys = vector_keys();
    let real = keys[&platform].entries()[0].clone();
    let log = KeyLog::create(&impostor, real.from, real.to).unwrap();
    keys.insert(platform, log);
    let mut records = beginning(4);
    let lock = records[3].action().clone();
    let stamp = impostor.stamp(Tag::Action, lock.key().as_bytes());
    let of_leader = (
        records[3].commit().unwrap().clone(),
        records[3].commit_stamp().unwrap().clone(),
    );
    records[3] = Record::new(lock, vec![stamp], Some(of_leader)).unwrap();
    assert_eq!(
        sentence(&file_with(&keys, &lines(&records))),
        "Line 3 (place 2): the key log of em2.b.example in line 1 is not the one that is named here (EM2_INCARNATION)."
    );
}

/// Anybody's platform may bring the mail of somebody without one, but for one that takes no part.
#[test]
fn a_platform_that_nothing_names_speaks_for_nobody() {
    let (a, b) = (vector_key("a"), vector_key("b"));
    let publish = beginning(1).remove(0);
    let conv: ConversationKey = publish.action().conversation();
    let person = |address: &str| Address::parse(address).unwrap();
    let mint = |key: &PlatformKey, actor: &str, content: Content, nonce: u8| {
        let proposal = Proposal::new(key.platform.clone(), person(actor), content).within(conv);
        let (nonce, salt) = (
            Nonce::from_bytes([nonce; 16]),
            Salt::from_bytes([nonce; 16]),
        );
        let action = Action::mint(proposal, Time(1_798_761_600_000), nonce, salt).unwrap();
        Record::signed(action, key).unwrap().into_inner()
    };
    let add = ParticipantAdd {
        address: person("mia@mail.example"),
        role: Role::Write,
        platform: None,
        history: History::All,
        name: None,
    };
    let say = MessageAdd {
        format: Format::Plain,
        text: "By mail".to_owned(),
        mail: None,
    };
    let add = mint(&a, "anna@a.example", Content::ParticipantAdd(add), 31);
    let add = commit(&publish, &add, |_| {});
    let said = mint(&b, "mia@mail.example", Content::MessageAdd(say), 32);
    let said = commit(&add, &said, |_| {});
    assert_eq!(
        sentence(&file(&lines(&[publish, add, said]))),
        "Line 4 (place 3): em2.b.example signs, and nothing before it names its key log (EM2_INCARNATION)."
    );
}

#[test]
fn a_revoked_key_counts_no_more() {
    let b = vector_key("b");
    let paper =
        PlatformKey::from_test_seed(b.platform.clone(), Kid::parse("paper").unwrap(), &[4; 32]);
    let mut keys = vector_keys();
    let log = &keys[&b.platform];
    let signed = |key: &PlatformKey, mut value: Value| {
        let hash = sha256(&canonical::to_bytes_of(&value).unwrap());
        value["sig"] = json!(key.sign(Tag::Key, &hash));
        value
    };
    let first = &log.entries()[0];
    let entry = json!({
        "alg": "ed25519", "by": b.kid, "from": first.from, "kid": "paper", "n": 2,
        "prev": log.incarnation(), "pub": paper.public(), "to": first.to, "use": "recovery",
    });
    let entry: KeyEntry = serde_json::from_value(signed(&b, entry)).unwrap();
    let eighth = beginning(8)[7].commit().unwrap().at();
    let revocation = signed(&paper, json!({"at": eighth, "kid": b.kid}));
    let revocation: Revocation = serde_json::from_value(revocation).unwrap();
    let entries = vec![first.clone(), entry];
    let whole = file_with(&keys, &lines(&beginning(8)));
    let with = |revoked| -> BTreeMap<Platform, KeyLog> {
        let mut keys = keys.clone();
        keys.insert(
            b.platform.clone(),
            KeyLog::read(entries.clone(), revoked).unwrap(),
        );
        keys
    };
    checked(&file_with(&with(Vec::new()), &lines(&beginning(8))));
    checked(&file_with(
        &with(vec![revocation.clone()]),
        &lines(&beginning(7)),
    ));
    keys = with(vec![revocation]);
    let first = crate::archive::lines::First {
        conv: checked(&whole).conv,
        keys,
    };
    let bytes = resealed(&whole, |file| {
        let (_, rest) = file.split_once('\n').unwrap();
        format!(
            "{}\n{rest}",
            String::from_utf8(first.to_bytes().unwrap()).unwrap()
        )
    });
    assert_eq!(
        sentence(&bytes),
        "Line 9 (place 8): the key of the author's signature did not count at that time (EM2_SIG)."
    );
}

#[test]
fn what_is_no_file_of_ours_costs_nothing() {
    let conv = text(vectors(), "conversation");
    let long = vec![b'x'; FIRST_MAX + 10];
    let deep = [vec![b'['; 100_000], b"\n".to_vec()].concat();
    for (bytes, said) in [
        (&b"{}\n"[..], "Line 1: this is not the first line of a conversation as a file (EM2_FORMAT)."),
        (b"\n", "Line 1: the bytes are not in canonical form (EM2_NOT_CANONICAL)."),
        (b"PK\x03\x04", "Line 1: the file ends within this line (EM2_FORMAT)."),
        (&long, "Line 1: the line is too long (EM2_TOO_BIG)."),
        (&deep, "Line 1: the bytes are not in canonical form (EM2_NOT_CANONICAL)."),
        (
            format!("{{\"conv\":\"{conv}\",\"em2\":2,\"keys\":{{}}}}\n").as_bytes(),
            "Line 1: this version of the file is not known here (EM2_VERSION).",
        ),
        (
            format!("{{\"conv\":\"{conv}\",\"em2\":1,\"keys\":{{}},\"revoked\":{{\"em2.a.example\":[]}}}}\n").as_bytes(),
            "Line 1: keys of em2.a.example are revoked that are not here (EM2_FORMAT).",
        ),
        (
            format!("{{\"conv\":\"{conv}\",\"em2\":1,\"keys\":{{\"em2.a.example\":[]}}}}\n").as_bytes(),
            "Line 1: the key log of em2.a.example does not hold together (EM2_FORMAT).",
        ),
    ] {
        assert_eq!(sentence(bytes), said);
    }
}

#[test]
fn what_the_sentence_quotes_controls_no_terminal() {
    let whole = file(&vector_lines()[..2]);
    let bytes = resealed(&whole, |file| {
        file.replace("\"seq\":1,", "\"seq\":1,\"u\u{9b}2J\u{7f}\":1,")
    });
    let said = sentence(&bytes);
    assert!(
        said.contains("EM2_") && !said.contains(char::is_control),
        "{said:?}"
    );
}
