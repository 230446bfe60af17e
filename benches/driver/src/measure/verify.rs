//! 14 `verify_share`: how much of a write's CPU goes into signing, verifying and hashing.

use std::hint::black_box;
use std::time::Instant;

use ed25519_dalek::{Signer as _, SigningKey};
use sha2::{Digest as _, Sha256};

use crate::Outcome;
use crate::load::Block;
use crate::report::{Report, Table, number};

/// How often each is timed.
const TIMES: u32 = 2_000;
/// What one `message.add` by a person of this platform needs: the action and its commit are signed, nothing is
/// verified, and body, header, commit and idempotency are hashed.
const SIGNED: f64 = 2.0;
const HASHED: f64 = 5.0;

pub(super) fn measure(append: &Block, report: &mut Report) -> Outcome<()> {
    let key = SigningKey::from_bytes(&[7; 32]);
    let header = [b'x'; 400];
    let digest: [u8; 32] = Sha256::digest(header).into();
    let signature = key.sign(&digest);
    let public = key.verifying_key();
    let sign = timed(|| {
        black_box(key.sign(black_box(&digest)));
    });
    let hash = timed(|| {
        black_box(Sha256::digest(black_box(header)));
    });
    let verify = timed(|| {
        let _ = black_box(public.verify_strict(black_box(&digest), black_box(&signature)));
    });
    let spent = SIGNED * sign + HASHED * hash;
    let share = 100.0 * spent / append.cpu();
    let headings = [
        "sign µs",
        "verify µs",
        "hash of 400 bytes µs",
        "in one append",
        "µs",
        "of CPU µs",
        "share %",
    ];
    let note = "Operations in one `message.add`, counted, times what each costs here.";
    let mut table = Table::new("14 verify_share", note, &headings);
    table.row([
        number(sign),
        number(verify),
        number(hash),
        format!("{SIGNED} signed, 0 verified, {HASHED} hashed"),
        number(spent),
        number(append.cpu()),
        number(share),
    ]);
    table.at_most("share of append_durable", share, 20.0, " %");
    report.table(&table);
    Ok(())
}

/// Microseconds that one of these takes.
fn timed(mut work: impl FnMut()) -> f64 {
    let started = Instant::now();
    for _ in 0..TIMES {
        work();
    }
    started.elapsed().as_secs_f64() * 1e6 / f64::from(TIMES)
}
