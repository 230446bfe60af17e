//! A conversation in which nobody of the platform takes part stays out of sight, and goes. // spec §16

use em2_model::Role;
use em2_model::action::Content;
use em2_model::wire::foreign;
use server::store::Store;
use server::store::conversations::find_conversation;

use super::{person, reads};
use crate::support::held::Held;
use crate::support::peer::{Peer, local, participant, says};
use crate::support::platforms::alone_with;
use crate::support::server::TestServer;

const HOUR: i64 = 3_600_000;
const PIA: &str = "pia@delta.test";

async fn takes(delta: &Peer, alpha: &TestServer, held: &Held, after: u64) {
    let answer = delta.push(alpha, held.key(), &held.after(after)).await;
    let answer: foreign::Answer = answer.ok();
    assert_eq!(answer.have[0], (held.seq(), held.head()));
}

async fn is_kept(alpha: &TestServer, held: &Held) -> bool {
    let store = Store::open(alpha.database()).await.unwrap();
    let found = find_conversation(&mut store.reader().await.unwrap(), held.key()).await;
    store.close().await;
    found.unwrap().is_some()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_here_was_added_to_within_an_hour_goes() {
    let delta = Peer::start("delta.test").await;
    let alpha = alone_with(&[&delta]).await;
    let ann = person(&alpha, "ann@alpha.test").await;
    let service = alpha.app().service.clone();
    let pass = || [&alpha.clock, &delta.clock].map(|clock| clock.advance(HOUR / 2));
    let stranger = || {
        vec![participant(
            "max@delta.test",
            Role::Write,
            Some((delta.platform(), delta.incarnation())),
        )]
    };
    let (nobody, mut hers) = (
        delta.publish(PIA, stranger(), "One"),
        delta.publish(PIA, stranger(), "Hello"),
    );
    takes(&delta, &alpha, &nobody, 0).await;
    takes(&delta, &alpha, &hers, 0).await;
    assert!(ann.list().await.rows.is_empty());
    pass();
    assert_eq!(
        service.drop_unheard().await.unwrap(),
        0,
        "somebody may still be added"
    );

    let add = Content::ParticipantAdd(local(&alpha, "ann@alpha.test", Role::Write));
    let slot = hers.seq();
    delta.commit(&mut hers, delta.propose(PIA, add));
    takes(&delta, &alpha, &hers, slot).await;
    reads(&ann, hers.key(), &["Hello"]).await;
    pass();
    assert_eq!(service.drop_unheard().await.unwrap(), 1);
    assert!(!is_kept(&alpha, &nobody).await);
    assert!(is_kept(&alpha, &hers).await);
    assert_eq!(service.drop_unheard().await.unwrap(), 0);

    // Once more from its beginning it is as any other.
    takes(&delta, &alpha, &nobody, 0).await;
    delta.commit(&mut hers, delta.propose(PIA, says("Are you there?")));
    takes(&delta, &alpha, &hers, slot + 1).await;
    let ann = alpha.sign_in("ann@alpha.test").await;
    reads(&ann, hers.key(), &["Hello", "Are you there?"]).await;
    assert_eq!(ann.search("hello").await.hits.len(), 1);
    alpha.stop().await;
}
