//! What the rules refuse, wherever it comes from. // security.md D

use em2_model::action::{AttachmentAdd, Content, MessageModify, ParticipantModify};
use em2_model::id::FileHash;
use em2_model::sign::Tag;
use em2_model::wire::domestic::Entry;
use em2_model::wire::foreign::{Answer as Said, Verdict};
use em2_model::wire::intent::Intent;
use em2_model::wire::live::Live;
use em2_model::{ActionKey, Code, Format, History, Role};
use serde_json::{Value, json};
use server::store::Store;
use server::store::evidence::list_evidence;

use super::super::{reads, texts, until};
use super::{key_of, led_here, led_there, rejected, taken, verdict};
use crate::support::held::Held;
use crate::support::peer::{Peer, local, participant, says};
use crate::support::person::Answer;
use crate::support::server::TestServer;

const PIA: &str = "pia@delta.test";

/// Has somebody of the peer do something to an item as it stands in `held`, where another platform leads.
async fn act(
    delta: &Peer,
    alpha: &TestServer,
    held: &Held,
    who: &str,
    item: ActionKey,
    content: Content,
) -> Verdict {
    let head = held.head_of(content.kind().model(), item);
    let proposal = delta.propose(who, content).within(held.key());
    let record = delta
        .sign(delta.mint(proposal.following(item, head)))
        .to_bytes();
    let answer = delta
        .push(alpha, held.key(), std::slice::from_ref(&record))
        .await;
    verdict(&answer, key_of(&record))
}

/// The code with which an action stands in the log that got a slot and was refused there.
async fn committed_refusal(
    delta: &Peer,
    alpha: &TestServer,
    held: &Held,
    verdict: Verdict,
) -> Option<Code> {
    let Verdict::Sequenced { seq, st } = verdict else {
        panic!("{verdict:?}")
    };
    let log = delta.follow(alpha, held.key()).await;
    let commit = log.records[seq as usize - 1].commit().unwrap();
    assert_eq!(commit.refused(), st);
    st
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_36_what_does_not_follow_is_asked_for_from_the_common_ancestor() {
    let delta = Peer::start("delta.test").await;
    let (alpha, mut held) = led_there(&delta).await;
    let known = held.seq();
    for text in ["Next", "And then"] {
        delta.commit(&mut held, delta.propose(PIA, says(text)));
    }
    let answer = delta.push(&alpha, held.key(), &held.after(known + 1)).await;
    answer.refused(Code::Gap);
    let have = &answer.problem().details["have"];
    let slots: Vec<u64> = have
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it[0].as_u64().unwrap())
        .collect();
    assert_eq!(slots, [3, 2, 1]);
    let head = held.records[2].commit().unwrap().key();
    assert_eq!(have[0][1], json!(head.to_string()));
    taken(&delta, &alpha, &held).await;
    alpha.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_36_whoever_lacks_something_is_sent_it_again() {
    let delta = Peer::start("delta.test").await;
    let (alpha, ann, held) = led_here(&delta).await;
    let told = async || delta.desk.told(held.key()).len();
    until(told, |told| *told == 3).await;
    delta.desk.lose(held.key(), 1);
    ann.say(held.key(), "Do you hear me?").await;
    until(told, |told| *told == 4).await;
    let slots = delta.desk.told(held.key());
    let slots: Vec<u64> = slots.iter().map(|it| it.commit().unwrap().seq()).collect();
    assert_eq!(slots, [1, 2, 3, 4]);
    alpha.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_37_two_commits_for_one_slot_are_kept_as_evidence() {
    let delta = Peer::start("delta.test").await;
    let (alpha, held) = led_there(&delta).await;
    let (mut one, mut other) = (held.clone(), held.clone());
    delta.commit(&mut one, delta.propose(PIA, says("To some")));
    delta.commit(&mut other, delta.propose(PIA, says("To others")));
    delta.commit(&mut other, delta.propose(PIA, says("And on")));
    taken(&delta, &alpha, &one).await;
    let bob = alpha.sign_in("bob@alpha.test").await;
    let told = async || bob.conversation(held.key()).await.delivery.unwrap();
    assert!(!told().await.problem, "nobody knows yet");
    let mut live = bob.listen(None).await;
    for _ in 0..2 {
        let answer = delta
            .push(&alpha, held.key(), &other.after(held.seq()))
            .await;
        let said: Said = answer.ok();
        assert_eq!(said.have[0], (one.seq(), one.head()), "the first one stays");
        let Verdict::Rejected { code, details } = verdict(&answer, other.records[3].action().key())
        else {
            panic!("{said:?}")
        };
        let theirs = other.records[3].commit().unwrap().key();
        assert_eq!(code, Code::Fork);
        assert_eq!(details["a"], json!(one.head().to_string()));
        assert_eq!(details["b"], json!(theirs.to_string()));
        assert_eq!(said.results.len(), 1, "what follows is not looked at");
    }
    // People are told at once, and whenever they look.
    let Live::Delivery { delivery, .. } = live.next().await else {
        panic!("not a word about it")
    };
    assert!(delivery.problem && delivery.text.starts_with("em2.delta.test wrote two"));
    assert_eq!(told().await, delivery);
    let page = bob.get(&format!("/c/{}", held.key())).await;
    assert!(page.text().contains(&delivery.text), "{}", page.text());

    // Another one for the same slot adds nothing to the proof.
    let mut third = held.clone();
    delta.commit(&mut third, delta.propose(PIA, says("To nobody")));
    let answer = delta
        .push(&alpha, held.key(), &third.after(held.seq()))
        .await;
    assert_eq!(rejected(&answer, third.last().action().key()), Code::Fork);

    // The conversation goes on where it was; what follows the other commit is a second one for its slot, too.
    delta.commit(&mut one, delta.propose(PIA, says("Sorry")));
    taken(&delta, &alpha, &one).await;
    let answer = delta.push(&alpha, held.key(), &other.after(4)).await;
    assert_eq!(rejected(&answer, other.last().action().key()), Code::Fork);

    let store = Store::open(alpha.database()).await.unwrap();
    let mut conn = store.reader().await.unwrap();
    let kept = list_evidence(&mut conn, held.key()).await.unwrap();
    drop(conn);
    store.close().await;
    assert_eq!(kept.len(), 2);
    for (n, kept) in kept.iter().enumerate() {
        for (kept, log) in [(&kept.held, &one), (&kept.other, &other)] {
            let record = &log.records[3 + n];
            let signed = record.commit().unwrap();
            assert_eq!(kept.commit.bytes(), signed.bytes(), "in its exact bytes");
            assert_eq!(kept.header, record.action().header_bytes());
            assert_eq!(kept.stamps, record.stamps());
            let (hash, by) = (kept.commit.key(), delta.key.public());
            by.verify(Tag::Commit, hash.as_bytes(), &kept.by.v).unwrap();
        }
    }
    alpha.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_40_a_writer_removes_nobody() {
    let delta = Peer::start("delta.test").await;
    let (alpha, _, held) = led_here(&delta).await;
    let ann = held.person("ann@alpha.test");
    let tried = act(&delta, &alpha, &held, PIA, ann, Content::ParticipantRemove).await;
    let refused = committed_refusal(&delta, &alpha, &held, tried).await;
    assert_eq!(refused, Some(Code::Forbidden));
    let after = delta.follow(&alpha, held.key()).await;
    assert_eq!(after.person("ann@alpha.test"), ann, "she is still there");
    alpha.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_41_an_admin_does_not_demote_the_owner() {
    let delta = Peer::start("delta.test").await;
    let (alpha, ann, held) = led_here(&delta).await;
    let adam = "adam@delta.test";
    let add = Intent::ParticipantAdd {
        address: adam.parse().unwrap(),
        role: Role::Admin,
        history: History::All,
        name: None,
    };
    ann.change(held.key(), add).await;
    let held = delta.follow(&alpha, held.key()).await;
    let owner = held.person("ann@alpha.test");
    let demote = Content::ParticipantModify(ParticipantModify {
        role: Some(Role::Read),
        platform: None,
    });
    for content in [demote, Content::ParticipantRemove] {
        let tried = act(&delta, &alpha, &held, adam, owner, content).await;
        let refused = committed_refusal(&delta, &alpha, &held, tried).await;
        assert_eq!(refused, Some(Code::Forbidden));
    }
    // Of lower roles he may.
    let pia = held.person(PIA);
    let tried = act(&delta, &alpha, &held, adam, pia, Content::ParticipantRemove).await;
    assert_eq!(committed_refusal(&delta, &alpha, &held, tried).await, None);
    assert_eq!(ann.conversation(held.key()).await.role, Role::Owner);
    alpha.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_42_a_change_of_something_that_has_moved_on_is_a_conflict() {
    let delta = Peer::start("delta.test").await;
    let (alpha, ann, held) = led_here(&delta).await;
    let add = delta.propose(PIA, says("One")).within(held.key());
    let add = delta.sign(delta.mint(add)).to_bytes();
    delta
        .push(&alpha, held.key(), std::slice::from_ref(&add))
        .await;
    let held = delta.follow(&alpha, held.key()).await;
    let item = held.last().action().key();
    let edit = |text: &str| {
        Content::MessageModify(MessageModify {
            format: Format::Plain,
            text: text.to_owned(),
        })
    };
    // Both follow what she saw: the first one moves it on.
    let first = act(&delta, &alpha, &held, PIA, item, edit("Two")).await;
    assert_eq!(committed_refusal(&delta, &alpha, &held, first).await, None);
    let stale = act(&delta, &alpha, &held, PIA, item, edit("Three")).await;
    let refused = committed_refusal(&delta, &alpha, &held, stale).await;
    assert_eq!(refused, Some(Code::Conflict));
    assert_eq!(texts(&ann.conversation(held.key()).await), ["Hello", "Two"]);
    alpha.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_44_what_is_too_much_gets_no_slot() {
    let delta = Peer::start("delta.test").await;
    let (alpha, _, held) = led_here(&delta).await;
    let key = held.key();
    let sign = |content| {
        delta
            .sign(delta.mint(delta.propose(PIA, content).within(key)))
            .to_bytes()
    };
    let add = |n: usize| {
        let address = format!("p{n}@elsewhere.test");
        sign(Content::ParticipantAdd(participant(
            &address,
            Role::Read,
            None,
        )))
    };
    for n in [0, 99] {
        let records: Vec<_> = (n..n + 99).map(add).collect();
        let answer: Said = delta.push(&alpha, key, &records).await.ok();
        let done = |it: &Verdict| matches!(it, Verdict::Sequenced { st: None, .. });
        assert!(answer.results.len() == 99 && answer.results.values().all(done));
    }
    let one_more = add(200);
    let answer = delta
        .push(&alpha, key, std::slice::from_ref(&one_more))
        .await;
    assert_eq!(
        rejected(&answer, key_of(&one_more)),
        Code::TooBig,
        "the 201st"
    );

    let long = |delta: &Peer, kib: usize| {
        let record: Value = serde_json::from_slice(&sign(says(""))).unwrap();
        let mut body = record["b"].clone();
        body["text"] = json!("x".repeat(kib * 1024));
        delta.forge(record["h"].clone(), &body)
    };
    let answer = delta.push(&alpha, key, &[long(&delta, 65)]).await;
    assert_eq!(rejected(&answer, "#0"), Code::TooBig);
    let fits = long(&delta, 63);
    let answer = delta.push(&alpha, key, std::slice::from_ref(&fits)).await;
    assert!(matches!(
        verdict(&answer, key_of(&fits)),
        Verdict::Sequenced { st: None, .. }
    ));

    let message = fits;
    let message = em2_model::record::Record::parse(&message)
        .unwrap()
        .action()
        .key();
    let files: Vec<_> = (0..51)
        .map(|n| attached(&delta, &held, message, n))
        .collect();
    // In requests of their own, so that every one finds what the ones before it left.
    for (n, files) in files.chunks(17).enumerate() {
        let answer = delta.push(&alpha, key, files).await;
        let refused: Vec<_> = files
            .iter()
            .filter_map(|file| code(&answer, file))
            .collect();
        match n {
            2 => assert_eq!(refused, [Code::TooBig], "the 51st"),
            _ => assert_eq!(refused, []),
        }
    }
    let records: Vec<_> = (0..101).map(|n| sign(says(&n.to_string()))).collect();
    delta
        .push(&alpha, key, &records)
        .await
        .refused(Code::TooBig);
    alpha.stop().await;
}

fn attached(delta: &Peer, held: &Held, message: ActionKey, n: u8) -> Vec<u8> {
    let file = Content::AttachmentAdd(AttachmentAdd {
        name: format!("{n}.txt"),
        media_type: "text/plain".to_owned(),
        size: 1,
        sha256: FileHash::from_bytes([n; 32]),
        inline: None,
    });
    let proposal = delta.propose(PIA, file).within(held.key()).under(message);
    delta.sign(delta.mint(proposal)).to_bytes()
}

fn code(answer: &Answer, record: &[u8]) -> Option<Code> {
    match verdict(answer, key_of(record)) {
        Verdict::Sequenced { st, .. } => st,
        Verdict::Rejected { code, .. } => Some(code),
        Verdict::Pending { .. } => panic!("pending"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_45_the_time_that_an_author_claims_is_a_text_and_orders_nothing() {
    let delta = Peer::start("delta.test").await;
    let (alpha, ann, held) = led_here(&delta).await;
    let year_9999 = em2_model::Time(253_402_300_799_999);
    let earliest = em2_model::Time(-(1 << 53) + 1);
    for (text, at) in [
        ("Late", year_9999),
        ("Early", em2_model::Time(-1)),
        ("First", earliest),
    ] {
        let proposal = delta.propose(PIA, says(text)).within(held.key());
        let record = delta.sign(delta.mint_at(proposal, at)).to_bytes();
        let answer = delta
            .push(&alpha, held.key(), std::slice::from_ref(&record))
            .await;
        assert_eq!(code(&answer, &record), None, "{text}");
    }
    let seen = ann.conversation(held.key()).await;
    assert_eq!(texts(&seen), ["Hello", "Late", "Early", "First"]);
    let now = delta.now();
    for entry in &seen.entries {
        let Entry::Message(message) = entry else {
            continue;
        };
        assert!(
            (now.plus(-60_000)..=now).contains(&message.at),
            "{message:?}"
        );
    }
    alpha.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_45_a_leader_from_the_future_is_shown_as_of_now() {
    let mut delta = Peer::start("delta.test").await;
    // Its own key counts until then, it says.
    delta.key_until(em2_model::Time(253_402_300_799_999));
    let (alpha, _) = led_there(&delta).await;
    let bob = alpha.sign_in("bob@alpha.test").await;
    // Bob knows her: he wrote to her before.
    let before = bob.start(PIA, "Before", "Hello").await;
    let bobs = local(&alpha, "bob@alpha.test", Role::Write);
    let mut held = delta.publish(PIA, vec![bobs], "Hello");
    let late = delta.sign(delta.mint(delta.propose(PIA, says("From 2286")).within(held.key())));
    held.sequence(late, em2_model::Time(10_000_000_000_000), &delta.key);
    taken(&delta, &alpha, &held).await;
    let seen = reads(&bob, held.key(), &["Hello", "From 2286"]).await;
    let soon = delta.now().plus(60_000);
    assert!(seen.entries.iter().all(|entry| match entry {
        Entry::Message(message) => message.at < soon,
        Entry::Event(event) => event.at < soon,
    }));
    bob.say(before, "Newer").await;
    let rows = bob.list().await.rows;
    assert_eq!(rows[0].subject, "Before", "what is newest stands first");
    assert!(rows.iter().all(|row| row.at < soon));
    alpha.stop().await;
}
