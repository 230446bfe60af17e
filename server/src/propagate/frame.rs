//! A frame of the live socket: what it says, and its bytes, made once for all who are sent the same.

use std::fmt;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use em2_model::id::ConversationKey;
use em2_model::wire::domestic::Row;
use em2_model::wire::live::{Change, Live};
use serde::Serialize;
use serde_json::value::RawValue;

/// A frame for one person: for every device of theirs the same one. Cheap to clone.
#[derive(Clone)]
pub struct Frame(Arc<Inner>);

struct Inner {
    n: Option<u64>,
    says: Says,
    /// The bytes, as soon as somebody asked for them.
    bytes: OnceLock<Bytes>,
}

enum Says {
    Live(Live),
    Change {
        conversation: ConversationKey,
        change: SharedChange,
        row: Row,
    },
}

/// A change as several readers see it alike; its JSON is made when the first of them is told.
#[derive(Clone)]
pub struct SharedChange(Arc<(Change, OnceLock<Box<RawValue>>)>);

/// [`Live::Change`] around a change that is JSON already. A test compares the two.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum SharedFrame<'a> {
    Change {
        n: u64,
        conversation: ConversationKey,
        change: &'a RawValue,
        row: &'a Row,
    },
}

impl SharedChange {
    /// A change that has not been told to anybody yet.
    pub fn new(change: Change) -> SharedChange {
        SharedChange(Arc::new((change, OnceLock::new())))
    }

    /// The change itself.
    pub fn change(&self) -> &Change {
        &self.0.0
    }

    fn json(&self) -> &RawValue {
        // Numbers, texts and maps with text keys always serialise.
        self.0.1.get_or_init(|| {
            serde_json::value::to_raw_value(self.change()).expect("a change is JSON")
        })
    }
}

impl Frame {
    /// A frame whose bytes only this person gets.
    pub fn live(live: Live) -> Frame {
        Frame::new(live.n(), Says::Live(live))
    }

    /// Number `n` of a person's feed: a change in a conversation, and what its row shows them now.
    pub fn change(n: u64, conversation: ConversationKey, change: SharedChange, row: Row) -> Frame {
        Frame::new(
            Some(n),
            Says::Change {
                conversation,
                change,
                row,
            },
        )
    }

    fn new(n: Option<u64>, says: Says) -> Frame {
        Frame(Arc::new(Inner {
            n,
            says,
            bytes: OnceLock::new(),
        }))
    }

    /// The person's feed counter, where the frame is numbered.
    pub fn n(&self) -> Option<u64> {
        self.0.n
    }

    /// What the frame says.
    pub fn to_live(&self) -> Live {
        match &self.0.says {
            Says::Live(live) => live.clone(),
            Says::Change {
                conversation,
                change,
                row,
            } => Live::Change {
                n: self.0.n.unwrap_or_default(),
                conversation: *conversation,
                change: Box::new(change.change().clone()),
                row: Box::new(row.clone()),
            },
        }
    }

    /// The JSON of the frame, as the socket sends it: valid UTF-8.
    pub fn bytes(&self) -> Bytes {
        let encode = || {
            let json = match &self.0.says {
                Says::Live(live) => serde_json::to_vec(live),
                Says::Change {
                    conversation,
                    change,
                    row,
                } => serde_json::to_vec(&SharedFrame::Change {
                    n: self.0.n.unwrap_or_default(),
                    conversation: *conversation,
                    change: change.json(),
                    row,
                }),
            };
            // As above.
            Bytes::from(json.expect("a frame is JSON"))
        };
        self.0.bytes.get_or_init(encode).clone()
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_live().fmt(f)
    }
}
