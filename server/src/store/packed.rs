//! What was signed of a record, in few bytes and without losing one.
//!
//! The log keeps exact bytes: the header, the signatures over it, the commit and the leader's signature over that, a
//! line each. They are canonical JSON, whose names repeat in every record and whose keys and signatures are written in
//! letters. Packed, a phrase is one byte, a hash its 32, and what stands in a column beside it is named:
//!
//! | byte | stands for |
//! |---|---|
//! | `00` – `7F` | itself |
//! | `80` – `CF` | a phrase of [`PHRASES`] |
//! | `D0` | 32 bytes that follow, in hexadecimal |
//! | `D1` `D2` `D3` | 16, 32 or 64 bytes that follow, in base64url |
//! | `D4` | 13 digits: the number in the 6 bytes that follow |
//! | `D8` `D9` `DA` | the conversation, the action, the nonce |
//! | `E0` – `EF` | a name that stood before, by its order |
//! | `FF` | the byte that follows |
//!
//! Bytes that begin with `{` were never packed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use em2_model::id::hex;
use em2_model::{ActionKey, ConversationKey, Nonce};

use crate::store::error::StoreError;

/// The first byte of what is packed in this way.
const PACKED: u8 = 0x01;

const PHRASE: u8 = 0x80;
const HEX: u8 = 0xD0;
const DIGITS: u8 = 0xD4;
const KNOWN: u8 = 0xD8;
const NAME: u8 = 0xE0;
const NAME_LAST: u8 = 0xEF;
const BYTE: u8 = 0xFF;

/// What is written in base64url: the byte that says so, how many bytes, in how many letters.
const BASE64: [(u8, usize, usize); 3] = [(0xD1, 16, 22), (0xD2, 32, 43), (0xD3, 64, 86)];

/// How many names are remembered, and from which length on.
const NAMES: usize = 16;
const NAME_MIN: usize = 6;

/// What stands in every record. Numbered by their order, which never changes; new ones are put at the end. Longer ones
/// stand before those that they begin with.
const PHRASES: &[&str] = &[
    "{\"actor\":\"",
    "\",\"at\":",
    ",\"base\":{\"head\":\"",
    "\",\"seq\":",
    ",\"conv\":\"",
    "},\"conv\":\"",
    "\",\"follows\":\"",
    "\",\"item\":\"",
    "\",\"model\":\"message\",\"nonce\":\"",
    "\",\"model\":\"participant\",\"nonce\":\"",
    "\",\"model\":\"",
    "\",\"nonce\":\"",
    "\",\"parent\":\"",
    "\",\"platform\":\"",
    "\",\"ref\":\"",
    "\",\"v\":1,\"verb\":\"add\"}\n[{\"k\":\"",
    "\",\"v\":1,\"verb\":\"modify\"}\n[{\"k\":\"",
    "\",\"v\":1,\"verb\":\"",
    "\"}\n[{\"k\":\"",
    "#1\",\"v\":\"",
    "\",\"v\":\"",
    "\"}]\n{\"act\":\"",
    "\"},{\"k\":\"",
    "\",\"epoch\":1,\"leader\":\"",
    "\",\"epoch\":",
    ",\"leader\":\"",
    "\",\"prev\":\"",
    ",\"st\":\"EM2_",
    ",\"state\":\"",
    ",\"v\":1}\n{\"k\":\"",
    "\",\"v\":1}\n{\"k\":\"",
    "\"}",
];

/// What stands in columns beside what is packed.
#[derive(Clone, Copy)]
pub(in crate::store) struct Beside {
    pub(in crate::store) conv: ConversationKey,
    pub(in crate::store) action: ActionKey,
    pub(in crate::store) nonce: Nonce,
}

impl Beside {
    fn all(&self) -> [&[u8]; 3] {
        [
            self.conv.as_bytes(),
            self.action.as_bytes(),
            self.nonce.as_bytes(),
        ]
    }

    /// How a key is written that stands beside, or else by the byte that `how` names and the bytes themselves.
    fn put(&self, how: u8, bytes: &[u8], out: &mut Vec<u8>) {
        let known = (KNOWN..).zip(self.all()).find(|(_, known)| *known == bytes);
        match known {
            // A nonce is letters of another kind than a key, and of another length.
            Some((byte, _)) if how == HEX || how == BASE64[0].0 => out.push(byte),
            _ => {
                out.push(how);
                out.extend_from_slice(bytes);
            }
        }
    }
}

/// Packs the lines of a record.
pub(in crate::store) fn pack(text: &[u8], beside: &Beside) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() / 2);
    out.push(PACKED);
    let mut names: Vec<&[u8]> = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.first() {
        let taken = word(rest, beside, &mut names, &mut out).unwrap_or_else(|| {
            if !first.is_ascii() {
                out.push(BYTE);
            }
            out.push(*first);
            1
        });
        rest = &rest[taken..];
    }
    out
}

/// Packs what stands at the beginning, if it is more than a letter: how many letters it took.
fn word<'a>(
    text: &'a [u8],
    beside: &Beside,
    names: &mut Vec<&'a [u8]>,
    out: &mut Vec<u8>,
) -> Option<usize> {
    if !is_of_name(text[0]) {
        let (byte, phrase) = (PHRASE..)
            .zip(PHRASES)
            .find(|(_, phrase)| text.starts_with(phrase.as_bytes()))?;
        out.push(byte);
        return Some(phrase.len());
    }
    let end = text.iter().position(|sign| !is_of_name(*sign));
    let name = &text[..end.unwrap_or(text.len())];
    if let Some(bytes) = unhex(name) {
        beside.put(HEX, &bytes, out);
        return Some(name.len());
    }
    let as_base64 = BASE64.iter().find(|(_, _, letters)| *letters == name.len());
    if let Some((how, _, _)) = as_base64
        && let Ok(bytes) = URL_SAFE_NO_PAD.decode(name)
        && URL_SAFE_NO_PAD.encode(&bytes).as_bytes() == name
    {
        beside.put(*how, &bytes, out);
        return Some(name.len());
    }
    if let Some(number) = digits(name) {
        out.push(DIGITS);
        out.extend_from_slice(&number.to_be_bytes()[2..]);
        return Some(name.len());
    }
    if name.len() < NAME_MIN {
        out.extend_from_slice(name);
        return Some(name.len());
    }
    match (NAME..)
        .zip(names.iter())
        .find(|(_, known)| **known == name)
    {
        Some((byte, _)) => out.push(byte),
        None => {
            out.extend_from_slice(name);
            if names.len() < NAMES {
                names.push(name);
            }
        }
    }
    Some(name.len())
}

/// Gives back what was packed, to the byte. `Corrupt` where it was not packed by [`pack`].
pub(in crate::store) fn unpack(packed: &[u8], beside: &Beside) -> Result<Vec<u8>, StoreError> {
    let Some((&PACKED, mut rest)) = packed.split_first() else {
        return Ok(packed.to_vec());
    };
    let mut out = Vec::with_capacity(packed.len() * 3);
    let mut names: Vec<Vec<u8>> = Vec::new();
    let mut name_from = None;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        let literal = byte.is_ascii() && is_of_name(*byte);
        if literal {
            name_from.get_or_insert(out.len());
            out.push(*byte);
            continue;
        }
        if let Some(from) = name_from.take() {
            remember(&out[from..], &mut names);
        }
        match *byte {
            0..PHRASE => out.push(*byte),
            HEX => out.extend_from_slice(hex(take(&mut rest, 32)?).as_bytes()),
            DIGITS => {
                let mut number = [0; 8];
                number[2..].copy_from_slice(take(&mut rest, 6)?);
                out.extend_from_slice(u64::from_be_bytes(number).to_string().as_bytes());
            }
            BYTE => out.extend_from_slice(take(&mut rest, 1)?),
            byte => out.extend_from_slice(&named(byte, &mut rest, beside, &names)?),
        }
    }
    Ok(out)
}

/// What the remaining kinds of bytes stand for.
fn named(
    byte: u8,
    rest: &mut &[u8],
    beside: &Beside,
    names: &[Vec<u8>],
) -> Result<Vec<u8>, StoreError> {
    if let Some((_, bytes, _)) = BASE64.iter().find(|(how, _, _)| *how == byte) {
        return Ok(URL_SAFE_NO_PAD.encode(take(rest, *bytes)?).into_bytes());
    }
    let of = |first: u8| usize::from(byte - first);
    let found = match byte {
        PHRASE..HEX => PHRASES
            .get(of(PHRASE))
            .map(|phrase| phrase.as_bytes().to_vec()),
        KNOWN..NAME => beside.all().get(of(KNOWN)).map(|known| match known.len() {
            16 => URL_SAFE_NO_PAD.encode(known).into_bytes(),
            _ => hex(known).into_bytes(),
        }),
        NAME..=NAME_LAST => names.get(of(NAME)).cloned(),
        _ => None,
    };
    found.ok_or_else(|| StoreError::Corrupt(format!("a packed record with the byte {byte:#04x}")))
}

/// Takes the next bytes.
fn take<'a>(rest: &mut &'a [u8], count: usize) -> Result<&'a [u8], StoreError> {
    let (taken, after) = rest
        .split_at_checked(count)
        .ok_or_else(|| StoreError::Corrupt("a packed record that ends too soon".to_owned()))?;
    *rest = after;
    Ok(taken)
}

/// Remembers a run of literal letters as [`pack`] did.
fn remember(name: &[u8], names: &mut Vec<Vec<u8>>) {
    if name.len() >= NAME_MIN && names.len() < NAMES {
        names.push(name.to_vec());
    }
}

/// Letters of names, keys, signatures and numbers.
fn is_of_name(sign: u8) -> bool {
    sign.is_ascii_alphanumeric() || matches!(sign, b'-' | b'_' | b'.' | b'@')
}

/// 64 small hexadecimal letters as bytes.
fn unhex(name: &[u8]) -> Option<[u8; 32]> {
    let nibble = |sign: u8| match sign {
        b'0'..=b'9' => Some(sign - b'0'),
        b'a'..=b'f' => Some(sign - b'a' + 10),
        _ => None,
    };
    if name.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(name.as_chunks::<2>().0) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some(bytes)
}

/// 13 digits without a zero before them: a time in milliseconds.
fn digits(name: &[u8]) -> Option<u64> {
    if name.len() != 13 || name[0] == b'0' || !name.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(name).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BESIDE: Beside = Beside {
        conv: ConversationKey::from_bytes([0xb9; 32]),
        action: ActionKey::from_bytes([0x29; 32]),
        nonce: Nonce::from_bytes([7; 16]),
    };

    fn record() -> String {
        let (conv, action) = ("b9".repeat(32), "29".repeat(32));
        let (nonce, signature) = ("BwcHBwcHBwcHBwcHBwcHBw", format!("{}A", "gQCFT".repeat(17)));
        let (hash, prev) = (format!("{}E", "CcDK_-".repeat(7)), "5e".repeat(32));
        let stamp = format!("{{\"k\":\"em2.a.example#1\",\"v\":\"{signature}\"}}");
        format!(
            "{{\"actor\":\"anna@a.example\",\"at\":1795431882902,\"conv\":\"{conv}\",\"model\":\"message\",\
             \"nonce\":\"{nonce}\",\"platform\":\"em2.a.example\",\"ref\":\"{hash}\",\"v\":1,\"verb\":\"add\"}}\n\
             [{stamp}]\n{{\"act\":\"{action}\",\"at\":1795431882905,\"conv\":\"{conv}\",\"epoch\":1,\
             \"leader\":\"em2.a.example\",\"prev\":\"{prev}\",\"seq\":20,\"v\":1}}\n{stamp}"
        )
    }

    fn back(text: &[u8]) -> Vec<u8> {
        unpack(&pack(text, &BESIDE), &BESIDE).unwrap()
    }

    #[test]
    fn a_record_takes_a_third_and_comes_back_to_the_byte() {
        let record = record();
        let packed = pack(record.as_bytes(), &BESIDE);
        assert!(
            packed.len() * 3 < record.len(),
            "{} of {}",
            packed.len(),
            record.len()
        );
        assert_eq!(unpack(&packed, &BESIDE).unwrap(), record.as_bytes());
    }

    #[test]
    fn what_was_never_packed_stays_as_it_is() {
        let record = record();
        assert_eq!(
            unpack(record.as_bytes(), &BESIDE).unwrap(),
            record.as_bytes()
        );
    }

    #[test]
    fn what_is_cut_off_is_corrupt_or_shorter() {
        let record = record();
        let packed = pack(record.as_bytes(), &BESIDE);
        for end in 1..packed.len() {
            match unpack(&packed[..end], &BESIDE) {
                Ok(text) => assert!(record.as_bytes().starts_with(&text)),
                Err(error) => assert!(matches!(error, StoreError::Corrupt(_)), "{error}"),
            }
        }
    }

    proptest! {
        #[test]
        fn any_bytes_come_back(text in proptest::collection::vec(any::<u8>(), 0..400)) {
            prop_assert_eq!(back(&text), text);
        }

        #[test]
        fn any_names_come_back(
            words in proptest::collection::vec(
                "[a-z@.-]{1,9}|[0-9a-f]{64}|[0-9]{12,14}|[A-Za-z0-9_-]{22}|[A-Za-z0-9_-]{43}|[A-Za-z0-9_-]{86}",
                0..60,
            ),
            between in "[\"#, ]{1,2}|(\",\"v\":\")|é",
        ) {
            let text = words.join(&between);
            prop_assert_eq!(back(text.as_bytes()), text.as_bytes());
        }

        #[test]
        fn hostile_bytes_never_panic(packed in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = unpack(&packed, &BESIDE);
        }
    }
}
