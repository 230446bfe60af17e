//! What a domain says of its platform in the DNS: `v=em2v1; p=em2.example.org; id=20270101`. // spec §2

use em2_model::address::Platform;

use super::guard;
use super::unreached::{Kind, Unreached, shown};

/// How a record of ours begins.
const VERSION: &str = "v=em2v1";

/// More records than anybody has at such a name.
const RECORDS_MAX: usize = 16;

/// Bytes: the longest name and the longest id fit well.
const RECORD_MAX: usize = 512;

/// The longest id, in letters and digits.
const ID_MAX: usize = 32;

/// One well-formed record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Announcement {
    pub(super) platform: Platform,
    /// Changes whenever the domain's operator wants others to look again.
    pub(super) id: String,
}

/// Reads the TXT records at `_em2.<domain>`. None of ours: the domain is reached by mail. One that cannot be read, two,
/// and a platform that the guard refuses are errors and never a reason for mail. // security.md 24, 31
pub(super) fn read_txt(texts: &[String]) -> Result<Option<Announcement>, Unreached> {
    if texts.len() > RECORDS_MAX {
        return Err(wrong(&format!("there are {} TXT records", texts.len())));
    }
    let mut ours = texts.iter().filter(|text| is_ours(text));
    match (ours.next(), ours.next()) {
        (None, _) => Ok(None),
        (Some(text), None) => read(text).map(Some),
        (Some(_), Some(_)) => Err(wrong(
            "there are several records of version 1, and exactly one counts",
        )),
    }
}

/// Others may stand there too: a record for any name below the domain answers for this one.
fn is_ours(text: &str) -> bool {
    let rest = text.trim_start().strip_prefix(VERSION);
    rest.is_some_and(|rest| rest.trim_start().is_empty() || rest.trim_start().starts_with(';'))
}

fn read(text: &str) -> Result<Announcement, Unreached> {
    if text.len() > RECORD_MAX {
        return Err(wrong(&format!("it is longer than {RECORD_MAX} bytes")));
    }
    if !text.bytes().all(|b| matches!(b, b' '..=b'~' | b'\t')) {
        return Err(wrong("it holds other characters than those of ASCII"));
    }
    let (mut platform, mut id) = (None, None);
    // The version comes first; a semicolon may stand at the end.
    let fields = text.trim().trim_end_matches(';').split(';').skip(1);
    for field in fields {
        let (name, value) = field
            .split_once('=')
            .ok_or_else(|| wrong(&format!("“{}” is not a field", shown(field.trim()))))?;
        let slot = match name.trim() {
            "p" => &mut platform,
            "id" => &mut id,
            "v" => return Err(wrong("it has two versions")),
            // Fields of later versions.
            _ => continue,
        };
        if slot.replace(value.trim()).is_some() {
            return Err(wrong(&format!("it has the field “{}” twice", name.trim())));
        }
    }
    let platform = platform.ok_or_else(|| wrong("it names no platform, p=…"))?;
    let id = id.ok_or_else(|| wrong("it has no id=…"))?;
    if id.is_empty() || id.len() > ID_MAX || !id.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(wrong(&format!(
            "its id is not 1 to {ID_MAX} letters and digits"
        )));
    }
    Ok(Announcement {
        platform: guard::platform(platform)?,
        id: id.to_owned(),
    })
}

fn wrong(why: &str) -> Unreached {
    Unreached::new(
        Kind::Answer,
        format!("The em2 record of the domain in the DNS cannot be used: {why}."),
    )
}

#[cfg(test)]
mod tests;
