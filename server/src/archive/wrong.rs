//! What is wrong with a file, in one sentence.

use std::fmt;

use em2_model::Refusal;

/// How much of a reason is repeated, in characters: it may quote the file.
const REASON: usize = 200;

/// The first thing that is wrong with a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Wrong {
    /// From 1.
    pub line: u64,
    /// The place in the log that this line should have; absent in the first line.
    pub place: Option<u64>,
    pub refusal: Refusal,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Line {}", self.line)?;
        if let Some(place) = self.place {
            write!(f, " (place {place})")?;
        }
        write!(
            f,
            ": {} ({}).",
            reason(&self.refusal.message),
            self.refusal.code
        )
    }
}

/// The first sentence of a refusal, without what to do next, as the second half of a sentence. What it quotes of the file
/// controls no terminal.
fn reason(message: &str) -> String {
    let first = message.split(". ").next().unwrap_or_default();
    // Where serde_json stopped within the line would be taken for a line of the file.
    let first = first.split(" at line ").next().unwrap_or_default();
    let mut letters = first
        .trim_end_matches('.')
        .chars()
        .filter(|c| !c.is_control());
    let begin = letters.next().into_iter().flat_map(char::to_lowercase);
    begin.chain(letters).take(REASON).collect()
}
