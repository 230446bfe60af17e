//! A conversation of several platforms as one file, which proves itself without any of them.

use std::collections::BTreeMap;

use em2_model::action::Missing;
use em2_model::wire::domestic::Message;
use em2_model::wire::intent::Intent;
use em2_model::{ActionKey, Code, ConversationKey, Format, History, Role};
use server::store::Store;

use super::{agree, listed, on_both, person, reads, until};
use crate::support::archive::{disproven, exported, proven};
use crate::support::person::Person;
use crate::support::server::TestServer;

async fn file(server: &TestServer, key: ConversationKey) -> Vec<u8> {
    let store = Store::open(server.database()).await.unwrap();
    exported(&store, &server.data(), key).await.0
}

async fn message(person: &Person, key: ConversationKey, item: ActionKey) -> Message {
    person
        .conversation(key)
        .await
        .message(item)
        .unwrap()
        .clone()
}

on_both! {
    async fn each_platform_writes_a_file_that_checks_without_it(platforms: Platforms) {
        let ann = person(&platforms.alpha, "ann@alpha.test").await;
        let bob = person(&platforms.beta, "bob@beta.test").await;
        let cat = person(&platforms.gamma, "cat@gamma.test").await;
        let key = ann.start("bob@beta.test", "Offer", "For **100**").await;
        listed(&bob, key).await;
        let answer = bob.say(key, "Too much").await;
        let secret = ann.say(key, "The number is 4711").await;
        let held = message(&ann, key, secret).await;
        let edit = Intent::MessageModify {
            item: secret,
            follows: Some(held.head),
            format: Format::Markdown,
            text: "The number is 4712".to_owned(),
        };
        ann.change(key, edit).await;
        ann.change(key, Intent::MessageRedact { item: secret, follows: None }).await;
        let add = Intent::ParticipantAdd {
            address: "cat@gamma.test".parse().unwrap(),
            role: Role::Write,
            history: History::From(answer),
            name: None,
        };
        ann.change(key, add).await;
        listed(&cat, key).await;
        cat.say(key, "80?").await;
        reads(&ann, key, &["For <strong>100</strong>", "Too much", "", "80?"]).await;
        agree(&[&ann, &bob, &cat], key).await;

        let seen = ann.conversation(key).await;
        let redacted = (Missing::Redacted, 2);
        for (server, missing, signers) in [
            (&platforms.alpha, vec![redacted], 3),
            (&platforms.beta, vec![redacted], 3),
            (&platforms.gamma, vec![(Missing::History, 1), redacted], 3),
        ] {
            let file = file(server, key).await;
            let checked = proven(&file);
            assert_eq!((checked.head, checked.actions), (seen.head, seen.seq));
            assert_eq!((checked.participants, checked.platforms.len()), (Some(3), signers));
            assert_eq!(checked.missing, BTreeMap::from_iter(missing));
            assert!(!String::from_utf8_lossy(&file).contains("The number is"), "what was redacted is in no file");
        }
        platforms.stop().await;
    }

    async fn one_altered_byte_is_named_by_its_line(platforms: Platforms) {
        let ann = person(&platforms.alpha, "ann@alpha.test").await;
        let bob = person(&platforms.beta, "bob@beta.test").await;
        let key = ann.start("bob@beta.test", "Offer", "For 100").await;
        listed(&bob, key).await;
        bob.say(key, "For 80").await;
        until(async || ann.conversation(key).await.seq, |seq| *seq == 4).await;
        let file = file(&platforms.alpha, key).await;
        assert_eq!(proven(&file).actions, 4);
        let altered = |from: &str, to: &str| {
            let text = String::from_utf8(file.clone()).unwrap();
            assert!(text.contains(from), "{from}");
            text.replacen(from, to, 1).into_bytes()
        };
        let wrong = disproven(&altered("For 80", "For 90"), 5);
        assert_eq!(
            wrong.to_string(),
            "Line 5 (place 4): the body is not the one that was signed (EM2_HASH)."
        );
        let wrong = disproven(&altered("\"actor\":\"bob@", "\"actor\":\"rob@"), 5);
        assert_eq!(wrong.refusal.code, Code::Hash);
        let wrong = disproven(&altered("\"seq\":3,", "\"seq\":4,"), 4);
        assert_eq!(wrong.refusal.code, Code::Sig);
        let wrong = disproven(&altered("\"em2.beta.test\":[{\"alg\"", "\"em2.beta.tess\":[{\"alg\""), 5);
        assert_eq!(wrong.refusal.code, Code::KeyUnknown);
        disproven(&altered("\"end\":true", "\"end\":tru"), 6);
        disproven(&file[..file.len() - 1], 6);
        // Other keys under the same name, and everything that they sign: the conversation names the first ones.
        let other = person(&platforms.gamma, "bob@gamma.test").await;
        let theirs = other.start("", "Mine", "Mine").await;
        let text = String::from_utf8(self::file(&platforms.gamma, theirs).await).unwrap();
        let log = |text: &str, name: &str| {
            let from = text.find(&format!("\"{name}\":[")).unwrap() + name.len() + 3;
            text[from..from + text[from..].find(']').unwrap() + 1].to_owned()
        };
        let (own, others) = (log(std::str::from_utf8(&file).unwrap(), "em2.beta.test"), log(&text, "em2.gamma.test"));
        let wrong = disproven(&altered(&own, &others), 3);
        assert_eq!(wrong.refusal.code, Code::Incarnation);
        platforms.stop().await;
    }
}
