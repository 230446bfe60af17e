//! Records on their way to another platform.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{RECORDS_MAX, REQUEST_MAX};
use crate::address::Address;
use crate::canonical;
use crate::id::{CommitKey, ConversationKey, Time};
use crate::record::Record;
use crate::refusal::{Code, Refusal};

/// A record lies in the list of a push, which lies in that of a request.
const DEPTH: usize = canonical::DEPTH + 5;

/// A participant has read up to here. // spec §7
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenMark {
    pub actor: Address,
    pub at: Time,
    pub commit: CommitKey,
    pub seq: u64,
}

/// What one request says about one conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Push {
    pub conv: ConversationKey,
    /// In their order; what could not be read stands in its place.
    pub records: Vec<Said>,
    pub seen: Vec<SeenMark>,
    /// The epoch in which the sender commits; 0 where it does not say that it leads. // spec §14
    pub epoch: u64,
}

/// A record as it came.
pub type Said = Result<Record, Refusal>;

#[derive(Deserialize)]
struct One<'a> {
    v: u64,
    #[serde(borrow, default)]
    records: Vec<&'a RawValue>,
    #[serde(default)]
    seen: Vec<SeenMark>,
    #[serde(default)]
    epoch: u64,
}

#[derive(Deserialize)]
struct Many<'a> {
    v: u64,
    #[serde(borrow)]
    batches: Vec<Batch<'a>>,
}

#[derive(Deserialize)]
struct Batch<'a> {
    conv: ConversationKey,
    #[serde(borrow, default)]
    records: Vec<&'a RawValue>,
    #[serde(default)]
    seen: Vec<SeenMark>,
    #[serde(default)]
    epoch: u64,
}

impl Push {
    /// Reads the body of `POST /f/evt/{key}/`. What is wrong with one record is said in its place; an error refuses the
    /// whole request.
    pub fn parse(conv: ConversationKey, bytes: &[u8]) -> Result<Push, Refusal> {
        let one: One = read(bytes)?;
        check_version(one.v)?;
        check_count(one.records.len(), one.seen.len())?;
        Ok(Push {
            conv,
            records: one.records.into_iter().map(record).collect(),
            seen: one.seen,
            epoch: one.epoch,
        })
    }

    /// Reads the body of `POST /f/evt/`. A conversation stands in it once.
    pub fn parse_batches(bytes: &[u8]) -> Result<Vec<Push>, Refusal> {
        let many: Many = read(bytes)?;
        check_version(many.v)?;
        let count = |of: fn(&Batch) -> usize| many.batches.iter().map(of).sum();
        check_count(count(|b| b.records.len()), count(|b| b.seen.len()))?;
        check_count(many.batches.len(), 0)?;
        let mut convs: Vec<_> = many.batches.iter().map(|batch| batch.conv).collect();
        convs.sort_unstable();
        if convs.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(Refusal::format(
                "A conversation stands twice in this request. Send its records together.",
            ));
        }
        let push = |batch: Batch| Push {
            conv: batch.conv,
            records: batch.records.into_iter().map(record).collect(),
            seen: batch.seen,
            epoch: batch.epoch,
        };
        Ok(many.batches.into_iter().map(push).collect())
    }
}

fn read<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Refusal> {
    if bytes.len() > REQUEST_MAX {
        return Err(Refusal::from(Code::TooBig).with("limit", REQUEST_MAX));
    }
    canonical::parse(bytes, DEPTH)?;
    serde_json::from_slice(bytes)
        .map_err(|e| Refusal::format(format!("The request cannot be read: {e}.")))
}

fn record(slice: &RawValue) -> Said {
    Record::parse(slice.get().as_bytes())
}

fn check_version(v: u64) -> Result<(), Refusal> {
    match v {
        1 => Ok(()),
        _ => Err(Refusal::from(Code::Version).with("versions", vec![1])),
    }
}

fn check_count(records: usize, seen: usize) -> Result<(), Refusal> {
    match records.max(seen) > RECORDS_MAX {
        true => Err(Refusal::from(Code::TooBig).with("limit", RECORDS_MAX)),
        false => Ok(()),
    }
}

/// What is sent about one conversation; records are given in their bytes.
fn members(
    out: &mut Vec<u8>,
    epoch: u64,
    records: &[Vec<u8>],
    seen: &[SeenMark],
) -> Result<(), Refusal> {
    if epoch > 1 {
        out.extend_from_slice(format!("\"epoch\":{epoch},").as_bytes());
    }
    out.extend_from_slice(b"\"records\":[");
    for (i, record) in records.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        out.extend_from_slice(record);
    }
    out.push(b']');
    if !seen.is_empty() {
        out.extend_from_slice(b",\"seen\":");
        out.extend_from_slice(&canonical::to_bytes(seen)?);
    }
    Ok(())
}

/// The body of `POST /f/evt/{key}/`, canonical, of records in their exact bytes.
pub fn push_to_bytes(
    epoch: u64,
    records: &[Vec<u8>],
    seen: &[SeenMark],
) -> Result<Vec<u8>, Refusal> {
    let mut out = vec![b'{'];
    members(&mut out, epoch, records, seen)?;
    out.extend_from_slice(b",\"v\":1}");
    Ok(out)
}

/// One conversation of a request: its key, the epoch of the sender, records and marks.
pub type BatchBytes<'a> = (ConversationKey, u64, &'a [Vec<u8>], &'a [SeenMark]);

/// The body of `POST /f/evt/`, canonical.
pub fn batches_to_bytes(batches: &[BatchBytes<'_>]) -> Result<Vec<u8>, Refusal> {
    let mut out = b"{\"batches\":[".to_vec();
    for (i, (conv, epoch, records, seen)) in batches.iter().enumerate() {
        out.extend_from_slice(if i == 0 { b"{" } else { b",{" });
        out.extend_from_slice(format!("\"conv\":\"{conv}\",").as_bytes());
        members(&mut out, *epoch, records, seen)?;
        out.push(b'}');
    }
    out.extend_from_slice(b"],\"v\":1}");
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> ConversationKey {
        ConversationKey::from_bytes([byte; 32])
    }

    #[test]
    fn what_is_sent_is_canonical_and_read_as_it_was() {
        let seen = [SeenMark {
            actor: "bob@b.example".parse().unwrap(),
            at: Time(5),
            commit: CommitKey::from_bytes([7; 32]),
            seq: 3,
        }];
        let bytes = push_to_bytes(9, &[b"{\"x\":1}".to_vec()], &seen).unwrap();
        let push = Push::parse(key(1), &bytes).unwrap();
        assert_eq!((push.epoch, push.seen.as_slice()), (9, &seen[..]));
        assert_eq!(push.records[0].as_ref().unwrap_err().code, Code::Format);
        let bytes = batches_to_bytes(&[(key(1), 1, &[], &seen), (key(2), 2, &[], &[])]).unwrap();
        let pushes = Push::parse_batches(&bytes).unwrap();
        assert_eq!(
            pushes.iter().map(|push| push.epoch).collect::<Vec<_>>(),
            [0, 2]
        );
    }

    #[test]
    fn what_is_too_much_or_not_canonical_is_refused_as_a_whole() {
        let code = |bytes: &[u8]| Push::parse(key(1), bytes).unwrap_err().code;
        assert_eq!(code(b"{\"v\":1,\"records\":[]}"), Code::NotCanonical);
        assert_eq!(code(b"{\"records\":[],\"v\":2}"), Code::Version);
        assert_eq!(code(&vec![b'['; 100_000]), Code::NotCanonical);
        let many = format!("{{\"records\":[{}1],\"v\":1}}", "1,".repeat(100));
        assert_eq!(code(many.as_bytes()), Code::TooBig);
        assert_eq!(code(&vec![b' '; REQUEST_MAX + 1]), Code::TooBig);
        let twice = batches_to_bytes(&[(key(1), 1, &[], &[]), (key(1), 1, &[], &[])]).unwrap();
        assert_eq!(Push::parse_batches(&twice).unwrap_err().code, Code::Format);
    }
}
