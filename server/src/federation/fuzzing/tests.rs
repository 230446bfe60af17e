//! The corpus on stable, as it is and with mutations: what a fuzzer would start with.

use std::path::Path;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::sample::Index;

use super::{TARGETS, Target};

/// More than the slowest input takes on a slow machine without optimisation.
const LONGEST: Duration = Duration::from_millis(100);

/// A file of the corpus: `ok-…` is accepted, `no-…` is refused.
struct Entry {
    name: String,
    bytes: Vec<u8>,
}

/// The corpus of each target, by the order of [`TARGETS`].
static CORPUS: LazyLock<Vec<Vec<Entry>>> = LazyLock::new(|| {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let read = |(target, _): &(&str, Target)| {
        let files = std::fs::read_dir(corpus.join(target)).unwrap();
        let mut entries: Vec<Entry> = files
            .map(|file| {
                let file = file.unwrap();
                Entry {
                    name: file.file_name().into_string().unwrap(),
                    bytes: std::fs::read(file.path()).unwrap(),
                }
            })
            .collect();
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        entries
    };
    TARGETS.iter().map(read).collect()
});

#[test]
fn every_file_of_the_corpus_is_read_as_its_name_says() {
    for ((target, read), entries) in TARGETS.iter().zip(&*CORPUS) {
        for Entry { name, bytes } in entries {
            assert_eq!(read(bytes), name.starts_with("ok-"), "{target}/{name}");
            assert!(
                name.starts_with("ok-") || name.starts_with("no-"),
                "{target}/{name}"
            );
        }
        let accepted = entries.iter().filter(|entry| entry.name.starts_with("ok-"));
        assert!(accepted.count() >= 4 && entries.len() >= 24, "{target}");
    }
}

/// The best of five: what else the machine does is not measured.
#[test]
fn every_answer_comes_at_once() {
    for ((target, read), entries) in TARGETS.iter().zip(&*CORPUS) {
        for Entry { name, bytes } in entries {
            let took = (0..5).map(|_| {
                let begin = Instant::now();
                read(bytes);
                begin.elapsed()
            });
            let took = took.min().unwrap();
            assert!(took < LONGEST, "{target}/{name} took {took:?}");
        }
    }
}

/// What a fuzzer does to an input.
#[derive(Clone, Debug)]
enum Mutation {
    Flip(Index, u8),
    Cut(Index),
    Remove(Index, Index),
    Insert(Index, Vec<u8>),
    /// A piece of another file, or of this one.
    Splice(Index, Index, Index, Index),
}

/// What the forms are made of, and what they are not.
const TOKENS: &[&[u8]] = &[
    b"\"",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\\",
    b"\\u0000",
    b"null",
    b"-0",
    b"1e9",
    b"9007199254740992",
    b"\xff",
    b"\xed\xa0\x80",
    b"\n\n",
    b"\0",
    b";",
    b"em2=",
    b"=",
];

fn a_mutation() -> impl Strategy<Value = Mutation> {
    let at = any::<Index>;
    prop_oneof![
        3 => (at(), 0..8_u8).prop_map(|(at, bit)| Mutation::Flip(at, bit)),
        1 => at().prop_map(Mutation::Cut),
        1 => (at(), at()).prop_map(|(from, to)| Mutation::Remove(from, to)),
        2 => (at(), prop::sample::select(TOKENS))
            .prop_map(|(at, token)| Mutation::Insert(at, token.to_vec())),
        2 => (at(), at(), at(), at()).prop_map(|(at, file, from, to)| Mutation::Splice(at, file, from, to)),
    ]
}

fn range(from: &Index, to: &Index, len: usize) -> std::ops::Range<usize> {
    let (a, b) = (from.index(len + 1), to.index(len + 1));
    a.min(b)..a.max(b)
}

fn mutate(bytes: &mut Vec<u8>, mutation: &Mutation, entries: &[Entry]) {
    let len = bytes.len();
    match mutation {
        Mutation::Flip(at, bit) if len > 0 => bytes[at.index(len)] ^= 1 << bit,
        Mutation::Flip(..) => {}
        Mutation::Cut(at) => bytes.truncate(at.index(len + 1)),
        Mutation::Remove(from, to) => drop(bytes.drain(range(from, to, len))),
        Mutation::Insert(at, piece) => {
            let at = at.index(len + 1);
            bytes.splice(at..at, piece.iter().copied());
        }
        Mutation::Splice(at, file, from, to) => {
            let other = &entries[file.index(entries.len())].bytes;
            let (at, piece) = (at.index(len + 1), range(from, to, other.len()));
            bytes.splice(at..at, other[piece].iter().copied());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    /// The targets themselves panic where what they read does not hold together.
    #[test]
    fn whatever_becomes_of_the_corpus_is_refused_or_holds_together(
        target in any::<Index>(),
        entry in any::<Index>(),
        mutations in prop::collection::vec(a_mutation(), 1..6),
    ) {
        let target = target.index(TARGETS.len());
        let ((_, read), entries) = (TARGETS[target], &CORPUS[target]);
        let mut bytes = entries[entry.index(entries.len())].bytes.clone();
        for mutation in &mutations {
            mutate(&mut bytes, mutation, entries);
        }
        read(&bytes);
    }
}
