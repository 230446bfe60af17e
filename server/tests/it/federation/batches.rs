//! One request about many conversations: each of them is taken, or refused, for itself. // spec §7

use em2_model::Role;
use em2_model::refusal::Code;
use em2_model::wire::domestic::ListPage;
use em2_model::wire::foreign::{Answers, Entry, batches_to_bytes};

use super::{newcomer, on_both, person, reads, until};
use crate::support::held::Held;
use crate::support::peer::{Peer, local, says};
use crate::support::platforms::alone_with;

const PIA: &str = "pia@delta.test";

/// More than share a write.
const MANY: usize = 40;

/// Sends what stands in each conversation after a slot, in one request.
async fn send(
    delta: &Peer,
    alpha: &crate::support::server::TestServer,
    said: &[(&Held, u64)],
) -> Answers {
    let records = said.iter().map(|(held, after)| held.after(*after));
    let records: Vec<Vec<Vec<u8>>> = records.collect();
    let batches = said.iter().zip(&records);
    let batches = batches.map(|((held, _), records)| (held.key(), 1, &records[..], &[][..]));
    let body = batches_to_bytes(&batches.collect::<Vec<_>>()).unwrap();
    let letter = delta.letter(alpha, "/f/evt/", Some(body));
    letter.send(&delta.http).await.ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_refused_of_one_conversation_is_not_refused_of_the_others() {
    let delta = Peer::start("delta.test").await;
    let alpha = alone_with(&[&delta]).await;
    let bob = person(&alpha, "bob@alpha.test").await;
    let eve = newcomer(&alpha, "eve@alpha.test").await;
    let begin = |address: &str| {
        let added = local(&alpha, address, Role::Write);
        delta.publish(PIA, vec![added], "Hello")
    };
    let mut known: Vec<Held> = (0..MANY).map(|_| begin("bob@alpha.test")).collect();
    for some in known.chunks(30) {
        let some: Vec<_> = some.iter().map(|held| (held, 0)).collect();
        send(&delta, &alpha, &some).await;
    }
    let begun = known[0].seq();
    for held in &mut known {
        delta.commit(held, delta.propose(PIA, says("Next")));
    }
    delta.commit(&mut known[5], delta.propose(PIA, says("And on")));
    let mut unknown = begin("bob@alpha.test");
    delta.commit(&mut unknown, delta.propose(PIA, says("Next")));
    // Eve does not know Pia, and no platform asks people more than ten times an hour.
    let strange: Vec<Held> = (0..12).map(|_| begin("eve@alpha.test")).collect();

    let mut said: Vec<(&Held, u64)> = known.iter().map(|held| (held, begun)).collect();
    said[5].1 += 1;
    said.insert(9, (&unknown, begun));
    for (n, held) in strange.iter().enumerate() {
        said.insert(n * 4, (held, 0));
    }
    let answers = send(&delta, &alpha, &said).await.answers;
    assert_eq!(answers.len(), said.len());
    let refused = |held: &Held| match &answers[&held.key()] {
        Entry::Answer(answer) => {
            assert_eq!(answer.have[0], (held.seq(), held.head()));
            None
        }
        Entry::Problem { code, .. } => Some(*code),
    };
    for (n, held) in known.iter().enumerate() {
        let gap = (n == 5).then_some(Code::Gap);
        assert_eq!(refused(held), gap, "{n}");
    }
    assert_eq!(refused(&unknown), Some(Code::NoConv));
    let slow: Vec<Code> = strange.iter().filter_map(refused).collect();
    assert_eq!(slow, [Code::Slow, Code::Slow]);

    reads(&bob, known[MANY - 1].key(), &["Hello", "Next"]).await;
    reads(&bob, known[5].key(), &["Hello"]).await;
    let requests: ListPage = eve.get("/d/l/?view=requests").await.ok();
    assert_eq!(requests.rows.len(), 10);
    alpha.stop().await;
}

on_both! {
    async fn what_was_said_meanwhile_in_many_conversations_is_all_caught_up(platforms: Platforms) {
        let ann = person(&platforms.alpha, "ann@alpha.test").await;
        let bob = person(&platforms.beta, "bob@beta.test").await;
        let mut keys = Vec::new();
        for n in 0..MANY {
            let key = ann.start("bob@beta.test", &format!("Number {n}"), "Before").await;
            keys.push(key);
        }
        for key in &keys {
            reads(&bob, *key, &["Before"]).await;
        }
        let mut live = bob.listen(None).await;
        let before = live.n;
        drop(live);
        platforms.beta.pause().await;
        for text in ["One", "Two", "Three"] {
            for key in &keys {
                ann.say(*key, text).await;
            }
        }
        platforms.beta.resume().await;
        let bob = platforms.beta.sign_in("bob@beta.test").await;
        for key in &keys {
            reads(&bob, *key, &["Before", "One", "Two", "Three"]).await;
        }
        // Bob hears of each, once.
        live = bob.listen(None).await;
        assert_eq!(live.n, before + 3 * MANY as u64);
        let delivered = async || {
            let mut texts = Vec::new();
            for key in &keys {
                texts.push(ann.conversation(*key).await.delivery.unwrap().text);
            }
            texts
        };
        until(delivered, |texts| {
            texts.iter().all(|text| text == "Delivered to em2.beta.test.")
        })
        .await;
        platforms.stop().await;
    }
}
