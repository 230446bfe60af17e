//! Writing a file: straight from the log, in pieces, however long it is.

use std::collections::{BTreeMap, BTreeSet};

use em2_model::conversation::Core;
use em2_model::id::FileHash;
use em2_model::keys::KeyLog;
use em2_model::sign::KeyName;
use em2_model::wire::foreign::document::PlatformDocument;
use em2_model::{ConversationKey, Platform};
use sha2::{Digest as _, Sha256};

use super::lines::{First, Last};
use crate::error::Error;
use crate::identity::Keychain;
use crate::store::archive::{StoredRecord, list_signers, list_stored};
use crate::store::conversations::find_conversation;
use crate::store::peers::list_peers_named;
use crate::store::{Conn, Store};

/// Records of a piece: with the longest bodies 4 MiB.
const PAGE: i64 = 64;
/// Signatures that are looked through at once.
const SIGNERS: i64 = 1024;

/// A conversation on its way into a file, as it was when this began: all of it is read from one state of the database.
pub struct Export {
    conn: Conn,
    core: Core,
    keys: BTreeMap<Platform, KeyLog>,
    /// Of all bytes so far.
    digest: Sha256,
    next: Next,
}

enum Next {
    First,
    /// The records after this place.
    After(u64),
    Nothing,
}

impl Export {
    /// Begins to write a conversation of this platform's database: with the keys as they are known here, nobody is
    /// asked. The platform's own are needed as a log alone: nothing is signed.
    pub async fn begin(
        store: &Store,
        own: &Keychain,
        conv: ConversationKey,
    ) -> Result<Export, Error> {
        let mut conn = store.snapshot().await?;
        let row = find_conversation(&mut conn, conv).await?;
        let row = row.ok_or_else(|| {
            Error::new(format!(
                "There is no conversation {conv} here. Check the key."
            ))
        })?;
        let signers = signers(&mut conn, conv).await?;
        let keys = key_logs(&mut conn, own, signers).await?;
        Ok(Export {
            conn,
            core: row.core,
            keys,
            digest: Sha256::new(),
            next: Next::First,
        })
    }

    /// The number of the records.
    pub fn actions(&self) -> u64 {
        self.core.seq
    }

    /// The next whole lines; `None` after the last one.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let piece = match self.next {
            Next::First => {
                let keys = std::mem::take(&mut self.keys);
                let mut line = First {
                    conv: self.core.key,
                    keys,
                }
                .to_bytes()?;
                line.push(b'\n');
                self.next = Next::After(0);
                line
            }
            Next::After(seq) if seq < self.core.seq => self.records(seq).await?,
            Next::After(_) => {
                self.next = Next::Nothing;
                self.last()?
            }
            Next::Nothing => return Ok(None),
        };
        self.digest.update(&piece);
        Ok(Some(piece))
    }

    async fn records(&mut self, after: u64) -> Result<Vec<u8>, Error> {
        let (conv, upto) = (self.core.key, self.core.seq);
        let page = list_stored(&mut self.conn, conv, (after, upto), PAGE).await?;
        let Some(last) = page.last().map(|record| record.seq) else {
            return Err(Error::new(format!(
                "The log ends at place {after} of {upto}. Restore it from a backup."
            )));
        };
        self.next = Next::After(last);
        let mut piece = Vec::new();
        for record in page {
            write(&record, &mut piece);
        }
        Ok(piece)
    }

    fn last(&self) -> Result<Vec<u8>, Error> {
        let last = Last {
            end: true,
            head: self.core.head,
            seq: self.core.seq,
            sha256: FileHash::from_bytes(self.digest.clone().finalize().into()),
        };
        let mut line = last.to_bytes()?;
        line.push(b'\n');
        Ok(line)
    }
}

/// The record of spec §5 as a line, made of the exact bytes.
fn write(record: &StoredRecord, out: &mut Vec<u8>) {
    let missing = match &record.body {
        Ok(body) => {
            out.extend_from_slice(b"{\"b\":");
            out.extend_from_slice(body);
            out.push(b',');
            None
        }
        Err(missing) => {
            out.push(b'{');
            Some(missing)
        }
    };
    for (name, bytes) in [
        (&b"\"c\":"[..], &record.commit[..]),
        (b",\"cs\":", record.commit_by.as_bytes()),
        (b",\"h\":", &record.header),
        (b",\"s\":", record.stamps.as_bytes()),
    ] {
        out.extend_from_slice(name);
        out.extend_from_slice(bytes);
    }
    if let Some(missing) = missing {
        out.extend_from_slice(format!(",\"w\":\"{missing}\"").as_bytes());
    }
    out.extend_from_slice(b"}\n");
}

/// Every platform that signed something.
async fn signers(conn: &mut Conn, conv: ConversationKey) -> Result<BTreeSet<Platform>, Error> {
    let mut signers = BTreeSet::new();
    let mut after = 0;
    while let Some((last, names)) = list_signers(conn, conv, after, SIGNERS).await? {
        after = last;
        signers.extend(names.into_iter().filter_map(|name| match name {
            KeyName::Platform(platform, _) => Some(platform),
            KeyName::Person(..) => None,
        }));
    }
    Ok(signers)
}

async fn key_logs(
    conn: &mut Conn,
    own: &Keychain,
    mut signers: BTreeSet<Platform>,
) -> Result<BTreeMap<Platform, KeyLog>, Error> {
    let mut keys = BTreeMap::new();
    if let Some(platform) = signers.take(&own.own().name) {
        // Read after the records: the log has every key with which they are signed, whoever replaced one meanwhile.
        keys.insert(platform, own.read().await?.log().clone());
    }
    let others: Vec<Platform> = signers.iter().cloned().collect();
    for peer in list_peers_named(conn, &others).await? {
        if let Some(document) = peer.document {
            let (_, log) = PlatformDocument::parse(&document)?;
            keys.insert(peer.name, log);
        }
    }
    match others.iter().find(|platform| !keys.contains_key(*platform)) {
        None => Ok(keys),
        Some(unknown) => Err(Error::new(format!(
            "The keys of {unknown}, which signed some of it, are not known here. Start the server, so that it asks for \
             them."
        ))),
    }
}
