//! The one form of bytes that is hashed and signed. // spec §4

use serde::Serialize;
use serde_json::{Number, Value};

use crate::refusal::{Code, Refusal};

/// Nested containers allowed within each of header, body and commit.
pub const DEPTH: usize = 8;

/// The largest integer that every language holds exactly.
const INTEGER_MAX: u64 = (1 << 53) - 1;

/// Parses bytes that are canonical and nest at most `depth` containers, or refuses them with
/// `EM2_NOT_CANONICAL`: what was parsed is serialised again and must be the same bytes.
pub fn parse(bytes: &[u8], depth: usize) -> Result<Value, Refusal> {
    if nesting(bytes) > depth {
        return Err(not_canonical());
    }
    let value: Value = serde_json::from_slice(bytes).map_err(|_| not_canonical())?;
    if to_bytes_of(&value)? != bytes {
        return Err(not_canonical());
    }
    Ok(value)
}

/// Canonical bytes of anything that serialises without null, floats and keys outside ASCII.
pub fn to_bytes<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, Refusal> {
    to_bytes_of(&serde_json::to_value(value).map_err(|_| not_canonical())?)
}

/// Canonical bytes of a value.
pub fn to_bytes_of(value: &Value) -> Result<Vec<u8>, Refusal> {
    let mut out = Vec::with_capacity(256);
    write(value, &mut out)?;
    Ok(out)
}

fn not_canonical() -> Refusal {
    Refusal::from(Code::NotCanonical)
}

/// How deep the containers nest, without recursion: asked before anything recurses.
pub fn nesting(bytes: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0usize, 0usize);
    let (mut in_string, mut escaped) = (false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

fn write(value: &Value, out: &mut Vec<u8>) -> Result<(), Refusal> {
    match value {
        Value::Null => return Err(not_canonical()),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => write_integer(number, out)?,
        Value::String(text) => write_text(text, out),
        Value::Array(values) => {
            out.push(b'[');
            for (i, value) in values.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write(value, out)?;
            }
            out.push(b']');
        }
        Value::Object(members) => {
            // Sorted here: a feature of serde_json elsewhere in the build may keep the order of
            // insertion instead.
            let mut members: Vec<(&String, &Value)> = members.iter().collect();
            members.sort_unstable_by_key(|(name, _)| name.as_bytes());
            out.push(b'{');
            for (i, (name, value)) in members.into_iter().enumerate() {
                if !name.is_ascii() {
                    return Err(not_canonical());
                }
                if i > 0 {
                    out.push(b',');
                }
                write_text(name, out);
                out.push(b':');
                write(value, out)?;
            }
            out.push(b'}');
        }
    }
    Ok(())
}

fn write_integer(number: &Number, out: &mut Vec<u8>) -> Result<(), Refusal> {
    match number.as_i64() {
        Some(integer) if integer.unsigned_abs() <= INTEGER_MAX => {
            out.extend_from_slice(integer.to_string().as_bytes());
            Ok(())
        }
        _ => Err(not_canonical()),
    }
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            0x08 => out.extend_from_slice(b"\\b"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            0x0c => out.extend_from_slice(b"\\f"),
            b'\r' => out.extend_from_slice(b"\\r"),
            0x00..0x20 => {
                out.extend_from_slice(b"\\u00");
                out.push(DIGITS[(byte >> 4) as usize]);
                out.push(DIGITS[(byte & 15) as usize]);
            }
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn members_are_sorted_and_nothing_is_added() {
        let value = json!({"b": [1, true, "é\u{7f}\u{1}\n"], "a": {}, "B": -9});
        let bytes = to_bytes(&value).unwrap();
        let text = "{\"B\":-9,\"a\":{},\"b\":[1,true,\"é\u{7f}\\u0001\\n\"]}";
        assert_eq!(String::from_utf8(bytes).unwrap(), text);
        assert_eq!(parse(text.as_bytes(), 2).unwrap(), value);
    }

    #[test]
    fn brackets_inside_of_texts_do_not_nest() {
        assert_eq!(nesting(br#"{"a":"[[[\"[[\\","b":[[]]}"#), 3);
        assert_eq!(parse(br#"["]"]"#, 1).unwrap(), json!(["]"]));
    }

    #[test]
    fn null_and_floats_have_no_canonical_form() {
        for value in [json!(null), json!({"a": 1.5}), json!([9007199254740992u64])] {
            assert_eq!(to_bytes(&value).unwrap_err().code, Code::NotCanonical);
        }
    }
}
