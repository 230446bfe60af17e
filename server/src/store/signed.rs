//! The column `signed` of the log: what was signed of a record, in its exact bytes, a line each and packed.

use em2_model::record::{Record, Verified};
use em2_model::sign::Stamp;

use crate::store::dialect::Row;
use crate::store::error::StoreError;
use crate::store::packed::{Beside, pack, unpack};
use crate::store::value::{from_json, json};

/// The lines in their order: all are canonical, so that none has a break within it.
#[derive(Clone, Copy)]
pub(in crate::store) enum Line {
    Header,
    /// The signatures over the action, as a list.
    Stamps,
    Commit,
    /// The leader's signature over the commit.
    CommitStamp,
}

/// What was signed of a committed record, packed. `Fault` if it has no commit.
pub(in crate::store) fn packed(record: &Verified<Record>) -> Result<Vec<u8>, StoreError> {
    let action = record.action();
    let (Some(commit), Some(by)) = (record.commit(), record.commit_stamp()) else {
        return Err(StoreError::Fault("nobody committed this".to_owned()));
    };
    let (stamps, by) = (json(record.stamps()), json(by));
    let lines = [
        action.header_bytes(),
        stamps.as_bytes(),
        commit.bytes(),
        by.as_bytes(),
    ];
    let beside = Beside {
        conv: commit.conv(),
        action: action.key(),
        nonce: action.header().nonce,
    };
    Ok(pack(&lines.join(&b'\n'), &beside))
}

/// The same, unpacked.
pub(in crate::store) struct Signed(Vec<u8>);

impl Signed {
    /// From the columns `conv, key, nonce, signed`, of which the first is at `index`.
    pub(in crate::store) fn read(row: &Row, index: usize) -> Result<Signed, StoreError> {
        let beside = Beside {
            conv: row.get(index)?,
            action: row.get(index + 1)?,
            nonce: row.get(index + 2)?,
        };
        unpack(&row.get::<Vec<u8>>(index + 3)?, &beside).map(Signed)
    }

    fn line(&self, line: Line) -> Result<&[u8], StoreError> {
        let mut lines = self.0.split(|byte| *byte == b'\n');
        lines
            .nth(line as usize)
            .ok_or_else(|| StoreError::Corrupt("a record with too few lines".to_owned()))
    }

    /// A line as text.
    pub(in crate::store) fn text(&self, line: Line) -> Result<&str, StoreError> {
        std::str::from_utf8(self.line(line)?)
            .map_err(|_| StoreError::Corrupt("a record that is no text".to_owned()))
    }

    pub(in crate::store) fn header(&self) -> Result<&[u8], StoreError> {
        self.line(Line::Header)
    }

    pub(in crate::store) fn stamps(&self) -> Result<Vec<Stamp>, StoreError> {
        from_json(self.text(Line::Stamps)?)
    }

    pub(in crate::store) fn commit(&self) -> Result<&[u8], StoreError> {
        self.line(Line::Commit)
    }

    pub(in crate::store) fn commit_stamp(&self) -> Result<Stamp, StoreError> {
        from_json(self.text(Line::CommitStamp)?)
    }
}
