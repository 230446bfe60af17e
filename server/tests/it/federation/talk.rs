//! People on several platforms hold a conversation.

use em2_model::refusal::Code;
use em2_model::wire::domestic::{Message, Standing};
use em2_model::wire::intent::Intent;
use em2_model::{ActionKey, ConversationKey, Format, History, Role};

use super::{agree, listed, on_both, person, reads, texts, until};
use crate::support::person::Person;

fn modify(message: &Message, text: &str) -> Intent {
    Intent::MessageModify {
        item: message.key,
        follows: Some(message.head),
        format: Format::Markdown,
        text: text.to_owned(),
    }
}

fn lock(item: ActionKey) -> Intent {
    Intent::MessageLock {
        item,
        follows: None,
        ttl: 60_000,
    }
}

async fn message(person: &Person, key: ConversationKey, text: &str) -> Message {
    let found = async || {
        let conversation = person.conversation(key).await;
        let at = texts(&conversation).iter().position(|said| said == text)?;
        let messages = conversation
            .entries
            .into_iter()
            .filter_map(|entry| match entry {
                em2_model::wire::domestic::Entry::Message(message) => Some(message),
                em2_model::wire::domestic::Entry::Event(_) => None,
            });
        messages.into_iter().nth(at)
    };
    until(found, Option::is_some).await.unwrap()
}

on_both! {
    async fn publishing_reaches_another_platform_and_an_answer_comes_back(platforms: Platforms) {
        let ann = person(&platforms.alpha, "ann@alpha.test").await;
        let bob = person(&platforms.beta, "bob@beta.test").await;
        let key = ann.start("bob@beta.test", "Lunch", "At noon?").await;
        let row = listed(&bob, key).await;
        assert_eq!((row.subject.as_str(), row.unread), ("Lunch", true));
        reads(&bob, key, &["At noon?"]).await;

        bob.say(key, "Fine with me").await;
        reads(&bob, key, &["At noon?", "Fine with me"]).await;
        reads(&ann, key, &["At noon?", "Fine with me"]).await;
        ann.say(key, "See you").await;
        reads(&bob, key, &["At noon?", "Fine with me", "See you"]).await;
        agree(&[&ann, &bob], key).await;
        let delivery = async || ann.conversation(key).await.delivery.unwrap();
        until(delivery, |delivery| {
            delivery.text == "Delivered to em2.beta.test." && !delivery.problem
        })
        .await;
        platforms.stop().await;
    }

    async fn a_lock_and_an_edit_are_seen_on_the_other_platform(platforms: Platforms) {
        let ann = person(&platforms.alpha, "ann@alpha.test").await;
        let bob = person(&platforms.beta, "bob@beta.test").await;
        let key = ann.start("bob@beta.test", "Plan", "First").await;
        listed(&bob, key).await;
        let said = bob.say(key, "Secnd").await;
        let mine = message(&bob, key, "Secnd").await;
        assert_eq!(mine.key, said);

        // Ann may not edit what Bob wrote; she asks Bob, who locks it and edits.
        bob.change(key, lock(said)).await;
        let locked = message(&ann, key, "Secnd").await;
        let locked = until(
            async || {
                ann.conversation(key)
                    .await
                    .message(locked.key)
                    .unwrap()
                    .clone()
            },
            |message| message.lock.is_some(),
        );
        assert_eq!(
            locked.await.lock.unwrap().by.address.as_str(),
            "bob@beta.test"
        );
        let held = message(&bob, key, "Secnd").await;
        bob.change(key, modify(&held, "Second")).await;
        let edited = message(&ann, key, "Second").await;
        assert!(edited.edited.is_some() && edited.lock.is_none());
        agree(&[&ann, &bob], key).await;
        platforms.stop().await;
    }

    async fn of_two_who_lock_at_once_one_wins_and_the_other_is_told(platforms: Platforms) {
        let ann = person(&platforms.alpha, "ann@alpha.test").await;
        let bob = person(&platforms.beta, "bob@beta.test").await;
        let key = ann.start("", "Plan", "Text").await;
        let add = Intent::ParticipantAdd {
            address: "bob@beta.test".parse().unwrap(),
            role: Role::Edit,
            history: History::All,
            name: None,
        };
        ann.change(key, add).await;
        listed(&bob, key).await;
        let text = message(&bob, key, "Text").await;
        let (one, two) = tokio::join!(ann.act(key, lock(text.key)), bob.act(key, lock(text.key)));
        let lost: Vec<_> = [&one, &two]
            .into_iter()
            .filter_map(|it| it.as_ref().err())
            .collect();
        assert_eq!(lost.len(), 1, "{one:?} {two:?}");
        assert!(
            [Code::Locked, Code::Conflict].contains(&lost[0].code),
            "{:?}",
            lost[0]
        );
        agree(&[&ann, &bob], key).await;
        platforms.stop().await;
    }

    async fn somebody_added_later_reads_from_a_message_on_and_the_log_agrees(platforms: Platforms) {
        let ann = person(&platforms.alpha, "ann@alpha.test").await;
        let bob = person(&platforms.beta, "bob@beta.test").await;
        let cat = person(&platforms.gamma, "cat@gamma.test").await;
        let key = ann.start("bob@beta.test", "Trip", "Secret of old").await;
        listed(&bob, key).await;
        let from = bob.say(key, "From here").await;
        reads(&ann, key, &["Secret of old", "From here"]).await;
        let add = Intent::ParticipantAdd {
            address: "cat@gamma.test".parse().unwrap(),
            role: Role::Write,
            history: History::From(from),
            name: Some("Cat".to_owned()),
        };
        bob.change(key, add).await;
        listed(&cat, key).await;
        let seen = reads(&cat, key, &["", "From here"]).await;
        let first = seen.entries.iter().find_map(|entry| match entry {
            em2_model::wire::domestic::Entry::Message(message) => Some(message),
            em2_model::wire::domestic::Entry::Event(_) => None,
        });
        assert_eq!(first.unwrap().standing, Standing::Withheld);
        cat.say(key, "Hello all").await;
        for person in [&ann, &bob] {
            reads(person, key, &["Secret of old", "From here", "Hello all"]).await;
        }
        agree(&[&ann, &bob, &cat], key).await;
        // Nothing of what is withheld is on Cat's platform, in whatever form.
        if let Some(file) = platforms.gamma.database().strip_prefix("sqlite:") {
            for path in [file.to_owned(), format!("{file}-wal")] {
                let bytes = std::fs::read(path).unwrap_or_default();
                let secret = b"Secret of old";
                assert!(!bytes.windows(secret.len()).any(|part| part == secret));
            }
        }
        platforms.stop().await;
    }

    async fn who_is_removed_hears_of_the_removal_and_of_nothing_after_it(platforms: Platforms) {
        let ann = person(&platforms.alpha, "ann@alpha.test").await;
        let bob = person(&platforms.beta, "bob@beta.test").await;
        let key = ann.start("bob@beta.test", "Plan", "One").await;
        listed(&bob, key).await;
        let people = ann.conversation(key).await.participants;
        let item = people
            .iter()
            .find(|it| it.address.as_str() == "bob@beta.test")
            .unwrap()
            .item;
        ann.change(
            key,
            Intent::ParticipantRemove {
                item,
                follows: None,
            },
        )
        .await;
        let seen = until(
            async || bob.conversation(key).await,
            |conversation| !conversation.present,
        )
        .await;
        ann.say(key, "Without Bob").await;
        let refused = bob
            .act(
                key,
                Intent::MessageAdd {
                    parent: None,
                    format: Format::Markdown,
                    text: "May I?".to_owned(),
                },
            )
            .await
            .unwrap_err();
        assert_eq!(refused.code, Code::Removed);
        let after = bob.conversation(key).await;
        assert_eq!(
            (texts(&after), after.seq),
            (vec!["One".to_owned()], seen.seq)
        );
        platforms.stop().await;
    }

    async fn who_has_read_how_far_is_told_to_the_others(platforms: Platforms) {
        let ann = person(&platforms.alpha, "ann@alpha.test").await;
        let bob = person(&platforms.beta, "bob@beta.test").await;
        let cat = person(&platforms.gamma, "cat@gamma.test").await;
        let key = ann
            .start("bob@beta.test, cat@gamma.test", "Plan", "One")
            .await;
        for person in [&bob, &cat] {
            reads(person, key, &["One"]).await;
        }
        agree(&[&ann, &bob, &cat], key).await;
        let seq = bob.conversation(key).await.seq;
        bob.act(key, Intent::Seen { seq }).await.unwrap();
        for person in [&ann, &cat] {
            let seen = async || {
                let people = person.conversation(key).await.participants;
                let bob = people
                    .into_iter()
                    .find(|it| it.address.as_str() == "bob@beta.test");
                bob.and_then(|bob| bob.seen).map(|seen| seen.seq)
            };
            assert_eq!(until(seen, Option::is_some).await, Some(seq));
        }
        platforms.stop().await;
    }
}
