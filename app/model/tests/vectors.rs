//! Reproduces every byte of the frozen vectors, and refuses what they say must be refused.

mod support;

use em2_model::action::{Action, Missing, Proposal};
use em2_model::canonical;
use em2_model::conversation::{Conversation, Sequenced};
use em2_model::keys::{KeyEntry, KeyLog};
use em2_model::record::{Commit, Record, Verified};
use em2_model::sign::{Kid, PlatformKey, PublicKey, Stamp, Tag, hash, mail_nonce};
use em2_model::slug::slug;
use em2_model::{Code, Platform, Time};
use serde_json::Value;
use support::{ARRIVAL, seed, text, vector_key, vector_keys, vectors};

fn stamp(value: &Value) -> Stamp {
    serde_json::from_value(value.clone()).unwrap()
}

fn signer(stamp: &Value) -> PlatformKey {
    let [a, b] = ["a", "b"].map(vector_key);
    let name = text(stamp, "k");
    let is = |key: &PlatformKey| name == format!("{}#{}", key.platform, key.kid.as_str());
    if is(&a) {
        a
    } else {
        Some(b).filter(is).unwrap()
    }
}

#[test]
fn keys_come_from_their_seeds() {
    for name in ["a", "a2", "b"] {
        let public = vector_key(name).public().to_string();
        assert_eq!(public, text(&vectors()["keys"][name], "pub"));
    }
}

#[test]
fn every_action_and_commit_hashes_and_signs_to_the_same_bytes() {
    for vector in vectors()["records"].as_array().unwrap() {
        let (header, body) = (text(vector, "header"), text(vector, "body"));
        let action = Action::parse(header.as_bytes(), Ok(body.as_bytes())).unwrap();
        assert_eq!(action.key().to_string(), text(vector, "action_key"));

        let key = signer(&vector["action_sig"]);
        let signed = key.stamp(Tag::Action, action.key().as_bytes());
        assert_eq!(signed, stamp(&vector["action_sig"]));
        assert_eq!(
            hash(Tag::Action, header.as_bytes()),
            *action.key().as_bytes()
        );

        let commit = Commit::parse(text(vector, "commit").as_bytes()).unwrap();
        assert_eq!(commit.key().to_string(), text(vector, "commit_key"));
        let key = signer(&vector["commit_sig"]);
        let signed = key.stamp(Tag::Commit, commit.key().as_bytes());
        assert_eq!(signed, stamp(&vector["commit_sig"]));
    }
}

#[test]
fn every_action_is_minted_to_the_same_bytes() {
    for vector in vectors()["records"].as_array().unwrap() {
        let (header, body) = (text(vector, "header"), text(vector, "body"));
        let read = Action::parse(header.as_bytes(), Ok(body.as_bytes())).unwrap();
        let fields = read.header();
        let proposal = Proposal {
            platform: fields.platform.clone(),
            actor: fields.actor.clone(),
            conv: fields.conv,
            follows: fields.item.zip(fields.follows),
            parent: fields.parent,
            base: fields.base,
            content: read.content().unwrap().clone(),
        };
        let salt = read.body().unwrap().salt;
        let minted = Action::mint(proposal, fields.at, fields.nonce, salt).unwrap();
        assert_eq!(minted.header_bytes(), header.as_bytes());
        assert_eq!(minted.body_bytes().unwrap(), body.as_bytes());
        assert_eq!(minted, read);
    }
}

#[test]
fn every_record_reads_verifies_and_writes_the_same_bytes() {
    for vector in vectors()["records"].as_array().unwrap() {
        let wire = text(vector, "wire").as_bytes();
        let record = Record::parse(wire).unwrap();
        assert_eq!(record.to_bytes(), wire);
        assert_eq!(serde_json::to_vec(&record).unwrap(), wire);
        let verified = record.verify(vector_keys(), ARRIVAL).unwrap();
        assert_eq!(
            verified.action().key().to_string(),
            text(vector, "action_key")
        );

        let commit = Commit::parse(text(vector, "commit").as_bytes()).unwrap();
        let stamps = vec![stamp(&vector["action_sig"])];
        let action = verified.action().clone();
        let built = Record::new(action, stamps, Some((commit, stamp(&vector["commit_sig"]))));
        assert_eq!(built.unwrap().to_bytes(), wire);
    }
}

#[test]
fn a_withheld_record_is_the_record_without_its_body() {
    let vectors = vectors();
    let withheld = text(vectors, "withheld").as_bytes();
    let record = Record::parse(withheld).unwrap();
    assert_eq!(record.action().content(), Err(Missing::History));
    assert_eq!(record.to_bytes(), withheld);
    record.verify(vector_keys(), ARRIVAL).unwrap();

    let whole = Record::parse(text(&vectors["records"][2], "wire").as_bytes()).unwrap();
    assert_eq!(
        whole.without_body(Missing::History).unwrap().to_bytes(),
        withheld
    );
    let people = Record::parse(text(&vectors["records"][1], "wire").as_bytes()).unwrap();
    assert_eq!(
        people.without_body(Missing::History).unwrap_err().code,
        Code::Format
    );
}

#[test]
fn the_platform_document_is_one_chain() {
    let vectors = vectors();
    let document = &vectors["platform_document"]["keys"];
    let entries: Vec<KeyEntry> = serde_json::from_value(document.clone()).unwrap();
    let (a, a2) = (vector_key("a"), vector_key("a2"));
    let first = KeyLog::create(&a, entries[0].from, entries[0].to).unwrap();
    let log = first
        .chain(&a2, entries[1].from, entries[1].to, &a)
        .unwrap();
    assert_eq!(serde_json::to_value(log.entries()).unwrap(), *document);
    assert_eq!(
        log.incarnation().to_string(),
        text(&vectors["incarnations"], "a")
    );

    let keys = vector_keys();
    let b = &keys[&Platform::parse("em2.b.example").unwrap()];
    assert_eq!(
        b.incarnation().to_string(),
        text(&vectors["incarnations"], "b")
    );
}

#[test]
fn slugs_and_mail_nonces() {
    let vectors = vectors();
    for (subject, expected) in vectors["slugs"].as_object().unwrap() {
        assert_eq!(slug(subject), expected.as_str().unwrap(), "{subject}");
    }
    for (id, expected) in vectors["mail_nonce"].as_object().unwrap() {
        assert_eq!(mail_nonce(id).to_string(), expected.as_str().unwrap());
    }
}

#[test]
fn what_is_canonical_and_what_is_not() {
    let vectors = vectors();
    for input in vectors["canonical"].as_array().unwrap() {
        let bytes = input.as_str().unwrap().as_bytes();
        let value = canonical::parse(bytes, canonical::DEPTH).unwrap();
        assert_eq!(canonical::to_bytes_of(&value).unwrap(), bytes);
    }
    for input in vectors["not_canonical"].as_array().unwrap() {
        let bytes = input.as_str().unwrap().as_bytes();
        let refused = canonical::parse(bytes, canonical::DEPTH).expect_err(input.as_str().unwrap());
        assert_eq!(refused.code, Code::NotCanonical);
    }
}

#[test]
fn weak_keys_and_published_seeds_are_refused() {
    let vectors = vectors();
    for (name, key) in vectors["weak_public_keys"].as_object().unwrap() {
        assert!(
            serde_json::from_value::<PublicKey>(key.clone()).is_err(),
            "{name}"
        );
    }
    let refused = vectors["refused_private_seeds_hex"].as_array().unwrap();
    let published = vectors["keys"]
        .as_object()
        .unwrap()
        .values()
        .map(|key| &key["seed_hex"]);
    for hex in refused.iter().chain(published) {
        let platform = Platform::parse("em2.c.example").unwrap();
        let kid = Kid::parse("1").unwrap();
        let seed = seed(hex.as_str().unwrap());
        assert_eq!(
            PlatformKey::from_seed(platform, kid, &seed)
                .unwrap_err()
                .code,
            Code::Format
        );
    }
}

/// The verified records of the conversation, in order.
fn log() -> Vec<Verified<Record>> {
    let keys = vector_keys();
    let records = vectors()["records"].as_array().unwrap().clone();
    let wires = records.iter().map(|vector| text(vector, "wire").as_bytes());
    wires
        .map(|wire| Record::parse(wire).unwrap().verify(keys, ARRIVAL).unwrap())
        .collect()
}

fn fold(log: &[Verified<Record>]) -> Conversation {
    let (mut conversation, _) = Conversation::begin(&log[0]).unwrap();
    for record in &log[1..] {
        let change = conversation.apply(record).unwrap();
        assert_eq!(change.dispute, None, "at {}", change.seq);
    }
    conversation
}

#[test]
fn following_the_log_gives_the_same_heads_and_the_same_state() {
    let vectors = vectors();
    let conversation = fold(&log());
    let core = conversation.core();
    assert_eq!(core.key.to_string(), text(vectors, "conversation"));
    assert_eq!(core.head.to_string(), text(vectors, "head"));
    let expected = &vectors["state_64"];
    for head in expected["heads"].as_array().unwrap() {
        let [model, item, head] = [0, 1, 2].map(|i| head[i].as_str().unwrap());
        let found = conversation.head_of(model.parse().unwrap(), item.parse().unwrap());
        assert_eq!(found, Some(head.parse().unwrap()), "{model} {item}");
    }
    assert_eq!(core.state().unwrap(), text(expected, "state").as_bytes());
    assert_eq!(
        core.state_hash().unwrap().to_string(),
        text(expected, "hash")
    );
}

#[test]
fn leading_the_conversation_gives_the_same_commits() {
    let (log, leader) = (log(), vector_key("a"));
    let submitted =
        |record: &Verified<Record>| Verified::trusted(record.clone().into_inner().without_commit());
    let at = |record: &Record| record.commit().unwrap().at();
    let (mut conversation, first, _) =
        Conversation::publish(submitted(&log[0]), at(&log[0]), &leader).unwrap();
    assert_eq!(first, log[0]);
    for expected in &log[1..] {
        let sequenced = conversation
            .sequence(submitted(expected), at(expected), &leader)
            .unwrap();
        let Sequenced::Committed { record, .. } = sequenced else {
            panic!("{sequenced:?}")
        };
        assert_eq!(record.to_bytes(), expected.to_bytes());
    }
    assert_eq!(conversation, fold(&log));
}

#[test]
fn what_must_be_refused_is_refused_with_its_code() {
    let mut leader = fold(&log());
    let (keys, key) = (vector_keys(), vector_key("a"));
    for vector in vectors()["refused"].as_array().unwrap() {
        let mut arrive = || {
            let record = Record::parse(text(vector, "record").as_bytes())?;
            let verified = record.verify(keys, ARRIVAL)?;
            leader.sequence(verified, ARRIVAL, &key)
        };
        let refused = arrive().expect_err(text(vector, "why"));
        assert_eq!(
            refused.code.as_str(),
            text(vector, "code"),
            "{}",
            text(vector, "why")
        );
    }
    assert_eq!(leader, fold(&log()), "nothing took a slot");
}

#[test]
fn a_withheld_body_does_not_change_the_state() {
    let mut log = log();
    let wire = text(vectors(), "withheld").to_owned();
    log[2] = Record::parse(wire.as_bytes())
        .unwrap()
        .verify(vector_keys(), Time(0))
        .unwrap();
    assert_eq!(
        fold(&log).core().state_hash(),
        fold(&self::log()).core().state_hash()
    );
}
