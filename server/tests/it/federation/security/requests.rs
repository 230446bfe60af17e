//! Platform requests. // security.md B

use std::collections::BTreeSet;

use em2_model::wire::foreign::{Auth, push_to_bytes};
use em2_model::{Code, Platform};
use futures::StreamExt as _;
use serde_json::Value;

use super::super::{person, until};
use super::{led_here, led_there, taken};
use crate::support::letter::{Letter, Wire};
use crate::support::peer::{Peer, says};
use crate::support::person::Answer;
use crate::support::platforms::alone_with;
use crate::support::server::TestServer;

const AUTH: &str = "/f/auth/";
const EVT: &str = "/f/evt/";

/// A POST that says nothing.
fn post(delta: &Peer, alpha: &TestServer) -> Letter {
    let nothing = br#"{"batches":[],"v":1}"#.to_vec();
    delta.letter(alpha, EVT, Some(nothing))
}

fn status(answer: &str) -> &str {
    answer.split_whitespace().nth(1).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_13_a_request_carries_one_signature_that_covers_all_of_it() {
    let delta = Peer::start("delta.test").await;
    let alpha = alone_with(&[&delta]).await;
    for letter in [delta.letter(&alpha, AUTH, None), post(&delta, &alpha)] {
        let (input, signature) = (letter.header("signature-input"), letter.header("signature"));
        let (input, signature) = (input.to_owned(), signature.to_owned());
        let two = input.replace("em2=", "other=");
        let letters = [
            letter.clone().without("signature"),
            letter.clone().without("signature-input"),
            letter.clone().and("signature", &signature),
            letter.clone().and("signature-input", &input),
            letter
                .clone()
                .with("signature-input", &format!("{input}, {two}")),
            letter.clone().edited("signature-input", r#" "@path""#, ""),
            letter.clone().edited("signature-input", r#" "@query""#, ""),
            letter
                .clone()
                .edited("signature-input", "ed25519", "hmac-sha256"),
            letter
                .clone()
                .edited("signature-input", r#";alg="ed25519""#, ""),
            letter.clone().edited("signature-input", "em2-v1", "em2-v2"),
            letter
                .clone()
                .edited("signature-input", "em2.delta.test", "em2.alpha.test"),
        ];
        for spoilt in letters {
            let answer = spoilt.send(&delta.http).await;
            assert_eq!(answer.status, 401, "{}", answer.text());
        }
        assert_eq!(letter.send(&delta.http).await.status, 200);
    }
    alpha.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_14_a_request_of_another_time_is_refused_with_the_time_it_is() {
    let delta = Peer::start("delta.test").await;
    let alpha = alone_with(&[&delta]).await;
    for (seconds, counts) in [
        (-301, false),
        (-50, true),
        (0, true),
        (59, true),
        (62, false),
    ] {
        let created = delta.now().plus(seconds * 1000);
        let letter = delta.letter_at(&alpha, AUTH, None, created);
        let answer = letter.send(&delta.http).await;
        match counts {
            true => assert_eq!(answer.status, 200, "{seconds}: {}", answer.text()),
            false => {
                answer.refused(Code::Clock);
                assert!(answer.header("date").ends_with(" GMT"), "{answer:?}");
            }
        }
    }
    alpha.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_15_a_post_counts_once() {
    let delta = Peer::start("delta.test").await;
    let (alpha, mut held) = led_there(&delta).await;
    let next = delta.commit(&mut held, delta.propose("pia@delta.test", says("Once")));
    let push = push_to_bytes(1, &[next], &[]).unwrap();
    let letter = delta.letter(&alpha, &format!("/f/evt/{}/", held.key()), Some(push));
    assert_eq!(letter.clone().send(&delta.http).await.status, 200);
    letter.clone().send(&delta.http).await.refused(Code::Replay);
    // A nonce of the sender's own choice is not the one that was signed.
    let input = letter.header("signature-input");
    let nonce = input.split(r#"nonce=""#).nth(1).unwrap();
    let nonce = &nonce[..nonce.find('"').unwrap()];
    let other = letter
        .clone()
        .edited("signature-input", nonce, "AAAAAAAAAAAAAAAAAAAAAA");
    other.send(&delta.http).await.refused(Code::Sig);
    letter.send(&delta.http).await.refused(Code::Replay);
    alpha.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_16_a_request_for_another_platform_is_not_ours() {
    let delta = Peer::start("delta.test").await;
    let alpha = alone_with(&[&delta]).await;
    let beta = Platform::parse("em2.beta.test").unwrap();
    let for_beta = delta.letter_for(&beta, &alpha, AUTH, None, delta.now());
    for_beta
        .clone()
        .send(&delta.http)
        .await
        .refused(Code::WrongPlatform);
    // Sent to us in our own name it is not what was signed.
    let host = "em2.alpha.test".to_owned();
    let redirected = Letter { host, ..for_beta };
    redirected.send(&delta.http).await.refused(Code::Sig);
    alpha.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_17_a_body_is_the_one_that_was_signed_and_a_get_has_none() {
    let delta = Peer::start("delta.test").await;
    let alpha = alone_with(&[&delta]).await;
    let letter = post(&delta, &alpha);
    // Not even read as JSON.
    for other in [b"{}".as_slice(), b"not JSON", b" "] {
        let other = letter.clone().saying(other);
        other.send(&delta.http).await.refused(Code::Sig);
    }
    let digest = letter.header("content-digest").to_owned();
    let other = delta.letter(&alpha, EVT, Some(b"{}".to_vec()));
    let other = other.with("content-digest", &digest);
    other.send(&delta.http).await.refused(Code::Sig);
    let get = delta.letter(&alpha, AUTH, None).saying(b"{}");
    get.send(&delta.http).await.refused(Code::Sig);
    alpha.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_18_two_ways_of_saying_how_long_it_is_are_one_too_many() {
    let delta = Peer::start("delta.test").await;
    let alpha = alone_with(&[&delta]).await;
    let smuggled = "GET /health HTTP/1.1\r\nhost: em2.alpha.test\r\n\r\n";
    let coding = "transfer-encoding: chunked";
    for lengths in [
        format!("content-length: 25\r\n{coding}"),
        format!("{coding}\r\ncontent-length: 25"),
        format!("{coding}\r\ncontent-length: 0"),
    ] {
        let letter = post(&delta, &alpha);
        let body = String::from_utf8(letter.body.clone()).unwrap();
        let chunks = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
        let mut wire = Wire::open(alpha.address()).await;
        wire.say(format!(
            "{}{lengths}\r\n\r\n{chunks}{smuggled}",
            letter.head()
        ))
        .await;
        let answer = wire.rest().await;
        assert_eq!(status(&answer), "400", "{answer}");
        assert_eq!(
            answer.matches("HTTP/1.1 ").count(),
            1,
            "what follows is not read: {answer}"
        );
    }
    alpha.stop().await;
}

/// One byte more than a request may have.
const TOO_LONG: usize = 1024 * 1024 + 1;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_19_what_is_too_long_is_not_read() {
    let delta = Peer::start("delta.test").await;
    let alpha = alone_with(&[&delta]).await;
    let letter = post(&delta, &alpha);
    let mut wire = Wire::open(alpha.address()).await;
    wire.say(format!(
        "{}content-length: {TOO_LONG}\r\n\r\n",
        letter.head()
    ))
    .await;
    let answer = wire.rest().await;
    assert_eq!(
        status(&answer),
        "413",
        "before anything of it came: {answer}"
    );
    // As long as it may be, and no JSON.
    let longest = delta.letter(&alpha, EVT, Some(vec![b' '; TOO_LONG - 1]));
    longest.send(&delta.http).await.refused(Code::NotCanonical);

    // Over HTTP/2 nobody has to say how long it is.
    let http = reqwest::Client::builder()
        .no_proxy()
        .http2_prior_knowledge();
    let http = http
        .resolve("em2.alpha.test", alpha.address())
        .build()
        .unwrap();
    let letter = delta.letter(&alpha, EVT, Some(vec![b' '; TOO_LONG]));
    let parts = vec![vec![b' '; 1024 * 1024], vec![b' ']].into_iter();
    let parts = futures::stream::iter(parts.map(Ok::<_, std::io::Error>));
    let request = http
        .post(format!("http://em2.alpha.test{EVT}"))
        .headers(letter.headers);
    let response = request
        .body(reqwest::Body::wrap_stream(parts))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 413, "{:?}", response.text().await);
    alpha.stop().await;
}

/// Takes half a minute: so long may a request take.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_20_whoever_says_a_byte_now_and_then_is_not_listened_to_for_ever() {
    let delta = Peer::start("delta.test").await;
    let alpha = alone_with(&[&delta]).await;
    let letter = post(&delta, &alpha);
    let mut wire = Wire::open(alpha.address()).await;
    wire.say(format!("{}content-length: 100000\r\n\r\n", letter.head()))
        .await;
    let (answer, after) = wire.drip().await;
    assert_eq!(status(&answer), "408", "{answer}");
    let seconds = after.as_secs_f32();
    assert!((29.0..45.0).contains(&seconds), "closed after {seconds} s");
    assert_eq!(post(&delta, &alpha).send(&delta.http).await.status, 200);
    alpha.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_21_nothing_is_unpacked() {
    let delta = Peer::start("delta.test").await;
    let (alpha, _, held) = led_here(&delta).await;
    for coding in ["gzip", "br", "zstd", "deflate", "identity, gzip", "GZIP"] {
        let letter = post(&delta, &alpha).with("content-encoding", coding);
        letter.send(&delta.http).await.refused(Code::Type);
    }
    let other = post(&delta, &alpha).with("content-type", "application/json");
    other.send(&delta.http).await.refused(Code::Type);
    // Nor is anything packed.
    let sink = delta.letter(&alpha, &format!("/f/{}/", held.key()), None);
    let answer = sink
        .with("accept-encoding", "gzip, br")
        .send(&delta.http)
        .await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("content-encoding")),
        (200, "")
    );
    alpha.stop().await;
}

/// Sends letters, 32 at a time, and collects the answers.
async fn flood(delta: &Peer, letters: impl Iterator<Item = Letter>) -> Vec<Answer> {
    let sent = futures::stream::iter(letters.map(|letter| letter.send(&delta.http)));
    sent.buffer_unordered(32).collect().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_22_who_asks_too_often_is_told_to_wait_and_nobody_else() {
    let (delta, epsilon) = (
        Peer::start("delta.test").await,
        Peer::start("epsilon.test").await,
    );
    let alpha = alone_with(&[&delta, &epsilon]).await;
    let letters = (0..1000).map(|_| delta.letter(&alpha, AUTH, None));
    let answers = flood(&delta, letters).await;
    let (served, slowed): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|answer| answer.status == 200);
    assert!(
        served.len() >= 200,
        "as many as may come at once: {}",
        served.len()
    );
    assert!(!slowed.is_empty());
    for answer in slowed {
        answer.refused(Code::Slow);
        let wait: u64 = answer.header("retry-after").parse().unwrap();
        assert!((1..=3600).contains(&wait));
    }
    assert_eq!(epsilon.get(&alpha, AUTH).await.status, 200);
    // Whoever waits is served.
    until(
        async || delta.get(&alpha, AUTH).await.status,
        |status| *status == 200,
    )
    .await;
    alpha.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_23_keys_that_nobody_knows_are_not_looked_for_again_and_again() {
    let (delta, epsilon) = (
        Peer::start("delta.test").await,
        Peer::start("epsilon.test").await,
    );
    let mut hosts = vec![delta];
    for n in 0..9 {
        hosts.push(Peer::start(&format!("p{n}.test")).await);
    }
    let peers: Vec<&Peer> = hosts.iter().chain([&epsilon]).collect();
    let alpha = alone_with(&peers).await;
    let auth: Auth = epsilon.get(&alpha, AUTH).await.ok();
    assert_eq!(auth.you, *epsilon.platform());
    let letters = (0..1000).map(|n| {
        let host = &hosts[n % hosts.len()];
        let other = format!("#no-{n}");
        let letter = host.letter(&alpha, AUTH, None);
        letter.edited("signature-input", "#1", &other)
    });
    let answers = flood(&epsilon, letters).await;
    let codes: BTreeSet<Code> = answers.iter().map(|answer| answer.problem().code).collect();
    assert_eq!(codes, BTreeSet::from([Code::KeyUnknown, Code::Slow]));
    let fetched: usize = peers.iter().map(|host| host.desk.fetched()).sum();
    assert!(
        (2..=5).contains(&fetched),
        "{fetched} documents were fetched"
    );
    let known = epsilon.get(&alpha, AUTH).await;
    assert_eq!(known.status, 200, "whose key is known is not looked for");
    alpha.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_23_nor_are_the_signers_of_records() {
    let delta = Peer::start("delta.test").await;
    let mut hosts = Vec::new();
    for n in 0..30 {
        hosts.push(Peer::start(&format!("p{n}.test")).await);
    }
    let peers: Vec<&Peer> = hosts.iter().chain([&delta]).collect();
    let alpha = alone_with(&peers).await;
    person(&alpha, "bob@alpha.test").await;
    let bob = crate::support::peer::local(&alpha, "bob@alpha.test", em2_model::Role::Write);
    let mut held = delta.publish("pia@delta.test", vec![bob], "Hello");
    taken(&delta, &alpha, &held).await;
    // Each platform is said to have signed, too.
    for name in 0..3 {
        let next = delta.commit(&mut held, delta.propose("pia@delta.test", says("Next")));
        let mut record: Value = serde_json::from_slice(&next).unwrap();
        let stamp = record["s"][0].clone();
        let stamps = record["s"].as_array_mut().unwrap();
        for host in &hosts {
            let mut other = stamp.clone();
            other["k"] = format!("{}#no-{name}", host.platform()).into();
            stamps.push(other);
        }
        let record = em2_model::canonical::to_bytes(&record).unwrap();
        let answer = delta.push(&alpha, held.key(), &[record]).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    let fetched: usize = hosts.iter().map(|host| host.desk.fetched()).sum();
    assert!(
        (1..=21).contains(&fetched),
        "{fetched} documents were fetched"
    );
    alpha.stop().await;
}
