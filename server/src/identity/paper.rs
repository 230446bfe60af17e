//! The recovery key as it stands on paper: letters and digits that can be told apart and typed, and that notice a slip.

use std::fmt;

use em2_model::address::Platform;
use em2_model::sign::{Kid, PlatformKey, sha256};
use zeroize::Zeroizing;

use super::{Seed, Wrong, draw_seed};

/// Of 32 digits and letters none looks like another: I, L, O and U are left out.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The bytes behind the seed by which a slip of the pen is noticed: one in 16 million is not.
const CHECK: usize = 3;

/// Seed and check bytes.
const BYTES: usize = 32 + CHECK;

/// Five bits in each.
const LENGTH: usize = BYTES * 8 / 5;

/// How many letters stand together.
const GROUP: usize = 4;

/// The seed of a recovery key. It is shown once and kept nowhere. // spec §3
pub struct RecoveryKey(Seed);

/// Says nothing of the seed.
impl fmt::Debug for RecoveryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryKey")
    }
}

impl RecoveryKey {
    pub(super) fn draw() -> Result<RecoveryKey, Wrong> {
        draw_seed().map(RecoveryKey)
    }

    /// What is written on paper: 14 groups of four letters and digits.
    pub fn text(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new([0_u8; BYTES]);
        bytes[..32].copy_from_slice(&*self.0);
        bytes[32..].copy_from_slice(&check(&self.0));
        // Never grown, so that no part of it is left behind in memory.
        let mut text = Zeroizing::new(String::with_capacity(LENGTH + LENGTH / GROUP));
        for n in 0..LENGTH {
            if n > 0 && n.is_multiple_of(GROUP) {
                text.push('-');
            }
            let value = (0..5).fold(0, |value, bit| value << 1 | bit_of(&bytes, n * 5 + bit));
            text.push(char::from(LETTERS[value]));
        }
        text
    }

    /// Reads what somebody typed: large or small, with or without hyphens and blanks, with O for 0 and I or L for 1.
    pub fn parse(text: &str) -> Result<RecoveryKey, Wrong> {
        let mut bytes = Zeroizing::new([0_u8; BYTES]);
        let mut length = 0;
        let letters = text.chars().filter(|c| !c.is_whitespace() && *c != '-');
        for letter in letters {
            let value = value_of(letter).ok_or_else(|| {
                Wrong::new(format!(
                    "“{letter}” does not occur in a recovery key. Type it as it stands on the paper."
                ))
            })?;
            for bit in (0..5).filter(|bit| length < LENGTH && value >> (4 - bit) & 1 == 1) {
                let at = length * 5 + bit;
                bytes[at / 8] |= 0x80 >> (at % 8);
            }
            length += 1;
        }
        if length != LENGTH {
            return Err(Wrong::new(format!(
                "A recovery key has {LENGTH} letters and digits, and these are {length}. Type it as it stands on the \
                 paper.",
            )));
        }
        let mut seed = Seed::new([0; 32]);
        seed.copy_from_slice(&bytes[..32]);
        if check(&seed) != bytes[32..] {
            return Err(Wrong::new(
                "There is a slip in this recovery key: compare it with the paper, letter by letter.",
            ));
        }
        Ok(RecoveryKey(seed))
    }

    /// The key itself, under this name.
    pub(super) fn signing(&self, platform: &Platform, kid: Kid) -> Result<PlatformKey, Wrong> {
        PlatformKey::from_seed(platform.clone(), kid, &self.0).map_err(Wrong::from)
    }
}

fn check(seed: &Seed) -> [u8; CHECK] {
    let text = Zeroizing::new([b"em2 recovery key".as_slice(), &**seed].concat());
    let [a, b, c, ..] = sha256(&text);
    [a, b, c]
}

/// The bit at this place, the most significant first.
fn bit_of(bytes: &[u8; BYTES], at: usize) -> usize {
    usize::from(bytes[at / 8] >> (7 - at % 8) & 1)
}

fn value_of(letter: char) -> Option<usize> {
    let letter = match letter.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    LETTERS
        .iter()
        .position(|known| char::from(*known) == letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> RecoveryKey {
        RecoveryKey(Seed::new(std::array::from_fn(|n| n as u8 * 7 + 1)))
    }

    #[test]
    fn it_reads_back_however_it_is_typed() {
        let text = key().text();
        assert_eq!(text.len(), 14 * 4 + 13);
        assert!(text.split('-').all(|group| group.len() == 4), "{}", *text);
        let loose = text.to_lowercase().replace('-', " ").replace('0', "o");
        let tight = text.replace('-', "").replace('1', "l");
        for typed in [text.as_str(), &loose, &tight, &format!(" {}\n", *text)] {
            assert_eq!(RecoveryKey::parse(typed).unwrap().0, key().0, "{typed}");
        }
    }

    #[test]
    fn a_slip_is_noticed_wherever_it_is() {
        let text = key().text();
        for (at, letter) in text.char_indices().filter(|(_, letter)| *letter != '-') {
            let other = if letter == 'Z' { "2" } else { "Z" };
            let mut typed = text.to_string();
            typed.replace_range(at..=at, other);
            let wrong = RecoveryKey::parse(&typed).unwrap_err().to_string();
            assert!(wrong.contains("slip"), "{typed}: {wrong}");
        }
        for (typed, why) in [
            (&text[1..], "these are 55"),
            (&format!("{}2", *text), "these are 57"),
            (&text.replace('2', "U"), "“U”"),
            ("", "these are 0"),
            (&"é".repeat(56), "“é”"),
            (&"2".repeat(100_000), "these are 100000"),
        ] {
            let wrong = RecoveryKey::parse(typed).unwrap_err().to_string();
            assert!(wrong.contains(why), "{wrong}");
        }
    }

    #[test]
    fn it_is_not_said_by_accident() {
        assert_eq!(format!("{:?}", key()), "RecoveryKey");
    }
}
