//! A leading platform that tells others different histories of one conversation: they find out from one another.
//! // spec §13

use em2_model::action::Base;
use em2_model::record::Verified;
use em2_model::wire::foreign;
use em2_model::wire::intent::Intent;
use em2_model::{Format, Role};
use server::store::Store;
use server::store::evidence::list_evidence;

use super::{person, until};
use crate::support::held::Held;
use crate::support::peer::{Peer, local, says};
use crate::support::person::Person;
use crate::support::platforms::two_with;
use crate::support::server::TestServer;

const PIA: &str = "pia@delta.test";

async fn takes(delta: &Peer, server: &TestServer, held: &Held, after: u64) {
    let answer = delta.push(server, held.key(), &held.after(after)).await;
    let answer: foreign::Answer = answer.ok();
    assert_eq!(answer.have[0], (held.seq(), held.head()));
}

async fn is_warned(person: &Person, held: &Held) -> bool {
    let told = person.conversation(held.key()).await.delivery;
    told.is_some_and(|it| {
        it.problem
            && it
                .text
                .starts_with("em2.delta.test wrote two different histories")
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_to_what_was_not_said_here_gives_the_liar_away() {
    let delta = Peer::start("delta.test").await;
    let [alpha, beta] = two_with(&[&delta]).await;
    let bob = person(&alpha, "bob@alpha.test").await;
    let eve = person(&beta, "eve@beta.test").await;
    let people = vec![
        local(&alpha, "bob@alpha.test", Role::Write),
        local(&beta, "eve@beta.test", Role::Write),
    ];
    let mut to_bob = delta.publish(PIA, people, "Hello");
    let (mut to_eve, begun) = (to_bob.clone(), to_bob.seq());
    takes(&delta, &alpha, &to_bob, 0).await;
    takes(&delta, &beta, &to_eve, 0).await;
    delta.commit(&mut to_bob, delta.propose(PIA, says("We meet on Monday")));
    delta.commit(&mut to_eve, delta.propose(PIA, says("We meet on Tuesday")));
    takes(&delta, &alpha, &to_bob, begun).await;
    takes(&delta, &beta, &to_eve, begun).await;

    // What Bob's platform signs says which history it has.
    let yes = Intent::MessageAdd {
        parent: None,
        format: Format::Markdown,
        text: "Fine with me".to_owned(),
    };
    bob.act(to_bob.key(), yes).await.unwrap();
    let told = async || delta.desk.told(to_bob.key());
    let told = until(told, |told| !told.is_empty()).await;
    let base = Base {
        seq: to_bob.seq(),
        head: to_bob.head(),
    };
    assert_eq!(told[0].action().header().base, Some(base));
    for person in [&bob, &eve] {
        assert!(!is_warned(person, &to_bob).await, "nobody can know yet");
    }

    // The liar passes it on to Eve as an answer to what it told her.
    to_eve.sequence(Verified::trusted(told[0].clone()), delta.now(), &delta.key);
    takes(&delta, &beta, &to_eve, begun + 1).await;
    until(async || is_warned(&eve, &to_eve).await, |warned| *warned).await;

    let store = Store::open(beta.database()).await.unwrap();
    let kept = list_evidence(&mut store.reader().await.unwrap(), to_eve.key()).await;
    store.close().await;
    let [kept] = kept.unwrap().try_into().unwrap();
    let slot = begun as usize;
    for (kept, log) in [(&kept.held, &to_eve), (&kept.other, &to_bob)] {
        assert_eq!(
            kept.commit.bytes(),
            log.records[slot].commit().unwrap().bytes()
        );
    }
    alpha.stop().await;
    beta.stop().await;
}
