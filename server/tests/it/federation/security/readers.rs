//! Who reads what. // security.md D

use em2_model::action::{Content, Model};
use em2_model::id::ConversationRef;
use em2_model::wire::foreign::{Auth, Head, push_to_bytes};
use em2_model::wire::intent::Intent;
use em2_model::wire::live::Live;
use em2_model::{ActionKey, Code, ConversationKey, Format};

use super::super::{listed, person, until};
use super::{edited, led_here, led_there, taken};
use crate::support::peer::{Peer, random, says};
use crate::support::person::{Answer, Person};
use crate::support::platforms::alone_with;

/// The headers of an answer, in their order.
type Headers = Vec<(String, Vec<u8>)>;

/// All that an answer says but the time.
fn whole(answer: Answer) -> (u16, Headers, Vec<u8>) {
    let headers = answer.headers.iter().filter(|(name, _)| *name != "date");
    let mut headers: Headers = headers
        .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()))
        .collect();
    headers.sort();
    (answer.status.as_u16(), headers, answer.body)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_38_who_takes_no_part_learns_not_even_that_it_exists() {
    let (delta, epsilon) = (
        Peer::start("delta.test").await,
        Peer::start("epsilon.test").await,
    );
    let alpha = alone_with(&[&delta, &epsilon]).await;
    let ann = person(&alpha, "ann@alpha.test").await;
    let known = ann.start("pia@delta.test", "Plan", "Hello").await;
    let held = delta.follow(&alpha, known).await;
    let unknown = ConversationKey::from_bytes(random());
    let paths = [
        "/f/{}/",
        "/f/{}/events/?after=0",
        "/f/{}/events/?before=9&limit=5",
    ];
    for path in paths {
        let ask = async |key: ConversationKey| {
            let path = path.replace("{}", &key.to_string());
            epsilon.get(&alpha, &path).await
        };
        let answer = ask(known).await;
        answer.refused(Code::NoConv);
        assert_eq!(whole(answer), whole(ask(unknown).await), "{path}");
    }
    // Nor by sending something: nothing, what cannot be read, what is not signed, and what is in order.
    let spoilt = edited(&held.after(0)[0], "Plan", "plan");
    let mine = epsilon
        .publish("eve@epsilon.test", Vec::new(), "Hello")
        .after(1);
    let action = epsilon.mint(
        epsilon
            .propose("eve@epsilon.test", says("Hello?"))
            .within(known),
    );
    let submitted = epsilon.sign(action).to_bytes();
    for records in [vec![], vec![spoilt], held.after(1), mine, vec![submitted]] {
        let body = push_to_bytes(1, &records, &[]).unwrap();
        let answer = epsilon.push_bytes(&alpha, known, body.clone()).await;
        let other = epsilon.push_bytes(&alpha, unknown, body).await;
        assert!(answer.status.is_client_error(), "{}", answer.text());
        assert_eq!(whole(answer), whole(other));
    }
    let heads: Vec<Head> = epsilon.get(&alpha, "/f/auth/?heads=1").await.ok();
    assert_eq!(heads, []);
    alpha.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_39_who_was_removed_gets_nothing_newer() {
    let delta = Peer::start("delta.test").await;
    let alpha = alone_with(&[&delta]).await;
    let ann = person(&alpha, "ann@alpha.test").await;
    let bob = person(&alpha, "bob@alpha.test").await;
    let key = ann
        .start("pia@delta.test, bob@alpha.test", "Plan", "Hello")
        .await;
    listed(&bob, key).await;
    let held = delta.follow(&alpha, key).await;
    let told = async || delta.desk.told(key).len() as u64;
    until(told, |told| *told == held.seq()).await;
    let mut live = bob.listen(None).await;
    for who in ["bob@alpha.test", "pia@delta.test"] {
        let item = held.person(who);
        let remove = Intent::ParticipantRemove {
            item,
            follows: None,
        };
        ann.change(key, remove).await;
    }
    let upto = held.seq() + 2;
    until(told, |told| *told == upto).await;
    // His own removal is the last that he hears of.
    while !matches!(live.next().await, Live::Change { .. }) {}

    ann.say(key, "The quince is ripe").await;
    ann.change(
        key,
        Intent::SubjectModify {
            follows: None,
            subject: "Quince".to_owned(),
        },
    )
    .await;
    let paths = [
        "",
        "events/?after=0",
        "events/?after=4",
        "events/?before=99&limit=9",
    ];
    for path in paths {
        let answer = delta.get(&alpha, &format!("/f/{key}/{path}")).await;
        answer.refused(Code::Removed);
        assert_eq!(answer.problem().details["upto"], upto);
        assert!(!answer.text().to_lowercase().contains("quince"));
    }
    let said = delta.propose("pia@delta.test", says("May I?")).within(key);
    let said = delta.sign(delta.mint(said)).to_bytes();
    for records in [vec![said], vec![]] {
        let answer = delta.push(&alpha, key, &records).await;
        answer.refused(Code::Removed);
        assert_eq!(answer.problem().details["upto"], upto);
    }
    let auth: Auth = delta.get(&alpha, "/f/auth/").await.ok();
    assert_eq!((auth.shared.n, auth.waiting), (0, 0));
    assert_eq!(told().await, upto, "and nothing is sent");

    // Nor do people of this platform.
    assert!(live.is_quiet().await, "nothing by the socket");
    let mut again = bob.listen(Some(live.n)).await;
    let removal = again.next().await;
    assert!(matches!(removal, Live::Change { .. }), "{removal:?}");
    assert!(again.is_quiet().await);
    assert!(bob.search("quince").await.hits.is_empty());
    for path in [
        "/d/l/",
        &format!("/d/{key}/"),
        &format!("/d/{key}/events/"),
        &format!("/c/{key}"),
    ] {
        let text = bob.get(path).await;
        assert!(
            !text.text().to_lowercase().contains("quince"),
            "{path}: {}",
            text.text()
        );
    }
    let row = bob
        .list()
        .await
        .rows
        .into_iter()
        .find(|row| row.key == ConversationRef::Published(key));
    assert_eq!(row.unwrap().subject, "Plan");
    alpha.stop().await;
}

/// Everything that somebody can ask for about a conversation and one message of it.
async fn everywhere(person: &Person, key: ConversationKey, message: ActionKey) -> Vec<String> {
    let mut said = Vec::new();
    for path in [
        "/d/l/".to_owned(),
        "/d/s/?q=quince".to_owned(),
        format!("/d/{key}/"),
        format!("/d/{key}/events/"),
        format!("/d/{key}/messages/{message}/"),
        format!("/c/{key}"),
        format!("/c/{key}/m/{message}/history"),
        format!("/c/{key}/m/{message}/edit"),
    ] {
        let answer = person
            .request(reqwest::Method::GET, &path)
            .header("accept", "*/*, text/html");
        said.push(format!("{path} {}", person.send(answer).await.text()));
    }
    let mut socket = person.listen(Some(0)).await;
    loop {
        let frame = socket.next().await;
        said.push(serde_json::to_string(&frame).unwrap());
        if frame.n().is_none_or(|n| n >= socket.n) {
            return said;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_43_what_was_redacted_is_nowhere() {
    let delta = Peer::start("delta.test").await;
    let (alpha, ann, held) = led_here(&delta).await;
    let key = held.key();
    let item = ann.say(key, "The quince is ripe").await;
    let modify = Intent::MessageModify {
        item,
        follows: None,
        format: Format::Markdown,
        text: "The *quince* was ripe".to_owned(),
    };
    ann.change(key, modify).await;
    let before = everywhere(&ann, key, item).await;
    assert!(
        before.iter().filter(|said| said.contains("ripe")).count() > 5,
        "{before:#?}"
    );
    let theirs = delta.get(&alpha, &format!("/f/{key}/")).await;
    assert!(theirs.text().contains("quince"));

    ann.change(
        key,
        Intent::MessageRedact {
            item,
            follows: None,
        },
    )
    .await;
    for said in everywhere(&ann, key, item).await {
        assert!(!said.contains("ripe"), "{said}");
    }
    for path in ["", "events/?after=0", "events/?before=99&limit=9"] {
        let answer = delta.get(&alpha, &format!("/f/{key}/{path}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(!answer.text().contains("ripe"), "{path}");
        assert_eq!(
            answer.text().matches(r#""w":"redacted""#).count(),
            2,
            "{path}"
        );
    }
    // The chain still holds.
    assert_eq!(
        delta.follow(&alpha, key).await.seq(),
        ann.conversation(key).await.seq
    );
    alpha.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_43_nor_where_another_platform_led() {
    let delta = Peer::start("delta.test").await;
    let (alpha, mut held) = led_there(&delta).await;
    let key = held.key();
    let quince = delta.propose("pia@delta.test", says("The quince is ripe"));
    delta.commit(&mut held, quince);
    let item = held.last().action().key();
    taken(&delta, &alpha, &held).await;
    let redact = delta.propose("pia@delta.test", Content::MessageRedact);
    let head = held.head_of(Model::Message, item);
    delta.commit(&mut held, redact.following(item, head));
    taken(&delta, &alpha, &held).await;
    for path in ["", "events/?after=0"] {
        let answer = delta.get(&alpha, &format!("/f/{key}/{path}")).await;
        assert!(
            !answer.text().contains("quince"),
            "{path}: {}",
            answer.text()
        );
        assert!(answer.text().contains(r#""w":"redacted""#));
    }
    // The leader sends it once more: it is not let in again by that.
    taken(&delta, &alpha, &held).await;
    let answer = delta
        .get(&alpha, &format!("/f/{key}/events/?after=0"))
        .await;
    assert!(!answer.text().contains("quince"));
    alpha.stop().await;
}
