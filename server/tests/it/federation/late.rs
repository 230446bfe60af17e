//! Two platforms change a message at once: one wins, and the other keeps the text and is shown what it changes.

use em2_model::refusal::{Code, Refusal};
use em2_model::wire::domestic::{Accepted, Draft, KitchenSink, ListPage, Mark, Message, Piece};
use em2_model::wire::intent::Intent;
use em2_model::{ConversationKey, Format, History, Role};

use super::{agree, listed, on_both, person, reads, until};
use crate::support::person::Person;

fn modify(message: &Message, text: &str) -> Intent {
    Intent::MessageModify {
        item: message.key,
        follows: Some(message.head),
        format: Format::Markdown,
        text: text.to_owned(),
    }
}

/// A conversation of Ann's in which Bob, on another platform, may change her message.
async fn shared(ann: &Person, bob: &Person, text: &str) -> (ConversationKey, Message) {
    let key = ann.start("", "Plan", text).await;
    let add = Intent::ParticipantAdd {
        address: "bob@beta.test".parse().unwrap(),
        role: Role::Edit,
        history: History::All,
        name: None,
    };
    ann.change(key, add).await;
    listed(bob, key).await;
    let seen = reads(bob, key, &[text]).await;
    let message = seen.entries.iter().find_map(|entry| match entry {
        em2_model::wire::domestic::Entry::Message(message) => Some(message.clone()),
        em2_model::wire::domestic::Entry::Event(_) => None,
    });
    (key, message.unwrap())
}

fn difference(refusal: &Refusal) -> Vec<Piece> {
    serde_json::from_value(refusal.details["difference"].clone()).unwrap()
}

fn pieces(pieces: &[(Mark, &str)]) -> Vec<Piece> {
    let piece = |&(mark, text): &(Mark, &str)| Piece {
        mark,
        text: text.to_owned(),
    };
    pieces.iter().map(piece).collect()
}

on_both! {
    async fn of_two_edits_at_once_one_wins_and_the_other_is_told_the_difference(platforms: Platforms) {
        let ann = person(&platforms.alpha, "ann@alpha.test").await;
        let bob = person(&platforms.beta, "bob@beta.test").await;
        let (key, message) = shared(&ann, &bob, "We meet on Monday.").await;
        let texts = ["We meet on Tuesday.", "We meet on Friday."];
        let (anns, bobs) = tokio::join!(
            ann.act(key, modify(&message, texts[0])),
            bob.act(key, modify(&message, texts[1])),
        );
        let (loser, refusal, won, lost) = match (anns, bobs) {
            (Ok(_), Err(refusal)) => (&bob, refusal, "Tuesday.", "Friday."),
            (Err(refusal), Ok(_)) => (&ann, refusal, "Friday.", "Tuesday."),
            both => panic!("not one winner: {both:?}"),
        };
        assert_eq!(refusal.code, Code::Conflict);
        let wanted = [(Mark::Same, "We meet on "), (Mark::Delete, won), (Mark::Insert, lost)];
        assert_eq!(difference(&refusal), pieces(&wanted));

        // Whoever has seen the difference can save over what won.
        let head = refusal.details["head"].as_str().unwrap().parse().unwrap();
        let mine = format!("We meet on {lost}");
        loser.change(key, modify(&Message { head, ..message }, &mine)).await;
        for person in [&ann, &bob] {
            reads(person, key, &[&mine]).await;
        }
        agree(&[&ann, &bob], key).await;
        platforms.stop().await;
    }

    async fn an_edit_that_waited_and_lost_is_a_draft_that_shows_the_difference(platforms: Platforms) {
        let ann = person(&platforms.alpha, "ann@alpha.test").await;
        let bob = person(&platforms.beta, "bob@beta.test").await;
        let (key, message) = shared(&ann, &bob, "We meet on Monday.").await;
        bob.say(key, "Fine.").await;
        platforms.beta.pause().await;
        ann.change(key, modify(&message, "We meet on Tuesday.")).await;
        platforms.alpha.pause().await;
        // What beta has written down of its last request covers the next seconds: it does not learn that alpha is away.
        platforms.beta.clock.advance(-50 * 1000);
        platforms.beta.resume().await;
        let bob = platforms.beta.sign_in("bob@beta.test").await;
        let waits = bob.act(key, modify(&message, "We meet on Friday.")).await;
        assert!(matches!(waits, Ok(Accepted::Pending { .. })), "{waits:?}");
        platforms.alpha.resume().await;
        reads(&bob, key, &["We meet on Tuesday.", "Fine."]).await;
        let rows = async || {
            let page: ListPage = bob.get("/d/l/?view=drafts").await.ok();
            page.rows
        };
        let row = until(rows, |rows| !rows.is_empty()).await.remove(0);
        assert_eq!((row.subject.as_str(), row.preview.as_str()), ("Plan", "We meet on Friday."));
        let KitchenSink::Draft(Draft { text, refused, .. }) = bob.get(&format!("/d/{}/", row.key)).await.ok() else {
            panic!("no draft")
        };
        let refused = refused.unwrap();
        assert_eq!((text.as_str(), refused.code), ("We meet on Friday.", Code::Conflict));
        assert_eq!(refused.details["page"], format!("/c/{key}#m-{}", message.key.short()));
        let wanted = [(Mark::Same, "We meet on "), (Mark::Delete, "Tuesday."), (Mark::Insert, "Friday.")];
        assert_eq!(difference(&refused), pieces(&wanted));
        let page = bob.open(&format!("/new/{}", row.key)).await;
        assert!(page.page().contains("<del>Tuesday.") && page.page().contains("<ins>Friday."));
        assert!(page.page().contains("This was to change a message."));
        platforms.stop().await;
    }
}
