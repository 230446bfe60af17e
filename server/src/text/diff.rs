//! What one version of a text changed in the one before, word by word.

use std::time::Duration;

use em2_model::wire::domestic::{Mark, Piece};
use similar::{ChangeTag, TextDiff};

/// How long it is looked for the smallest difference; after that a larger one does.
const PATIENCE: Duration = Duration::from_millis(100);

/// The pieces that both texts share, that were taken out and that were put in, in reading order.
pub fn words(before: &str, after: &str) -> Vec<Piece> {
    let diff = TextDiff::configure()
        .timeout(PATIENCE)
        .diff_words(before, after);
    let mut pieces: Vec<Piece> = Vec::new();
    for change in diff.iter_all_changes() {
        let mark = match change.tag() {
            ChangeTag::Equal => Mark::Same,
            ChangeTag::Insert => Mark::Insert,
            ChangeTag::Delete => Mark::Delete,
        };
        match pieces.last_mut() {
            Some(last) if last.mark == mark => last.text.push_str(change.value()),
            _ => pieces.push(Piece {
                mark,
                text: change.value().to_owned(),
            }),
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(mark: Mark, text: &str) -> Piece {
        Piece {
            mark,
            text: text.to_owned(),
        }
    }

    #[test]
    fn words_that_changed_are_marked_and_the_rest_is_not() {
        assert_eq!(
            words("The price is 100 euros.", "The price is 120 euros."),
            [
                piece(Mark::Same, "The price is "),
                piece(Mark::Delete, "100"),
                piece(Mark::Insert, "120"),
                piece(Mark::Same, " euros."),
            ]
        );
        assert_eq!(words("same", "same"), [piece(Mark::Same, "same")]);
        assert_eq!(words("", "new"), [piece(Mark::Insert, "new")]);
        assert_eq!(words("", ""), []);
    }

    #[test]
    fn both_texts_can_be_read_from_the_pieces() {
        let (before, after) = ("a b  c\nd é f", "a x c\n\nd é\tf g");
        let pieces = words(before, after);
        let without = |mark: Mark| {
            pieces
                .iter()
                .filter(|piece| piece.mark != mark)
                .map(|piece| piece.text.as_str())
                .collect::<String>()
        };
        assert_eq!(without(Mark::Insert), before);
        assert_eq!(without(Mark::Delete), after);
    }

    #[test]
    fn two_long_texts_with_nothing_in_common_take_no_time() {
        let started = std::time::Instant::now();
        let text = |sign: &str| {
            (0..20_000)
                .map(|n| format!("{sign}{n} "))
                .collect::<String>()
        };
        words(&text("a"), &text("b"));
        assert!(
            started.elapsed() < Duration::from_secs(5),
            "{:?}",
            started.elapsed()
        );
    }
}
