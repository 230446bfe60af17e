//! Canonical form and signatures. // security.md A

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use em2_model::action::Content;
use em2_model::conversation::Conversation;
use em2_model::id::{PublicBytes, Signature};
use em2_model::record::Record;
use em2_model::sign::Tag;
use em2_model::wire::foreign::{Verdict, push_to_bytes};
use em2_model::{Code, Role};
use serde_json::{Value, json};

use super::super::person;
use super::{edited, key_of, led_here, led_there, rejected, taken, verdict};
use crate::support::held::Held;
use crate::support::peer::{Peer, local, participant, says};
use crate::support::platforms::alone_with;

/// Something that Pia says where another platform leads.
fn said(delta: &Peer, held: &Held, text: &str) -> Vec<u8> {
    let proposal = delta.propose("pia@delta.test", says(text));
    let action = delta.mint(proposal.within(held.key()));
    delta.sign(action).to_bytes()
}

/// Header and body of the same, to be changed before they are signed.
fn parts(delta: &Peer, held: &Held, text: &str) -> (Value, Value) {
    let record: Value = serde_json::from_slice(&said(delta, held, text)).unwrap();
    (record["h"].clone(), record["b"].clone())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_01_a_key_that_stands_twice_is_not_canonical() {
    let delta = Peer::start("delta.test").await;
    let (alpha, mut held) = led_there(&delta).await;
    let key = held.key();
    let next = delta.propose("pia@delta.test", says("Next"));
    let next = delta.commit(&mut held, next);
    let push = push_to_bytes(1, std::slice::from_ref(&next), &[]).unwrap();
    for (once, twice) in [
        (r#""records":["#, r#""records":[],"records":["#),
        (r#""text":"Next""#, r#""text":"Other","text":"Next""#),
        (r#""epoch":1"#, r#""epoch":1,"epoch":1"#),
        (
            r#""model":"message""#,
            r#""model":"message","model":"message""#,
        ),
        (r#""h":{"#, r#""h":{},"h":{"#),
    ] {
        let answer = delta
            .push_bytes(&alpha, key, edited(&push, once, twice))
            .await;
        answer.refused(Code::NotCanonical);
    }
    taken(&delta, &alpha, &held).await;
    alpha.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_02_other_forms_of_numbers_are_not_canonical() {
    let delta = Peer::start("delta.test").await;
    let (alpha, mut held) = led_there(&delta).await;
    let next = delta.propose("pia@delta.test", says("Next"));
    let next = delta.commit(&mut held, next);
    let seq = held.seq();
    let seen = em2_model::wire::foreign::SeenMark {
        actor: "pia@delta.test".parse().unwrap(),
        at: delta.now(),
        commit: held.head(),
        seq: 77,
    };
    let push = push_to_bytes(1, &[next], &[seen]).unwrap();
    for number in [
        "1.0",
        "-0",
        "1e2",
        "9007199254740992",
        "-9007199254740992",
        "01",
        "1E0",
    ] {
        for (name, value) in [("seq", seq), ("seq", 77), ("v", 1), ("epoch", 1)] {
            let (plain, other) = (
                format!("\"{name}\":{value}"),
                format!("\"{name}\":{number}"),
            );
            let push = edited(&push, &plain, &other);
            let answer = delta.push_bytes(&alpha, held.key(), push).await;
            answer.refused(Code::NotCanonical);
        }
    }
    taken(&delta, &alpha, &held).await;
    alpha.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_03_what_nests_too_deep_is_refused_and_the_server_lives() {
    let delta = Peer::start("delta.test").await;
    let (alpha, _, held) = led_here(&delta).await;
    let key = held.key();
    for open in [
        "[".repeat(10_000),
        "{\"a\":".repeat(10_000),
        "[".repeat(1_000_000),
    ] {
        let push = format!("{{\"records\":{open}").into_bytes();
        delta
            .push_bytes(&alpha, key, push)
            .await
            .refused(Code::NotCanonical);
        let whole = open.into_bytes();
        let letter = delta.letter(&alpha, "/f/evt/", Some(whole));
        letter.send(&delta.http).await.refused(Code::NotCanonical);
    }
    // Within one body: 8 containers are allowed and kept, 9 are not, and the record alone is refused for it.
    for (depth, allowed) in [(8, true), (9, false)] {
        let (header, mut body) = parts(&delta, &held, "Deep");
        let nested = "[".repeat(depth - 1) + &"]".repeat(depth - 1);
        body["x"] = serde_json::from_str(&nested).unwrap();
        let record = delta.forge(header, &body);
        let answer = delta.push(&alpha, key, std::slice::from_ref(&record)).await;
        match allowed {
            true => assert!(matches!(
                verdict(&answer, key_of(&record)),
                Verdict::Sequenced { st: None, .. }
            )),
            false => assert_eq!(rejected(&answer, "#0"), Code::NotCanonical),
        }
    }
    alpha.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_04_a_body_with_another_byte_is_not_the_one_that_was_signed() {
    let delta = Peer::start("delta.test").await;
    let (alpha, _, held) = led_here(&delta).await;
    let record = edited(&said(&delta, &held, "I agree"), "I agree", "I agreE");
    let answer = delta.push(&alpha, held.key(), &[record]).await;
    assert_eq!(rejected(&answer, "#0"), Code::Hash);
    // A conversation that is not known begins with a record that holds, or not at all.
    let unknown = delta.publish("pia@delta.test", Vec::new(), "I agree");
    let mut log = unknown.after(0);
    log[0] = edited(&log[0], "Plan", "plan");
    let answer = delta.push(&alpha, unknown.key(), &log).await;
    answer.refused(Code::Hash);
    assert_eq!(delta.follow(&alpha, held.key()).await.head(), held.head());
    alpha.stop().await;
}

/// The order of the group, little-endian.
const L: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// The same signature with S + L in the place of S: a verifier that is not strict takes both.
fn second_form(signature: &[u8]) -> [u8; 64] {
    let mut bytes: [u8; 64] = signature.try_into().unwrap();
    let mut carry = 0;
    for (byte, l) in bytes[32..].iter_mut().zip(L) {
        let sum = u16::from(*byte) + u16::from(l) + carry;
        (*byte, carry) = (sum as u8, sum >> 8);
    }
    bytes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_05_a_second_form_of_a_signature_does_not_count() {
    let delta = Peer::start("delta.test").await;
    let (alpha, _, held) = led_here(&delta).await;
    let record = said(&delta, &held, "Twice");
    let signature = Record::parse(&record).unwrap().stamps()[0].v;
    let second = Signature::from_bytes(second_form(signature.as_bytes()));
    let other = edited(&record, &signature.to_string(), &second.to_string());
    let answer = delta.push(&alpha, held.key(), &[other]).await;
    assert_eq!(rejected(&answer, key_of(&record)), Code::Sig);

    let letter = delta.letter(&alpha, "/f/auth/", None);
    let sent = letter.header("signature").to_owned();
    let first = sent.trim_start_matches("em2=:").trim_end_matches(':');
    let second = second_form(&STANDARD.decode(first).unwrap());
    let second = format!("em2=:{}:", STANDARD.encode(second));
    let answer = letter
        .clone()
        .with("signature", &second)
        .send(&delta.http)
        .await;
    answer.refused(Code::Sig);
    assert_eq!(letter.send(&delta.http).await.status, 200);
    alpha.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_06_a_document_with_a_weak_key_is_refused() {
    let delta = Peer::start("delta.test").await;
    let alpha = alone_with(&[&delta]).await;
    let good = delta.desk.document();
    let (mut identity, order_2) = ([0; 32], [[0xec].as_slice(), &[0xff; 30], &[0x7f]].concat());
    identity[0] = 1;
    let second_form = [[0xf0].as_slice(), &[0xff; 30], &[0x7f]].concat();
    for weak in [identity.to_vec(), order_2, second_form] {
        let mut document: Value = serde_json::from_slice(&good).unwrap();
        let weak = PublicBytes::from_bytes(weak.try_into().unwrap());
        document["keys"][0]["pub"] = json!(weak.to_string());
        let document = serde_json::to_vec(&document).unwrap();
        delta.desk.show_bytes(document);
        let before = delta.desk.fetched();
        delta
            .get(&alpha, "/f/auth/")
            .await
            .refused(Code::KeyUnknown);
        assert_eq!(delta.desk.fetched(), before + 1, "it was looked at");
        // That it cannot be used is remembered for two minutes.
        for clock in [&alpha.clock, &delta.clock] {
            clock.advance(121_000);
        }
    }
    delta.desk.show_bytes(good);
    assert_eq!(delta.get(&alpha, "/f/auth/").await.status, 200);
    alpha.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_07_a_signature_counts_for_its_purpose_only() {
    let delta = Peer::start("delta.test").await;
    let (alpha, mut held) = led_there(&delta).await;
    let before = held.clone();
    let next = delta.propose("pia@delta.test", says("Next"));
    let next = delta.commit(&mut held, next);
    let record = held.last();
    let commit = record.commit_stamp().unwrap().v.to_string();
    let same_hash = delta
        .key
        .sign(Tag::Action, record.commit().unwrap().key().as_bytes());
    for other in [same_hash, record.stamps()[0].v] {
        let record = edited(&next, &commit, &other.to_string());
        let answer = delta.push(&alpha, held.key(), &[record]).await;
        assert_eq!(rejected(&answer, key_of(&next)), Code::Sig);
    }
    // The signature of the commit in the place of the action's.
    let other = edited(&next, &record.stamps()[0].v.to_string(), &commit);
    let answer = delta.push(&alpha, held.key(), &[other]).await;
    assert_eq!(rejected(&answer, key_of(&next)), Code::Sig);
    assert_eq!(delta.follow(&alpha, held.key()).await.head(), before.head());
    alpha.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_08_an_action_counts_in_its_own_conversation_only() {
    let delta = Peer::start("delta.test").await;
    let (alpha, ann, x) = led_here(&delta).await;
    let y = ann.start("pia@delta.test", "Other plan", "Hello").await;
    let record = said(&delta, &x, "I agree");
    let answer = delta.push(&alpha, y, std::slice::from_ref(&record)).await;
    assert_eq!(rejected(&answer, key_of(&record)), Code::Format);
    let other = edited(&record, &x.key().to_string(), &y.to_string());
    let answer = delta.push(&alpha, y, std::slice::from_ref(&other)).await;
    assert_eq!(rejected(&answer, key_of(&other)), Code::Sig);
    // Committed ones too: what Ann's platform itself said elsewhere.
    let committed = x.after(2);
    let answer = delta.push(&alpha, y, &committed).await;
    assert_eq!(rejected(&answer, key_of(&committed[0])), Code::Format);
    assert_eq!(delta.follow(&alpha, y).await.seq(), 3);
    alpha.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_09_a_commit_of_another_platform_does_not_count() {
    let (delta, epsilon) = (
        Peer::start("delta.test").await,
        Peer::start("epsilon.test").await,
    );
    let alpha = alone_with(&[&delta, &epsilon]).await;
    person(&alpha, "bob@alpha.test").await;
    let eve = Some((epsilon.platform(), epsilon.incarnation()));
    let people = vec![
        local(&alpha, "bob@alpha.test", Role::Write),
        participant("eve@epsilon.test", Role::Admin, eve),
    ];
    let held = delta.publish("pia@delta.test", people, "Hello");
    taken(&delta, &alpha, &held).await;

    let mut usurper = held.clone();
    let mut core = held.conversation.core().clone();
    core.leader = epsilon.platform().clone();
    usurper.conversation = Conversation::part(core);
    let action = epsilon.mint(
        epsilon
            .propose("eve@epsilon.test", says("I lead"))
            .within(held.key()),
    );
    usurper.conversation.load_slot(action.header().nonce, None);
    let usurped = usurper.sequence(epsilon.sign(action), epsilon.now(), &epsilon.key);
    let answer = epsilon
        .push(&alpha, held.key(), std::slice::from_ref(&usurped))
        .await;
    assert_eq!(rejected(&answer, key_of(&usurped)), Code::Sig);

    // A commit that names its leader, signed by somebody else.
    let mut honest = held.clone();
    let next = delta.commit(&mut honest, delta.propose("pia@delta.test", says("Next")));
    let stamp = honest.last().commit_stamp().unwrap().clone();
    let other = epsilon.key.stamp(Tag::Commit, honest.head().as_bytes());
    let of = |k: &em2_model::sign::KeyName, v: Signature| format!(r#"{{"k":"{k}","v":"{v}"}}"#);
    let forged = edited(&next, &of(&stamp.k, stamp.v), &of(&other.k, other.v));
    let answer = epsilon.push(&alpha, held.key(), &[forged]).await;
    assert_eq!(rejected(&answer, key_of(&next)), Code::Sig);
    assert_eq!(delta.follow(&alpha, held.key()).await.head(), held.head());

    // What the leader did commit counts, whoever brings it.
    let answer = epsilon
        .push(&alpha, held.key(), std::slice::from_ref(&next))
        .await;
    let seq = honest.seq();
    assert_eq!(
        verdict(&answer, key_of(&next)),
        Verdict::Sequenced { seq, st: None }
    );
    alpha.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_10_a_platform_does_not_speak_for_the_people_of_another() {
    let delta = Peer::start("delta.test").await;
    let (alpha, _, held) = led_here(&delta).await;
    let as_ann = delta
        .propose("ann@alpha.test", says("I am Ann"))
        .within(held.key());
    let as_ann = delta.sign(delta.mint(as_ann)).to_bytes();
    let answer = delta
        .push(&alpha, held.key(), std::slice::from_ref(&as_ann))
        .await;
    assert_eq!(rejected(&answer, key_of(&as_ann)), Code::Forbidden);
    // In the name of Ann's platform, which did not sign it.
    let (mut header, body) = parts(&delta, &held, "I am Ann");
    header["actor"] = json!("ann@alpha.test");
    header["platform"] = json!("em2.alpha.test");
    let forged = delta.forge(header, &body);
    let answer = delta
        .push(&alpha, held.key(), std::slice::from_ref(&forged))
        .await;
    assert_eq!(rejected(&answer, key_of(&forged)), Code::Sig);
    // And nobody else of that platform, who takes no part.
    let stranger = delta
        .propose("zoe@delta.test", says("Me too"))
        .within(held.key());
    let stranger = delta.sign(delta.mint(stranger)).to_bytes();
    let answer = delta
        .push(&alpha, held.key(), std::slice::from_ref(&stranger))
        .await;
    assert_eq!(rejected(&answer, key_of(&stranger)), Code::NotParticipant);
    assert_eq!(delta.follow(&alpha, held.key()).await.head(), held.head());
    alpha.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_11_an_unknown_field_is_refused_in_a_header_and_kept_in_a_body() {
    let delta = Peer::start("delta.test").await;
    let (alpha, _, held) = led_here(&delta).await;
    let (mut header, body) = parts(&delta, &held, "Merry");
    header["mood"] = json!("merry");
    let answer = delta
        .push(&alpha, held.key(), &[delta.forge(header, &body)])
        .await;
    assert_eq!(rejected(&answer, "#0"), Code::Format);

    let (header, mut body) = parts(&delta, &held, "Merry");
    body["mood"] = json!("merry");
    let record = delta.forge(header, &body);
    let answer = delta
        .push(&alpha, held.key(), std::slice::from_ref(&record))
        .await;
    assert!(matches!(
        verdict(&answer, key_of(&record)),
        Verdict::Sequenced { st: None, .. }
    ));
    let kept = delta.events(&alpha, held.key(), "before=99&limit=1").await;
    let sent = Record::parse(&record).unwrap();
    assert_eq!(kept[0].action().body_bytes(), sent.action().body_bytes());
    let Ok(Content::MessageAdd(add)) = kept[0].action().content() else {
        panic!("{kept:?}")
    };
    assert_eq!(add.text, "Merry");
    alpha.stop().await;
}
