//! A conversation of ten people, long subjects, and what is not fit for a page.

mod pieces;

use em2_model::id::{ConversationRef, DraftKey, Time};
use em2_model::participant::History;
use em2_model::wire::domestic::{
    Conversation, Draft, Entry, Lock, Mark, Piece, Seen, Session, Standing, Version, What,
};

use super::Memory;
pub(crate) use pieces::*;

/// 2026-11-22 15:24:52 UTC.
pub(crate) const NOW: i64 = 1_795_361_092_000;
pub(crate) const MINUTE: i64 = 60_000;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;

/// The conversation of the mock-ups.
pub(crate) fn budget() -> Conversation {
    let yesterday = NOW - DAY;
    let first = message(
        5,
        0,
        yesterday,
        "<p>Here is the first draft for next year. The only open line is travel; everything else is agreed with Kim.</p>",
    );
    let mut travel = message(
        6,
        1,
        yesterday + 40 * MINUTE,
        "<p>Travel should be <strong>42,000</strong>: the Lisbon week is in <code>Q2</code> now, and two of us go, not one.</p><ul><li>Flights 18,000</li><li>Hotel 16,000</li></ul>",
    );
    travel.edited = Some(done(1, NOW - 5 * HOUR, 9));
    let mut fine = message(
        8,
        2,
        NOW - 6 * HOUR,
        "<p>Fine with me. Can we move the remaining 4,000 from the tools line? Nobody has used it since the spring.</p>",
    );
    fine.parent = Some(key(6));
    fine.lock = Some(Lock {
        by: person(2),
        until: Time(NOW + 12 * MINUTE),
    });
    let mut gone = message(10, 3, NOW - 5 * HOUR, "");
    gone.standing = Standing::Removed(done(3, NOW - 4 * HOUR, 11));
    let mut yes = message(
        12,
        0,
        NOW - 2 * HOUR,
        "<p>Yes, from tools. I will send version 2 after lunch.</p><blockquote><p>Nobody has used it since the spring.</p></blockquote><pre><code>travel = 42_000\ntools  -= 4_000</code></pre>",
    );
    yes.parent = Some(key(5));
    let last = message(
        13,
        1,
        NOW - HOUR,
        "<p>Thank you, Anna. That settles it: <a href=\"https://a.example/budget\">the sheet</a> is up to date.</p>",
    );
    let entries = vec![
        event(1, 0, yesterday - MINUTE, What::Published),
        added(2, 0, 1, History::All, yesterday - MINUTE),
        added(3, 0, 2, History::All, yesterday - MINUTE),
        Entry::Message(first),
        Entry::Message(travel),
        added(7, 2, 3, History::Now, yesterday + 2 * HOUR),
        Entry::Message(fine),
        Entry::Message(gone),
        Entry::Message(yes),
        Entry::Message(last),
    ];
    let mut it = conversation(1, "Budget for 2027", &[0, 1, 2, 3], entries);
    it.labels = vec![label(1, "Budget", "green")];
    it.read = 7;
    for (place, seq) in [(1, 13), (2, 12), (3, 6)] {
        let address = it.participants[place].address.clone();
        it.participants[place].seen = Some(Seen {
            address,
            seq,
            at: Time(NOW - HOUR),
        });
    }
    it
}

/// Two hundred messages of ten people under a long subject.
pub(crate) fn long() -> Conversation {
    let people: Vec<usize> = (0..10).collect();
    let text = "<p>The argument on page 91 only works if the log is append-only, and nobody has said yet what happens to the parts that were taken out again.</p>";
    let mut entries: Vec<Entry> = (5..205)
        .map(|seq| {
            let mut it = message(
                seq,
                seq as usize % 10,
                NOW - (205 - seq as i64) * 20 * MINUTE,
                text,
            );
            it.parent = (seq % 7 == 0)
                .then(|| key(seq - 1))
                .or((seq % 11 == 0).then(|| key(seq - 4)));
            Entry::Message(it)
        })
        .collect();
    entries.insert(0, event(4, 0, NOW - 5 * DAY, What::Published));
    let subject = "Reading group: chapter 4, the one about logs that are only ever appended to, and what Donaudampfschifffahrtsgesellschaftskapitänswitwenrente has to do with it";
    let mut it = conversation(5, subject, &people, entries);
    it.labels = vec![
        label(1, "Reading", "purple"),
        label(2, "A label whose name is rather long", "orange"),
        label(3, "House", "x"),
    ];
    it.more_before = Some(4);
    it
}

pub(crate) fn memory() -> Memory {
    let mut budget_row = row(
        1,
        "Budget for 2027",
        &[1, 2, 3],
        "Thank you, Anna. That settles it: the sheet is up to date.",
        1,
        NOW - HOUR,
        true,
    );
    budget_row.labels = vec![label(1, "Budget", "green")];
    let mut offer = row(
        2,
        "Offer letter for Mina",
        &[2],
        "I would rather we said “from 1 March” so that the visa fits.",
        2,
        NOW - 5 * HOUR,
        true,
    );
    offer.labels = vec![label(4, "Hiring", "red")];
    let mut left = row(
        7,
        "Receipts for October",
        &[7],
        "Kim closed this. Nothing is missing.",
        7,
        NOW - 3 * DAY,
        false,
    );
    left.present = false;
    left.people_count = 1;
    let mut draft = row(
        9,
        "",
        &[],
        "Could we talk about the cellar before",
        0,
        NOW - DAY,
        false,
    );
    draft.key = ConversationRef::Draft(DraftKey::from_bytes([7; 16]));
    draft.people_count = 1;
    let rows = vec![
        budget_row,
        offer,
        row(
            3,
            "Boiler inspection on Thursday",
            &[9],
            "Somebody has to be in the cellar at 14:00.",
            9,
            NOW - 6 * HOUR,
            true,
        ),
        row(
            4,
            "Slides, second version",
            &[4],
            "thanks, the third one is the one to show.",
            0,
            NOW - DAY,
            false,
        ),
        row(
            5,
            &long().subject,
            &[5, 6, 1, 2, 3, 4, 7, 8, 9],
            "the argument on page 91 only works if the log is append-only",
            6,
            NOW - DAY - HOUR,
            false,
        ),
        row(
            6,
            "Photos of the workshop",
            &[6],
            "The link in the mail had expired, so here they are again.",
            6,
            NOW - 2 * DAY,
            false,
        ),
        left,
        row(
            8,
            "Term sheet",
            &[8],
            "signed, thank you.",
            0,
            NOW - 40 * DAY,
            false,
        ),
        draft,
    ];
    let piece = |mark, text: &str| Piece {
        mark,
        text: text.to_owned(),
    };
    let version = |n, by, ago, changes: Vec<Piece>| Version {
        key: key(n),
        seq: n,
        at: Time(NOW - ago),
        by: person(by),
        text: String::new(),
        changes,
    };
    let versions = vec![
        version(
            6,
            1,
            DAY,
            vec![piece(
                Mark::Same,
                "Travel should be 38,000: the Lisbon week is in Q2 now.",
            )],
        ),
        version(
            9,
            1,
            5 * HOUR,
            vec![
                piece(Mark::Same, "Travel should be "),
                piece(Mark::Delete, "38,000"),
                piece(Mark::Insert, "42,000"),
                piece(Mark::Same, ": the Lisbon week is in Q2 now"),
                piece(Mark::Insert, ", and two of us go"),
                piece(Mark::Same, "."),
            ],
        ),
    ];
    Memory {
        session: Session {
            address: address("anna@a.example"),
            name: "Anna Lind".to_owned(),
            now: Time(NOW),
            offset: 60,
            build: "test".to_owned(),
        },
        rows,
        requests: 0,
        conversations: vec![budget(), long()],
        draft: Draft {
            key: DraftKey::from_bytes([7; 16]),
            subject: "The cellar".to_owned(),
            to: "bob@a.example, carla@a.example".to_owned(),
            text: "Could we talk about the cellar before Thursday?\n\nAnna".to_owned(),
            version: 3,
            saved: Some(Time(NOW - 2 * MINUTE)),
            refused: None,
        },
        versions,
    }
}
