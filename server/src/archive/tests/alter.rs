//! One altered byte, anywhere.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::stage::{checked, file, resealed_bytes, vector_lines, wrong};

static WHOLE: LazyLock<Vec<u8>> = LazyLock::new(|| file(&vector_lines()));

/// Publishing, an add, a message, an action of the other platform, a refusal.
static SHORT: LazyLock<Vec<u8>> = LazyLock::new(|| file(&vector_lines()[..5]));

fn line_of(file: &[u8], at: usize) -> u64 {
    1 + file[..at].iter().filter(|byte| **byte == b'\n').count() as u64
}

/// Also where whoever alters it makes the hash of the last line fit: of the records the very line is named, of the keys
/// at the latest the first line that was signed with one.
#[test]
fn every_byte_counts() {
    checked(&SHORT);
    let end = SHORT.len()
        - 1
        - SHORT
            .iter()
            .rev()
            .skip(1)
            .position(|byte| *byte == b'\n')
            .unwrap();
    for at in 0..SHORT.len() {
        let mut altered = SHORT.clone();
        altered[at] ^= 1;
        let altered = if at < end {
            resealed_bytes(altered)
        } else {
            altered
        };
        let (line, named) = (line_of(&SHORT, at), wrong(&altered));
        let latest = if line == 1 { 5 } else { line };
        assert!(
            (line..=latest).contains(&named.line),
            "byte {at} of line {line}: {named}"
        );
    }
}

proptest! {
    #[test]
    fn any_other_byte_in_any_place_is_wrong(at in any::<prop::sample::Index>(), bits in 1..=u8::MAX) {
        let mut altered = WHOLE.clone();
        altered[at.index(WHOLE.len())] ^= bits;
        wrong(&altered);
    }

    #[test]
    fn a_byte_more_or_less_is_wrong(at in any::<prop::sample::Index>(), byte in any::<u8>(), more in any::<bool>()) {
        let (mut altered, at) = (WHOLE.clone(), at.index(WHOLE.len()));
        if more {
            altered.insert(at, byte);
        } else {
            altered.remove(at);
        }
        wrong(&altered);
    }

    #[test]
    fn a_file_that_is_cut_off_is_wrong(at in any::<prop::sample::Index>()) {
        wrong(&WHOLE[..at.index(WHOLE.len())]);
    }
}
