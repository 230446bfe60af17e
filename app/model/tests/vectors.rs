//! Reproduces every byte of the frozen vectors, and refuses what they say must be refused.

mod support;

use em2_model::action::{Action, Base, Missing, Proposal};
use em2_model::canonical;
use em2_model::keys::{KeyEntry, KeyLog};
use em2_model::record::{Commit, Record};
use em2_model::sign::{Kid, PlatformKey, PublicKey, Stamp, Tag, hash, mail_nonce};
use em2_model::slug::slug;
use em2_model::{ActionKey, Code, Platform};
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
            base: fields.base.map(|Base { head, seq }| Base { head, seq }),
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
        let verified = record.verify(&vector_keys(), ARRIVAL).unwrap();
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
    let withheld = text(&vectors, "withheld").as_bytes();
    let record = Record::parse(withheld).unwrap();
    assert_eq!(record.action().content(), Err(Missing::History));
    assert_eq!(record.to_bytes(), withheld);
    record.verify(&vector_keys(), ARRIVAL).unwrap();

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
