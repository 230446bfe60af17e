//! Checking a file line by line, with nothing but the file.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Read as _};

use em2_model::action::Missing;
use em2_model::id::{FileHash, Incarnation};
use em2_model::record::RECORD_MAX;
use em2_model::{Code, CommitKey, ConversationKey, Platform, Refusal};
use sha2::{Digest as _, Sha256};

use super::lines::{FIRST_MAX, First, Last};
use super::log::Log;
use super::wrong::Wrong;

/// What a file holds in which everything is as it was signed.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    pub conv: ConversationKey,
    /// The last commit.
    pub head: CommitKey,
    /// Its place: the number of the actions, those included that were refused.
    pub actions: u64,
    /// Who is present at the end; unknown where the conversation has expired, because it stood in the bodies.
    pub participants: Option<usize>,
    /// Whose keys count here, by the first entries of their logs.
    pub platforms: BTreeMap<Platform, Incarnation>,
    /// How many bodies are not in the file, and why.
    pub missing: BTreeMap<Missing, u64>,
}

/// Reads a file to its end or to the first thing that is wrong with it. It holds one line at a time and what folding
/// the log needs.
pub fn verify(mut file: impl BufRead) -> io::Result<Result<Checked, Wrong>> {
    let mut verifier = Verifier::default();
    let mut line = Vec::new();
    loop {
        line.clear();
        let longest = verifier.longest();
        // One more for the line feed.
        let mut bounded = file.by_ref().take(longest as u64 + 1);
        if bounded.read_until(b'\n', &mut line)? == 0 {
            return Ok(verifier.end());
        }
        let taken = match line.pop() {
            Some(b'\n') => verifier.line(&line),
            _ if line.len() == longest => Err(Refusal::new(Code::TooBig, "The line is too long.")),
            _ => Err(Refusal::format("The file ends within this line.")),
        };
        let taken = taken.map_err(|refusal| verifier.wrong(&line, refusal));
        if let Err(wrong) = taken {
            return Ok(Err(wrong));
        }
    }
}

/// A file that is being checked.
#[derive(Default)]
struct Verifier {
    /// How many lines were read.
    lines: u64,
    /// Of all bytes so far.
    digest: Sha256,
    /// Absent before the first line.
    log: Option<Log>,
    /// Absent before the last line.
    checked: Option<Checked>,
}

impl Verifier {
    /// The longest line that may come next, in bytes.
    fn longest(&self) -> usize {
        match self.log {
            None => FIRST_MAX,
            Some(_) => RECORD_MAX,
        }
    }

    /// Checks the next line, which comes without its line feed.
    fn line(&mut self, line: &[u8]) -> Result<(), Refusal> {
        self.take(line)?;
        self.lines += 1;
        self.digest.update(line);
        self.digest.update(b"\n");
        Ok(())
    }

    fn take(&mut self, line: &[u8]) -> Result<(), Refusal> {
        match (&mut self.log, &self.checked) {
            (_, Some(_)) => Err(Refusal::format("The line before says that it is the last.")),
            (None, None) => {
                self.log = Some(Log::begin(First::parse(line)?));
                Ok(())
            }
            (Some(log), None) if Last::is(line) => {
                let last = Last::parse(line)?;
                let before: [u8; 32] = self.digest.clone().finalize().into();
                self.checked = Some(log.end(&last, FileHash::from_bytes(before))?);
                Ok(())
            }
            (Some(log), None) => log.take(line),
        }
    }

    fn end(self) -> Result<Checked, Wrong> {
        let cut = Refusal::new(Code::Gap, "The file ends before its last line.");
        let line = self.lines + 1;
        self.checked.ok_or(Wrong {
            line,
            place: None,
            refusal: cut,
        })
    }

    /// This line, the next one, is wrong; a record has a place.
    fn wrong(&self, line: &[u8], refusal: Refusal) -> Wrong {
        let log = self
            .log
            .as_ref()
            .filter(|_| !Last::is(line) && self.checked.is_none());
        let place = log.map(|log| log.seq + 1);
        Wrong {
            line: self.lines + 1,
            place,
            refusal,
        }
    }
}
