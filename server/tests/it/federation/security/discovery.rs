//! Other platforms' keys and documents, where a whole server is asked. // security.md C

use em2_model::Code;
use em2_model::Role;
use em2_model::action::Content;
use em2_model::wire::foreign::Verdict;
use serde_json::{Value, json};

use super::super::person;
use super::{led_there, rejected, taken, verdict};
use crate::support::peer::{Peer, local, participant, says};
use crate::support::platforms::alone_with;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_33_a_key_log_that_begins_anew_is_another_owner() {
    let mut delta = Peer::start("delta.test").await;
    let (alpha, mut held) = led_there(&delta).await;
    let next = delta.commit(
        &mut held,
        delta.propose("pia@delta.test", says("As before")),
    );
    // A chained key goes on for the same owner.
    delta.rotate("2");
    let answer = delta.push(&alpha, held.key(), &[next]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());

    delta.change_hands("3");
    let (key, log) = (held.key(), held.after(0));
    delta
        .get(&alpha, "/f/auth/")
        .await
        .refused(Code::Incarnation);
    delta
        .push(&alpha, key, &log)
        .await
        .refused(Code::Incarnation);
    // Under the old name of the key, too, it is not the old key.
    delta.change_hands("2");
    delta
        .get(&alpha, &format!("/f/{key}/"))
        .await
        .refused(Code::Sig);
    alpha.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_33_who_owns_the_name_now_is_not_who_was_added() {
    let (delta, mut epsilon) = (
        Peer::start("delta.test").await,
        Peer::start("epsilon.test").await,
    );
    let alpha = alone_with(&[&delta, &epsilon]).await;
    person(&alpha, "bob@alpha.test").await;
    let people = vec![
        local(&alpha, "bob@alpha.test", Role::Write),
        participant(
            "eve@epsilon.test",
            Role::Write,
            Some((epsilon.platform(), epsilon.incarnation())),
        ),
    ];
    let held = delta.publish("pia@delta.test", people, "For Eve");
    taken(&delta, &alpha, &held).await;
    let before = epsilon.incarnation();
    // Bob's platform has never asked Eve's for its keys: it cannot know by itself that the name has changed hands.
    epsilon.change_hands("1");
    assert_ne!(epsilon.incarnation(), before);
    let key = held.key();
    for path in [format!("/f/{key}/"), format!("/f/{key}/events/?after=0")] {
        let answer = epsilon.get(&alpha, &path).await;
        answer.refused(Code::Incarnation);
        assert!(!answer.text().contains("For Eve"));
    }
    let says = epsilon
        .propose("eve@epsilon.test", says("It is me"))
        .within(key);
    let says = epsilon.sign(epsilon.mint(says)).to_bytes();
    epsilon
        .push(&alpha, key, &[says])
        .await
        .refused(Code::Incarnation);
    alpha.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_34_no_field_leads_to_a_file_or_to_plain_http() {
    let delta = Peer::start("delta.test").await;
    let alpha = alone_with(&[&delta]).await;
    let good = delta.desk.document();
    for contact in ["file:///etc/passwd", "http://delta.test/"] {
        let mut document: Value = serde_json::from_slice(&good).unwrap();
        document["contact"] = json!(contact);
        delta
            .desk
            .show_bytes(serde_json::to_vec(&document).unwrap());
        delta
            .get(&alpha, "/f/auth/")
            .await
            .refused(Code::KeyUnknown);
        for clock in [&alpha.clock, &delta.clock] {
            clock.advance(121_000);
        }
    }
    delta.desk.show_bytes(good);
    for name in [
        "file:///etc/passwd",
        "http://em2.delta.test",
        "em2.delta.test/",
    ] {
        let letter = delta.letter(&alpha, "/f/auth/", None);
        let letter = letter.edited("signature-input", "em2.delta.test#", &format!("{name}#"));
        letter.send(&delta.http).await.refused(Code::Sig);
    }
    let ann = person(&alpha, "ann@alpha.test").await;
    let key = ann.start("pia@delta.test", "Plan", "Hello").await;
    for platform in ["file:///etc/passwd", "http://em2.delta.test", "127.0.0.1/x"] {
        let add = delta.propose(
            "pia@delta.test",
            em2_model::action::Content::ParticipantAdd(participant(
                "zoe@zeta.test",
                Role::Read,
                None,
            )),
        );
        let record = delta.sign(delta.mint(add.within(key))).to_bytes();
        let record: Value = serde_json::from_slice(&record).unwrap();
        let mut body = record["b"].clone();
        body["platform"] = json!(platform);
        body["inc"] = json!(delta.incarnation().to_string());
        let forged = delta.forge(record["h"].clone(), &body);
        let answer = delta.push(&alpha, key, &[forged]).await;
        assert_eq!(rejected(&answer, "#0"), Code::Format);
    }
    alpha.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_bound_to_a_platform_at_which_they_are_not_reached() {
    let delta = Peer::start("delta.test").await;
    let epsilon = Peer::start("epsilon.test").await;
    let zeta = Peer::start("zeta.test").await;
    let alpha = alone_with(&[&delta, &epsilon, &zeta]).await;
    let ann = person(&alpha, "ann@alpha.test").await;
    let key = ann.start("pia@delta.test", "Plan", "Hello").await;
    let adds = async |address: &str, peer: &Peer| {
        let at = Some((peer.platform(), peer.incarnation()));
        let add = Content::ParticipantAdd(participant(address, Role::Read, at));
        let action = delta.mint(delta.propose("pia@delta.test", add).within(key));
        let action = delta.sign(action);
        let answer = delta.push(&alpha, key, &[action.to_bytes()]).await;
        verdict(&answer, action.action().key())
    };
    let code = |verdict| match verdict {
        Verdict::Rejected { code, .. } => Some(code),
        _ => None,
    };
    assert_eq!(
        code(adds("eva@epsilon.test", &delta).await),
        Some(Code::Forbidden)
    );
    assert_eq!(
        code(adds("ann@alpha.test", &delta).await),
        Some(Code::Forbidden)
    );
    assert_eq!(
        code(adds("max@nowhere.test", &delta).await),
        Some(Code::Forbidden)
    );
    // Nobody can tell now: it is to be sent again.
    zeta.hang_up();
    assert_eq!(code(adds("zoe@zeta.test", &zeta).await), Some(Code::Down));
    assert_eq!(code(adds("eva@epsilon.test", &epsilon).await), None);
    let people = ann.conversation(key).await.participants;
    assert_eq!(people.len(), 3, "{people:?}");
    alpha.stop().await;
}
